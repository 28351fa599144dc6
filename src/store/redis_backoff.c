/*
 * redis_backoff.c - how long to wait before the next attempt to connect.
 */
#include "store/redis_backoff.h"

void redis_backoff_init(struct redis_backoff *backoff)
{
    *backoff = (struct redis_backoff){.at_once_from_ms = 0, .delay_ms = REDIS_BACKOFF_FIRST_MS};
}

uint32_t redis_backoff_next(struct redis_backoff *backoff, bool was_up, uint64_t now_ms,
                            uint32_t random)
{
    const uint32_t delay_ms = backoff->delay_ms;

    if (was_up && now_ms >= backoff->at_once_from_ms) {
        backoff->at_once_from_ms = now_ms + REDIS_BACKOFF_MAX_MS;
        backoff->delay_ms = REDIS_BACKOFF_FIRST_MS;
        return 0;
    }
    backoff->delay_ms = delay_ms > REDIS_BACKOFF_MAX_MS / 2 ? REDIS_BACKOFF_MAX_MS : delay_ms * 2;
    return delay_ms / 2 + random % (delay_ms / 2 + 1);
}
