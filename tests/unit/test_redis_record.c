/*
 * test_redis_record.c - a counter as texts, and back.
 */
#include "guarded.h"
#include "store/redis_record.h"
#include "test.h"

#include <stdio.h>

#define OWNER "0123456789abcdef0123456789abcdef0123456789abcdef00000000000000ff"

static const struct {
    const char *text;
    struct store_record record;
} texts[] = {
    {"-", {.exists = false}},
    {"0 0 0 0 0 1 0 -", {.exists = true, .high = 1}},
    {"-7 1700000000000 1700000000001 -8 -3 4 1 -",
     {.exists = true,
      .value = -7,
      .created_ms = UINT64_C(1700000000000),
      .counted_ms = UINT64_C(1700000000001),
      .adjusted = -8,
      .low = -3,
      .high = 4,
      .may_be_set = true}},
    {"5 0 0 0 0 0 0 " OWNER,
     {.exists = true,
      .value = 5,
      .has_owner = true,
      .owner = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45,
                0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
                0xcd, 0xef, 0,    0,    0,    0,    0,    0,    0,    0xff}}},
    {"-9223372036854775808 9223372036854775807 9223372036854775807 -9223372036854775808 "
     "-9223372036854775808 -9223372036854775808 1 "
     "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     {.exists = true,
      .value = INT64_MIN,
      .created_ms = INT64_MAX,
      .counted_ms = INT64_MAX,
      .adjusted = INT64_MIN,
      .low = INT64_MIN,
      .high = INT64_MIN,
      .may_be_set = true,
      .has_owner = true,
      .owner = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}},
};

static void assert_same(const struct store_record *record, const struct store_record *expected)
{
    assert_int_equal(record->exists, expected->exists);
    assert_int_equal(record->may_be_set, expected->may_be_set);
    assert_int_equal(record->has_owner, expected->has_owner);
    assert_true(record->value == expected->value);
    assert_true(record->adjusted == expected->adjusted);
    assert_true(record->low == expected->low);
    assert_true(record->high == expected->high);
    assert_true(record->created_ms == expected->created_ms);
    assert_true(record->counted_ms == expected->counted_ms);
    assert_memory_equal(record->owner, expected->owner, sizeof record->owner);
}

static void a_counter_is_written_and_read_back(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char written[REDIS_RECORD_BYTES_MAX];
        struct store_record record;
        const size_t length = redis_record_write(&texts[i].record, written);

        assert_int_equal(length, strlen(texts[i].text));
        assert_memory_equal(written, texts[i].text, length);
        memset(&record, 'r', sizeof record);
        assert_true(redis_record_read(guarded(slice_of(texts[i].text)), &record));
        assert_same(&record, &texts[i].record);
    }
}

static void the_longest_has_room(void **state)
{
    (void)state;
    assert_int_equal(strlen(texts[4].text) + strlen("-") * 2, REDIS_RECORD_BYTES_MAX);
}

static void whatever_is_cut_off_is_no_counter(void **state)
{
    (void)state;

    for (size_t i = 1; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t length = 0; length < strlen(texts[i].text); length++) {
            struct store_record record = {.value = 4711};

            if (length == 1 && texts[i].text[0] == '-') {
                continue; /* there is none */
            }
            assert_false(
                redis_record_read(guarded((struct slice){texts[i].text, length}), &record));
            assert_int_equal(record.value, 4711);
        }
    }
}

static void what_is_written_in_another_way_is_no_counter(void **state)
{
    static const char *const others[] = {
        "",
        " ",
        "--",
        "- ",
        "x",
        "5",
        "+5 0 0 0 0 1 0 -",
        "05 0 0 0 0 1 0 -",
        "-0 0 0 0 0 1 0 -",
        "1.5 0 0 0 0 1 0 -",
        "9223372036854775808 0 0 0 0 1 0 -",
        "5  0 0 0 0 1 0 -",
        " 5 0 0 0 0 1 0 -",
        "5 0 0 0 0 1 0 - ",
        "5 0 0 0 0 1 0 - 0",
        "5 0 0 0 0 1 0 -\n",
        "5 -1 0 0 0 1 0 -",
        "5 0 -1 0 0 1 0 -",
        "5 01 0 0 0 1 0 -",
        "5 0 x 0 0 1 0 -",
        "5 0 0 x 0 1 0 -",
        "5 0 0 0 x 1 0 -",
        "5 0 0 0 0 x 0 -",
        "5 0 0 0 0 1 2 -",
        "5 0 0 0 0 1 01 -",
        "5 0 0 0 0 1 - -",
        "5 0 0 0 0 1 0 0",
        "5 0 0 0 0 1 0 --",
        "5 0 0 0 0 1 0 0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
        "5 0 0 0 0 1 0 g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "5 0 0 0 0 1 0 " OWNER "0",
        "5 0 0 0 0 1 0 " OWNER "00",
    };
    (void)state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct store_record record = {.value = 4711};

        assert_false(redis_record_read(guarded(slice_of(others[i])), &record));
        assert_int_equal(record.value, 4711);
    }
}

static void a_hash_is_read_in_any_order_and_what_is_not_there_is_as_after_visits(void **state)
{
    static const struct {
        const char *text;
        struct store_record record;
    } hashes[] = {
        {"", {.exists = true, .high = 1}},
        {"counted\n5\n", {.exists = true, .high = 1, .counted_ms = 5}},
        {"high\n0\nset\n1\nlow\n-2\ncreated\n3\nadjusted\n-9223372036854775808\n",
         {.exists = true, .may_be_set = true, .low = -2, .created_ms = 3, .adjusted = INT64_MIN}},
        {"later\nx y\nowner\n0000000000000000000000000000000000000000000000000000000000000000\n",
         {.exists = true, .high = 1, .has_owner = true}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        struct store_record record;

        memset(&record, 'r', sizeof record);
        assert_true(redis_record_read_hash(guarded(slice_of(hashes[i].text)), &record));
        assert_same(&record, &hashes[i].record);
    }
}

static void a_hash_with_other_values_is_no_record(void **state)
{
    static const char *const others[] = {
        "counted\n", "counted\nx\n",  "counted\n-1\n", "set\ntrue\n",
        "set\n\n",   "owner\n0011\n", "low\n1.5\n",    "high\n9223372036854775808\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct store_record record = {.value = 4711};

        assert_false(redis_record_read_hash(guarded(slice_of(others[i])), &record));
        assert_int_equal(record.value, 4711);
    }
}

static void a_count_is_what_redis_takes_for_one(void **state)
{
    static const char *const others[] = {"",   "-",  "-0",  "007", "+1",
                                         " 1", "1 ", "1.0", "1e3", "9223372036854775808"};
    int64_t count = 4711;
    (void)state;

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(redis_record_read_count(guarded(slice_of(others[i])), &count));
        assert_int_equal(count, 4711);
    }
    assert_true(redis_record_read_count(SLICE("-9223372036854775808"), &count));
    assert_true(count == INT64_MIN);
    assert_true(redis_record_read_count(SLICE("0"), &count));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_is_written_and_read_back),
        cmocka_unit_test(the_longest_has_room),
        cmocka_unit_test(whatever_is_cut_off_is_no_counter),
        cmocka_unit_test(what_is_written_in_another_way_is_no_counter),
        cmocka_unit_test(a_hash_is_read_in_any_order_and_what_is_not_there_is_as_after_visits),
        cmocka_unit_test(a_hash_with_other_values_is_no_record),
        cmocka_unit_test(a_count_is_what_redis_takes_for_one),
    };

    return cmocka_run_group_tests_name("redis_record", tests, NULL, NULL);
}
