/*
 * test_tally_extended.c - hits that join a batch which the store has not begun.
 */
#include "tally_scene.h"

#include <stdlib.h>

static bool realloc_fails;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    return realloc_fails ? NULL : __real_realloc(memory, size);
}

static void begin(struct scene *scene, uint64_t timeout_ms)
{
    scene_init(scene, 1000, timeout_ms);
    scene->store.base.kind = &scripted_late_kind;
}

static void hits_join_a_batch_that_has_not_begun(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, LONG_MS);
    for (unsigned i = 0; i < 5; i++) {
        count(&scene, 3);
        turn(&scene);
    }
    assert_int_equal(scene.store.batches_count, 1);
    assert_int_equal(scene.store.batches[0].hits_count, 15);
    for (unsigned i = 0; i < 15; i++) {
        assert_int_equal(scripted_batch(&scene.store, 0)->hits[i].ticket, i + 1);
    }
    scripted_count(&scene.store, 0, 115);
    assert_all_counted(&scene, 15, 101);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1); /* nothing is sent twice */
    scene_finish(&scene);
}

static void hits_that_come_too_late_leave_with_the_next_batch(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, LONG_MS);
    count(&scene, 2);
    turn(&scene);
    scene.store.has_begun = true;
    count(&scene, 3);
    turn(&scene);
    assert_int_equal(scene.store.batches[0].hits_count, 2);
    scene.store.has_begun = false;
    scripted_count(&scene.store, 0, 2);
    assert_int_equal(scene.told_count, 2);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    assert_int_equal(scene.store.batches[1].hits_count, 3);
    assert_int_equal(scene.store.batches[1].first_ticket, 3);
    scripted_count(&scene.store, 1, 5);
    assert_all_counted(&scene, 5, 1);
    scene_finish(&scene);
}

/* A batch that waits for long takes twice its hits, and what comes then keeps its order. */
static void a_batch_takes_no_more_than_it_has_room_for(void **state)
{
    static struct scene scene;
    uint32_t joined;

    (void)state;
    begin(&scene, LONG_MS);
    count(&scene, 100);
    turn(&scene);
    for (unsigned i = 0; i < 8; i++) {
        count(&scene, 100);
        turn(&scene);
    }
    joined = scene.store.batches[0].hits_count;
    assert_true(joined >= 200 && joined < 900);
    scripted_count(&scene.store, 0, joined);
    turn(&scene);
    assert_int_equal(scene.store.batches[1].first_ticket, joined + 1);
    assert_int_equal(scene.store.batches[1].hits_count, 900 - joined);
    scripted_count(&scene.store, 1, 900);
    assert_all_counted(&scene, 900, 1);
    scene_finish(&scene);
}

static void without_memory_for_more_room_a_batch_leaves_all_the_same(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, LONG_MS);
    count(&scene, 64); /* as many as a run has room for at first */
    realloc_fails = true;
    turn(&scene);
    realloc_fails = false;
    count(&scene, 10);
    turn(&scene);
    assert_int_equal(scene.store.batches[0].hits_count, 64);
    scripted_count(&scene.store, 0, 64);
    turn(&scene);
    scripted_count(&scene.store, 1, 74);
    assert_int_equal(scene.told_count, 74);
    assert_told(&scene, 73, 74, 0, 74);
    scene_finish(&scene);
}

static void hits_of_an_extended_batch_time_out_in_their_order(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, TIMEOUT_MS);
    count(&scene, 2);
    turn(&scene);
    turn_until(&scene.turning, all_are_told, &scene); /* all of it has given up */
    count(&scene, 2);
    turn(&scene);
    assert_int_equal(scene.store.batches[0].hits_count, 4);
    turn_until(&scene.turning, all_are_told, &scene);
    count(&scene, 1);
    turn(&scene);
    scripted_count(&scene.store, 0, 5); /* whoever has given up leaves a gap */
    assert_int_equal(scene.told_count, 5);
    for (unsigned i = 0; i < 4; i++) {
        assert_told(&scene, i, i + 1, -ETIMEDOUT, 0);
    }
    assert_told(&scene, 4, 5, 0, 5);
    scene_finish(&scene);
}

static void what_the_store_cancels_is_told_to_all_that_have_joined(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, LONG_MS);
    count(&scene, 1);
    turn(&scene);
    count(&scene, 1);
    turn(&scene);
    count(&scene, 1); /* not sent yet */
    scripted_fail(&scene.store, 0, -ECANCELED);
    assert_told(&scene, 0, 1, -ECANCELED, 0);
    assert_told(&scene, 1, 2, -ECANCELED, 0);
    turn(&scene);
    scripted_count(&scene.store, 1, 1);
    assert_told(&scene, 2, 3, 0, 1);
    scene_finish(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_join_a_batch_that_has_not_begun),
        cmocka_unit_test(hits_that_come_too_late_leave_with_the_next_batch),
        cmocka_unit_test(a_batch_takes_no_more_than_it_has_room_for),
        cmocka_unit_test(without_memory_for_more_room_a_batch_leaves_all_the_same),
        cmocka_unit_test(hits_of_an_extended_batch_time_out_in_their_order),
        cmocka_unit_test(what_the_store_cancels_is_told_to_all_that_have_joined),
    };

    return cmocka_run_group_tests_name("tally_extended", tests, NULL, NULL);
}
