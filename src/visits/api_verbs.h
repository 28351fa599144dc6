/*
 * api_verbs.h - what each call of the API does. Private to it.
 */
#ifndef FOOTFALL_VISITS_API_VERBS_H
#define FOOTFALL_VISITS_API_VERBS_H

#include "visits/api.h"
#include "visits/api_call.h"

/* Begins the call, which was found right; its answer comes now or later. */
void api_verb_begin(struct api *api, struct api_call *call, uint64_t ticket);

/* Answers with what went wrong: -errno. */
void api_verb_fail(struct api *api, struct api_call *call, uint64_t ticket, int result);

#endif
