/*
 * test_store_conformance.c - what every store promises, asked of each.
 *
 * What they promise of records and changes is in test_store_changes.c.
 */
#include "store_kinds.h"

/* ---- cases ---- */

static void the_first_hit_of_a_missing_key_is_number_1(const struct kind *kind)
{
    struct store_scene scene;

    open_store(&scene, kind);
    assert_int_equal(count_one(&scene, "first"), 1);
    assert_int_equal(count_one(&scene, "first"), 2);
    store_scene_close(&scene);
}

static void a_batch_gets_consecutive_numbers_in_its_order(const struct kind *kind)
{
    static struct test_batch batch;
    struct store_scene scene;
    uint64_t before = 0;

    open_store(&scene, kind);
    for (uint32_t hits_count = 1; hits_count <= HITS_MAX; hits_count *= 10) {
        batch_run(&batch, &scene, "consecutive", hits_count);
        for (uint32_t i = 0; i < hits_count; i++) {
            assert_int_equal(batch.hits[i].result, 0);
            assert_int_equal(batch.hits[i].number, before + 1 + i);
        }
        before += hits_count;
    }
    store_scene_close(&scene);
}

static void two_keys_are_counted_apart_at_the_same_time(const struct kind *kind)
{
    static struct test_batch one;
    static struct test_batch other;
    struct store_scene scene;

    open_store(&scene, kind);
    for (uint32_t i = 0; i < 5; i++) {
        batch_apply(&one, &scene, "apart", 2);
        batch_apply(&other, &scene, "apart2", 3);
        turn_until(&scene.turning, batch_is_done, &one);
        turn_until(&scene.turning, batch_is_done, &other);
        assert_int_equal(one.hits[0].number, 2 * i + 1);
        assert_int_equal(other.hits[0].number, 3 * i + 1);
        assert_int_equal(other.hits[2].number, 3 * i + 3);
    }
    store_scene_close(&scene);
}

static void a_store_that_keeps_goes_on_where_it_was(const struct kind *kind)
{
    struct store_scene scene;

    for (int64_t i = 1; i <= 3; i++) {
        open_store(&scene, kind);
        assert_int_equal(count_one(&scene, "kept"), kind->keeps ? i : 1);
        store_scene_close(&scene);
    }
}

static void the_longest_key_is_whole_and_so_is_the_shortest(const struct kind *kind)
{
    struct store_scene scene;
    char key[STORE_KEY_BYTES_MAX + 1];

    memset(key, 'k', STORE_KEY_BYTES_MAX);
    key[STORE_KEY_BYTES_MAX] = '\0';
    open_store(&scene, kind);
    assert_int_equal(count_one(&scene, key), 1);
    assert_int_equal(count_one(&scene, key), 2);
    key[STORE_KEY_BYTES_MAX - 1] = 'j';
    assert_int_equal(count_one(&scene, key), 1);
    key[STORE_KEY_BYTES_MAX - 1] = '\0';
    assert_int_equal(count_one(&scene, key), 1);
    assert_int_equal(count_one(&scene, "k"), 1);
    store_scene_close(&scene);
}

static void the_last_number_is_2_to_the_63_less_1(const struct kind *kind)
{
    struct store_scene scene;

    open_store(&scene, kind);
    assert_int_equal(count_one(&scene, "last"), 1);
    store_scene_close(&scene);
    kind->write_count("last", INT64_MAX - 2);
    open_store(&scene, kind);
    assert_true(count_one(&scene, "last") == INT64_MAX - 1);
    assert_true(count_one(&scene, "last") == INT64_MAX);
    assert_int_equal(count_one(&scene, "last"), -EOVERFLOW);
    assert_int_equal(count_one(&scene, "last"), -EOVERFLOW);
    assert_int_equal(count_one(&scene, "another key"), 1); /* only this one is at its end */
    store_scene_close(&scene);
}

