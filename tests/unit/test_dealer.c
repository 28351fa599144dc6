/*
 * test_dealer.c - whose turn it is, and who is passed over.
 */
#include "dealer_scene.h"

#include <stdlib.h>

static bool calloc_fails;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

static void three_workers_get_connections_strictly_in_turn(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(dealer_outstanding(scene.dealer), 30);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(received(&scene, (uint32_t)i % SLOTS), i);
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(received(&scene, i), NOTHING);
    }
    scene_finish(&scene);
}

static void a_slot_without_a_worker_is_passed_over(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    assert_false(dealer_has_room(scene.dealer, scene.now_ms));
    deal_in_vain(&scene); /* 0 */
    open_slot(&scene, 0);
    open_slot(&scene, 2);
    assert_true(dealer_has_room(scene.dealer, scene.now_ms));
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(received(&scene, 0), 1);
    assert_int_equal(received(&scene, 2), 2);
    assert_int_equal(received(&scene, 0), 3);
    assert_int_equal(received(&scene, 2), 4);
    open_slot(&scene, 1); /* from now on it has its place between the two */
    for (int i = 5; i <= 7; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(received(&scene, 0), 5);
    assert_int_equal(received(&scene, 1), 6);
    assert_int_equal(received(&scene, 2), 7);
    scene_finish(&scene);
}

static void a_leaving_worker_gets_no_more_and_may_still_take_what_it_has(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    assert_int_equal(deal(&scene), 0);
    dealer_flush(scene.dealer, scene.now_ms);
    dealer_close_slot(scene.dealer, 0);
    dealer_close_slot(scene.dealer, 0);
    for (int i = 1; i <= 4; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(received(&scene, 0), 0);
    assert_int_equal(received(&scene, 0), NOTHING);
    assert_int_equal(received(&scene, 1), 1);
    assert_int_equal(received(&scene, 2), 2);
    assert_int_equal(received(&scene, 1), 3);
    assert_int_equal(received(&scene, 2), 4);
    take(&scene, 0, 1);
    collect(&scene);
    assert_false(copy_is_open(&scene, 0));
    assert_int_equal(bury(&scene, 0), 0);
    scene_finish(&scene);
}

static void a_dead_worker_that_is_not_buried_yet_is_passed_over(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    end_worker(&scene, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(received(&scene, 1), 1);
    assert_int_equal(received(&scene, 2), 2);
    assert_int_equal(received(&scene, 1), 0); /* what it would have had */
    assert_int_equal(received(&scene, 2), 3);
    end_worker(&scene, 1);
    end_worker(&scene, 2);
    assert_int_equal(deal(&scene), 4);
    dealer_flush(scene.dealer, scene.now_ms);
    assert_int_equal(dealer_waiting(scene.dealer), 1); /* for the next worker */
    scene_finish(&scene);
}

enum { VISITORS_WINDOW = DEAL_WINDOW - DEALER_ADMIN_PLACES };

/* Fills the window of the one open slot with visitors. */
static void fill_window(struct scene *scene)
{
    for (unsigned i = 0; i < VISITORS_WINDOW; i++) {
        (void)deal(scene);
    }
}

static void a_window_holds_so_many_and_not_one_more(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 1);
    fill_window(&scene);
    assert_false(dealer_has_room(scene.dealer, scene.now_ms));
    deal_in_vain(&scene);
    assert_int_equal(dealer_outstanding(scene.dealer), VISITORS_WINDOW);
    take(&scene, 1, 2);
    collect(&scene);
    assert_int_equal(dealer_outstanding(scene.dealer), VISITORS_WINDOW - 2);
    (void)deal(&scene);
    (void)deal(&scene);
    deal_in_vain(&scene);
    for (unsigned i = 0; i < VISITORS_WINDOW + 2; i++) {
        assert_true(received(&scene, 1) >= 0);
    }
    assert_int_equal(received(&scene, 1), NOTHING);
    scene_finish(&scene);
}

/* An operator_ connects, and is dealt to whoever is next for operator_s. Returns its index. */
static int deal_admin(struct scene *scene)
{
    int index = connect_client(scene);

    assert_int_equal(deal_as(scene, index, ENTRANCE_ADMIN), 0);
    return index;
}

static void asking_how_things_are_does_not_disturb_the_turn_of_visitors(void **state)
{
    struct scene scene;
    int visitor;
    int operator_;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    for (unsigned round = 0; round < 2 * SLOTS; round++) {
        visitor = deal(&scene);
        operator_ = deal_admin(&scene);
        assert_int_equal(received(&scene, round % SLOTS), visitor);
        assert_int_equal(received(&scene, round % SLOTS), operator_);
    }
    (void)deal(&scene);
    operator_ = deal_admin(&scene); /* the turn of its own goes on where it was */
    (void)deal_admin(&scene);
    assert_int_equal(received(&scene, 0), operator_ - 1);
    assert_int_equal(received(&scene, 0), operator_);
    assert_int_equal(received(&scene, 1), operator_ + 1);
    scene_finish(&scene);
}

static void a_few_places_are_left_for_operator_s_where_visitors_have_all_others(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, VISITORS_WINDOW); /* as many connections as the worker may have, too */
    open_slot(&scene, 1);
    fill_window(&scene);
    deal_in_vain(&scene);
    for (unsigned i = 0; i < DEALER_ADMIN_PLACES; i++) {
        (void)deal_admin(&scene);
    }
    assert_int_equal(deal_as(&scene, connect_client(&scene), ENTRANCE_ADMIN), -EAGAIN);
    assert_int_equal(close(scene.clients[scene.clients_count - 1].dealt_fd), 0);
    assert_int_equal(dealer_outstanding(scene.dealer), DEAL_WINDOW);
    for (unsigned i = 0; i < DEAL_WINDOW; i++) {
        assert_true(received(&scene, 1) >= 0);
    }
    scene_finish(&scene);
}

static void what_is_dealt_in_one_turn_travels_together(void **state)
{
    struct scene scene;
    struct deals deals;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    open_slot(&scene, 1);
    for (int i = 0; i < 2 * CHANNEL_DEALS_MAX + 6; i++) {
        (void)deal(&scene);
    }
    dealer_flush(scene.dealer, scene.now_ms);
    for (uint32_t slot = 0; slot < 2; slot++) {
        const uint32_t expected[] = {CHANNEL_DEALS_MAX, 3};

        for (unsigned i = 0; i < 2; i++) {
            assert_int_equal(channel_receive_deals(scene.worker_fds[slot], &deals), 1);
            assert_int_equal(deals.count, expected[i]);
            for (uint32_t j = 0; j < deals.count; j++) {
                assert_int_equal(close(deals.fds[j]), 0);
            }
        }
        assert_int_equal(atomic_load(&slot_of(&scene, slot)->dealt), CHANNEL_DEALS_MAX + 3);
    }
    scene_finish(&scene);
}

static void what_cannot_be_sent_goes_to_the_others_in_order(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    open_slot(&scene, 1);
    end_worker(&scene, 0); /* dead, and not buried yet */
    for (int i = 0; i < 6; i++) {
        assert_int_equal(deal(&scene), i);
    }
    dealer_flush(scene.dealer, scene.now_ms);
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    assert_int_equal(dealer_outstanding(scene.dealer), 6);
    for (int i = 1; i < 6; i += 2) {
        assert_int_equal(received(&scene, 1), i);
    }
    for (int i = 0; i < 6; i += 2) {
        assert_int_equal(received(&scene, 1), i);
    }
    end_worker(&scene, 1);
    assert_int_equal(deal(&scene), 6);
    dealer_flush(scene.dealer, scene.now_ms); /* nobody can have it: it waits */
    assert_int_equal(dealer_waiting(scene.dealer), 1);
    scene_finish(&scene);
}

static void a_leaving_workers_unsent_deals_go_to_the_others(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    assert_int_equal(deal(&scene), 0);
    open_slot(&scene, 1);
    dealer_close_slot(scene.dealer, 0);
    collect(&scene);
    assert_int_equal(received(&scene, 1), 0);
    assert_int_equal(bury(&scene, 0), 0);
    scene_finish(&scene);
}

static void a_full_window_is_passed_over_and_the_turn_stays_as_it_was(void **state)
{
    struct scene scene;
    int first;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 1);
    fill_window(&scene);
    open_slot(&scene, 0);
    open_slot(&scene, 2);
    first = deal(&scene); /* after 1 comes 2, then 0, and 1 is full */
    (void)deal(&scene);
    (void)deal(&scene);
    assert_int_equal(received(&scene, 2), first);
    assert_int_equal(received(&scene, 0), first + 1);
    assert_int_equal(received(&scene, 2), first + 2);
    take(&scene, 1, VISITORS_WINDOW);
    collect(&scene);
    (void)deal(&scene);
    (void)deal(&scene);
    (void)deal(&scene);
    assert_int_equal(received(&scene, 0), first + 3);
    for (unsigned i = 0; i < VISITORS_WINDOW; i++) {
        assert_int_equal(received(&scene, 1), i);
    }
    assert_int_equal(received(&scene, 1), first + 4);
    assert_int_equal(received(&scene, 2), first + 5);
    scene_finish(&scene);
}

