/*
 * test_tally_timeouts.c - hits that wait: for their batch's turn, for a slow store, for one that is
 * away.
 */
#include "tally_scene.h"

#include <stdlib.h>

static size_t largest_realloc;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (size > largest_realloc) {
        largest_realloc = size;
    }
    return __real_realloc(memory, size);
}

/* ---- time-outs ---- */

static void a_hit_in_flight_times_out_once_and_its_number_is_a_gap(void **state)
{
    static struct scene scene;
    uint64_t began_ms;

    (void)state;
    scene_init(&scene, 2, TIMEOUT_MS);
    turn(&scene);
    began_ms = loop_now_ms(scene.turning.loop);
    count(&scene, 2);
    turn_until(&scene.turning, all_are_told, &scene);
    assert_true(loop_now_ms(scene.turning.loop) >= began_ms + TIMEOUT_MS);
    assert_told(&scene, 0, 1, -ETIMEDOUT, 0);
    assert_told(&scene, 1, 2, -ETIMEDOUT, 0);
    count(&scene, 1); /* they wait no more, but their batch is in flight */
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    scripted_count(&scene.store, 0, 2);
    assert_int_equal(scene.told_count, 2); /* not told twice */
    turn(&scene);
    scripted_count(&scene.store, 1, 3);
    assert_told(&scene, 2, 3, 0, 3);
    scene_finish(&scene);
}

static void a_hit_that_waits_times_out_and_never_leaves(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    count(&scene, 1);
    turn(&scene);
    count(&scene, 2);
    turn_until(&scene.turning, all_are_told, &scene);
    for (unsigned i = 0; i < 3; i++) {
        assert_told(&scene, i, i + 1, -ETIMEDOUT, 0);
    }
    scripted_count(&scene.store, 0, 1);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    scene_finish(&scene);
}

static void hits_time_out_in_the_order_in_which_they_came_and_not_before(void **state)
{
    static struct scene scene;
    enum { APART_MS = 15 };

    (void)state;
    scene_init(&scene, 1000, 2 * APART_MS);
    count(&scene, 1);
    turn_for(&scene.turning, APART_MS); /* the first is in flight, the second waits */
    count(&scene, 1);
    turn_until(&scene.turning, one_is_told, &scene);
    if (scene.told_count == 1) { /* or the machine stood still for as long as they are apart */
        assert_told(&scene, 0, 1, -ETIMEDOUT, 0);
        turn_until(&scene.turning, all_are_told, &scene);
    }
    assert_told(&scene, 0, 1, -ETIMEDOUT, 0);
    assert_told(&scene, 1, 2, -ETIMEDOUT, 0);
    scene_finish(&scene);
}

/* One hit times out while two younger ones wait on. False when the machine stood still for so long
 * that they did too. */
static bool the_oldest_alone_times_out(struct scene *scene)
{
    enum { APART_MS = 60 };

    scene_init(scene, 1000, 2 * APART_MS);
    scene->store.is_ready = false;
    count(scene, 1);
    turn_for(&scene->turning, APART_MS);
    count(scene, 2);
    turn_until(&scene->turning, one_is_told, scene);
    return scene->told_count == 1;
}

static void who_has_given_up_is_not_sent_along_with_those_that_wait_on(void **state)
{
    static struct scene scene;

    (void)state;
    for (unsigned tries = 1; !the_oldest_alone_times_out(&scene); tries++) {
        scene_finish(&scene);
        assert_true(tries < 10);
    }
    scene.store.is_ready = true;
    tally_store_ready(scene.tally);
    turn(&scene);
    assert_int_equal(scene.store.batches[0].hits_count, 2);
    assert_int_equal(scene.store.batches[0].first_ticket, 2);
    scripted_count(&scene.store, 0, 2);
    assert_told(&scene, 1, 2, 0, 1);
    assert_told(&scene, 2, 3, 0, 2);
    scene_finish(&scene);
}

static void a_timeout_of_nothing_is_never(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, 0);
    count(&scene, 1);
    turn(&scene);
    count(&scene, 1);
    turn_for(&scene.turning, 50);
    assert_int_equal(scene.told_count, 0);
    scripted_count(&scene.store, 0, 1);
    turn(&scene);
    scripted_count(&scene.store, 1, 2);
    assert_told(&scene, 0, 1, 0, 1);
    assert_told(&scene, 1, 2, 0, 2);
    scene_finish(&scene);
}

