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

/* A token is about to be looked at: it counts as a wrong one until it is found right. False when
 * the client has tried too many, or cannot be counted: the call is refused then. */
bool api_rate_take_token(struct rate_table *rates, struct api_call *call);

/* It was right, or of no use; fine for a call whose token was not taken. */
void api_rate_give_token_back(struct rate_table *rates, struct api_call *call);

#endif
