/*
 * api.h - the counting API: named counters over HTTP.
 *
 * Joins http and the tally as hit.h does for the front counter. What a call is api_request.h says,
 * what each does api_verbs.c, how it is answered api_reply.h. One worker's loop.
 */
#ifndef FOOTFALL_VISITS_API_H
#define FOOTFALL_VISITS_API_H

#include "base/limit.h"
#include "base/pool.h"
#include "base/slice.h"
#include "http/router.h"
#include "store/store_change.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct api_batch;
struct api_call;
struct http_server;
struct rate_table;
struct scoreboard;
struct settings;
struct tally;

struct api {
    struct tally *tally;                  /* borrowed */
    struct http_server *server;           /* borrowed */
    struct slice front_key;               /* borrowed: of the front counter, `default/` before it */
    _Atomic uint64_t *refused;            /* borrowed: how many hits got no number */
    struct limit_listener limit_listener; /* told when too many wait */
    const struct scoreboard *scoreboard;  /* borrowed: figures of all workers */
    _Atomic uint64_t *calls_counts;       /* borrowed: this worker's, by enum scoreboard_call */
    const char *version;                  /* borrowed */
    struct rate_table *rates;             /* borrowed */
    const struct settings *settings;      /* borrowed: policies of namespaces, the server's token */
    struct pool calls;
    struct api_batch *batches; /* whose answers wait for lines */
    uint32_t next_batch;
};

/* Makes an API without calls; what is borrowed is set by the caller before the first. */
void api_init(struct api *api);

/* No call is left. Zeroed memory is fine. */
void api_finish(struct api *api);

/* For the settings of the server. */
struct route_calls api_route_calls(struct api *api);

/* A tally_done and a tally_changed of tickets that are calls. */
void api_counted(struct api *api, struct api_call *call, uint64_t ticket, int result,
                 int64_t number);
void api_changed(struct api *api, struct api_call *call, uint64_t ticket, int result,
                 const struct store_change *done);

#endif