static void deals_in_vain_do_not_move_the_turn(void **state)
{
    struct scene scene;
    int next;

    (void)state;
    scene_init(&scene, 1); /* one connection a worker */
    open_all_slots(&scene);
    for (uint32_t i = 0; i < SLOTS; i++) {
        assert_int_equal(received(&scene, i), NOTHING);
        assert_int_equal(deal(&scene), i);
        assert_int_equal(received(&scene, i), i);
        take(&scene, i, 1);
        atomic_store(&slot_of(&scene, i)->connections, 1);
    }
    collect(&scene);
    deal_in_vain(&scene);
    deal_in_vain(&scene);
    for (uint32_t i = 0; i < SLOTS; i++) {
        atomic_store(&slot_of(&scene, i)->connections, 0);
    }
    next = deal(&scene);
    assert_int_equal(received(&scene, 0), next);
    scene_finish(&scene);
}

static void a_worker_gets_no_more_than_its_descriptors_allow(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 5);
    open_slot(&scene, 0);
    atomic_store(&slot_of(&scene, 0)->connections, 3);
    (void)deal(&scene);
    (void)deal(&scene); /* 3 open and 2 on their way */
    assert_false(dealer_has_room(scene.dealer, scene.now_ms));
    deal_in_vain(&scene);
    take(&scene, 0, 2);
    atomic_store(&slot_of(&scene, 0)->connections, 5);
    collect(&scene);
    deal_in_vain(&scene);
    atomic_store(&slot_of(&scene, 0)->connections, 4);
    assert_true(dealer_has_room(scene.dealer, scene.now_ms));
    (void)deal(&scene);
    deal_in_vain(&scene);
    scene_finish(&scene);
}

