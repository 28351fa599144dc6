/*
 * tally.c - gathering, sending, numbering and giving up.
 *
 * Each key has two runs of hits that change places: those that wait and those in flight. All hits
 * of a tally have the same patience, so within a key they run out of it in order of arrival,
 * first those in flight, then those that wait, and one timer a key is enough.
 */
#include "visits/tally.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/scoreboard.h"
#include "store/store_change.h"
#include "visits/tally_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* ---- telling ---- */

static void note_hit(const struct tally *tally, const struct store_hit *hit, uint64_t deadline_ms,
                     int result)
{
    const uint64_t came_ms = deadline_ms - tally->settings.timeout_ms;

    if (tally->settings.traffic != NULL && hit->amount > 0) {
        histogram_note(&tally->settings.traffic->hit_ms, histogram_milliseconds,
                       loop_now_ms(tally->loop) - came_ms);
        counter_add(&tally->settings.traffic->hits, result == 0 ? hit->amount : 0);
    }
}

static void note_batch(const struct tally_key *key)
{
    struct scoreboard_traffic *traffic = key->tally->settings.traffic;

    if (traffic != NULL) {
        histogram_note(&traffic->batch_us, histogram_microseconds,
                       clock_monotonic_us() - key->sent_us);
        histogram_note(&traffic->batch_hits, histogram_sizes, key->batch.hits_count);
        counter_add(&traffic->calls[SCOREBOARD_CALL_CREATED],
                    key->batch.keeps_record && store_batch_has_made(&key->batch) ? 1 : 0);
    }
}

/* Tells how the oldest untold hit of the run ended. The call may add hits to the waiting run, so
 * nothing of a run may be held over it. */
static void tell_first(struct tally *tally, struct hit_run *run, int result)
{
    const struct store_hit *hit = &run->hits[run->first];
    const uint64_t ticket = hit->ticket;
    const struct store_change *change = hit->is_change ? hit->change : NULL;
    /* Without a result the store may still be writing there. */
    const int64_t number = result == 0 && change == NULL ? hit->number : 0;

    note_hit(tally, hit, run->deadlines_ms[run->first], result);
    run->first++;
    tally->waiting_hits--;
    if (change != NULL) {
        tally->events.changed(tally->events.owner, ticket, result, change);
    } else {
        tally->events.done(tally->events.owner, ticket, result, number);
    }
}

/* The same of a hit that the store has not been given. */
static void tell_unsent(struct tally *tally, struct hit_run *run, int result)
{
    const struct store_hit *hit = &run->hits[run->first];
    struct store_change *change = hit->is_change ? hit->change : NULL;

    tell_first(tally, run, result);
    store_change_destroy(change);
}

/* The run with the oldest hit that nobody was told of, or NULL. */
static struct hit_run *oldest_run(struct tally_key *key)
{
    if (key->is_in_flight && !hit_run_is_told(&key->flying)) {
        return &key->flying;
    }
    return hit_run_is_told(&key->waiting) ? NULL : &key->waiting;
}

static void watch_oldest(struct tally_key *key)
{
    struct tally *tally = key->tally;
    const struct hit_run *run = oldest_run(key);
    uint64_t now_ms = loop_now_ms(tally->loop);
    uint64_t deadline_ms;

    if (run == NULL || tally->settings.timeout_ms == 0) {
        timer_stop(&key->timer);
        return;
    }
    deadline_ms = run->deadlines_ms[run->first];
    if (!timer_is_running(&key->timer) || key->timer.deadline_ms != deadline_ms) {
        timer_start(&key->timer, &tally->timers, deadline_ms > now_ms ? deadline_ms - now_ms : 0);
    }
}

static void take_from_due(struct tally_key *key)
{
    if (!key->is_due) {
        return;
    }
    *(key->due_before != NULL ? &key->due_before->next_due : &key->tally->due) = key->next_due;
    if (key->next_due != NULL) {
        key->next_due->due_before = key->due_before;
    }
    key->is_due = false;
}

static void key_timer_expired(void *owner)
{
    struct tally_key *key = owner;
    uint64_t now_ms = loop_now_ms(key->tally->loop);

    for (struct hit_run *run = oldest_run(key);
         run != NULL && run->deadlines_ms[run->first] <= now_ms; run = oldest_run(key)) {
        (run == &key->flying ? tell_first : tell_unsent)(key->tally, run, -ETIMEDOUT);
    }
    key->batch.is_given_up = key->is_in_flight && hit_run_is_told(&key->flying);
    watch_oldest(key);
    if (hit_run_is_told(&key->waiting)) {
        take_from_due(key); /* while a store is away, nobody else does */
    }
    tally_idle_settle(key);
}

