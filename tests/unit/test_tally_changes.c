/*
 * test_tally_changes.c - looks, amounts and changes among the hits of a key: their order, their
 * time, and whose memory a change is.
 */
#include "tally_scene.h"

#include "store/store_change.h"

#include <stdlib.h>

/* How a change ended. */
struct ended {
    uint64_t ticket;
    int result;
    unsigned told_before; /* hits that had been told by then */
    int64_t value;        /* after it; of one that the store has filled in */
};

static unsigned ended_count;
static struct ended ended[64];
static unsigned failing_realloc;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (failing_realloc > 0 && --failing_realloc == 0) {
        return NULL;
    }
    return __real_realloc(memory, size);
}

static void note_changed(void *owner, uint64_t ticket, int result,
                         const struct store_change *change)
{
    struct scene *scene = owner;

    assert_false(scene->is_counting);
    assert_non_null(change);
    ended[ended_count++] = (struct ended){
        .ticket = ticket,
        .result = result,
        .told_before = scene->told_count,
        .value = result == -ETIMEDOUT || result == -ECANCELED ? 0 : change->after.value,
    };
}

static void begin(struct scene *scene, uint32_t waiting_hits_max, uint64_t timeout_ms, bool is_late)
{
    const struct tally_settings settings = {waiting_hits_max, timeout_ms, &scene->traffic, 0};
    const struct tally_events events = {note_done, note_changed, note_went_back, scene};

    scene_init(scene, waiting_hits_max, timeout_ms);
    tally_destroy(scene->tally);
    assert_int_equal(tally_create(scene->turning.loop, &settings, &events, &scene->tally), 0);
    tally_set_store(scene->tally, &scene->store.base);
    if (is_late) {
        scene->store.base.kind = &scripted_late_kind;
    }
    ended_count = 0;
}

/* Asks for one after the other, with tickets from next_ticket on: a digit adds so many, 0 looks,
 * "c" is a change. */
static void ask(struct scene *scene, const char *kinds)
{
    const struct tally_target target = {.key = SLICE("counter")};

    scene->is_counting = true;
    for (const char *kind = kinds; *kind != '\0'; kind++) {
        if (*kind == 'c') {
            struct store_change *change = calloc(1, sizeof *change);

            assert_non_null(change);
            change->kind = STORE_READ;
            assert_int_equal(tally_change(scene->tally, &target, scene->next_ticket++, change), 0);
        } else {
            assert_int_equal(
                tally_count(scene->tally, &target, scene->next_ticket++, (uint32_t)(*kind - '0')),
                0);
        }
    }
    scene->is_counting = false;
}

/* The batch at `index`, in flight, is made of these. */
static void assert_batch(const struct scene *scene, unsigned index, const char *kinds)
{
    const struct store_batch *batch = scripted_batch(&scene->store, index);

    assert_int_equal(batch->hits_count, strlen(kinds));
    for (unsigned i = 0; i < batch->hits_count; i++) {
        assert_int_equal(batch->hits[i].is_change, kinds[i] == 'c');
        if (kinds[i] != 'c') {
            assert_int_equal(batch->hits[i].amount, kinds[i] - '0');
        }
    }
}

/* Ends the change at `index`, which becomes `value`. */
static void end_change(struct scene *scene, unsigned index, int result, int64_t value)
{
    struct store_batch *batch = scripted_batch(&scene->store, index);

    store_batch_change(batch)->after.value = value;
    batch->hits[0].result = result;
    scripted_tell(&scene->store, index);
}

/* Ends a batch of hits and looks on a counter that is at `before`. */
static void end_hits(struct scene *scene, unsigned index, int64_t before)
{
    (void)store_batch_count(scripted_batch(&scene->store, index), before);
    scripted_tell(&scene->store, index);
}

/* ---- order ---- */

static void a_change_travels_alone_behind_what_came_before_it(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "10c2c0");
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 1);
    assert_batch(&scene, 0, "10");
    end_hits(&scene, 0, 0);
    turn(&scene);
    assert_batch(&scene, 1, "c");
    assert_int_equal(scene.told_count, 2);
    end_change(&scene, 1, 0, 100);
    turn(&scene);
    assert_batch(&scene, 2, "2");
    end_hits(&scene, 2, 100);
    turn(&scene);
    assert_batch(&scene, 3, "c");
    end_change(&scene, 3, -EPERM, 102);
    turn(&scene);
    assert_batch(&scene, 4, "0");
    end_hits(&scene, 4, 102);
    assert_int_equal(ended_count, 2);
    assert_int_equal(ended[0].ticket, 3);
    assert_int_equal(ended[0].result, 0);
    assert_int_equal(ended[0].told_before, 2);
    assert_int_equal(ended[0].value, 100);
    assert_int_equal(ended[1].ticket, 5);
    assert_int_equal(ended[1].result, -EPERM);
    assert_int_equal(ended[1].told_before, 3);
    assert_told(&scene, 0, 1, 0, 1);
    assert_told(&scene, 1, 2, 0, 1);
    assert_told(&scene, 2, 4, 0, 102);
    assert_told(&scene, 3, 6, 0, 102);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 5);
    scene_finish(&scene);
}

