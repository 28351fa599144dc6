/*
 * test_utf8.c - bytes to code points and back, and what is none.
 */
#include "base/utf8.h"
#include "guarded.h"
#include "test.h"

#include <stdio.h>

static void every_code_point_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= UTF8_POINT_MAX; point++) {
        char bytes[UTF8_BYTES_MAX];
        struct slice rest;

        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        rest = (struct slice){bytes, utf8_write(bytes, point)};
        if (utf8_take(&rest) != point || rest.length != 0) {
            fail_msg("U+%04X is read as something else", (unsigned)point);
        }
    }
}

/* What `text` is read as; in `expected` 'R' stands for U+FFFD. */
static void assert_read(const char *text, size_t length, const char *expected)
{
    struct slice rest = guarded((struct slice){text, length});
    char read[64];
    size_t count = 0;

    while (rest.length > 0) {
        const uint32_t point = utf8_take(&rest);

        assert_true(count < sizeof read - 1);
        read[count++] = point == UTF8_REPLACEMENT ? 'R' : point < 0x80 ? (char)point : '*';
    }
    read[count] = '\0';
    assert_string_equal(read, expected);
}

/* The first three are the examples of Unicode 3.9, tables 3-8 to 3-10; 3-11 is the fourth. */
static void each_piece_that_is_no_utf8_is_replaced_once(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "RRRRRRRRA"}, /* overlong */
        {"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "RRRRRRRRA"}, /* surrogates */
        {"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "RRRRRARRB"}, /* past the end */
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "RRRRA"},     /* cut */
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "***"},       /* whole */
        {"\xc3", "R"},
        {"\xe2\x82", "R"},
        {"\xf0\x9f\x98", "R"},
        {"\xf0\x9f\x98"
         "a",
         "Ra"},
        {"\xf5\x80\x80\x80", "RRRR"},
        {"\x80", "R"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_read(cases[i].text, strlen(cases[i].text), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_read_as_it_was_written),
        cmocka_unit_test(each_piece_that_is_no_utf8_is_replaced_once),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
