/*
 * test_badge_number.c - numbers as badges show them, to the last one.
 */
#include "test.h"
#include "visits/badge_number.h"

static void assert_shown(int64_t number, enum badge_number_format format, const char *expected)
{
    char bytes[BADGE_NUMBER_BYTES_MAX + 1];
    size_t length;

    memset(bytes, '#', sizeof bytes);
    length = badge_number_write(bytes, number, format);
    assert_true(length <= BADGE_NUMBER_BYTES_MAX);
    assert_int_equal(bytes[length], '#');
    bytes[length] = '\0';
    assert_string_equal(bytes, expected);
}

static void a_plain_number_has_all_its_digits(void **state)
{
    (void)state;
    assert_shown(0, BADGE_NUMBER_PLAIN, "0");
    assert_shown(1234567, BADGE_NUMBER_PLAIN, "1234567");
    assert_shown(-1, BADGE_NUMBER_PLAIN, "-1");
    assert_shown(INT64_MAX, BADGE_NUMBER_PLAIN, "9223372036854775807");
    assert_shown(INT64_MIN, BADGE_NUMBER_PLAIN, "-9223372036854775808");
}

static void a_short_number_is_rounded_to_a_tenth_of_its_unit(void **state)
{
    static const struct {
        int64_t number;
        const char *expected;
    } cases[] = {
        {0, "0"},
        {999, "999"},
        {1000, "1K"},
        {1049, "1K"},
        {1050, "1.1K"},
        {1234, "1.2K"},
        {12345, "12.3K"},
        {99949, "99.9K"},
        {99950, "100K"},
        {999949, "999.9K"},
        {999950, "1M"}, /* not 1000K */
        {999999, "1M"},
        {1000000, "1M"},
        {3400000, "3.4M"},
        {999949999, "999.9M"},
        {999950000, "1B"},
        {1200000000, "1.2B"},
        {999950000000, "1T"},
        {999949999999999, "999.9T"},
        {999950000000000, "1Qa"},
        {999949999999999999, "999.9Qa"},
        {999950000000000000, "1Qi"},
        {INT64_MAX, "9.2Qi"},
        {INT64_MIN, "-9.2Qi"},
        {-1, "-1"},
        {-999, "-999"},
        {-1000, "-1K"},
        {-1050, "-1.1K"},
        {-999949, "-999.9K"},
        {-999950, "-1M"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_shown(cases[i].number, BADGE_NUMBER_SHORT, cases[i].expected);
    }
}

static void an_unknown_format_is_the_plain_one(void **state)
{
    (void)state;
    assert_int_equal(badge_number_format_of(SLICE("short")), BADGE_NUMBER_SHORT);
    assert_int_equal(badge_number_format_of(SLICE("Short")), BADGE_NUMBER_SHORT);
    assert_int_equal(badge_number_format_of(SLICE("plain")), BADGE_NUMBER_PLAIN);
    assert_int_equal(badge_number_format_of(SLICE("shorter")), BADGE_NUMBER_PLAIN);
    assert_int_equal(badge_number_format_of((struct slice){0}), BADGE_NUMBER_PLAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_number_has_all_its_digits),
        cmocka_unit_test(a_short_number_is_rounded_to_a_tenth_of_its_unit),
        cmocka_unit_test(an_unknown_format_is_the_plain_one),
    };

    return cmocka_run_group_tests_name("badge_number", tests, NULL, NULL);
}