/* Connections had all descriptors of the master, and no worker could be started any more. */
static void our_own_copies_are_no_more_than_our_descriptors_allow(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    for (unsigned i = 0; i < SCENE_COPIES_MAX; i++) {
        (void)deal(&scene);
    }
    assert_true(dealer_has_room(scene.dealer, scene.now_ms)); /* it is not the workers */
    deal_in_vain(&scene);
    take(&scene, 0, 1);
    collect(&scene);
    (void)deal(&scene);
    deal_in_vain(&scene);
    scene_finish(&scene);
}

static void a_worker_with_a_deal_untaken_for_a_second_gets_no_more(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    (void)deal(&scene);
    scene.now_ms += DEALER_STALL_MS - 1;
    (void)deal(&scene); /* just not yet */
    scene.now_ms += 1;
    assert_false(dealer_has_room(scene.dealer, scene.now_ms));
    deal_in_vain(&scene);
    open_slot(&scene, 1); /* the others get its share */
    (void)deal(&scene);
    (void)deal(&scene);
    assert_int_equal(received(&scene, 1), 3);
    assert_int_equal(received(&scene, 1), 4);
    take(&scene, 0, 1); /* it goes on; the second deal is one millisecond old */
    collect(&scene);
    (void)deal(&scene);
    assert_int_equal(received(&scene, 0), 0);
    assert_int_equal(received(&scene, 0), 1);
    assert_int_equal(received(&scene, 0), 5);
    scene_finish(&scene);
}

static void a_copy_is_closed_when_it_is_taken_and_not_before(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(deal(&scene), i);
        assert_int_equal(received(&scene, 0), i); /* received is not taken */
    }
    collect(&scene);
    assert_true(copy_is_open(&scene, 0));
    take(&scene, 0, 2);
    assert_true(copy_is_open(&scene, 0)); /* only collect() looks */
    collect(&scene);
    assert_false(copy_is_open(&scene, 0));
    assert_false(copy_is_open(&scene, 1));
    assert_true(copy_is_open(&scene, 2));
    assert_true(copy_is_open(&scene, 3));
    assert_int_equal(dealer_outstanding(scene.dealer), 2);
    assert_true(
        is_ended(&scene, 0)); /* the last copy is gone: the worker of this test closed its */
    assert_false(is_ended(&scene, 2));
    collect(&scene);
    assert_true(copy_is_open(&scene, 2));
    scene_finish(&scene);
}