/* ---- sending ---- */

static void make_due(struct tally_key *key)
{
    struct tally *tally = key->tally;

    if (key->is_due || hit_run_is_told(&key->waiting) || (key->is_in_flight && !key->may_extend)) {
        return;
    }
    key->is_due = true;
    key->due_before = NULL;
    key->next_due = tally->due;
    if (tally->due != NULL) {
        tally->due->due_before = key;
    }
    tally->due = key;
    deferred_start(&tally->send, tally->loop);
}

/* Compares what the batch got with what was answered before. Its numbers grow, so its first hit
 * that counted has the least and its last one the greatest. */
static void watch_growth(struct tally_key *key)
{
    const struct store_batch *batch = &key->batch;
    const struct store_hit *first = &batch->hits[0];
    const struct store_hit *const end = first + batch->hits_count;
    const struct store_hit *last = end;

    if (first->is_change || key->keeps_record) {
        key->has_greatest = false; /* it may be anything now, as some owner wanted it */
        return;
    }
    while (first < end && first->result < 0) {
        first++;
    }
    if (first == end) {
        return;
    }
    while (last[-1].result < 0) {
        last--;
    }
    if (key->has_greatest && first->number - (int64_t)first->amount < key->greatest) {
        key->tally->events.went_back(key->tally->events.owner, key->entry.key, key->greatest,
                                     first->number);
    }
    key->greatest = last[-1].number;
    key->has_greatest = true;
}

/* Whether the store says that there is no such counter, as far as it says anything. */
static bool is_absent(const struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);
    const int result = batch->hits[0].result;

    return result == -ENOENT || result == -EDQUOT ||
           (change != NULL && result == 0 && !change->after.exists);
}

static void batch_done(struct store_batch *batch)
{
    struct tally_key *key = batch->owner;
    struct store_change *change = store_batch_change(batch);

    assert(key->is_in_flight);
    note_batch(key);
    watch_growth(key);
    key->is_absent = is_absent(batch);
    while (!hit_run_is_told(&key->flying)) {
        tell_first(key->tally, &key->flying, key->flying.hits[key->flying.first].result);
    }
    store_change_destroy(change);
    key->flying.first = key->flying.count = 0;
    key->is_in_flight = false;
    watch_oldest(key);
    make_due(key);
    tally_idle_settle(key);
}

/* Moves the oldest hits that wait, as many as may travel together, to those in flight, of which
 * there are none. 0 or -ENOMEM. */
static int load_flying(struct tally_key *key)
{
    const uint32_t count = hit_run_alike(&key->waiting);

    if (count == hit_run_untold(&key->waiting)) {
        const struct hit_run empty = key->flying;

        key->flying = key->waiting;
        key->waiting = empty;
        return 0;
    }
    while (hit_run_room(&key->flying) < count) {
        int result = hit_run_grow(&key->flying);

        if (result < 0) {
            return result;
        }
    }
    hit_run_copy_behind(&key->flying, &key->waiting, count);
    key->flying.count += count;
    key->waiting.first += count;
    return 0;
}

/* Sends hits of the key that wait as one batch. */
static void send_batch(struct tally_key *key)
{
    if (load_flying(key) < 0) {
        tell_unsent(key->tally, &key->waiting, -ENOMEM);
        watch_oldest(key);
        make_due(key);
        return;
    }
    key->may_extend = store_can_extend(key->tally->store);
    if (key->may_extend && key->flying.count >= key->flying.capacity / 2) {
        (void)hit_run_grow(&key->flying); /* room for as many again; without it they wait */
    }
    key->batch = (struct store_batch){
        .key = key->entry.key,
        .hits = key->flying.hits + key->flying.first,
        .hits_count = hit_run_untold(&key->flying),
        .keeps_record = key->keeps_record,
        .may_make = key->may_make,
        .keys_max = key->keys_max,
        .all_keys_max = key->tally->settings.all_keys_max,
        .wall_ms = (uint64_t)clock_wall_ms(),
        .done = batch_done,
        .owner = key,
        .key_note = key->batch.key_note,
    };
    key->is_in_flight = true;
    key->sent_us = clock_monotonic_us();
    store_apply(key->tally->store, &key->batch);
}

/* Adds hits that wait to the batch in flight, if the store has not begun it. */
static void extend_batch(struct tally_key *key)
{
    const uint32_t room = hit_run_room(&key->flying);
    const uint32_t alike = hit_run_alike_to(&key->waiting, &key->batch);
    const uint32_t count = alike < room ? alike : room;

    hit_run_copy_behind(&key->flying, &key->waiting, count);
    key->may_extend =
        count > 0 && store_extend(key->tally->store, &key->batch, key->batch.hits_count + count);
    if (key->may_extend) {
        key->flying.count += count;
        key->waiting.first += count;
        key->batch.is_given_up = false;
    }
}

