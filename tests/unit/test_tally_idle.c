/*
 * test_tally_idle.c - which keys a tally keeps, over a store that holds any number.
 */
#include "base/decimal.h"
#include "store/memory.h"
#include "test.h"
#include "turning_loop.h"
#include "visits/tally_state.h"

#include <errno.h>
#include <stdio.h>

enum {
    KEPT_MAX = 131072,
    MORE = 5000,
    TURN_HITS = 500,
    ABSENT_KEPT_MAX = 1024,
    IDLE_MS = 60 * 1000,
};

struct scene {
    struct turning_loop turning;
    struct store *store;
    struct tally *tally;
    uint64_t counted;
    uint64_t told;
    bool is_closed;
};

static void note_done(void *owner, uint64_t ticket, int result, int64_t number)
{
    struct scene *scene = owner;

    (void)ticket;
    (void)number;
    assert_true(result == 0 || result == -ETIMEDOUT || result == -EDQUOT || result == -ENOENT);
    scene->counted += result == 0;
    scene->told++;
}

static void note_went_back(void *owner, struct slice key, int64_t before, int64_t number)
{
    (void)owner;
    (void)key;
    fail_msg("%lld after %lld", (long long)number, (long long)before);
}

static void begin(struct scene *scene)
{
    const struct tally_settings settings = {TURN_HITS, 10000, NULL, 0};
    const struct tally_events events = {note_done, NULL, note_went_back, scene};
    const struct store_events store_events = {.owner = scene};

    *scene = (struct scene){.counted = 0};
    turning_init(&scene->turning);
    assert_int_equal(store_memory_open(scene->turning.loop, &store_events, &scene->store), 0);
    assert_int_equal(tally_create(scene->turning.loop, &settings, &events, &scene->tally), 0);
    tally_set_store(scene->tally, scene->store);
}

static void note_closed(void *owner)
{
    ((struct scene *)owner)->is_closed = true;
}

static void finish(struct scene *scene)
{
    store_close(scene->store, note_closed, scene);
    assert_true(scene->is_closed);
    tally_set_store(scene->tally, NULL);
    tally_destroy(scene->tally);
    turning_finish(&scene->turning);
}

static bool is_counted(void *test)
{
    const struct scene *scene = test;

    return scene->tally->waiting_hits == 0;
}

static bool is_full;
static uint32_t amount = 1;

/* A hit on each of the keys "space/first" … */
static void count_keys(struct scene *scene, unsigned first, unsigned count, bool keeps_record)
{
    for (unsigned i = 0; i < count; i++) {
        char key[32];
        const struct tally_target target = {
            .key = {key, (size_t)snprintf(key, sizeof key, "space/%u", first + i)},
            .keeps_record = keeps_record,
            .is_full = is_full,
        };

        if (scene->tally->waiting_hits == TURN_HITS) {
            turn_until(&scene->turning, is_counted, scene);
        }
        assert_int_equal(tally_count(scene->tally, &target, i, amount), 0);
    }
    turn_until(&scene->turning, is_counted, scene);
}

static void of_many_keys_those_of_last_are_kept(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene);
    count_keys(&scene, 0, KEPT_MAX + MORE, true);
    assert_int_equal(scene.counted, KEPT_MAX + MORE);
    assert_int_equal(scene.tally->keys.entries_count, KEPT_MAX);
    assert_null(key_table_find(&scene.tally->keys, SLICE("space/0")));
    assert_non_null(key_table_find(&scene.tally->keys, SLICE("space/5000")));
    count_keys(&scene, 0, 1, true); /* it is counted on, by a key made anew */
    assert_non_null(key_table_find(&scene.tally->keys, SLICE("space/0")));
    assert_int_equal(scene.tally->keys.entries_count, KEPT_MAX);
    finish(&scene);
}

static bool all_are_forgotten(void *test)
{
    return ((const struct scene *)test)->tally->keys.entries_count == 1;
}

static void what_nobody_wants_for_a_minute_is_forgotten_but_for_keys_without_record(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene);
    count_keys(&scene, 0, 3000, true);
    count_keys(&scene, 3000, 1, false);
    assert_int_equal(scene.tally->keys.entries_count, 3001);
    for (struct tally_key *key = scene.tally->idle.first; key != NULL; key = key->idle_behind) {
        key->idle_since_ms -= IDLE_MS;
    }
    turn_until(&scene.turning, all_are_forgotten, &scene);
    assert_null(scene.tally->idle.first);
    assert_false(timer_is_running(&scene.tally->sweep));
    finish(&scene);
}

static bool all_are_told(void *test)
{
    return ((const struct scene *)test)->told == 2000;
}

/* They stayed among those with something to send for as long as the store was away. */
static void keys_whose_hits_have_timed_out_are_idle_though_no_store_is_there(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene);
    tally_set_store(scene.tally, NULL);
    scene.tally->settings.waiting_hits_max = 2000;
    scene.tally->settings.timeout_ms = 20;
    for (unsigned i = 0; i < 2000; i++) {
        char key[32];
        const struct tally_target target = {
            .key = {key, (size_t)snprintf(key, sizeof key, "space/%u", i)},
            .keeps_record = true,
        };

        assert_int_equal(tally_count(scene.tally, &target, i, 1), 0);
    }
    turn_until(&scene.turning, all_are_told, &scene);
    assert_null(scene.tally->due);
    assert_int_equal(scene.tally->waiting_hits, 0);
    for (struct tally_key *key = scene.tally->idle.first; key != NULL; key = key->idle_behind) {
        scene.told--;
    }
    assert_int_equal(scene.told, 0);
    finish(&scene);
}

static uint64_t number_of(const struct tally_key *key)
{
    const struct slice digits = slice_after(key->entry.key, sizeof "space");
    uint64_t number = 0;

    assert_true(decimal_read(digits, UINT32_MAX, &number));
    return number;
}

static void what_is_counted_now_and_then_stays(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene);
    count_keys(&scene, 0, 100, true);
    count_keys(&scene, 0, 50, true); /* behind the others now */
    assert_true(number_of(scene.tally->idle.first) >= 50);
    assert_true(number_of(scene.tally->idle.last) < 50);
    finish(&scene);
}

/* A flood of them took as much memory as counters that are there. */
static void of_keys_without_a_counter_few_are_kept(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene);
    count_keys(&scene, 0, 100, true);
    is_full = true;
    count_keys(&scene, 1000, 3000, true);
    is_full = false;
    amount = 0; /* looks */
    count_keys(&scene, 5000, 3000, true);
    amount = 1;
    assert_int_equal(scene.tally->idle.count, 100);
    assert_in_range(scene.tally->absent.count, ABSENT_KEPT_MAX, ABSENT_KEPT_MAX + TURN_HITS);
    assert_int_equal(scene.tally->keys.entries_count, 100 + scene.tally->absent.count);
    count_keys(&scene, 7999, 1, true); /* there is one now */
    assert_int_equal(scene.tally->idle.count, 101);
    finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_keys_those_of_last_are_kept),
        cmocka_unit_test(what_nobody_wants_for_a_minute_is_forgotten_but_for_keys_without_record),
        cmocka_unit_test(what_is_counted_now_and_then_stays),
        cmocka_unit_test(of_keys_without_a_counter_few_are_kept),
        cmocka_unit_test(keys_whose_hits_have_timed_out_are_idle_though_no_store_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