static void looks_travel_alone_until_a_hit_comes_first(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "001010");
    turn(&scene);
    assert_batch(&scene, 0, "00");
    scripted_fail(&scene.store, 0, -ENOENT);
    turn(&scene);
    assert_batch(&scene, 1, "1010");
    end_hits(&scene, 1, 0);
    assert_told(&scene, 0, 1, -ENOENT, 0);
    assert_told(&scene, 1, 2, -ENOENT, 0);
    assert_told(&scene, 2, 3, 0, 1);
    assert_told(&scene, 3, 4, 0, 1);
    assert_told(&scene, 4, 5, 0, 2);
    assert_told(&scene, 5, 6, 0, 2);
    scene_finish(&scene);
}

static void the_batch_says_what_was_said_of_its_counter(void **state)
{
    static struct scene scene;
    const struct tally_target target = {
        .key = SLICE("counter"), .keeps_record = true, .is_full = true, .keys_max = 7};

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    assert_int_equal(tally_count(scene.tally, &target, scene.next_ticket++, STORE_AMOUNT_MAX), 0);
    turn(&scene);
    assert_true(scripted_batch(&scene.store, 0)->keeps_record);
    assert_false(scripted_batch(&scene.store, 0)->may_make);
    assert_int_equal(scripted_batch(&scene.store, 0)->keys_max, 7);
    assert_true(scripted_batch(&scene.store, 0)->wall_ms > 1600000000000);
    assert_int_equal(scripted_batch(&scene.store, 0)->hits[0].amount, STORE_AMOUNT_MAX);
    end_hits(&scene, 0, 1);
    assert_told(&scene, 0, 1, 0, INT64_C(1) + STORE_AMOUNT_MAX);
    scene_finish(&scene);
}

static void amounts_are_what_is_noted_and_looks_and_changes_are_no_hits(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "50c3");
    turn(&scene);
    end_hits(&scene, 0, 0);
    turn(&scene);
    end_change(&scene, 1, 0, 5);
    turn(&scene);
    end_hits(&scene, 2, 5);
    assert_int_equal(scene.traffic.hits, 8);
    assert_int_equal(histogram_count(&scene.traffic.hit_ms), 2);
    scene_finish(&scene);
}

/* ---- growth ---- */

static void behind_a_change_any_number_is_right(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "1c1");
    turn(&scene);
    end_hits(&scene, 0, 1000);
    turn(&scene);
    end_change(&scene, 1, 0, 0);
    turn(&scene);
    end_hits(&scene, 2, 0);
    assert_int_equal(scene.went_back_count, 0);
    ask(&scene, "1");
    turn(&scene);
    end_hits(&scene, 3, 0);
    assert_int_equal(scene.went_back_count, 1);
    scene_finish(&scene);
}

static void looks_that_say_the_same_or_more_are_no_news(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "9");
    turn(&scene);
    end_hits(&scene, 0, 0);
    ask(&scene, "00");
    turn(&scene);
    end_hits(&scene, 1, 9);
    ask(&scene, "00");
    turn(&scene);
    end_hits(&scene, 2, 10);
    ask(&scene, "050");
    turn(&scene);
    end_hits(&scene, 3, 10);
    turn(&scene);
    end_hits(&scene, 4, 10);
    assert_int_equal(scene.went_back_count, 0);
    ask(&scene, "0");
    turn(&scene);
    end_hits(&scene, 5, 14);
    assert_int_equal(scene.went_back_count, 1);
    assert_true(scene.went_back_before == 15 && scene.went_back_number == 14);
    scene_finish(&scene);
}

