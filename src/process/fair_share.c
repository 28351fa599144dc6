/*
 * fair_share.c - the mean of all workers' connections.
 */
#include "process/fair_share.h"

static uint32_t connections_of(const struct scoreboard_slot *slot)
{
    return atomic_load_explicit(&slot->connections, memory_order_relaxed);
}

bool fair_share_is_full(const struct fair_share *share)
{
    return connections_of(&share->scoreboard->slots[share->own_slot]) >= share->connections_max;
}

/* Whether a connection that is left in the queue may be that worker's soon. */
static bool may_go_first(const struct fair_share *share, const struct scoreboard_slot *slot,
                         uint64_t now_ms)
{
    return atomic_load_explicit(&slot->state, memory_order_relaxed) == WORKER_SERVING &&
           connections_of(slot) < share->connections_max &&
           atomic_load_explicit(&slot->beat_ms, memory_order_relaxed) + FAIR_SHARE_SILENT_MS >=
               now_ms;
}

bool fair_share_is_exceeded(const struct fair_share *share, uint64_t now_ms)
{
    uint64_t own = connections_of(&share->scoreboard->slots[share->own_slot]);
    const uint32_t slots = share->is_shared ? atomic_load(&share->scoreboard->master.slots) : 0;
    uint64_t sum = own;
    uint64_t workers = 1;
    uint64_t mean;

    for (uint32_t i = 0; i < slots; i++) {
        const struct scoreboard_slot *slot = &share->scoreboard->slots[i];

        if (i != share->own_slot && may_go_first(share, slot, now_ms)) {
            sum += connections_of(slot);
            workers++;
        }
    }
    mean = (sum + workers - 1) / workers; /* the first connection of all exceeds nothing */
    return own > mean + mean / 8;
}
