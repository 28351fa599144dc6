/*
 * test_key_table_resizing.c - a table that grows and shrinks does so in steps, and forgets nothing.
 */
#include "base/hash.h"
#include "base/key_table.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    MANY = 1000000,
    RUN_MAX = 2000, /* of taken places; at three quarters, with a million, some 300 are seen */
};

struct thing {
    struct key_entry entry;
    uint32_t number; /* its key: these bytes */
    bool is_inside;
};

static unsigned calls_until_failure; /* of calloc and mmap; 0: all succeed */
static bool all_fail;
static size_t mapped_bytes;
static size_t unmapped_bytes_most; /* in one call */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length);

static bool is_to_fail(void)
{
    return all_fail || (calls_until_failure > 0 && --calls_until_failure == 0);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_to_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (is_to_fail()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    mapped_bytes += length;
    return __real_mmap64(address, length, protection, flags, fd, offset);
}

int __wrap_munmap(void *address, size_t length)
{
    mapped_bytes -= length;
    unmapped_bytes_most = length > unmapped_bytes_most ? length : unmapped_bytes_most;
    return __real_munmap(address, length);
}

static struct thing *make_things(uint32_t count)
{
    struct thing *things = malloc(count * sizeof *things);

    assert_non_null(things);
    for (uint32_t i = 0; i < count; i++) {
        things[i] = (struct thing){.number = i};
        things[i].entry.key =
            (struct slice){(const char *)&things[i].number, sizeof things[i].number};
    }
    return things;
}

/* xorshift32: the same numbers each time. */
static uint32_t random_next(uint32_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 17;
    *random ^= *random << 5;
    return *random;
}

static void put_in(struct key_table *table, struct thing *thing)
{
    assert_int_equal(key_table_insert(table, &thing->entry), 0);
    thing->is_inside = true;
}

static void put_out(struct key_table *table, struct thing *thing)
{
    key_table_remove(table, &thing->entry);
    thing->is_inside = false;
}

static void assert_is_as_it_should(const struct key_table *table, struct thing *thing)
{
    assert_ptr_equal(key_table_find(table, thing->entry.key),
                     thing->is_inside ? &thing->entry : NULL);
}

/* Fills and empties at random around a size that goes up and down, and compares all the time. */
static void random_inserts_and_removals_are_as_in_a_plain_array(void **state)
{
    enum { THINGS = 3000, ROUNDS = 400000, PERIOD = 40000 };
    struct thing *things = make_things(THINGS);
    struct key_table table;
    uint32_t random = 4711;
    uint32_t inside = 0;
    bool has_grown = false;
    bool has_shrunk = false;

    (void)state;
    key_table_init(&table);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct thing *thing = &things[random_next(&random) % THINGS];
        /* Each at its place in the period wants more or fewer to be inside than there are. */
        bool wants_more = random_next(&random) % 10 < (round / (PERIOD / 2) % 2 == 0 ? 9 : 1);
        const struct key_places before = table.places;

        assert_is_as_it_should(&table, thing);
        if (wants_more && !thing->is_inside) {
            put_in(&table, thing);
            inside++;
        } else if (!wants_more && thing->is_inside) {
            put_out(&table, thing);
            inside--;
        }
        has_grown |= table.places.count > before.count;
        has_shrunk |= table.places.count < before.count;
        assert_is_as_it_should(&table, thing);
        assert_is_as_it_should(&table, &things[random_next(&random) % THINGS]);
        assert_int_equal(table.entries_count, inside);
        if (round % 1000 == 0) {
            for (uint32_t i = 0; i < THINGS; i++) {
                assert_is_as_it_should(&table, &things[i]);
            }
        }
    }
    assert_true(has_grown && has_shrunk);
    key_table_finish(&table);
    free(things);
}

