/*
 * test_key_table.c - finding what belongs to a key.
 */
#include "base/hash.h"
#include "base/key_table.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ENTRIES = 1000 };

struct thing {
    struct key_entry entry;
    bool is_taken;
    char key[16];
};

static bool calloc_fails;
static bool hashes_are_equal;
static struct thing things[ENTRIES];

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

uint64_t __real_hash_of(struct slice bytes);
uint64_t __wrap_hash_of(struct slice bytes);

uint64_t __wrap_hash_of(struct slice bytes)
{
    return hashes_are_equal ? 15 : __real_hash_of(bytes); /* the last place of the smallest table */
}

static void make_things(void)
{
    for (unsigned i = 0; i < ENTRIES; i++) {
        things[i] = (struct thing){.is_taken = false};
        (void)snprintf(things[i].key, sizeof things[i].key, "key %u", i);
        things[i].entry.key = slice_of(things[i].key);
    }
}

static void an_empty_table_finds_nothing_and_needs_nothing(void **state)
{
    struct key_table table;

    (void)state;
    calloc_fails = true;
    key_table_init(&table);
    assert_null(key_table_find(&table, SLICE("key")));
    assert_null(key_table_find(&table, SLICE("")));
    assert_null(key_table_take_any(&table));
    key_table_finish(&table);
    calloc_fails = false;
}

static void every_key_is_found_while_the_table_grows(void **state)
{
    struct key_table table;

    (void)state;
    make_things();
    key_table_init(&table);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_null(key_table_find(&table, things[i].entry.key));
        assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
        for (unsigned j = 0; j <= i; j += 1 + j / 4) {
            char copy[16];

            memcpy(copy, things[j].key, sizeof copy); /* equal bytes elsewhere */
            assert_ptr_equal(key_table_find(&table, slice_of(copy)), &things[j].entry);
        }
    }
    assert_int_equal(table.entries_count, ENTRIES);
    assert_null(key_table_find(&table, SLICE("key")));
    assert_null(key_table_find(&table, SLICE("key 0 ")));
    assert_null(key_table_find(&table, SLICE("")));
    key_table_finish(&table);
}

static void keys_may_hold_any_byte_and_begin_alike(void **state)
{
    struct key_entry entries[] = {
        {.key = SLICE("a")}, {.key = SLICE("a\0")},  {.key = SLICE("a\0b")},
        {.key = SLICE("")},  {.key = SLICE("\xff")},
    };
    struct key_table table;

    (void)state;
    key_table_init(&table);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(key_table_insert(&table, &entries[i]), 0);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_ptr_equal(key_table_find(&table, entries[i].key), &entries[i]);
    }
    key_table_finish(&table);
}

static void keys_of_the_same_hash_are_told_apart(void **state)
{
    enum { ALIKE = 20 };
    struct key_table table;

    (void)state;
    make_things();
    hashes_are_equal = true;
    key_table_init(&table);
    for (unsigned i = 0; i < ALIKE; i++) {
        assert_null(key_table_find(&table, things[i].entry.key));
        assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
    }
    for (unsigned i = 0; i < ALIKE; i++) {
        assert_ptr_equal(key_table_find(&table, things[i].entry.key), &things[i].entry);
    }
    key_table_finish(&table);
    hashes_are_equal = false;
}

/* Their places are the last one and, around the end of the table, the first ones. */
static void of_keys_with_the_same_hash_any_may_go_and_come_back(void **state)
{
    enum { ALIKE = 10 };

    (void)state;
    make_things();
    hashes_are_equal = true;
    for (unsigned gone = 0; gone < ALIKE; gone++) {
        struct key_table table;

        key_table_init(&table);
        for (unsigned i = 0; i < ALIKE; i++) {
            assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
        }
        key_table_remove(&table, &things[gone].entry);
        assert_int_equal(table.entries_count, ALIKE - 1);
        for (unsigned i = 0; i < ALIKE; i++) {
            assert_ptr_equal(key_table_find(&table, things[i].entry.key),
                             i == gone ? NULL : &things[i].entry);
        }
        assert_int_equal(key_table_insert(&table, &things[gone].entry), 0);
        assert_ptr_equal(key_table_find(&table, things[gone].entry.key), &things[gone].entry);
        key_table_finish(&table);
    }
    hashes_are_equal = false;
}

static void a_table_that_was_emptied_one_by_one_can_be_filled_again(void **state)
{
    struct key_table table;

    (void)state;
    make_things();
    key_table_init(&table);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < ENTRIES; i++) {
            assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
        }
        for (unsigned i = 0; i < ENTRIES; i++) {
            key_table_remove(&table, &things[i].entry);
            assert_null(key_table_find(&table, things[i].entry.key));
        }
        assert_int_equal(table.entries_count, 0);
        assert_null(key_table_take_any(&table));
    }
    key_table_finish(&table);
}

