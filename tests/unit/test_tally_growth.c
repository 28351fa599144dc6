/*
 * test_tally_growth.c - counters that go back, and batches that nobody waits for any more.
 */
#include "tally_scene.h"

/* Counts `hits` hits in one batch whose last number is `last`. */
static void count_to(struct scene *scene, unsigned hits, int64_t last)
{
    const unsigned index = scene->store.batches_count;

    count(scene, hits);
    turn(scene);
    assert_int_equal(scene->store.batches_count, index + 1);
    scripted_count(&scene->store, index, last);
}

static void assert_went_back(struct scene *scene, int64_t before, int64_t number)
{
    assert_int_equal(scene->went_back_count, 1);
    assert_int_equal(scene->went_back_before, before);
    assert_int_equal(scene->went_back_number, number);
    scene->went_back_count = 0;
}

/* ---- growth ---- */

static void a_counter_that_grows_is_no_news(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, 1);
    count_to(&scene, 3, 4);
    count_to(&scene, 1, 100); /* others count as well */
    count_to(&scene, 5, 105);
    count_to(&scene, 2, INT64_MAX);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

static void the_first_number_may_be_any(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, INT64_MAX);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

static void a_smaller_number_is_told_once_and_given_out_all_the_same(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 3, 103);
    count_to(&scene, 2, 2);
    assert_went_back(&scene, 103, 1);
    assert_told(&scene, 3, 4, 0, 1);
    assert_told(&scene, 4, 5, 0, 2);
    count_to(&scene, 2, 4); /* it grows from there: told once */
    count_to(&scene, 1, 50);
    assert_int_equal(scene.went_back_count, 0);
    count_to(&scene, 1, 49); /* once for each time */
    assert_went_back(&scene, 50, 49);
    assert_told(&scene, 8, 9, 0, 49);
    scene_finish(&scene);
}

static void the_same_number_twice_has_gone_back(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, 7);
    count_to(&scene, 1, 7);
    assert_went_back(&scene, 7, 7);
    count_to(&scene, 1, 8);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

/* The batch ends above what was answered before, but begins at or below it. */
static void numbers_that_overlap_have_gone_back(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 5, 10);
    count_to(&scene, 5, 15); /* from 11 */
    assert_int_equal(scene.went_back_count, 0);
    count_to(&scene, 5, 19); /* from 15 */
    assert_went_back(&scene, 15, 15);
    count_to(&scene, 1, 20);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

static void batches_that_failed_say_nothing_of_the_counter(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count(&scene, 2);
    turn(&scene);
    scripted_fail(&scene.store, 0, -EIO); /* before there was any number */
    count_to(&scene, 1, 5);
    count(&scene, 2);
    turn(&scene);
    scripted_fail(&scene.store, 2, -EIO);
    assert_int_equal(scene.went_back_count, 0);
    count_to(&scene, 1, 6);
    assert_int_equal(scene.went_back_count, 0);
    count_to(&scene, 1, 6);
    assert_went_back(&scene, 6, 6);
    scene_finish(&scene);
}

static void of_a_batch_at_the_end_of_the_numbers_those_that_counted_are_compared(void **state)
{
    static struct scene scene;
    const int64_t end = INT64_MAX;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, end - 2);
    count(&scene, 5);
    turn(&scene);
    assert_int_equal(store_batch_count(scripted_batch(&scene.store, 1), end - 2), end);
    scripted_tell(&scene.store, 1);
    assert_int_equal(scene.went_back_count, 0);
    assert_told(&scene, 2, 3, 0, end);
    assert_told(&scene, 3, 4, -EOVERFLOW, 0);
    count(&scene, 3); /* nothing is left */
    turn(&scene);
    assert_int_equal(store_batch_count(scripted_batch(&scene.store, 2), end), end);
    scripted_tell(&scene.store, 2);
    assert_int_equal(scene.went_back_count, 0);
    count_to(&scene, 1, end);
    assert_went_back(&scene, end, end);
    scene_finish(&scene);
}

static void who_has_timed_out_is_compared_as_well(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    count(&scene, 2);
    turn_until(&scene.turning, all_are_told, &scene);
    scripted_count(&scene.store, 0, 10);
    count_to(&scene, 1, 10);
    assert_went_back(&scene, 10, 10);
    scene_finish(&scene);
}

static void each_key_has_its_own_numbers(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, 100);
    assert_int_equal(count_on(&scene, "other"), 0);
    turn(&scene);
    scripted_count(&scene.store, 1, 1);
    count_to(&scene, 1, 101);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

static void another_store_goes_on_where_the_first_one_was(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, LONG_MS);
    count_to(&scene, 1, 100);
    tally_set_store(scene.tally, NULL);
    tally_set_store(scene.tally, &scene.store.base);
    count_to(&scene, 1, 1);
    assert_went_back(&scene, 100, 1);
    scene_finish(&scene);
}

/* ---- given up ---- */

static bool is_given_up(const struct scene *scene, unsigned index)
{
    return scripted_batch(&scene->store, index)->is_given_up;
}

