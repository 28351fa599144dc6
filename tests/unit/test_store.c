/*
 * test_store.c - what every store does with batches.
 */
#include "store/store.h"
#include "test.h"

#include <errno.h>

enum { HITS_MAX = 5 };

static struct store_hit hits[HITS_MAX];

static struct store_batch batch_of(uint32_t hits_count)
{
    memset(hits, 'h', sizeof hits);
    for (uint32_t i = 0; i < HITS_MAX; i++) {
        hits[i].amount = 1;
        hits[i].is_change = 0;
    }
    return (struct store_batch){.hits = hits, .hits_count = hits_count};
}

static void a_batch_is_numbered_so_that_its_last_hit_has_the_last_number(void **state)
{
    static const int64_t lasts[] = {5, 6, 1000, STORE_NUMBER_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++) {
        struct store_batch batch = batch_of(5);

        assert_true(store_batch_count(&batch, lasts[i] - 5) == lasts[i]);
        for (uint32_t hit = 0; hit < 5; hit++) {
            assert_int_equal(hits[hit].result, 0);
            assert_true(hits[hit].number == lasts[i] - 4 + hit);
        }
    }
}

static void a_failed_batch_gives_no_number_to_any_hit(void **state)
{
    struct store_batch batch = batch_of(3);
    (void)state;

    store_batch_fail(&batch, -EIO);
    for (uint32_t hit = 0; hit < 3; hit++) {
        assert_int_equal(hits[hit].result, -EIO);
        assert_int_equal(hits[hit].number, 0);
    }
    assert_int_equal(hits[3].result, 0x68686868); /* not one hit more */
}

static void counting_stops_at_the_largest_number_hit_by_hit(void **state)
{
    (void)state;

    for (int64_t room = 0; room <= 4; room++) {
        struct store_batch batch = batch_of(3);
        const int64_t before = STORE_NUMBER_MAX - room;
        const int64_t counted = room < 3 ? room : 3;

        assert_true(store_batch_count(&batch, before) == before + counted);
        for (uint32_t hit = 0; hit < 3; hit++) {
            assert_int_equal(hits[hit].result, hit < counted ? 0 : -EOVERFLOW);
            assert_true(hits[hit].number == (hit < counted ? before + hit + 1 : 0));
        }
    }
}

static struct store_batch_list list;
static unsigned done_count;
static struct store_batch *done_batches[8];

static void note_done(struct store_batch *batch)
{
    done_batches[done_count++] = batch;
    batch->next = (struct store_batch *)1; /* it is its owner's again */
}

static void note_done_and_add_again(struct store_batch *batch)
{
    note_done(batch);
    store_batch_list_add(&list, batch);
}

static void a_list_keeps_batches_in_order_and_is_empty_when_they_are_done(void **state)
{
    struct store_batch batches[3];
    struct store_batch_list taken;
    (void)state;

    list = (struct store_batch_list){NULL, NULL};
    done_count = 0;
    store_batch_list_done(&list);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3; i++) {
            batches[i] = (struct store_batch){.done = note_done};
            store_batch_list_add(&list, &batches[i]);
        }
        taken = store_batch_list_take(&list);
        assert_null(list.first);
        assert_null(list.last);
        done_count = 0;
        store_batch_list_done(&list);
        assert_int_equal(done_count, 0);
        store_batch_list_done(&taken);
        assert_int_equal(done_count, 3);
        for (int i = 0; i < 3; i++) {
            assert_ptr_equal(done_batches[i], &batches[i]);
        }
    }
}

static void a_batch_that_is_handed_in_again_when_it_is_done_waits_for_the_next_time(void **state)
{
    struct store_batch batches[2];
    (void)state;

    list = (struct store_batch_list){NULL, NULL};
    done_count = 0;
    for (int i = 0; i < 2; i++) {
        batches[i] = (struct store_batch){.done = note_done_and_add_again};
        store_batch_list_add(&list, &batches[i]);
    }
    store_batch_list_done(&list);
    assert_int_equal(done_count, 2);
    assert_ptr_equal(list.first, &batches[0]);
    assert_ptr_equal(list.last, &batches[1]);
    store_batch_list_done(&list);
    assert_int_equal(done_count, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_numbered_so_that_its_last_hit_has_the_last_number),
        cmocka_unit_test(a_failed_batch_gives_no_number_to_any_hit),
        cmocka_unit_test(counting_stops_at_the_largest_number_hit_by_hit),
        cmocka_unit_test(a_list_keeps_batches_in_order_and_is_empty_when_they_are_done),
        cmocka_unit_test(a_batch_that_is_handed_in_again_when_it_is_done_waits_for_the_next_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
