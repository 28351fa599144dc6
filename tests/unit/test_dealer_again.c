/*
 * test_dealer_again.c - connections that are dealt a second time: refused, or their worker died.
 */
#include "dealer_scene.h"

#include <stdlib.h>

static bool malloc_fails;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return malloc_fails ? NULL : __real_malloc(size);
}

/* ---- refused ---- */

static void what_a_worker_refuses_goes_to_each_other_once_and_then_waits_a_moment(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    assert_int_equal(deal(&scene), 0);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        assert_int_equal(received(&scene, slot), 0);
        refuse(&scene, slot, 1);
        collect(&scene);
        assert_true(copy_is_open(&scene, 0));
    }
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    assert_int_equal(dealer_outstanding(scene.dealer), 0);
    scene.now_ms += DEALER_TRY_AGAIN_MS - 1;
    collect(&scene);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        assert_int_equal(received(&scene, slot), NOTHING);
    }
    scene.now_ms += 1;
    collect(&scene);
    assert_int_equal(received(&scene, 0), 0); /* everybody may be asked once more, in turn */
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    take(&scene, 0, 2);
    collect(&scene);
    assert_false(copy_is_open(&scene, 0));
    scene_finish(&scene);
}

static void a_refused_one_that_pauses_does_not_hold_up_new_ones(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    assert_int_equal(deal(&scene), 0);
    refuse(&scene, 0, 1);
    collect(&scene);
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    assert_int_equal(deal(&scene), 1);
    scene.now_ms += DEALER_TRY_AGAIN_MS;
    deal_in_vain(&scene); /* now it has its turn, and comes first */
    collect(&scene);
    assert_int_equal(deal(&scene), 3);
    assert_int_equal(received(&scene, 0), 0);
    assert_int_equal(received(&scene, 0), 1);
    assert_int_equal(received(&scene, 0), 0);
    assert_int_equal(received(&scene, 0), 3);
    scene_finish(&scene);
}

static void of_several_deals_exactly_the_refused_ones_are_dealt_again(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(deal(&scene), i);
    }
    open_slot(&scene, 1);
    scoreboard_slot_refuse(slot_of(&scene, 0), 2);
    scoreboard_slot_refuse(slot_of(&scene, 0), 4);
    scoreboard_slot_refuse(slot_of(&scene, 0), 5); /* noted, and not taken past yet */
    take(&scene, 0, 4);
    collect(&scene);
    assert_false(copy_is_open(&scene, 0));
    assert_false(copy_is_open(&scene, 2));
    assert_int_equal(received(&scene, 1), 1);
    assert_int_equal(received(&scene, 1), 3);
    assert_int_equal(received(&scene, 1), NOTHING);
    assert_int_equal(dealer_outstanding(scene.dealer), 3);
    take(&scene, 0, 5);
    collect(&scene);
    assert_int_equal(received(&scene, 1), 4);
    scene_finish(&scene);
}

/* The same bit stands for a number and for the one a window later. */
static void a_refusal_is_forgotten_with_its_window(void **state)
{
    struct scene scene;
    int index;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    (void)deal(&scene);
    refuse(&scene, 0, 1);
    collect(&scene);
    scene.now_ms += DEALER_TRY_AGAIN_MS;
    collect(&scene); /* the refused one again, as deal 2 */
    take(&scene, 0, 2);
    collect(&scene);
    for (uint64_t number = 3; number <= DEAL_WINDOW; number++) {
        (void)deal(&scene);
        take(&scene, 0, number);
        collect(&scene);
    }
    index = deal(&scene);
    take(&scene, 0, DEAL_WINDOW + 1);
    collect(&scene);
    assert_false(copy_is_open(&scene, index));
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    scene_finish(&scene);
}

/* ---- the death of a worker ---- */

static void what_a_dead_worker_has_not_taken_goes_to_the_others_in_order(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(deal(&scene), i);
    }
    open_slot(&scene, 1);
    open_slot(&scene, 2);
    take(&scene, 0, 2);
    assert_int_equal(bury(&scene, 0), 4);
    assert_false(copy_is_open(&scene, 0));
    assert_false(copy_is_open(&scene, 1));
    assert_int_equal(received(&scene, 1), 2);
    assert_int_equal(received(&scene, 2), 3);
    assert_int_equal(received(&scene, 1), 4);
    assert_int_equal(received(&scene, 2), 5);
    assert_int_equal(dealer_outstanding(scene.dealer), 4);
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    assert_int_equal(deal(&scene), 6); /* and they have moved the turn */
    assert_int_equal(received(&scene, 1), 6);
    scene_finish(&scene);
}

static void what_waits_goes_to_the_successor_in_order_before_new_ones(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(bury(&scene, 0), 3);
    assert_int_equal(dealer_waiting(scene.dealer), 3);
    assert_int_equal(dealer_outstanding(scene.dealer), 0);
    deal_in_vain(&scene);
    open_slot(&scene, 0); /* numbers begin anew, so do its refusals */
    deal_in_vain(&scene); /* those that wait come first */
    collect(&scene);
    assert_int_equal(deal(&scene), 5);
    assert_int_equal(received(&scene, 0), 0);
    assert_int_equal(received(&scene, 0), 1);
    assert_int_equal(received(&scene, 0), 2);
    assert_int_equal(received(&scene, 0), 5);
    scene_finish(&scene);
}

