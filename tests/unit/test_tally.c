/*
 * test_tally.c - hits gathered, sent and numbered, against a store that does as it is told.
 */
#include "tally_scene.h"

#include <stdio.h>
#include <stdlib.h>

/* The n-th allocation from now on fails; 0: none. */
static unsigned failing_allocation;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool allocation_fails(void)
{
    return failing_allocation > 0 && --failing_allocation == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

/* ---- batches ---- */

static void the_hits_of_a_turn_leave_as_one_batch_in_their_order(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count(&scene, 200); /* the run grows on the way */
    assert_int_equal(scene.store.batches_count, 0);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    assert_int_equal(scripted_batch(&scene.store, 0)->hits_count, 200);
    assert_int_equal(scene.told_count, 0);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(scripted_batch(&scene.store, 0)->hits[i].ticket, i + 1);
    }
    scripted_count(&scene.store, 0, 1200);
    assert_all_counted(&scene, 200, 1001);
    scene_finish(&scene);
}

static void while_a_batch_is_in_flight_its_key_waits_and_leaves_as_one(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    for (unsigned i = 0; i < 3; i++) {
        count(&scene, 2);
        turn(&scene);
    }
    assert_int_equal(scene.store.batches_count, 1);
    assert_int_equal(scene.store.batches[0].hits_count, 2);
    scripted_count(&scene.store, 0, 2);
    assert_int_equal(scene.store.batches_count, 1); /* at the end of the turn, not at once */
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_int_equal(scene.store.batches[1].hits_count, 4);
    assert_int_equal(scene.store.batches[1].first_ticket, 3);
    scripted_count(&scene.store, 1, 6);
    assert_all_counted(&scene, 6, 1);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2); /* nothing waits: nothing is sent */
    scene_finish(&scene);
}

static void what_is_counted_is_noted_for_operators(void **state)
{
    static struct scene scene;
    struct scoreboard_traffic *traffic = &scene.traffic;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count(&scene, 3);
    turn(&scene);
    count(&scene, 2);
    scripted_count(&scene.store, 0, 3);
    turn(&scene);
    scripted_fail(&scene.store, 1, -EIO);
    assert_int_equal(traffic->hits, 3); /* with a number */
    assert_int_equal(histogram_count(&traffic->batch_hits), 2);
    assert_int_equal(traffic->batch_hits.counts[2], 1); /* of 3 and 4 */
    assert_int_equal(traffic->batch_hits.counts[1], 1); /* of 2 */
    assert_int_equal(traffic->batch_hits.sum, 5);
    assert_int_equal(traffic->hit_ms.counts[0] + traffic->hit_ms.counts[1] +
                         traffic->hit_ms.counts[2] + traffic->hit_ms.counts[3] +
                         traffic->hit_ms.counts[4],
                     5);
    scene_finish(&scene);
}

static void the_stores_note_of_a_key_goes_from_batch_to_batch(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    assert_int_equal(count_on(&scene, "one"), 0);
    turn(&scene);
    assert_int_equal(count_on(&scene, "other"), 0);
    turn(&scene);
    assert_int_equal(scripted_batch(&scene.store, 0)->key_note, 0);
    scripted_batch(&scene.store, 0)->key_note = 17;
    scripted_count(&scene.store, 0, 1);
    scripted_count(&scene.store, 1, 1);
    assert_int_equal(count_on(&scene, "other"), 0);
    turn(&scene);
    assert_int_equal(count_on(&scene, "one"), 0);
    turn(&scene);
    assert_int_equal(scripted_batch(&scene.store, 2)->key_note, 0);
    assert_int_equal(scripted_batch(&scene.store, 3)->key_note, 17);
    scripted_count(&scene.store, 2, 2);
    scripted_count(&scene.store, 3, 2);
    scene_finish(&scene);
}

static void two_keys_do_not_wait_for_each_other(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    assert_int_equal(count_on(&scene, "one"), 0);
    turn(&scene);
    assert_int_equal(count_on(&scene, "other"), 0);
    assert_int_equal(count_on(&scene, "one"), 0);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_string_equal(scene.store.batches[0].key, "one");
    assert_string_equal(scene.store.batches[1].key, "other");
    scripted_count(&scene.store, 1, 50);
    assert_told(&scene, 0, 2, 0, 50);
    scripted_count(&scene.store, 0, 7);
    assert_told(&scene, 1, 1, 0, 7);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 3);
    assert_string_equal(scene.store.batches[2].key, "one");
    scene_finish(&scene);
}

