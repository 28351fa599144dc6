/*
 * test_hit_run.c - hits in order of arrival: which of them travel together.
 */
#include "visits/hit_run.h"

#include "store/store_change.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

static unsigned failing_allocation;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (failing_allocation > 0 && --failing_allocation == 0) {
        return NULL;
    }
    return __real_realloc(memory, size);
}

static uint64_t next_ticket = 1;

/* One hit for each character: a digit adds that many, 0 looks, "c" is a change. */
static void add(struct hit_run *run, const char *kinds)
{
    static struct store_change change;

    for (const char *kind = kinds; *kind != '\0'; kind++) {
        struct store_hit hit = {.ticket = next_ticket++};

        if (*kind == 'c') {
            hit.change = &change;
            hit.is_change = 1;
        } else {
            hit.amount = (uint32_t)(*kind - '0') & STORE_AMOUNT_MAX;
        }
        assert_int_equal(hit_run_add(run, &hit, 1000 + hit.ticket), 0);
    }
}

struct row {
    const char *kinds;
    uint32_t alone;      /* travel as one batch */
    uint32_t with_hits;  /* join a batch of hits */
    uint32_t with_looks; /* join one of looks */
};

static const struct row rows[] = {
    {"1", 1, 1, 0},    {"0", 1, 1, 1},      {"c", 1, 0, 0},      {"111", 3, 3, 0},
    {"000", 3, 3, 3},  {"101", 3, 3, 0},    {"0011", 2, 4, 2},   {"1100", 4, 4, 0},
    {"11c1", 2, 2, 0}, {"00c1", 2, 2, 2},   {"cc", 1, 0, 0},     {"c111", 1, 0, 0},
    {"0c", 1, 1, 1},   {"1c", 1, 1, 0},     {"9090c", 4, 4, 0},  {"0909c", 1, 4, 1},
    {"5", 1, 1, 0},    {"00000c", 5, 5, 5}, {"01c0c1", 1, 2, 1},
};

static void what_may_travel_together_does(void **state)
{
    struct store_change change = {.kind = STORE_READ};
    struct store_hit hit = {.amount = 1};
    struct store_hit look = {.amount = 0};
    struct store_hit of_change = {.change = &change, .is_change = 1};
    const struct store_batch hits = {.hits = &hit, .hits_count = 1};
    const struct store_batch looks = {.hits = &look, .hits_count = 1};
    const struct store_batch changes = {.hits = &of_change, .hits_count = 1};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned told = 0; told < 2; told++) { /* those that were told do not matter */
            struct hit_run run = {.hits = NULL};

            add(&run, told > 0 ? "c01" : "");
            run.first = run.count;
            if (told > 0) { /* or the run would begin anew */
                add(&run, "1");
                add(&run, rows[i].kinds);
                run.first++;
            } else {
                add(&run, rows[i].kinds);
            }
            if (hit_run_alike(&run) != rows[i].alone ||
                hit_run_alike_to(&run, &hits) != rows[i].with_hits ||
                hit_run_alike_to(&run, &looks) != rows[i].with_looks ||
                hit_run_alike_to(&run, &changes) != 0) {
                fail_msg("\"%s\": %u, %u, %u", rows[i].kinds, hit_run_alike(&run),
                         hit_run_alike_to(&run, &hits), hit_run_alike_to(&run, &looks));
            }
            hit_run_finish(&run);
        }
    }
}

static void hits_keep_their_order_and_their_time(void **state)
{
    struct hit_run run = {.hits = NULL};
    uint64_t first = next_ticket;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        add(&run, "1");
        assert_int_equal(hit_run_untold(&run), i + 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(run.hits[i].ticket, first + i);
        assert_int_equal(run.deadlines_ms[i], 1000 + first + i);
    }
    hit_run_finish(&run);
    assert_null(run.hits);
    assert_int_equal(run.capacity, 0);
    assert_true(hit_run_is_told(&run));
}

static void a_run_of_which_all_are_told_begins_anew(void **state)
{
    struct hit_run run = {.hits = NULL};
    uint32_t capacity;

    (void)state;
    add(&run, "1111");
    capacity = run.capacity;
    for (unsigned i = 0; i < 100; i++) {
        run.first = run.count;
        assert_true(hit_run_is_told(&run));
        add(&run, "1");
        assert_int_equal(run.first, 0);
        assert_int_equal(run.count, 1);
    }
    assert_int_equal(run.capacity, capacity);
    hit_run_finish(&run);
}

/* Some always wait, as while a store is away. */
static void a_run_that_is_never_empty_does_not_grow_for_ever(void **state)
{
    struct hit_run run = {.hits = NULL};

    (void)state;
    add(&run, "11");
    for (unsigned i = 0; i < 10000; i++) {
        add(&run, "1");
        run.first++;
        assert_int_equal(hit_run_untold(&run), 2);
        assert_int_equal(run.hits[run.first].ticket + 1, run.hits[run.first + 1].ticket);
        assert_int_equal(run.deadlines_ms[run.first], 1000 + run.hits[run.first].ticket);
    }
    assert_true(run.capacity <= 64);
    hit_run_finish(&run);
}

static void without_memory_the_run_is_as_it_was(void **state)
{
    const struct store_hit hit = {.ticket = 1, .amount = 1};

    (void)state;
    for (unsigned nth = 1; nth <= 2; nth++) {
        struct hit_run run = {.hits = NULL};

        failing_allocation = nth;
        assert_int_equal(hit_run_add(&run, &hit, 5), -ENOMEM);
        assert_int_equal(run.count, 0);
        assert_int_equal(hit_run_room(&run), 0);
        add(&run, "1111"); /* as many as there is room for at first */
        failing_allocation = nth;
        assert_int_equal(hit_run_add(&run, &hit, 5), -ENOMEM);
        assert_int_equal(run.count, 4);
        add(&run, "1");
        assert_int_equal(run.count, 5);
        failing_allocation = nth;
        assert_int_equal(hit_run_grow(&run), -ENOMEM);
        assert_int_equal(run.capacity, 64);
        hit_run_finish(&run);
    }
}

static void copied_hits_are_not_counted_yet(void **state)
{
    struct hit_run run = {.hits = NULL};
    struct hit_run from = {.hits = NULL};

    (void)state;
    add(&run, "11");
    add(&from, "1234");
    from.first = 1;
    assert_int_equal(hit_run_room(&run), 2);
    hit_run_copy_behind(&run, &from, 2);
    assert_int_equal(run.count, 2);
    assert_int_equal(run.hits[2].amount, 2);
    assert_int_equal(run.hits[3].amount, 3);
    assert_int_equal(run.deadlines_ms[3], from.deadlines_ms[2]);
    assert_int_equal(hit_run_untold(&from), 3);
    hit_run_finish(&run);
    hit_run_finish(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_travel_together_does),
        cmocka_unit_test(hits_keep_their_order_and_their_time),
        cmocka_unit_test(a_run_of_which_all_are_told_begins_anew),
        cmocka_unit_test(a_run_that_is_never_empty_does_not_grow_for_ever),
        cmocka_unit_test(without_memory_the_run_is_as_it_was),
        cmocka_unit_test(copied_hits_are_not_counted_yet),
    };

    return cmocka_run_group_tests_name("hit_run", tests, NULL, NULL);
}
