/*
 * api_pages.h - answers of the API that are longer than a number: lists of counters, and figures of
 * the whole server.
 */
#ifndef FOOTFALL_VISITS_API_PAGES_H
#define FOOTFALL_VISITS_API_PAGES_H

#include "base/scoreboard.h"
#include "visits/api_call.h"

/* Reads which page of a list is asked for: after=, n=, by=. */
void api_list_read(struct slice query, struct api_call *call);

/* The change that asks for it, to be freed with store_change_destroy(); NULL without memory. */
struct store_change *api_list_ask(const struct api_call *call);

void api_list_make(struct api_call *call, const struct store_listing *listing,
                   struct reply *out_reply);

/* All workers' figures together; `all_keys` is negative where it is not known. */
void api_stats_make(struct api_call *call, const struct scoreboard *scoreboard, const char *version,
                    int64_t all_keys, struct reply *out_reply);

#endif