static void the_longest_key_and_one_that_begins_like_it_are_two(void **state)
{
    static struct scene scene;
    char key[STORE_KEY_BYTES_MAX + 1];

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    memset(key, 'k', STORE_KEY_BYTES_MAX);
    key[STORE_KEY_BYTES_MAX] = '\0';
    assert_int_equal(count_on(&scene, key), 0);
    assert_int_equal(count_on(&scene, key), 0);
    key[STORE_KEY_BYTES_MAX - 1] = '\0';
    assert_int_equal(count_on(&scene, key), 0);
    memset(key, '#', sizeof key); /* the key was borrowed for the call */
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_int_equal(scene.store.batches[0].hits_count + scene.store.batches[1].hits_count, 3);
    assert_int_equal(strlen(scene.store.batches[0].key) + strlen(scene.store.batches[1].key),
                     2 * STORE_KEY_BYTES_MAX - 1);
    scene_finish(&scene);
}

static void each_hit_ends_as_the_store_says_of_it(void **state)
{
    static struct scene scene;
    struct store_hit *hits;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count(&scene, 4);
    turn(&scene);
    hits = scripted_batch(&scene.store, 0)->hits;
    hits[0] = (struct store_hit){.ticket = 1, .number = 41, .amount = 1};
    hits[1] = (struct store_hit){.ticket = 2, .result = -EEXIST, .amount = 1};
    hits[2] = (struct store_hit){.ticket = 3, .number = STORE_NUMBER_MAX, .amount = 1};
    /* A number beside an error counts nothing. */
    hits[3] = (struct store_hit){.ticket = 4, .number = 99, .result = -EOVERFLOW, .amount = 1};
    scripted_tell(&scene.store, 0);
    assert_told(&scene, 0, 1, 0, 41);
    assert_told(&scene, 1, 2, -EEXIST, 0);
    assert_told(&scene, 2, 3, 0, STORE_NUMBER_MAX);
    assert_told(&scene, 3, 4, -EOVERFLOW, 0);
    count(&scene, 1); /* and the key goes on */
    turn(&scene);
    scripted_fail(&scene.store, 1, -ECONNRESET);
    assert_told(&scene, 4, 5, -ECONNRESET, 0);
    scene_finish(&scene);
}

static void a_hit_counted_from_inside_done_leaves_with_the_next_batch(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count(&scene, 70);
    turn(&scene);
    scene.count_again = 200; /* more than the runs have room for */
    scripted_count(&scene.store, 0, 70);
    assert_int_equal(scene.told_count, 70);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_int_equal(scene.store.batches[1].hits_count, 70);
    scripted_count(&scene.store, 1, 140);
    turn(&scene);
    scripted_count(&scene.store, 2, 210);
    assert_all_counted(&scene, 210, 1);
    scene_finish(&scene);
}

/* ---- limits ---- */

static void waiting_hits_max_holds_to_the_hit_over_all_keys_and_both_runs(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 3, LONG_MS);
    assert_int_equal(count_on(&scene, "one"), 0);
    turn(&scene); /* in flight counts too */
    assert_int_equal(count_on(&scene, "one"), 0);
    assert_int_equal(count_on(&scene, "other"), 0);
    assert_int_equal(count_on(&scene, "one"), -EAGAIN);
    assert_int_equal(count_on(&scene, "third"), -EAGAIN);
    turn(&scene);
    assert_int_equal(scene.told_count, 0);
    scripted_count(&scene.store, 0, 1);
    assert_int_equal(count_on(&scene, "third"), 0); /* one has gone, one may come */
    assert_int_equal(count_on(&scene, "third"), -EAGAIN);
    scene_finish(&scene);
    assert_int_equal(scene.told_count, 4);
}

static void a_maximum_of_nothing_takes_nothing(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 0, LONG_MS);
    assert_int_equal(count_on(&scene, "counter"), -EAGAIN);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 0);
    scene_finish(&scene);
    assert_int_equal(scene.told_count, 0);
}