/* Wherever it is, and in whatever order they go. */
static void in_the_middle_of_a_move_every_entry_is_found_and_can_go(void **state)
{
    enum { THINGS = 800, STEP = 7 }; /* the move that begins with the 769th takes 32 inserts */
    struct thing *things = make_things(THINGS);

    (void)state;
    for (uint32_t size = 769; size < THINGS; size++) {
        struct key_table table;

        key_table_init(&table);
        for (uint32_t i = 0; i < size; i++) {
            put_in(&table, &things[i]);
        }
        assert_int_equal(table.former.count, 1024);
        assert_int_equal(table.former.first, (size - 768) * KEY_TABLE_STEP);
        for (uint32_t i = 0; i < STEP; i++) {
            for (uint32_t j = i; j < size; j += STEP) {
                put_out(&table, &things[j]);
                for (uint32_t k = 0; k < size; k += STEP + 1) {
                    assert_is_as_it_should(&table, &things[k]);
                }
            }
        }
        assert_int_equal(table.entries_count, 0);
        key_table_finish(&table);
    }
    free(things);
}

static uint32_t longest_run(const struct key_places *places)
{
    uint32_t longest = 0;
    uint32_t run = 0;

    /* Around the end, too; what has moved away counts as nothing. */
    for (uint64_t i = 0; i < 2 * (uint64_t)places->count; i++) {
        uint32_t place = (uint32_t)i & (places->count - 1);

        run = place < places->first || places->entries[place] == NULL ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    return longest;
}

/* Of places: the step of a move, which one look at the table shows, and no run is long. */
static void assert_step_was_bounded(const struct key_table *table, const struct key_table *before)
{
    uint32_t begun_at = 0; /* of the former places, the first that was not looked at yet */
    uint32_t end = table->former.first;

    if (before->former.count > 0) {
        begun_at = before->former.first;
    }
    if (table->former.count == 0) { /* over, if there was one at all */
        end = before->former.count;
    }
    assert_true(end - begun_at <= KEY_TABLE_STEP);
}

static void no_operation_of_a_million_touches_many_places(void **state)
{
    struct thing *things = make_things(MANY);
    struct key_table table;
    uint32_t largest;

    (void)state;
    mapped_bytes = 0;
    unmapped_bytes_most = 0;
    key_table_init(&table);
    for (uint32_t i = 0; i < MANY; i++) {
        const struct key_table before = table;

        put_in(&table, &things[i]);
        assert_step_was_bounded(&table, &before);
        if ((i & (i + 1)) == 0 || i % 100000 == 0) {
            assert_true(longest_run(&table.places) < RUN_MAX);
            assert_true(table.former.count == 0 || longest_run(&table.former) < RUN_MAX);
        }
    }
    assert_true(longest_run(&table.places) < RUN_MAX);
    largest = table.places.count;
    assert_int_equal(largest, 1 << 21);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_is_as_it_should(&table, &things[i]);
    }
    for (uint32_t i = 0; i < MANY; i++) {
        const struct key_table before = table;

        put_out(&table, &things[i]);
        assert_step_was_bounded(&table, &before);
        assert_is_as_it_should(&table, &things[i]);
        assert_is_as_it_should(&table, &things[MANY - 1]);
    }
    assert_int_equal(table.entries_count, 0);
    assert_true(table.places.count < largest / 1024); /* it has become small again */
    /* Memory was given back in pieces on the way, and all of it. */
    assert_int_equal(mapped_bytes, 0);
    assert_true(unmapped_bytes_most <= 16384 * sizeof(void *));
    key_table_finish(&table);
    free(things);
}

/* 1,000 keys at a time, each another one: what has gone makes nothing slower. */
static void a_million_keys_pass_through_without_a_trace(void **state)
{
    enum { INSIDE = 1000 };
    struct thing *things = make_things(MANY);
    struct key_table table;

    (void)state;
    key_table_init(&table);
    for (uint32_t i = 0; i < MANY; i++) {
        put_in(&table, &things[i]);
        if (i >= INSIDE) {
            put_out(&table, &things[i - INSIDE]);
            assert_int_equal(table.places.count, 2048);
        }
        if (i % 100000 == 0) {
            assert_true(longest_run(&table.places) < RUN_MAX / 10);
        }
    }
    assert_int_equal(table.entries_count, INSIDE);
    for (uint32_t i = 0; i < MANY; i += i < MANY - INSIDE - 1000 ? 1000 : 1) {
        assert_is_as_it_should(&table, &things[i]);
    }
    key_table_finish(&table);
    free(things);
}