static void send_due(void *owner)
{
    struct tally *tally = owner;

    while (tally->due != NULL && tally->store != NULL && store_is_ready(tally->store)) {
        struct tally_key *key = tally->due;

        take_from_due(key);
        if (key->is_in_flight) {
            extend_batch(key);
        } else if (!hit_run_is_told(&key->waiting)) { /* they may all have timed out meanwhile */
            send_batch(key);
        } else {
            tally_idle_settle(key);
        }
    }
}

void tally_store_ready(struct tally *tally)
{
    deferred_start(&tally->send, tally->loop);
}

void tally_set_store(struct tally *tally, struct store *store)
{
    tally->store = store;
    tally_store_ready(tally);
}

/* ---- counting ---- */

static struct tally_key *find_or_make_key(struct tally *tally, struct slice name)
{
    struct tally_key *key = (struct tally_key *)key_table_find(&tally->keys, name);

    if (key != NULL) {
        return key;
    }
    tally_idle_make_room(tally);
    key = calloc(1, sizeof *key + name.length);
    if (key == NULL) {
        return NULL;
    }
    memcpy(key->key, name.bytes, name.length);
    key->entry.key = (struct slice){key->key, name.length};
    key->tally = tally;
    timer_init(&key->timer, key_timer_expired, key);
    if (key_table_insert(&tally->keys, &key->entry) < 0) {
        free(key);
        return NULL;
    }
    return key;
}

static int add(struct tally *tally, const struct tally_target *target, const struct store_hit *hit)
{
    struct tally_key *key;
    int result;

    assert(target->key.length >= 1 && target->key.length <= STORE_KEY_BYTES_MAX);
    if (tally->waiting_hits >= tally->settings.waiting_hits_max) {
        return -EAGAIN;
    }
    key = find_or_make_key(tally, target->key);
    if (key == NULL) {
        return -ENOMEM;
    }
    tally_idle_take(key);
    key->keeps_record = target->keeps_record;
    key->may_make = !target->is_full;
    key->keys_max = target->keys_max;
    result = hit_run_add(&key->waiting, hit, loop_now_ms(tally->loop) + tally->settings.timeout_ms);
    if (result < 0) {
        tally_idle_settle(key);
        return result;
    }
    tally->waiting_hits++;
    if (!timer_is_running(&key->timer)) {
        watch_oldest(key);
    }
    make_due(key);
    return 0;
}

int tally_count(struct tally *tally, const struct tally_target *target, uint64_t ticket,
                uint32_t amount)
{
    const struct store_hit hit = {.ticket = ticket, .amount = amount & STORE_AMOUNT_MAX};

    assert(amount <= STORE_AMOUNT_MAX);
    return add(tally, target, &hit);
}

int tally_change(struct tally *tally, const struct tally_target *target, uint64_t ticket,
                 struct store_change *change)
{
    const struct store_hit hit = {.ticket = ticket, .change = change, .is_change = 1};

    return add(tally, target, &hit);
}

int tally_create(struct loop *loop, const struct tally_settings *settings,
                 const struct tally_events *events, struct tally **out_tally)
{
    struct tally *tally = calloc(1, sizeof *tally);

    if (tally == NULL) {
        return -ENOMEM;
    }
    tally->loop = loop;
    tally->settings = *settings;
    tally->events = *events;
    key_table_init(&tally->keys);
    timer_queue_init(&tally->timers, loop);
    tally_idle_init(tally);
    deferred_init(&tally->send, send_due, tally);
    *out_tally = tally;
    return 0;
}

void tally_key_free(struct tally_key *key)
{
    assert(!key->is_in_flight);
    timer_stop(&key->timer);
    while (!hit_run_is_told(&key->waiting)) {
        tell_unsent(key->tally, &key->waiting, -ECANCELED);
    }
    hit_run_finish(&key->waiting);
    hit_run_finish(&key->flying);
    free(key);
}

void tally_destroy(struct tally *tally)
{
    struct key_entry *entry;

    if (tally == NULL) {
        return;
    }
    deferred_cancel(&tally->send);
    tally->settings.waiting_hits_max = 0; /* whoever is told comes with no new hit */
    while ((entry = key_table_take_any(&tally->keys)) != NULL) {
        tally_key_free((struct tally_key *)entry);
    }
    key_table_finish(&tally->keys);
    timer_queue_finish(&tally->timers);
    timer_queue_finish(&tally->sweep_timers);
    free(tally);
}
