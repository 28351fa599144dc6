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
#include "base/key_table.h"
#include "base/scoreboard.h"
#include "loop/timer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { RUN_CAPACITY_MIN = 64 };

/* Hits in order of arrival. Those before `first` have been told already. */
struct hit_run {
    struct store_hit *hits;
    uint64_t *deadlines_ms; /* of the hit at the same place */
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
};

struct tally_key {
    struct key_entry entry; /* its key points at `key` */
    struct tally *tally;
    struct hit_run waiting;
    struct hit_run flying;
    struct store_batch batch; /* of the hits in flight */
    uint64_t sent_us;         /* when it was given to the store */
    bool is_in_flight;
    bool may_extend;   /* the batch in flight, as far as is known */
    bool is_due;       /* in the tally's list of keys with something to send */
    uint64_t greatest; /* number that the store has answered; 0 while it has none */
    struct tally_key *next_due;
    struct timer timer; /* of the oldest hit that nobody was told of */
    char key[];
};

struct tally {
    struct loop *loop;
    struct store *store; /* NULL until it is set */
    struct tally_settings settings;
    struct tally_events events;
    struct key_table keys;
    struct timer_queue timers;
    struct deferred send;
    struct tally_key *due; /* keys with hits that wait and may be sent */
    uint32_t waiting_hits; /* not told yet, over all keys */
};

/* ---- runs ---- */

static int run_grow(struct hit_run *run)
{
    uint32_t capacity = run->capacity == 0 ? RUN_CAPACITY_MIN : run->capacity * 2;
    struct store_hit *hits = realloc(run->hits, capacity * sizeof *hits);
    uint64_t *deadlines_ms;

    if (hits == NULL) {
        return -ENOMEM;
    }
    run->hits = hits;
    deadlines_ms = realloc(run->deadlines_ms, capacity * sizeof *deadlines_ms);
    if (deadlines_ms == NULL) {
        return -ENOMEM;
    }
    run->deadlines_ms = deadlines_ms;
    run->capacity = capacity;
    return 0;
}

static void run_compact(struct hit_run *run)
{
    run->count -= run->first;
    memmove(run->hits, run->hits + run->first, run->count * sizeof *run->hits);
    memmove(run->deadlines_ms, run->deadlines_ms + run->first,
            run->count * sizeof *run->deadlines_ms);
    run->first = 0;
}

static int run_add(struct hit_run *run, uint64_t ticket, uint64_t deadline_ms)
{
    if (run->first == run->count) {
        run->first = run->count = 0;
    }
    if (run->count == run->capacity && run->first > 0 && run->first >= run->capacity / 2) {
        run_compact(
            run); /* while a store is away, hits come and time out for as long as it takes */
    }
    if (run->count == run->capacity) {
        int result = run_grow(run);

        if (result < 0) {
            return result;
        }
    }
    run->hits[run->count] = (struct store_hit){.ticket = ticket};
    run->deadlines_ms[run->count] = deadline_ms;
    run->count++;
    return 0;
}

static bool run_is_told(const struct hit_run *run)
{
    return run->first == run->count;
}

/* How many hits of `from` could be copied behind those of the run, without growing. */
static uint32_t run_room_for(const struct hit_run *run, const struct hit_run *from)
{
    uint32_t room = run->capacity - run->count;
    uint32_t count = from->count - from->first;

    return count < room ? count : room;
}

/* Copies the oldest untold hits of `from` behind those of the run, which does not count them yet:
 * what reads the run meanwhile sees nothing of them. */
static void run_copy_behind(struct hit_run *run, const struct hit_run *from, uint32_t count)
{
    memcpy(run->hits + run->count, from->hits + from->first, count * sizeof *run->hits);
    memcpy(run->deadlines_ms + run->count, from->deadlines_ms + from->first,
           count * sizeof *run->deadlines_ms);
}

static void run_finish(struct hit_run *run)
{
    free(run->hits);
    free(run->deadlines_ms);
}

/* ---- telling ---- */

static void note_hit(const struct tally *tally, uint64_t deadline_ms, int result)
{
    const uint64_t came_ms = deadline_ms - tally->settings.timeout_ms;

    if (tally->settings.traffic != NULL) {
        histogram_note(&tally->settings.traffic->hit_ms, histogram_milliseconds,
                       loop_now_ms(tally->loop) - came_ms);
        counter_add(&tally->settings.traffic->hits, result == 0 ? 1 : 0);
    }
}

static void note_batch(const struct tally_key *key)
{
    struct scoreboard_traffic *traffic = key->tally->settings.traffic;

    if (traffic != NULL) {
        histogram_note(&traffic->batch_us, histogram_microseconds,
                       clock_monotonic_us() - key->sent_us);
        histogram_note(&traffic->batch_hits, histogram_sizes, key->batch.hits_count);
    }
}

/* Tells how the oldest untold hit of the run ended. The call may add hits to the waiting run, so
 * nothing of a run may be held over it. */