static void a_counter_with_an_owner_may_become_anything(void **state)
{
    static struct scene scene;
    const struct tally_target target = {.key = SLICE("counter"), .keeps_record = true};

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    for (unsigned i = 0; i < 2; i++) {
        scene.is_counting = true;
        assert_int_equal(tally_count(scene.tally, &target, scene.next_ticket++, 1), 0);
        scene.is_counting = false;
        turn(&scene);
        end_hits(&scene, i, i == 0 ? 100 : 0); /* set through another worker meanwhile */
    }
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

/* The first hit of the batch had no number: it was compared as 0 all the same. */
static void a_refused_hit_before_one_that_counted_or_looked_is_no_news(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "1");
    turn(&scene);
    end_hits(&scene, 0, INT64_MAX - 3);
    ask(&scene, "910"); /* 9 do not fit, 1 does */
    turn(&scene);
    end_hits(&scene, 1, INT64_MAX - 2);
    assert_told(&scene, 1, 2, -EOVERFLOW, 0);
    assert_told(&scene, 2, 3, 0, INT64_MAX - 1);
    assert_told(&scene, 3, 4, 0, INT64_MAX - 1);
    assert_int_equal(scene.went_back_count, 0);
    ask(&scene, "1");
    turn(&scene);
    end_hits(&scene, 2, INT64_MAX - 1);
    ask(&scene, "10"); /* at its end */
    turn(&scene);
    end_hits(&scene, 3, INT64_MAX);
    assert_told(&scene, 6, 7, 0, INT64_MAX);
    assert_int_equal(scene.went_back_count, 0);
    scene_finish(&scene);
}

/* ---- batches that are extended ---- */

static void hits_and_looks_join_hits_and_looks_join_looks(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, true);
    ask(&scene, "1");
    turn(&scene);
    ask(&scene, "05");
    turn(&scene);
    assert_batch(&scene, 0, "105");
    end_hits(&scene, 0, 0);
    ask(&scene, "0");
    turn(&scene);
    ask(&scene, "01");
    turn(&scene);
    assert_batch(&scene, 1, "00");
    end_hits(&scene, 1, 6);
    turn(&scene);
    assert_batch(&scene, 2, "1");
    end_hits(&scene, 2, 6);
    assert_told(&scene, 5, 6, 0, 7);
    assert_int_equal(scene.told_count, 6);
    scene_finish(&scene);
}

static void nothing_joins_a_change_nor_a_change_a_batch_nor_what_is_behind_it(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, true);
    ask(&scene, "1");
    turn(&scene);
    ask(&scene, "1c1");
    turn(&scene);
    assert_batch(&scene, 0, "11");
    ask(&scene, "1");
    turn(&scene);
    assert_batch(&scene, 0, "11");
    end_hits(&scene, 0, 0);
    turn(&scene);
    assert_batch(&scene, 1, "c");
    ask(&scene, "01");
    turn(&scene);
    assert_batch(&scene, 1, "c");
    end_change(&scene, 1, 0, 0);
    turn(&scene);
    assert_batch(&scene, 2, "1101");
    end_hits(&scene, 2, 0);
    assert_int_equal(scene.told_count, 6);
    scene_finish(&scene);
}

/* ---- time, and the end ---- */

static bool a_change_has_ended(void *test)
{
    (void)test;
    return ended_count > 0;
}

static void a_change_that_waits_times_out_and_never_leaves(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, TIMEOUT_MS, false);
    scene.store.is_ready = false;
    ask(&scene, "c");
    turn_until(&scene.turning, a_change_has_ended, &scene);
    assert_int_equal(ended[0].result, -ETIMEDOUT);
    scene.store.is_ready = true;
    tally_store_ready(scene.tally);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 0);
    scene_finish(&scene);
    assert_int_equal(ended_count, 1);
}

static void a_change_in_flight_times_out_and_its_memory_is_the_stores_until_it_is_done(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, TIMEOUT_MS, false);
    ask(&scene, "c");
    turn(&scene);
    turn_until(&scene.turning, a_change_has_ended, &scene);
    assert_int_equal(ended[0].result, -ETIMEDOUT);
    assert_true(scripted_batch(&scene.store, 0)->is_given_up);
    ask(&scene, "1");
    end_change(&scene, 0, 0, 5); /* writes to it */
    assert_int_equal(ended_count, 1);
    turn(&scene);
    assert_int_equal(scene.store.batches_count, 2);
    scene_finish(&scene);
    assert_int_equal(ended_count, 1);
}

static void destroying_ends_changes_that_wait_and_frees_them(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    scene.store.is_ready = false;
    ask(&scene, "c1cc");
    scene_finish(&scene);
    assert_int_equal(ended_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ended[i].result, -ECANCELED);
    }
    assert_told(&scene, 0, 2, -ECANCELED, 0);
}