/* ---- the end ---- */

static void destroying_ends_every_waiting_hit_once_and_takes_no_new_one(void **state)
{
    static struct scene scene;
    unsigned told_before;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    scene.store.is_ready = false;
    assert_int_equal(count_on(&scene, "one"), 0);
    assert_int_equal(count_on(&scene, "other"), 0);
    assert_int_equal(count_on(&scene, "one"), 0);
    told_before = scene.told_count;
    scene.count_again = 3;
    scene.again_result = -EAGAIN;
    tally_destroy(scene.tally);
    assert_int_equal(told_before, 0);
    assert_int_equal(scene.told_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(scene.told[i].result, -ECANCELED);
        assert_int_equal(scene.told[i].number, 0);
    }
    assert_int_equal(scene.count_again, 0);
    turn(&scene); /* nothing of it is left on the loop */
    tally_destroy(NULL);
    turning_finish(&scene.turning);
}

/* ---- without memory ---- */

static void without_memory_no_tally_is_made(void **state)
{
    static struct scene scene;
    const struct tally_settings settings = {10, LONG_MS, NULL, 0};
    const struct tally_events events = scene_events(&scene);
    struct tally *untouched = (struct tally *)&scene;

    (void)state;
    scene_init(&scene, 10, LONG_MS);
    failing_allocation = 1;
    assert_int_equal(tally_create(scene.turning.loop, &settings, &events, &untouched), -ENOMEM);
    assert_ptr_equal(untouched, &scene);
    scene_finish(&scene);
}

static void each_allocation_that_fails_refuses_that_one_hit_and_nothing_else(void **state)
{
    static struct scene scene;
    unsigned failures = 0;

    (void)state;
    for (unsigned nth = 1;; nth++) {
        scene_init(&scene, 1000, LONG_MS);
        failing_allocation = nth;
        for (unsigned i = 0; i < 100; i++) { /* the run and the table grow on the way */
            char key[16];
            int result;

            (void)snprintf(key, sizeof key, "key %u", i % 20 == 0 ? i : 0);
            result = count_on(&scene, key);
            assert_true(result == 0 || result == -ENOMEM);
            failures += result == -ENOMEM;
        }
        if (failing_allocation > 0) {
            failing_allocation = 0;
            scene_finish(&scene);
            break;
        }
        assert_int_equal(failures, nth); /* one failure, one hit */
        assert_int_equal(scene.next_ticket - 1, 99);
        turn(&scene);
        while (scene.told_count < 99) {
            assert_true(scene.store.batches_count < SCRIPTED_BATCHES_MAX);
            for (unsigned i = 0; i < scene.store.batches_count; i++) {
                if (scene.store.batches[i].batch != NULL) {
                    scripted_count(&scene.store, i, 1000);
                }
            }
            turn(&scene);
        }
        scene_finish(&scene);
        assert_int_equal(scene.told_count, 99);
    }
    assert_true(failures >= 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hits_of_a_turn_leave_as_one_batch_in_their_order),
        cmocka_unit_test(while_a_batch_is_in_flight_its_key_waits_and_leaves_as_one),
        cmocka_unit_test(what_is_counted_is_noted_for_operators),
        cmocka_unit_test(the_stores_note_of_a_key_goes_from_batch_to_batch),
        cmocka_unit_test(two_keys_do_not_wait_for_each_other),
        cmocka_unit_test(the_longest_key_and_one_that_begins_like_it_are_two),
        cmocka_unit_test(each_hit_ends_as_the_store_says_of_it),
        cmocka_unit_test(a_hit_counted_from_inside_done_leaves_with_the_next_batch),
        cmocka_unit_test(waiting_hits_max_holds_to_the_hit_over_all_keys_and_both_runs),
        cmocka_unit_test(a_maximum_of_nothing_takes_nothing),
        cmocka_unit_test(destroying_ends_every_waiting_hit_once_and_takes_no_new_one),
        cmocka_unit_test(without_memory_no_tally_is_made),
        cmocka_unit_test(each_allocation_that_fails_refuses_that_one_hit_and_nothing_else),
    };

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