static void tell_first(struct tally *tally, struct hit_run *run, int result, uint64_t number)
{
    uint64_t ticket = run->hits[run->first].ticket;

    note_hit(tally, run->deadlines_ms[run->first], result);
    run->first++;
    tally->waiting_hits--;
    tally->events.done(tally->events.owner, ticket, result, result == 0 ? number : 0);
}

/* The run with the oldest hit that nobody was told of, or NULL. */
static struct hit_run *oldest_run(struct tally_key *key)
{
    if (key->is_in_flight && !run_is_told(&key->flying)) {
        return &key->flying;
    }
    return run_is_told(&key->waiting) ? NULL : &key->waiting;
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

static void key_timer_expired(void *owner)
{
    struct tally_key *key = owner;
    uint64_t now_ms = loop_now_ms(key->tally->loop);

    for (struct hit_run *run = oldest_run(key);
         run != NULL && run->deadlines_ms[run->first] <= now_ms; run = oldest_run(key)) {
        tell_first(key->tally, run, -ETIMEDOUT, 0);
    }
    key->batch.is_given_up = key->is_in_flight && run_is_told(&key->flying);
    watch_oldest(key);
}

/* ---- sending ---- */

static void make_due(struct tally_key *key)
{
    struct tally *tally = key->tally;

    if (key->is_due || run_is_told(&key->waiting) || (key->is_in_flight && !key->may_extend)) {
        return;
    }
    key->is_due = true;
    key->next_due = tally->due;
    tally->due = key;
    deferred_start(&tally->send, tally->loop);
}

/* Compares what the batch got with what was answered before. Its numbers grow, so its first hit
 * that counted has the least and its last one the greatest. */
static void watch_growth(struct tally_key *key)
{
    const struct store_batch *batch = &key->batch;
    uint32_t counted = batch->hits_count;

    while (counted > 0 && batch->hits[counted - 1].result < 0) {
        counted--;
    }
    if (counted == 0) {
        return;
    }
    if (batch->hits[0].number <= key->greatest) {
        key->tally->events.went_back(key->tally->events.owner, key->entry.key, key->greatest,
                                     batch->hits[0].number);
    }
    key->greatest = batch->hits[counted - 1].number;
}

static void batch_done(struct store_batch *batch)
{
    struct tally_key *key = batch->owner;

    assert(key->is_in_flight);
    note_batch(key);
    watch_growth(key);
    while (!run_is_told(&key->flying)) {
        const struct store_hit *hit = &key->flying.hits[key->flying.first];

        tell_first(key->tally, &key->flying, hit->result, hit->number);
    }
    key->flying.first = key->flying.count = 0;
    key->is_in_flight = false;
    watch_oldest(key);
    make_due(key);
}

/* Sends all hits of the key that wait as one batch. */
static void send_batch(struct tally_key *key)
{
    struct hit_run empty = key->flying;

    key->flying = key->waiting;
    key->waiting = empty;
    key->may_extend = store_can_extend(key->tally->store);
    if (key->may_extend && key->flying.count > key->flying.capacity / 2) {
        (void)run_grow(&key->flying); /* room for as many again; without it they wait */
    }
    key->batch = (struct store_batch){
        .key = key->entry.key,
        .hits = key->flying.hits + key->flying.first,
        .hits_count = key->flying.count - key->flying.first,
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
    uint32_t count = run_room_for(&key->flying, &key->waiting);

    run_copy_behind(&key->flying, &key->waiting, count);
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

        tally->due = key->next_due;
        key->is_due = false;
        if (key->is_in_flight) {
            extend_batch(key);
        } else if (!run_is_told(&key->waiting)) { /* they may all have timed out meanwhile */
            send_batch(key);
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

int tally_count(struct tally *tally, struct slice name, uint64_t ticket)
{
    struct tally_key *key;
    int result;

    assert(name.length >= 1 && name.length <= STORE_KEY_BYTES_MAX);
    if (tally->waiting_hits >= tally->settings.waiting_hits_max) {
        return -EAGAIN;
    }
    key = find_or_make_key(tally, name);
    if (key == NULL) {
        return -ENOMEM;
    }
    result = run_add(&key->waiting, ticket, loop_now_ms(tally->loop) + tally->settings.timeout_ms);
    if (result < 0) {
        return result;
    }
    tally->waiting_hits++;
    if (!timer_is_running(&key->timer)) {
        watch_oldest(key);
    }
    make_due(key);
    return 0;
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
    deferred_init(&tally->send, send_due, tally);
    *out_tally = tally;
    return 0;
}

static void key_free(struct tally_key *key)
{
    assert(!key->is_in_flight);
    timer_stop(&key->timer);
    while (!run_is_told(&key->waiting)) {
        tell_first(key->tally, &key->waiting, -ECANCELED, 0);
    }
    run_finish(&key->waiting);
    run_finish(&key->flying);
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
        key_free((struct tally_key *)entry);
    }
    key_table_finish(&tally->keys);
    timer_queue_finish(&tally->timers);
    free(tally);
}
