/*
 * redis_server.h - a Redis server as a store sees it: whether it serves, how it is asked, and what
 * is told of it.
 *
 * One link (redis_link.h), what comes before the first batch on each connection (redis_opening.h),
 * and the report (redis_report.h). What becomes of batches is the store's. Embedded in the store;
 * belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_SERVER_H
#define FOOTFALL_STORE_REDIS_SERVER_H

#include "base/slice.h"
#include "store/redis_batch.h"
#include "store/redis_opening.h"
#include "store/redis_report.h"
#include "store/redis_url.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

struct redis_server_events {
    /* It takes batches from now on, by the terms; first those of before. */
    void (*up)(void *owner);
    /* So it is told: others may be given. */
    void (*ready)(void *owner);
    /* The link is down, or could not be made. What was unanswered is told behind this. */
    void (*down)(void *owner);
    /* What had been sent is the kernel's. */
    void (*sent)(void *owner);
};

struct redis_server {
    struct loop *loop;
    const struct redis_server_events *events;
    void *owner;
    struct redis_terms terms;
    struct redis_opening opening;
    struct redis_report report;
    bool is_plain_wanted;
    bool is_ready;
    bool has_counted; /* on the present link */
};

/* Begins to connect. Copies `url`, borrows the others until closed(). 0, or as redis_link_open().
 */
int redis_server_open(struct redis_server *server, struct loop *loop, const struct redis_url *url,
                      uint32_t timeout_ms, const struct store_events *store_events,
                      const struct redis_server_events *events, void *owner);

/* A batch was written; one was refused by `error` (borrowed), which is told. */
void redis_server_counted(struct redis_server *server);
void redis_server_refused(struct redis_server *server, struct slice error);

/* Begins anew: another server may be found, or this one may count later. */
void redis_server_leave(struct redis_server *server);

#endif