static void a_large_table_in_the_middle_of_a_move_gives_all_memory_back(void **state)
{
    enum { THINGS = 50000 }; /* beyond 49,152 it moves from 65,536 places */
    struct thing *things = make_things(THINGS);

    (void)state;
    for (uint32_t takes = 0; takes <= THINGS; takes += THINGS / 4) {
        struct key_table table;

        mapped_bytes = 0;
        key_table_init(&table);
        for (uint32_t i = 0; i < THINGS; i++) {
            put_in(&table, &things[i]);
        }
        assert_int_equal(table.former.count, 65536);
        assert_int_equal(table.former.given_back, 16384);
        for (uint32_t i = 0; i < takes; i++) {
            assert_non_null(key_table_take_any(&table));
        }
        key_table_finish(&table);
        assert_int_equal(mapped_bytes, 0);
    }
    free(things);
}

static void without_memory_to_grow_entries_go_in_until_seven_eighths_are_taken(void **state)
{
    enum { THINGS = 40000 };
    struct thing *things = make_things(THINGS);
    struct key_table table;
    uint32_t count = 0;

    (void)state;
    key_table_init(&table);
    for (; count < 24576; count++) { /* three quarters of 32,768 */
        put_in(&table, &things[count]);
    }
    all_fail = true;
    for (; key_table_insert(&table, &things[count].entry) == 0; count++) {
        things[count].is_inside = true;
    }
    assert_int_equal(count, 28672);
    assert_int_equal(table.places.count, 32768);
    assert_int_equal(key_table_insert(&table, &things[count].entry), -ENOMEM);
    for (uint32_t i = 0; i < THINGS; i++) {
        assert_is_as_it_should(&table, &things[i]);
    }
    /* One leaves, one comes. */
    put_out(&table, &things[0]);
    put_in(&table, &things[count++]);
    assert_int_equal(key_table_insert(&table, &things[count].entry), -ENOMEM);
    all_fail = false; /* and with memory it goes on */
    for (; count < THINGS; count++) {
        put_in(&table, &things[count]);
    }
    for (uint32_t i = 0; i < THINGS; i++) {
        assert_is_as_it_should(&table, &things[i]);
    }
    /* Without memory to shrink it empties all the same. */
    all_fail = true;
    for (uint32_t i = 1; i < THINGS; i++) {
        put_out(&table, &things[i]);
    }
    all_fail = false;
    assert_int_equal(table.entries_count, 0);
    assert_int_equal(table.places.count, 65536);
    key_table_finish(&table);
    free(things);
}

/* Whichever allocation it is: 1 is the first, of 16 places, without which nothing goes in. */
static void the_failure_of_any_one_allocation_changes_nothing_but_the_size(void **state)
{
    enum { THINGS = 40000 };
    struct thing *things = make_things(THINGS);
    unsigned which = 1;
    bool has_failed = true;

    (void)state;
    for (; has_failed; which++) {
        struct key_table table;

        key_table_init(&table);
        calls_until_failure = which;
        if (which == 1) {
            assert_int_equal(key_table_insert(&table, &things[0].entry), -ENOMEM);
        }
        for (uint32_t i = 0; i < THINGS; i++) {
            put_in(&table, &things[i]);
        }
        for (uint32_t i = 0; i < THINGS; i++) {
            assert_is_as_it_should(&table, &things[i]);
        }
        for (uint32_t i = 0; i < THINGS; i++) {
            put_out(&table, &things[i]);
        }
        has_failed = calls_until_failure == 0;
        calls_until_failure = 0;
        assert_int_equal(table.entries_count, 0);
        key_table_finish(&table);
    }
    assert_true(which > 20); /* grown 13 times, and shrunk about as often */
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_inserts_and_removals_are_as_in_a_plain_array),
        cmocka_unit_test(in_the_middle_of_a_move_every_entry_is_found_and_can_go),
        cmocka_unit_test(no_operation_of_a_million_touches_many_places),
        cmocka_unit_test(a_million_keys_pass_through_without_a_trace),
        cmocka_unit_test(a_large_table_in_the_middle_of_a_move_gives_all_memory_back),
        cmocka_unit_test(without_memory_to_grow_entries_go_in_until_seven_eighths_are_taken),
        cmocka_unit_test(the_failure_of_any_one_allocation_changes_nothing_but_the_size),
    };

    if (hash_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("key_table_resizing", tests, NULL, NULL);
}
