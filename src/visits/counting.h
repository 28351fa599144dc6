/*
 * counting.h - what a worker counts with: hits, their tally, and the store behind it.
 *
 * Embedded in the worker; its loop.
 */
#ifndef FOOTFALL_VISITS_COUNTING_H
#define FOOTFALL_VISITS_COUNTING_H

#include "base/limit.h"
#include "base/slice.h"
#include "store/store.h"
#include "visits/api.h"
#include "visits/hit.h"
#include "visits/store_watch.h"

#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct loop;
struct rate_table;
struct settings;
struct store_url;
struct tally;

struct counting_settings {
    const struct store_url *store; /* borrowed */
    uint64_t store_timeout_ms;
    struct slice key;             /* of the front counter */
    struct scoreboard_slot *slot; /* of this worker */
    uint32_t slot_index;
    struct limit_listener limit_listener;   /* told when too many visits wait */
    const struct scoreboard *scoreboard;    /* borrowed */
    const char *version;                    /* borrowed */
    struct rate_table *rates;               /* borrowed: of calls, over all workers */
    const struct settings *settings_in_use; /* borrowed: policies of namespaces, tokens, limits */
};

struct counting {
    struct counting_settings settings;
    struct loop *loop;
    struct hits hits;
    struct api api;
    struct tally *tally;
    struct store *store; /* NULL once closed */
    struct store_watch watch;
    void (*closed)(void *owner);
    void *owner;
};

/* Makes all but the store; the routes of hits are for `counting->hits` then. Borrows `loop`, and
 * what `settings` point at, until counting_finish(). 0 or -ENOMEM. */
int counting_init(struct counting *counting, struct loop *loop,
                  const struct counting_settings *settings);

/* Opens the store; answers go through `server`. 0, or -errno with a sentence in
 * `out_reason` (STORE_REASON_BYTES). */
int counting_open(struct counting *counting, struct http_server *server, char *out_reason);

/* Whether a visit would be counted now and not wait. */
bool counting_is_ready(const struct counting *counting);

/* A sign of life: what the log was not told for its limit it is told now. */
void counting_beat(struct counting *counting);

/* Closes the store, which must be open; closed() comes when all that was on its way has its answer,
 * possibly from inside the call. */
void counting_close(struct counting *counting, void (*closed)(void *owner), void *owner);

/* Frees the rest. Fine when counting_init() has failed. */
void counting_finish(struct counting *counting);

#endif