/* Whatever is in the middle of moving when it begins. */
static void taking_all_gives_each_entry_once_at_any_size(void **state)
{
    (void)state;
    make_things();
    for (unsigned size = 1; size < ENTRIES; size++) {
        struct key_table table;

        key_table_init(&table);
        for (unsigned i = 0; i < size; i++) {
            things[i].is_taken = false;
            assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
        }
        for (unsigned left = size; left > 0; left--) {
            struct thing *thing = (struct thing *)key_table_take_any(&table);

            assert_false(thing->is_taken);
            thing->is_taken = true;
            assert_null(key_table_find(&table, thing->entry.key));
        }
        assert_null(key_table_take_any(&table));
        assert_int_equal(key_table_insert(&table, &things[0].entry), 0);
        assert_ptr_equal(key_table_find(&table, things[0].entry.key), &things[0].entry);
        key_table_finish(&table);
    }
}

/* Both ways out of a table may be mixed, on the way out. */
static void what_is_not_taken_yet_can_be_found_and_removed(void **state)
{
    enum { INSIDE = 98 }; /* with the 97th a move of four steps has begun */
    struct key_table table;
    unsigned gone = 0;

    (void)state;
    make_things();
    key_table_init(&table);
    for (unsigned i = 0; i < INSIDE; i++) {
        assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
    }
    assert_true(table.former.count > 0);
    for (unsigned i = 0; i < INSIDE; i++) {
        struct thing *thing = i % 2 == 0 ? (struct thing *)key_table_take_any(&table) : NULL;

        if (thing != NULL) {
            thing->is_taken = true;
            gone++;
        }
        for (unsigned j = 0; j < INSIDE; j++) {
            assert_ptr_equal(key_table_find(&table, things[j].entry.key),
                             things[j].is_taken ? NULL : &things[j].entry);
        }
        if (!things[i].is_taken) {
            key_table_remove(&table, &things[i].entry);
            things[i].is_taken = true;
            gone++;
        }
        assert_int_equal(table.entries_count, INSIDE - gone);
    }
    assert_int_equal(gone, INSIDE);
    assert_int_equal(key_table_insert(&table, &things[0].entry), 0);
    key_table_finish(&table);
}

static void taking_all_gives_each_entry_once(void **state)
{
    struct key_table table;
    struct key_entry *entry;
    unsigned count = 0;

    (void)state;
    make_things();
    key_table_init(&table);
    for (unsigned i = 0; i < ENTRIES; i++) {
        assert_int_equal(key_table_insert(&table, &things[i].entry), 0);
    }
    while ((entry = key_table_take_any(&table)) != NULL) {
        struct thing *thing = (struct thing *)entry;

        assert_false(thing->is_taken);
        thing->is_taken = true;
        count++;
    }
    assert_int_equal(count, ENTRIES);
    key_table_finish(&table);
    assert_int_equal(key_table_insert(&table, &things[0].entry), 0); /* it can be used again */
    key_table_finish(&table);
}

static void without_memory_nothing_changes(void **state)
{
    struct key_table table;
    unsigned count = 0;

    (void)state;
    make_things();
    key_table_init(&table);
    calloc_fails = true;
    assert_int_equal(key_table_insert(&table, &things[0].entry), -ENOMEM);
    calloc_fails = false;
    assert_int_equal(key_table_insert(&table, &things[count++].entry), 0);
    calloc_fails = true;
    while (key_table_insert(&table, &things[count].entry) == 0) {
        count++;
        assert_true(count < ENTRIES);
    }
    for (unsigned i = 0; i < count; i++) {
        assert_ptr_equal(key_table_find(&table, things[i].entry.key), &things[i].entry);
    }
    assert_null(key_table_find(&table, things[count].entry.key));
    calloc_fails = false;
    assert_int_equal(key_table_insert(&table, &things[count].entry), 0);
    key_table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_table_finds_nothing_and_needs_nothing),
        cmocka_unit_test(every_key_is_found_while_the_table_grows),
        cmocka_unit_test(keys_may_hold_any_byte_and_begin_alike),
        cmocka_unit_test(keys_of_the_same_hash_are_told_apart),
        cmocka_unit_test(of_keys_with_the_same_hash_any_may_go_and_come_back),
        cmocka_unit_test(a_table_that_was_emptied_one_by_one_can_be_filled_again),
        cmocka_unit_test(taking_all_gives_each_entry_once),
        cmocka_unit_test(taking_all_gives_each_entry_once_at_any_size),
        cmocka_unit_test(what_is_not_taken_yet_can_be_found_and_removed),
        cmocka_unit_test(without_memory_nothing_changes),
    };

    return cmocka_run_group_tests_name("key_table", tests, NULL, NULL);
}
