/*
 * test_supervisor_slots.c - workers that are added and retired while others live.
 */
#include "supervisor_scene.h"

static void a_slot_more_is_the_first_that_nobody_has(void **state)
{
    uint32_t slot;

    (void)state;
    begin(0);
    (void)start(stay_silent);
    (void)start(leave_when_told);
    assert_true(supervisor_add(supervisor, &slot));
    assert_int_equal(slot, 2);
    assert_int_equal(supervisor_slots(supervisor), 3);
    supervisor_retire(supervisor, 2); /* it was never forked */
    assert_false(supervisor_has(supervisor, 2));
    assert_false(supervisor_next_due(supervisor, &slot));
    assert_true(supervisor_add(supervisor, &slot));
    assert_int_equal(slot, 2);
    finish();
}

static void nobody_follows_a_worker_that_is_retired_until_its_slot_is_taken_anew(void **state)
{
    uint32_t slot;

    (void)state;
    begin(0);
    (void)start(leave_when_told);
    (void)start(stay_silent);
    turn_until_told(&ready_count);
    supervisor_retire(supervisor, 0);
    assert_int_equal(supervisor_living(supervisor), 2); /* it drains */
    assert_int_equal(supervisor_expected(supervisor), 1);
    turn_until_told(&ended_count);
    assert_int_equal(ended_slot, 0);
    turn_until_told(&freed_count);
    assert_false(supervisor_has(supervisor, 0));
    assert_false(supervisor_next_due(supervisor, &slot));
    assert_true(supervisor_add(supervisor, &slot));
    assert_int_equal(slot, 0);
    assert_int_equal(start(stay_silent), 0);
    assert_int_equal(supervisor_expected(supervisor), 2);
    finish();
}

static void there_are_so_many_slots_and_no_more(void **state)
{
    uint32_t slot;

    (void)state;
    begin(0);
    for (unsigned i = WORKERS; i < SCOREBOARD_SLOTS_MAX; i++) {
        assert_true(supervisor_add(supervisor, &slot));
        assert_int_equal(slot, i);
    }
    assert_false(supervisor_add(supervisor, &slot));
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_more_is_the_first_that_nobody_has),
        cmocka_unit_test(nobody_follows_a_worker_that_is_retired_until_its_slot_is_taken_anew),
        cmocka_unit_test(there_are_so_many_slots_and_no_more),
    };

    return cmocka_run_group_tests_name("supervisor_slots", tests, NULL, NULL);
}
