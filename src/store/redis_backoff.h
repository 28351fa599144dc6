/*
 * redis_backoff.h - how long to wait before the next attempt to connect.
 *
 * A link that was up is tried again at once, then after 50 ms, doubling to 2 s, each with jitter
 * so that many hosts do not come back in step. "At once" is given at most once in 2 s: a link
 * that comes up and falls, again and again, waits as if it had not come up. Pure: the time and
 * the random number are arguments.
 */
#ifndef FOOTFALL_STORE_REDIS_BACKOFF_H
#define FOOTFALL_STORE_REDIS_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
    REDIS_BACKOFF_FIRST_MS = 50,
    REDIS_BACKOFF_MAX_MS = 2000,
};

struct redis_backoff {
    uint64_t at_once_from_ms; /* since when a fall may be answered at once again */
    uint32_t delay_ms;        /* the next delay before its jitter */
};

void redis_backoff_init(struct redis_backoff *backoff);

/* The delay after an attempt that never came up, or (`was_up`) after a link that fell:
 * between half of the present one and the whole of it, by `random`. */
uint32_t redis_backoff_next(struct redis_backoff *backoff, bool was_up, uint64_t now_ms,
                            uint32_t random);

#endif