static void
a_store_that_is_closed_fails_the_change_in_flight_and_destroying_the_others(void **state)
{
    static struct scene scene;

    (void)state;
    begin(&scene, 1000, LONG_MS, false);
    ask(&scene, "cc1c");
    turn(&scene);
    assert_batch(&scene, 0, "c");
    scene_finish(&scene);
    assert_int_equal(ended_count, 3);
    assert_int_equal(ended[0].ticket, 1);
    assert_int_equal(ended[2].ticket, 4);
    assert_told(&scene, 0, 3, -ECANCELED, 0);
}

/* ---- limits ---- */

static void changes_and_looks_count_as_hits_that_wait(void **state)
{
    static struct scene scene;
    const struct tally_target target = {.key = SLICE("counter")};
    struct store_change *change = calloc(1, sizeof *change);

    (void)state;
    begin(&scene, 3, LONG_MS, false);
    ask(&scene, "c01");
    assert_int_equal(tally_change(scene.tally, &target, 99, change), -EAGAIN);
    assert_int_equal(tally_count(scene.tally, &target, 99, 0), -EAGAIN);
    free(change); /* it has stayed ours */
    scene_finish(&scene);
    assert_int_equal(ended_count, 1);
    assert_int_equal(scene.told_count, 2);
}

/* Each allocation of a run fails once: one hit or change is refused with -ENOMEM, at once or when
 * it is sent, and the others end in their order. */
static void without_memory_one_ends_and_the_others_keep_their_order(void **state)
{
    static struct scene scene;
    const struct tally_target target = {.key = SLICE("counter")};

    (void)state;
    for (unsigned nth = 1; nth < 64; nth++) {
        unsigned refused = 0;
        uint64_t last = 0;
        bool has_failed;

        begin(&scene, 1000, LONG_MS, false);
        failing_realloc = nth;
        for (unsigned i = 0; i < 12; i++) {
            struct store_change *change = i % 3 == 2 ? calloc(1, sizeof *change) : NULL;
            int result = change != NULL
                             ? tally_change(scene.tally, &target, scene.next_ticket++, change)
                             : tally_count(scene.tally, &target, scene.next_ticket++, 1);

            if (result < 0) {
                assert_int_equal(result, -ENOMEM);
                free(change);
                refused++;
            }
        }
        while (scene.told_count + ended_count + refused < 12) {
            turn(&scene);
            for (unsigned i = 0; i < scene.store.batches_count; i++) {
                if (scene.store.batches[i].batch == NULL) {
                    continue;
                }
                if (store_batch_change(scene.store.batches[i].batch) != NULL) {
                    end_change(&scene, i, 0, 0);
                } else {
                    end_hits(&scene, i, 0);
                }
            }
        }
        has_failed = failing_realloc == 0;
        failing_realloc = 0;
        for (unsigned i = 0; i < ended_count; i++) {
            refused += ended[i].result == -ENOMEM;
            assert_true(ended[i].ticket > last);
            last = ended[i].ticket;
        }
        last = 0;
        for (unsigned i = 0; i < scene.told_count; i++) {
            refused += scene.told[i].result == -ENOMEM;
            assert_true(scene.told[i].ticket > last);
            last = scene.told[i].ticket;
        }
        scene_finish(&scene);
        assert_int_equal(refused, has_failed);
        if (!has_failed) {
            assert_true(nth > 4);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_travels_alone_behind_what_came_before_it),
        cmocka_unit_test(looks_travel_alone_until_a_hit_comes_first),
        cmocka_unit_test(the_batch_says_what_was_said_of_its_counter),
        cmocka_unit_test(amounts_are_what_is_noted_and_looks_and_changes_are_no_hits),
        cmocka_unit_test(behind_a_change_any_number_is_right),
        cmocka_unit_test(looks_that_say_the_same_or_more_are_no_news),
        cmocka_unit_test(a_counter_with_an_owner_may_become_anything),
        cmocka_unit_test(a_refused_hit_before_one_that_counted_or_looked_is_no_news),
        cmocka_unit_test(hits_and_looks_join_hits_and_looks_join_looks),
        cmocka_unit_test(nothing_joins_a_change_nor_a_change_a_batch_nor_what_is_behind_it),
        cmocka_unit_test(a_change_that_waits_times_out_and_never_leaves),
        cmocka_unit_test(
            a_change_in_flight_times_out_and_its_memory_is_the_stores_until_it_is_done),
        cmocka_unit_test(destroying_ends_changes_that_wait_and_frees_them),
        cmocka_unit_test(
            a_store_that_is_closed_fails_the_change_in_flight_and_destroying_the_others),
        cmocka_unit_test(changes_and_looks_count_as_hits_that_wait),
        cmocka_unit_test(without_memory_one_ends_and_the_others_keep_their_order),
    };

    return cmocka_run_group_tests_name("tally_changes", tests, NULL, NULL);
}