/* What worker and dealer share is the connection: ending the copy may not end the worker's. */
static void closing_a_copy_leaves_the_workers_connection_alone(void **state)
{
    struct scene scene;
    struct deal message;
    int index;
    int fd = -1;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    index = deal(&scene);
    assert_int_equal(receive_deal(&scene, 0, &message, &fd), 1);
    take(&scene, 0, 1);
    collect(&scene);
    assert_false(copy_is_open(&scene, index));
    assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
    assert_false(is_ended(&scene, index));
    assert_int_equal(close(fd), 0);
    scene_finish(&scene);
}

static void taken_beyond_what_was_dealt_is_not_believed(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_all_slots(&scene);
    take(&scene, 0, 70);
    take(&scene, 1, UINT64_MAX);
    collect(&scene);
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal(deal(&scene), i);
    }
    assert_int_equal(dealer_outstanding(scene.dealer), 3);
    collect(&scene);
    assert_int_equal(dealer_outstanding(scene.dealer), 1); /* the sane worker's */
    assert_true(copy_is_open(&scene, 2));
    take(&scene, 2, 1);
    collect(&scene);
    take(&scene, 2, 0); /* nor backwards */
    collect(&scene);
    assert_int_equal(dealer_outstanding(scene.dealer), 0);
    assert_int_equal(dealer_waiting(scene.dealer), 0);
    scene_finish(&scene);
}

static void numbers_go_on_past_the_window(void **state)
{
    struct scene scene;

    (void)state;
    scene_init(&scene, 1000);
    open_slot(&scene, 0);
    for (unsigned i = 1; i <= 2 * DEAL_WINDOW + 5; i++) {
        int index = deal(&scene);

        assert_int_equal(received(&scene, 0), index);
        assert_int_equal(scene.last_number[0], i);
        take(&scene, 0, i);
        collect(&scene);
        assert_false(copy_is_open(&scene, index));
    }
    scene_finish(&scene);
}

static void without_memory_no_dealer_is_made(void **state)
{
    struct scene scene;
    struct dealer_settings settings = {.slots_count = SCOREBOARD_SLOTS_MAX};
    struct dealer *untouched = NULL;

    (void)state;
    scene_init(&scene, 1000);
    settings.scoreboard = scene.scoreboard;
    calloc_fails = true;
    assert_int_equal(dealer_create(&settings, &untouched), -ENOMEM);
    calloc_fails = false;
    assert_null(untouched);
    dealer_destroy(NULL);
    scene_finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_workers_get_connections_strictly_in_turn),
        cmocka_unit_test(a_slot_without_a_worker_is_passed_over),
        cmocka_unit_test(a_leaving_worker_gets_no_more_and_may_still_take_what_it_has),
        cmocka_unit_test(a_dead_worker_that_is_not_buried_yet_is_passed_over),
        cmocka_unit_test(a_window_holds_so_many_and_not_one_more),
        cmocka_unit_test(asking_how_things_are_does_not_disturb_the_turn_of_visitors),
        cmocka_unit_test(a_few_places_are_left_for_operator_s_where_visitors_have_all_others),
        cmocka_unit_test(what_is_dealt_in_one_turn_travels_together),
        cmocka_unit_test(what_cannot_be_sent_goes_to_the_others_in_order),
        cmocka_unit_test(a_leaving_workers_unsent_deals_go_to_the_others),
        cmocka_unit_test(a_full_window_is_passed_over_and_the_turn_stays_as_it_was),
        cmocka_unit_test(deals_in_vain_do_not_move_the_turn),
        cmocka_unit_test(a_worker_gets_no_more_than_its_descriptors_allow),
        cmocka_unit_test(our_own_copies_are_no_more_than_our_descriptors_allow),
        cmocka_unit_test(a_worker_with_a_deal_untaken_for_a_second_gets_no_more),
        cmocka_unit_test(a_copy_is_closed_when_it_is_taken_and_not_before),
        cmocka_unit_test(closing_a_copy_leaves_the_workers_connection_alone),
        cmocka_unit_test(taken_beyond_what_was_dealt_is_not_believed),
        cmocka_unit_test(numbers_go_on_past_the_window),
        cmocka_unit_test(without_memory_no_dealer_is_made),
    };

    return cmocka_run_group_tests_name("dealer", tests, NULL, NULL);
}
