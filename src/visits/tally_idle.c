/*
 * tally_idle.c - the lists of idle keys, the longest idle first.
 *
 * So that a worker through which a million counters pass keeps the memory of those that are counted
 * now, and whoever asks for a million that are not there takes none.
 */
#include "visits/tally_state.h"

enum {
    KEYS_KEPT_MAX = 131072, /* with something in hand or not: some 60 MB */
    ABSENT_KEPT_MAX = 1024, /* of those, idle ones of no counter */
    IDLE_MS = 60 * 1000,    /* what nobody wants for so long is forgotten */
    SWEEP_MS = 1000,
    SWEPT_MAX = 1024, /* at a time: less than a millisecond */
};

void tally_idle_take(struct tally_key *key)
{
    struct tally_idle_list *list = key->idle_list;

    if (list == NULL) {
        return;
    }
    *(key->idle_before != NULL ? &key->idle_before->idle_behind : &list->first) = key->idle_behind;
    *(key->idle_behind != NULL ? &key->idle_behind->idle_before : &list->last) = key->idle_before;
    list->count--;
    key->idle_list = NULL;
}

static void append(struct tally_idle_list *list, struct tally_key *key)
{
    key->idle_list = list;
    key->idle_before = list->last;
    key->idle_behind = NULL;
    *(list->last != NULL ? &list->last->idle_behind : &list->first) = key;
    list->last = key;
    list->count++;
}

static void forget_first(struct tally_idle_list *list)
{
    struct tally_key *key = list->first;

    tally_idle_take(key);
    key_table_remove(&key->tally->keys, &key->entry);
    tally_key_free(key);
}

/* Forgets what has been idle for long enough, a number of them at most. */
static void sweep_list(struct tally_idle_list *list, uint64_t now_ms)
{
    for (unsigned i = 0;
         i < SWEPT_MAX && list->first != NULL && list->first->idle_since_ms + IDLE_MS <= now_ms;
         i++) {
        forget_first(list);
    }
}

static void sweep(void *owner)
{
    struct tally *tally = owner;
    const uint64_t now_ms = loop_now_ms(tally->loop);

    sweep_list(&tally->idle, now_ms);
    sweep_list(&tally->absent, now_ms);
    if (tally->idle.count + tally->absent.count > 0) {
        timer_start(&tally->sweep, &tally->sweep_timers, SWEEP_MS);
    }
}

void tally_idle_settle(struct tally_key *key)
{
    struct tally *tally = key->tally;

    if (key->idle_list != NULL || key->is_in_flight || key->is_due || !key->keeps_record ||
        !hit_run_is_told(&key->waiting)) {
        return;
    }
    key->idle_since_ms = loop_now_ms(tally->loop);
    append(key->is_absent ? &tally->absent : &tally->idle, key);
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
    if (tally->absent.count >= ABSENT_KEPT_MAX) {
        forget_first(&tally->absent);
    }
    while (tally->keys.entries_count >= KEYS_KEPT_MAX && tally->idle.first != NULL) {
        forget_first(&tally->idle);
    }
}
