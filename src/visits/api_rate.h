/*
 * api_rate.h - how often a client may call, and try tokens.
 */
#ifndef FOOTFALL_VISITS_API_RATE_H
#define FOOTFALL_VISITS_API_RATE_H

#include "base/settings.h"
#include "visits/api_call.h"

struct rate_table;

/* Counts the call. False when it is one too many: the call is refused then. Notes what the answer
 * says of the limit. */
bool api_rate_take(struct rate_table *rates, const struct settings *settings,
                   struct api_call *call);

/* Whether the client has tried too many tokens: the call is refused then. */
bool api_rate_is_guessing(struct rate_table *rates, struct api_call *call);

/* A token was wrong. */
void api_rate_note_wrong_token(struct rate_table *rates, const struct api_call *call);

#endif
