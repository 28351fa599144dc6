/*
 * api_batch.h - many counters counted by one request, a line of JSON for each.
 *
 * Lines go to the tally one by one, with tickets of their own; the answer leaves when each has its
 * number, or none.
 */
#ifndef FOOTFALL_VISITS_API_BATCH_H
#define FOOTFALL_VISITS_API_BATCH_H

#include "visits/api.h"
#include "visits/api_call.h"

enum { API_BATCH_LINES_MAX = 4096 };

/* Counts what the body of the call says. */
void api_batch_begin(struct api *api, struct api_call *call, uint64_t ticket);

/* Whether that is the ticket of a line. */
bool api_batch_has(uint64_t ticket);

/* A tally_done of such tickets. */
void api_batch_counted(struct api *api, uint64_t ticket, int result, int64_t number);

#endif
