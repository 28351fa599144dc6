/*
 * tally_idle.c - the list of idle keys, the longest idle first.
 *
 * So that a worker through which a million counters pass keeps the memory of those that are counted
 * now.
 */
#include "visits/tally_state.h"

enum {
    KEYS_KEPT_MAX = 131072, /* with something in hand or not: some 60 MB */
    IDLE_MS = 60 * 1000,    /* what nobody wants for so long is forgotten */
    SWEEP_MS = 1000,
    SWEPT_MAX = 1024, /* at a time: less than a millisecond */
};

void tally_idle_take(struct tally_key *key)
{
    struct tally *tally = key->tally;

    if (!key->is_idle) {
        return;
    }
    *(key->idle_before != NULL ? &key->idle_before->idle_behind : &tally->idle_first) =
        key->idle_behind;
    *(key->idle_behind != NULL ? &key->idle_behind->idle_before : &tally->idle_last) =
        key->idle_before;
    key->is_idle = false;
}

static void forget_longest_idle(struct tally *tally)
{
    struct tally_key *key = tally->idle_first;

    tally_idle_take(key);
    key_table_remove(&tally->keys, &key->entry);
    tally_key_free(key);
}

static void sweep(void *owner)
{
    struct tally *tally = owner;
    const uint64_t now_ms = loop_now_ms(tally->loop);

    for (unsigned i = 0; i < SWEPT_MAX && tally->idle_first != NULL &&
                         tally->idle_first->idle_since_ms + IDLE_MS <= now_ms;
         i++) {
        forget_longest_idle(tally);
    }
    if (tally->idle_first != NULL) {
        timer_start(&tally->sweep, &tally->sweep_timers, SWEEP_MS);
    }
}

void tally_idle_settle(struct tally_key *key)
{
    struct tally *tally = key->tally;

    if (key->is_idle || key->is_in_flight || key->is_due || !key->keeps_record ||
        !hit_run_is_told(&key->waiting)) {
        return;
    }
    key->is_idle = true;
    key->idle_since_ms = loop_now_ms(tally->loop);
    key->idle_before = tally->idle_last;
    key->idle_behind = NULL;
    *(tally->idle_last != NULL ? &tally->idle_last->idle_behind : &tally->idle_first) = key;
    tally->idle_last = key;
    if (!timer_is_running(&tally->sweep)) {
        timer_start(&tally->sweep, &tally->sweep_timers, SWEEP_MS);
    }
}

void tally_idle_init(struct tally *tally)
{
    timer_queue_init(&tally->sweep_timers, tally->loop);
    timer_init(&tally->sweep, sweep, tally);
}

void tally_idle_make_room(struct tally *tally)
{
    while (tally->keys.entries_count >= KEYS_KEPT_MAX && tally->idle_first != NULL) {
        forget_longest_idle(tally);
    }
}