static void a_batch_beyond_the_last_number_counts_as_far_as_it_goes(const struct kind *kind)
{
    static struct test_batch batch;
    struct store_scene scene;

    open_store(&scene, kind);
    assert_int_equal(count_one(&scene, "partly"), 1);
    store_scene_close(&scene);
    kind->write_count("partly", INT64_MAX - 2);
    open_store(&scene, kind);
    batch_run(&batch, &scene, "partly", 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(batch.hits[i].result, i < 2 ? 0 : -EOVERFLOW);
        assert_true(batch.hits[i].number == (i < 2 ? INT64_MAX - 1 + (int64_t)i : 0));
    }
    assert_int_equal(count_one(&scene, "partly"), -EOVERFLOW);
    store_scene_close(&scene);
}

static void closing_ends_each_batch_in_hand_once_and_loses_no_number(const struct kind *kind)
{
    static struct test_batch batches[3];
    static const char *const keys[] = {"in hand 1", "in hand 2", "in hand 3"};
    int64_t told[3] = {0};
    struct store_scene scene;

    for (unsigned turns = 0; turns < 2; turns++) { /* before and after they have left */
        open_store(&scene, kind);
        for (unsigned i = 0; i < 3; i++) {
            batch_apply(&batches[i], &scene, keys[i], 10);
        }
        if (turns == 1) {
            turn_for(&scene.turning, 1);
        }
        store_scene_close(&scene);
        for (unsigned i = 0; i < 3; i++) {
            assert_int_equal(batches[i].done_count, 1);
            for (unsigned hit = 0; hit < 10; hit++) {
                const struct store_hit *ended = &batches[i].hits[hit];

                assert_true(ended->result == 0 || ended->result == -ECANCELED);
                told[i] = ended->result == 0 ? (int64_t)ended->number : told[i];
            }
        }
    }
    open_store(&scene, kind);
    for (unsigned i = 0; i < 3; i++) {
        int64_t next = count_one(&scene, keys[i]);

        assert_true(kind->keeps ? next > told[i] && next <= 21 : next == 1);
    }
    store_scene_close(&scene);
}

/* Sends the batch on its way again, from inside its own done(). */
static void apply_again(struct test_batch *batch)
{
    if (batch->hits[0].number < 20) {
        batch_apply(batch, batch->scene, "again", 1);
    }
}

static void done_may_hand_in_the_next_batch(const struct kind *kind)
{
    static struct test_batch batch;
    struct store_scene scene;

    open_store(&scene, kind);
    batch.then = apply_again;
    batch_apply(&batch, &scene, "again", 1);
    turn_until(&scene.turning, batch_is_done, &batch);
    assert_int_equal(batch.hits[0].result, 0);
    assert_int_equal(batch.hits[0].number, 20);
    batch.then = NULL;
    store_scene_close(&scene);
}

static void close_the_store(struct test_batch *batch)
{
    store_close(batch->scene->store, scene_closed, batch->scene);
}

static void done_may_close_the_store(const struct kind *kind)
{
    static struct test_batch batch;
    static struct test_batch other;
    struct store_scene scene;

    open_store(&scene, kind);
    batch.then = close_the_store;
    batch_apply(&batch, &scene, "closing", 1);
    batch_apply(&other, &scene, "closing2", 1);
    turn_until(&scene.turning, scene_is_closed, &scene);
    assert_int_equal(batch.done_count, 1);
    assert_int_equal(other.done_count, 1);
    turning_finish(&scene.turning);
    batch.then = NULL;
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function
    {CASE(the_first_hit_of_a_missing_key_is_number_1), false},
    {CASE(a_batch_gets_consecutive_numbers_in_its_order), false},
    {CASE(two_keys_are_counted_apart_at_the_same_time), false},
    {CASE(a_store_that_keeps_goes_on_where_it_was), false},
    {CASE(the_longest_key_is_whole_and_so_is_the_shortest), false},
    {CASE(the_last_number_is_2_to_the_63_less_1), true},
    {CASE(a_batch_beyond_the_last_number_counts_as_far_as_it_goes), true},
    {CASE(closing_ends_each_batch_in_hand_once_and_loses_no_number), false},
    {CASE(done_may_hand_in_the_next_batch), false},
    {CASE(done_may_close_the_store), false},
};

int main(void)
{
    return run_on_all_kinds("store_conformance", cases, sizeof cases / sizeof cases[0]);
}
