/*
 * redis_finder.h - where the server is now: the addresses that an attempt to connect may try.
 *
 * Asked anew for each attempt, because names move and servers take over from one another. For a
 * host it looks the name up off the loop (resolver.h), for a unix socket it knows the one address.
 * Servers that are found by asking others (Sentinel, a cluster) have their place here.
 *
 * Embedded in its link; belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_FINDER_H
#define FOOTFALL_STORE_REDIS_FINDER_H

#include "loop/timer.h"
#include "store/redis_url.h"
#include "store/resolver.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_finder_events {
    /* Once for each redis_finder_start(): there is at least one address, to be tried in this order.
     * Borrowed until the next redis_finder_start(). May come from inside of it. */
    void (*found)(void *owner, const struct resolver_address *addresses, unsigned count);
    /* Instead of found(): why there is none; `reason` is borrowed for the call. The same. */
    void (*missed)(void *owner, const char *reason);
    /* The last call, after redis_finder_close(): only then may the memory be reused. */
    void (*closed)(void *owner);
};

struct redis_finder {
    const struct redis_url *url;
    uint32_t timeout_ms;
    const struct redis_finder_events *events;
    void *owner;
    struct resolver resolver;
    struct timer_queue timers;
    struct timer timer; /* of the lookup */
    struct resolver_address addresses[RESOLVER_ADDRESSES_MAX];
};

/* Makes a finder for the server of `url`. Borrows `url`, `events` and `owner` until closed(). A
 * lookup may take `timeout_ms`; 0: for ever. 0, or -errno of eventfd(2). */
int redis_finder_open(struct redis_finder *finder, struct loop *loop, const struct redis_url *url,
                      uint32_t timeout_ms, const struct redis_finder_events *events, void *owner);

/* Begins to look; nothing may be looked for already. */
void redis_finder_start(struct redis_finder *finder);

/* Ends a search without a call, if there is one, and closes; closed() follows, later. */
void redis_finder_close(struct redis_finder *finder);

#endif