static void a_batch_is_given_up_when_its_last_hit_has_timed_out(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    count(&scene, 3);
    turn(&scene);
    assert_true(scene.told_count > 0 || !is_given_up(&scene, 0));
    turn_until(&scene.turning, all_are_told, &scene);
    assert_int_equal(scene.told_count, 3);
    assert_true(is_given_up(&scene, 0));
    scripted_count(&scene.store, 0, 3);
    count(&scene, 1); /* the next one is not */
    turn(&scene);
    assert_true(scene.told_count > 3 || !is_given_up(&scene, 1));
    scene_finish(&scene);
}

/* One hit of two in the batch times out. False when the machine stood still for so long that the
 * other did too. */
static bool one_of_two_in_flight_times_out(struct scene *scene)
{
    enum { APART_MS = 60 };

    scene_init(scene, 1000, 2 * APART_MS);
    scene->store.is_ready = false;
    count(scene, 1);
    turn_for(&scene->turning, APART_MS);
    count(scene, 1);
    scene->store.is_ready = true;
    tally_store_ready(scene->tally);
    turn(scene);
    if (scene->store.batches_count == 0 || scene->store.batches[0].hits_count != 2) {
        return false;
    }
    turn_until(&scene->turning, one_is_told, scene);
    return scene->told_count == 1;
}

static void a_batch_is_not_given_up_while_one_of_its_hits_waits(void **state)
{
    static struct scene scene;

    (void)state;
    for (unsigned tries = 1; !one_of_two_in_flight_times_out(&scene); tries++) {
        scene_finish(&scene);
        assert_true(tries < 10);
    }
    assert_false(is_given_up(&scene, 0));
    turn_until(&scene.turning, all_are_told, &scene);
    assert_int_equal(scene.told_count, 2);
    assert_true(is_given_up(&scene, 0));
    scene_finish(&scene);
}

static void hits_that_wait_for_the_next_batch_do_not_hold_the_one_in_flight(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    count(&scene, 1);
    turn(&scene);
    scene.count_again = 1; /* comes when the first is told, and waits its own time */
    turn_until(&scene.turning, one_is_told, &scene);
    if (scene.told_count == 1) { /* or the machine stood still */
        assert_true(is_given_up(&scene, 0));
    }
    scene_finish(&scene);
}

static void hits_that_time_out_before_they_are_sent_give_up_no_batch(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, TIMEOUT_MS);
    scene.store.is_ready = false;
    count(&scene, 2);
    turn_until(&scene.turning, all_are_told, &scene);
    scene.store.is_ready = true;
    tally_store_ready(scene.tally);
    count(&scene, 1);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    assert_true(scene.told_count > 2 || !is_given_up(&scene, 0));
    scene_finish(&scene);
}

static void without_a_timeout_no_batch_is_given_up(void **state)
{
    static struct scene scene;

    (void)state;
    scene_init(&scene, 1000, 0);
    count(&scene, 2);
    turn_for(&scene.turning, 30);
    assert_false(is_given_up(&scene, 0));
    scene_finish(&scene);
}

static bool is_first_told(void *test)
{
    return ((const struct scene *)test)->told_count > 0;
}

static void a_batch_that_takes_more_hits_is_given_up_no_more(void **state)
{
    static struct scene scene;
    (void)state;

    scene_init(&scene, 1000, TIMEOUT_MS);
    scene.store.base.kind = &scripted_late_kind;
    count(&scene, 1);
    turn(&scene);
    turn_until(&scene.turning, is_first_told, &scene);
    assert_true(scripted_batch(&scene.store, 0)->is_given_up);
    count(&scene, 1);
    turn(&scene);
    assert_int_equal(scripted_batch(&scene.store, 0)->hits_count, 2);
    /* Unless this process stood still for so long that it has run out of patience as well. */
    assert_int_equal(scripted_batch(&scene.store, 0)->is_given_up, scene.told_count == 2);
    scene_finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_that_grows_is_no_news),
        cmocka_unit_test(the_first_number_may_be_any),
        cmocka_unit_test(a_smaller_number_is_told_once_and_given_out_all_the_same),
        cmocka_unit_test(the_same_number_twice_has_gone_back),
        cmocka_unit_test(numbers_that_overlap_have_gone_back),
        cmocka_unit_test(batches_that_failed_say_nothing_of_the_counter),
        cmocka_unit_test(of_a_batch_at_the_end_of_the_numbers_those_that_counted_are_compared),
        cmocka_unit_test(who_has_timed_out_is_compared_as_well),
        cmocka_unit_test(each_key_has_its_own_numbers),
        cmocka_unit_test(another_store_goes_on_where_the_first_one_was),
        cmocka_unit_test(a_batch_is_given_up_when_its_last_hit_has_timed_out),
        cmocka_unit_test(a_batch_is_not_given_up_while_one_of_its_hits_waits),
        cmocka_unit_test(hits_that_wait_for_the_next_batch_do_not_hold_the_one_in_flight),
        cmocka_unit_test(hits_that_time_out_before_they_are_sent_give_up_no_batch),
        cmocka_unit_test(without_a_timeout_no_batch_is_given_up),
        cmocka_unit_test(a_batch_that_takes_more_hits_is_given_up_no_more),
    };

    return cmocka_run_group_tests_name("tally_growth", tests, NULL, NULL);
}