static void a_successor_may_get_what_its_predecessor_refused(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    assert_int_equal(deal(&scene), 0);
    refuse(&scene, 0, 1);
    assert_int_equal(bury(&scene, 0), 0);
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    open_slot(&scene, 0);
    collect(&scene); /* at once, though less than the pause has gone by */
    assert_int_equal(received(&scene, 0), 0);
    scene_finish(&scene);
}

static void a_new_worker_gets_at_once_what_all_others_have_refused(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    assert_int_equal(deal(&scene), 0);
    refuse(&scene, 0, 1);
    collect(&scene); /* it pauses: there is room, but only with who has had it */
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    open_slot(&scene, 1);
    collect(&scene);
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    scene_finish(&scene);
}

static void who_dies_with_dealt_again_ones_passes_them_on(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    assert_int_equal(deal(&scene), 0);
    assert_int_equal(bury(&scene, 0), 1);
    assert_int_equal(bury(&scene, 1), 1);
    assert_int_equal(received(&scene, 2), 0);
    assert_int_equal(bury(&scene, 2), 1);
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    assert_true(copy_is_open(&scene, 0));
    open_slot(&scene, 1);
    collect(&scene);
    assert_int_equal(received(&scene, 1), 0);
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    scene_finish(&scene);
}

static void more_than_the_others_have_room_for_waits_and_follows(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 2);
    open_slot(&scene, 0);
    assert_int_equal(deal(&scene), 0);
    assert_int_equal(deal(&scene), 1);
    open_slot(&scene, 1);
    atomic_store(&slot_of(&scene, 1)->connections, 1);
    assert_int_equal(bury(&scene, 0), 2);
    assert_int_equal(received(&scene, 1), 0);
    assert_int_equal(received(&scene, 1), NOTHING);
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    deal_in_vain(&scene);
    take(&scene, 1, 1);
    collect(&scene); /* taken and gone: there is room at once, nobody paused */
    assert_int_equal(received(&scene, 1), 1);
    scene_finish(&scene);
}

static void a_new_life_is_not_taken_for_the_old_one(void **state)
{
    struct scene scene;
    int index;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 3; i++) {
        (void)deal(&scene);
    }
    take(&scene, 0, 3);
    assert_int_equal(bury(&scene, 0), 0);
    open_slot(&scene, 0);
    index = deal(&scene);
    collect(&scene);
    assert_true(copy_is_open(&scene, index));
    assert_int_equal(received(&scene, 0), index);
    assert_int_equal(scene.last_number[0], 1);
    scene_finish(&scene);
}

/* ---- nobody comes ---- */

static void destroying_closes_what_is_out_and_what_waits(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 3; i++) {
        (void)deal(&scene);
    }
    assert_int_equal(bury(&scene, 0), 3);
    open_slot(&scene, 1);
    collect(&scene);
    refuse(&scene, 1, 1);
    collect(&scene); /* one waits, two are out; scene_finish() counts descriptors */
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    assert_int_equal(dealer_outstanding(scene.dealer), 2);
    scene_finish(&scene);
}

static void without_memory_to_wait_a_connection_is_ended_and_not_leaked(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    (void)deal(&scene);
    (void)deal(&scene);
    malloc_fails = true;
    assert_int_equal(bury(&scene, 0), 2);
    malloc_fails = false;
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    assert_true(is_ended(&scene, 0));
    assert_true(is_ended(&scene, 1));
    scene_finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_worker_refuses_goes_to_each_other_once_and_then_waits_a_moment),
        cmocka_unit_test(a_refused_one_that_pauses_does_not_hold_up_new_ones),
        cmocka_unit_test(of_several_deals_exactly_the_refused_ones_are_dealt_again),
        cmocka_unit_test(a_refusal_is_forgotten_with_its_window),
        cmocka_unit_test(what_a_dead_worker_has_not_taken_goes_to_the_others_in_order),
        cmocka_unit_test(what_waits_goes_to_the_successor_in_order_before_new_ones),
        cmocka_unit_test(a_successor_may_get_what_its_predecessor_refused),
        cmocka_unit_test(a_new_worker_gets_at_once_what_all_others_have_refused),
        cmocka_unit_test(who_dies_with_dealt_again_ones_passes_them_on),
        cmocka_unit_test(more_than_the_others_have_room_for_waits_and_follows),
        cmocka_unit_test(a_new_life_is_not_taken_for_the_old_one),
        cmocka_unit_test(destroying_closes_what_is_out_and_what_waits),
        cmocka_unit_test(without_memory_to_wait_a_connection_is_ended_and_not_leaked),
    };

    return cmocka_run_group_tests_name("dealer_again", tests, NULL, NULL);
}
