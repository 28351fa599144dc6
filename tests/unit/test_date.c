/*
 * test_date.c - IMF-fixdate, and how often the clock is read for it.
 */
#include "base/clock.h"
#include "http/date.h"
#include "test.h"

#include <locale.h>

static int64_t wall_ms;
static unsigned reads_count;

int64_t __wrap_clock_wall_ms(void);

int64_t __wrap_clock_wall_ms(void)
{
    reads_count++;
    return wall_ms;
}

static void seconds_are_written_as_rfc_9110_wants_them(void **state)
{
    static const struct {
        int64_t second;
        const char *text;
    } rows[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"}, /* the RFC's own */
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {1709251199, "Thu, 29 Feb 2024 23:59:59 GMT"},
        {2147483648, "Tue, 19 Jan 2038 03:14:08 GMT"}, /* beyond 31 bits */
        {253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    char text[DATE_BYTES + 1];

    (void)state;
    (void)setlocale(LC_ALL, ""); /* no locale has a say in it */
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        date_write(text, rows[i].second);
        assert_string_equal(text, rows[i].text);
    }
}

static void every_month_and_weekday_has_its_name(void **state)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
    char text[DATE_BYTES + 1];

    (void)state;
    for (unsigned i = 0; i < 7; i++) {
        date_write(text, i * 86400);
        assert_memory_equal(text, days + i * 3, 3);
    }
    for (unsigned i = 0; i < 12; i++) {
        date_write(text, (int64_t)(i * 30 + 14) * 86400);
        assert_memory_equal(text + 8, months + i * 3, 3);
    }
}

static void the_clock_is_read_ten_times_a_second_at_most(void **state)
{
    struct date date;

    (void)state;
    date_init(&date);
    wall_ms = 784111777000;
    reads_count = 0;
    for (uint64_t now_ms = 5000; now_ms < 5100; now_ms++) {
        struct slice text = date_text(&date, now_ms);

        assert_int_equal(text.length, DATE_BYTES);
        assert_memory_equal(text.bytes, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_BYTES);
        wall_ms += 30; /* faster than the loop's time: only the next look sees it */
    }
    assert_int_equal(reads_count, 1);
    assert_memory_equal(date_text(&date, 5100).bytes, "Sun, 06 Nov 1994 08:49:40 GMT", DATE_BYTES);
    assert_int_equal(reads_count, 2);
    wall_ms = 784111777000; /* the wall clock may be set back */
    assert_memory_equal(date_text(&date, 9000).bytes, "Sun, 06 Nov 1994 08:49:37 GMT", DATE_BYTES);
}

static void the_first_date_is_right_at_any_time_of_the_loop(void **state)
{
    struct date date;

    (void)state;
    wall_ms = 0; /* the very second that an unset text could be taken for */
    date_init(&date);
    assert_memory_equal(date_text(&date, 0).bytes, "Thu, 01 Jan 1970 00:00:00 GMT", DATE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seconds_are_written_as_rfc_9110_wants_them),
        cmocka_unit_test(every_month_and_weekday_has_its_name),
        cmocka_unit_test(the_clock_is_read_ten_times_a_second_at_most),
        cmocka_unit_test(the_first_date_is_right_at_any_time_of_the_loop),
    };

    return cmocka_run_group_tests_name("date", tests, NULL, NULL);
}
