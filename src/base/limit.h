/*
 * limit.h - the limits that visitors reach: each is counted by its name, and told once in a while.
 */
#ifndef FOOTFALL_BASE_LIMIT_H
#define FOOTFALL_BASE_LIMIT_H

#include <stddef.h>

struct network_address;

enum limit {
    LIMIT_CONNECTIONS,    /* too many connections in all */
    LIMIT_ADDRESS,        /* too many of one address */
    LIMIT_HEADER_TIMEOUT, /* a head took too long */
    LIMIT_BODY_TIMEOUT,   /* a body did */
    LIMIT_IDLE,           /* a connection was without a request for too long */
    LIMIT_SLOW_SENDER,    /* a body came below the least rate */
    LIMIT_SLOW_READER,    /* answers were taken below the least rate, or not at all */
    LIMIT_PENDING_HITS,   /* too many visits wait for the store */
    LIMIT_RATE,           /* a client has made too many calls of the API */
    LIMIT_WRONG_TOKENS,   /* a client has tried too many tokens */
    LIMIT_COUNTERS,       /* there is no room for one more counter */
    LIMITS_COUNT,
};

/* The name in metrics, in /status and in the log. */
const char *limit_name(enum limit limit);

/* Who is told that a limit was reached. */
struct limit_listener {
    /* NULL: nobody. `client` is borrowed for the call; NULL where it says nothing. */
    void (*reached)(void *owner, enum limit limit, const struct network_address *client);
    void *owner;
};

static inline void limit_tell(const struct limit_listener *listener, enum limit limit,
                              const struct network_address *client)
{
    if (listener->reached != NULL) {
        listener->reached(listener->owner, limit, client);
    }
}

#endif
