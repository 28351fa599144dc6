/*
 * test_lmdb_record.c - a counter to bytes and back, and bytes that are not ours.
 */
#include "store/lmdb_record.h"

#include "guarded.h"
#include "test.h"

enum { WITHOUT_OWNER = 56, WITH_OWNER = 88 };

static struct store_record whole_record(void)
{
    struct store_record record = {
        .exists = true,
        .may_be_set = true,
        .has_owner = true,
        .value = -2,
        .adjusted = INT64_MIN,
        .low = -3,
        .high = INT64_MAX,
        .created_ms = 0x0102030405060708,
        .counted_ms = UINT64_MAX,
    };

    for (unsigned i = 0; i < sizeof record.owner; i++) {
        record.owner[i] = (uint8_t)(0xe0 + i);
    }
    return record;
}

static void assert_same(const struct store_record *one, const struct store_record *other)
{
    assert_int_equal(one->exists, other->exists);
    assert_int_equal(one->may_be_set, other->may_be_set);
    assert_int_equal(one->has_owner, other->has_owner);
    assert_true(one->value == other->value && one->adjusted == other->adjusted);
    assert_true(one->low == other->low && one->high == other->high);
    assert_true(one->created_ms == other->created_ms && one->counted_ms == other->counted_ms);
    assert_memory_equal(one->owner, other->owner, sizeof one->owner);
}

/* Writes it, which takes `length` bytes, and reads the same. */
static void assert_round_trip(const struct store_record *record, size_t length)
{
    char bytes[LMDB_RECORD_BYTES_MAX + 1];
    struct store_record read = {.value = 77};
    bool is_known = false;

    memset(bytes, '#', sizeof bytes);
    assert_int_equal(lmdb_record_write(record, bytes), length);
    assert_int_equal(bytes[length], '#');
    assert_true(lmdb_record_read(guarded((struct slice){bytes, length}), &read, &is_known));
    assert_true(is_known);
    assert_same(&read, record);
}

static void what_is_written_is_read(void **state)
{
    struct store_record record = whole_record();

    (void)state;
    assert_round_trip(&record, WITH_OWNER);
    record.has_owner = false;
    memset(record.owner, 0, sizeof record.owner);
    assert_round_trip(&record, WITHOUT_OWNER);
    record = store_record_of_visits;
    record.value = INT64_MAX;
    assert_round_trip(&record, LMDB_COUNT_BYTES);
}

static void each_member_alone_makes_a_record(void **state)
{
    struct store_record records[7];

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        records[i] = store_record_of_visits;
        assert_true(lmdb_record_is_bare(&records[i]));
    }
    records[0].created_ms = 1;
    records[1].counted_ms = 1;
    records[2].adjusted = -1;
    records[3].low = -1;
    records[4].high = 0;
    records[5].may_be_set = true;
    records[6].has_owner = true;
    for (unsigned i = 0; i < 7; i++) {
        assert_false(lmdb_record_is_bare(&records[i]));
        assert_round_trip(&records[i], i == 6 ? WITH_OWNER : WITHOUT_OWNER);
    }
}

/* The bytes are a promise to other versions: docs and header say which. */
static void the_bytes_are_these(void **state)
{
    static const char expected[WITHOUT_OWNER] = {
        "\x2c\x01\0\0\0\0\0\0"                             /* the count */
        "\x01\x03\0\0\0\0\0\0"                             /* form, flags */
        "\x08\x07\x06\x05\x04\x03\x02\x01"                 /* created */
        "\x01\0\0\0\0\0\0\0"                               /* counted */
        "\xff\xff\xff\xff\xff\xff\xff\xff"                 /* adjusted */
        "\xfe\xff\xff\xff\xff\xff\xff\xff\x05\0\0\0\0\0\0" /* low, high */
    };
    struct store_record record = whole_record();
    char bytes[LMDB_RECORD_BYTES_MAX];

    (void)state;
    record.value = 300;
    record.counted_ms = 1;
    record.adjusted = -1;
    record.low = -2;
    record.high = 5;
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(lmdb_record_write(&record, bytes), WITH_OWNER);
    assert_memory_equal(bytes, expected, sizeof expected);
    assert_memory_equal(bytes + WITHOUT_OWNER, record.owner, sizeof record.owner);
}

/* Reads the first `length` bytes of a whole record with that form and those flags. */
static bool read_cut(size_t length, char form, char flags, struct store_record *out_record,
                     bool *out_is_known)
{
    const struct store_record record = whole_record();
    char bytes[200] = {0};

    (void)lmdb_record_write(&record, bytes);
    bytes[8] = form;
    bytes[9] = flags;
    return lmdb_record_read(guarded((struct slice){bytes, length}), out_record, out_is_known);
}

static void a_cut_record_keeps_its_count_and_is_not_ours_to_write(void **state)
{
    (void)state;
    for (size_t length = 0; length <= WITH_OWNER; length++) {
        struct store_record record = {.value = 77};
        bool is_known = false;
        const bool is_read = read_cut(length, 1, 3, &record, &is_known);

        assert_int_equal(is_read, length >= LMDB_COUNT_BYTES);
        if (is_read) {
            assert_true(record.exists && record.value == -2);
            assert_int_equal(is_known, length == LMDB_COUNT_BYTES || length == WITH_OWNER);
        }
        if (is_read && !is_known) { /* the rules are those of a counter of visits */
            assert_true(record.low == 0 && record.high == 1);
            assert_false(record.may_be_set || record.has_owner);
        }
    }
}

static void without_an_owner_56_bytes_are_enough(void **state)
{
    struct store_record record;
    bool is_known;

    (void)state;
    assert_true(read_cut(WITHOUT_OWNER, 1, 1, &record, &is_known));
    assert_true(is_known && record.may_be_set && !record.has_owner);
    assert_true(read_cut(WITHOUT_OWNER - 1, 1, 1, &record, &is_known));
    assert_false(is_known);
}

static void another_form_keeps_its_count_whatever_it_is(void **state)
{
    static const char forms[] = {0, 2, 3, 127, -1};

    (void)state;
    for (unsigned i = 0; i < sizeof forms; i++) {
        for (size_t length = LMDB_COUNT_BYTES + 1; length <= 200; length++) {
            struct store_record record;
            bool is_known;

            assert_true(read_cut(length, forms[i], 3, &record, &is_known));
            assert_false(is_known);
            assert_true(record.value == -2);
            assert_false(record.has_owner || record.may_be_set);
        }
    }
}

/* A later version that has appended something to form 1, or has set more flags, would lose it if
 * the record were written anew; so such a record is not known. */
static void a_longer_record_or_more_flags_are_not_ours_to_write(void **state)
{
    struct store_record record;
    bool is_known;

    (void)state;
    assert_true(read_cut(WITH_OWNER + 8, 1, 3, &record, &is_known));
    assert_false(is_known);
    assert_true(read_cut(WITHOUT_OWNER + 8, 1, 1, &record, &is_known));
    assert_false(is_known);
    assert_true(read_cut(WITH_OWNER, 1, 7, &record, &is_known));
    assert_false(is_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(each_member_alone_makes_a_record),
        cmocka_unit_test(the_bytes_are_these),
        cmocka_unit_test(a_cut_record_keeps_its_count_and_is_not_ours_to_write),
        cmocka_unit_test(without_an_owner_56_bytes_are_enough),
        cmocka_unit_test(another_form_keeps_its_count_whatever_it_is),
        cmocka_unit_test(a_longer_record_or_more_flags_are_not_ours_to_write),
    };

    return cmocka_run_group_tests_name("lmdb_record", tests, NULL, NULL);
}
