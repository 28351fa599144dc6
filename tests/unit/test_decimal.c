/*
 * test_decimal.c - numbers to text and back, to the last one.
 */
#include "base/decimal.h"
#include "guarded.h"
#include "test.h"

#include <inttypes.h>
#include <stdio.h>

static void a_number_is_written_without_a_nul_and_read_back(void **state)
{
    static const uint64_t numbers[] = {
        0, 1, 9, 10, 99, 100, 255, 4294967295, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[32];
        char bytes[DECIMAL_BYTES_MAX + 1];
        uint64_t read = 7;
        size_t length;

        memset(bytes, '#', sizeof bytes);
        (void)snprintf(expected, sizeof expected, "%" PRIu64, numbers[i]);
        length = decimal_write(bytes, numbers[i]);
        assert_int_equal(length, strlen(expected));
        assert_memory_equal(bytes, expected, length);
        assert_int_equal(bytes[length], '#');
        assert_true(decimal_read(guarded((struct slice){bytes, length}), UINT64_MAX, &read));
        assert_true(read == numbers[i]);
    }
}

static void what_is_no_number_is_refused_and_touches_nothing(void **state)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "1 ",
                                        " 1",
                                        "+1",
                                        "-1",
                                        "-0",
                                        "1a",
                                        "a1",
                                        "0x1",
                                        "1.",
                                        ".1",
                                        "1\n",
                                        "\xb2",
                                        "18446744073709551616",
                                        "18446744073709551620",
                                        "99999999999999999999",
                                        "100000000000000000000"};
    uint64_t number = 7;

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (decimal_read(guarded(slice_of(texts[i])), UINT64_MAX, &number)) {
            fail_msg("\"%s\" is read", texts[i]);
        }
        assert_int_equal(number, 7);
    }
    assert_false(decimal_read(SLICE("1\0"), UINT64_MAX, &number));
}

static void a_maximum_is_reached_and_not_passed(void **state)
{
    static const struct {
        const char *text;
        uint64_t maximum;
        bool is_read;
    } rows[] = {
        {"0", 0, true},         {"1", 0, false},         {"00", 0, true},
        {"5", 5, true},         {"6", 5, false},         {"10", 9, false},
        {"65535", 65535, true}, {"65536", 65535, false}, {"655350", 65535, false},
        {"100", 100, true},     {"101", 100, false},     {"000000000000000000000100", 100, true},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t number;

        if (decimal_read(slice_of(rows[i].text), rows[i].maximum, &number) != rows[i].is_read) {
            fail_msg("\"%s\" up to %" PRIu64, rows[i].text, rows[i].maximum);
        }
    }
}

static void a_signed_number_is_written_and_read_back_from_end_to_end(void **state)
{
    static const int64_t numbers[] = {
        0, 1, -1, 9, -9, 10, -10, 100, INT64_MAX, INT64_MIN, INT64_MIN + 1, -INT64_MAX};

    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[32];
        char bytes[DECIMAL_BYTES_MAX + 1];
        int64_t read = 7;
        size_t length;

        memset(bytes, '#', sizeof bytes);
        (void)snprintf(expected, sizeof expected, "%" PRId64, numbers[i]);
        length = decimal_write_signed(bytes, numbers[i]);
        assert_true(length <= DECIMAL_BYTES_MAX);
        assert_int_equal(length, strlen(expected));
        assert_memory_equal(bytes, expected, length);
        assert_int_equal(bytes[length], '#');
        assert_true(decimal_read_signed(guarded((struct slice){bytes, length}), &read));
        assert_true(read == numbers[i]);
    }
}

static void what_is_no_signed_number_is_refused_and_touches_nothing(void **state)
{
    static const char *const texts[] = {"",
                                        "-",
                                        "--1",
                                        "+1",
                                        " 1",
                                        "-1 ",
                                        "- 1",
                                        "-+1",
                                        "1-",
                                        "-a",
                                        "0x1",
                                        "1.",
                                        "\xe2\x88\x92 1",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "18446744073709551615",
                                        "-18446744073709551616",
                                        "99999999999999999999"};
    int64_t number = 7;

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (decimal_read_signed(guarded(slice_of(texts[i])), &number)) {
            fail_msg("\"%s\" is read", texts[i]);
        }
        assert_true(number == 7);
    }
    assert_true(decimal_read_signed(SLICE("-0"), &number) && number == 0);
    assert_true(decimal_read_signed(SLICE("-000000000000000000000012"), &number) && number == -12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_written_without_a_nul_and_read_back),
        cmocka_unit_test(what_is_no_number_is_refused_and_touches_nothing),
        cmocka_unit_test(a_maximum_is_reached_and_not_passed),
        cmocka_unit_test(a_signed_number_is_written_and_read_back_from_end_to_end),
        cmocka_unit_test(what_is_no_signed_number_is_refused_and_touches_nothing),
    };

    return cmocka_run_group_tests_name("decimal", tests, NULL, NULL);
}