static void a_hit_counted_from_inside_a_timeout_waits_its_own_time(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    scene.count_again = 1;
    count(&scene, 1);
    turn_until(&scene.turning, one_is_told, &scene);
    assert_int_equal(scene.told_count, 1);
    turn_until(&scene.turning, all_are_told, &scene);
    assert_told(&scene, 1, 2, -ETIMEDOUT, 0);
    assert_true(scene.told[1].at_ms >= scene.told[0].at_ms + TIMEOUT_MS);
    scene_finish(&scene);
}

/* ---- a store that is away ---- */

static void what_waits_for_the_store_is_sent_when_it_is_ready(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    scene.store.is_ready = false;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(count_on(&scene, "one"), 0);
        assert_int_equal(count_on(&scene, "other"), 0);
        turn(&scene);
    }
    assert_int_equal(scene.store.batches_count, 0);
    scene.store.is_ready = true;
    tally_store_ready(scene.tally);
    assert_int_equal(scene.store.batches_count, 0); /* at the end of the turn */
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_int_equal(scene.store.batches[0].hits_count, 3);
    assert_int_equal(scene.store.batches[1].hits_count, 3);
    scene_finish(&scene);
}

static void without_a_store_hits_wait_until_there_is_one(void **state)
{
    static struct scene scene;
    const struct tally_settings settings = {1000, LONG_MS, NULL, 0};
    const struct tally_events events = scene_events(&scene);

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    tally_destroy(scene.tally);
    assert_int_equal(tally_create(scene.turning.loop, &settings, &events, &scene.tally), 0);
    count(&scene, 2);
    turn(&scene);
    assert_int_equal(scene.told_count, 0);
    tally_set_store(scene.tally, &scene.store.base);
    turn(&scene);
    assert_int_equal(scene.store.batches[0].hits_count, 2);
    scene_finish(&scene);
}

static void a_store_that_comes_back_too_late_gets_no_empty_batch(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    scene.store.is_ready = false;
    count(&scene, 3);
    turn_until(&scene.turning, all_are_told, &scene);
    scene.store.is_ready = true;
    tally_store_ready(scene.tally);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 0);
    count(&scene, 1); /* and the key is not lost for it */
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    scene_finish(&scene);
}

/* Hits come and time out, some are always waiting: a run that only ever grew would hold all. */
static void while_the_store_is_away_for_long_memory_stays_bounded(void **state)
{
    static struct scene scene;
    enum { WAITING_MAX = 128, ROUNDS = 300, HITS_PER_ROUND = 16 };
    unsigned refused = 0;

    (void)state;
    scene_init(&scene, WAITING_MAX, 5);
    scene.store.is_ready = false;
    largest_realloc = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < HITS_PER_ROUND; i++) {
            int result = count_on(&scene, "counter");

            assert_true(result == 0 || result == -EAGAIN);
            refused += result == -EAGAIN;
        }
        turn(&scene);
    }
    turn_until(&scene.turning, all_are_told, &scene);
    assert_int_equal(scene.told_count + refused, ROUNDS * HITS_PER_ROUND);
    assert_true(scene.told_count > 10 * WAITING_MAX);
    for (unsigned i = 0; i < scene.told_count; i++) {
        assert_told(&scene, i, i + 1, -ETIMEDOUT, 0);
    }
    assert_true(largest_realloc <= 4 * WAITING_MAX * sizeof(struct store_hit));
    scene_finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_in_flight_times_out_once_and_its_number_is_a_gap),
        cmocka_unit_test(a_hit_that_waits_times_out_and_never_leaves),
        cmocka_unit_test(hits_time_out_in_the_order_in_which_they_came_and_not_before),
        cmocka_unit_test(who_has_given_up_is_not_sent_along_with_those_that_wait_on),
        cmocka_unit_test(a_timeout_of_nothing_is_never),
        cmocka_unit_test(a_hit_counted_from_inside_a_timeout_waits_its_own_time),
        cmocka_unit_test(what_waits_for_the_store_is_sent_when_it_is_ready),
        cmocka_unit_test(without_a_store_hits_wait_until_there_is_one),
        cmocka_unit_test(a_store_that_comes_back_too_late_gets_no_empty_batch),
        cmocka_unit_test(while_the_store_is_away_for_long_memory_stays_bounded),
    };

    return cmocka_run_group_tests_name("tally_timeouts", tests, NULL, NULL);
}
