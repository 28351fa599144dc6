/*
 * limit.c - the names of limits.
 */
#include "base/limit.h"

const char *limit_name(enum limit limit)
{
    static const char *const names[] = {
        [LIMIT_CONNECTIONS] = "connections",
        [LIMIT_ADDRESS] = "address",
        [LIMIT_HEADER_TIMEOUT] = "header_timeout",
        [LIMIT_BODY_TIMEOUT] = "body_timeout",
        [LIMIT_IDLE] = "idle",
        [LIMIT_SLOW_SENDER] = "slow_sender",
        [LIMIT_SLOW_READER] = "slow_reader",
        [LIMIT_PENDING_HITS] = "pending_hits",
        [LIMIT_RATE] = "rate",
        [LIMIT_WRONG_TOKENS] = "wrong_tokens",
        [LIMIT_COUNTERS] = "counters",
    };

    _Static_assert(sizeof names / sizeof names[0] == LIMITS_COUNT, "each has a name");
    return names[limit];
}
