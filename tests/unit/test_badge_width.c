/*
 * test_badge_width.c - how wide texts are, without a font.
 */
#include "base/utf8.h"
#include "test.h"
#include "visits/badge_width.h"

static uint32_t width_of(const char *text)
{
    struct slice rest = slice_of(text);
    uint32_t points[64];
    size_t count = 0;

    while (rest.length > 0) {
        assert_true(count < 64);
        points[count++] = utf8_take(&rest);
    }
    return badge_width(points, count);
}

static void letters_have_the_widths_of_the_font(void **state)
{
    (void)state;
    assert_int_equal(width_of(""), 0);
    assert_int_equal(width_of(" "), 369);
    assert_int_equal(width_of("~"), 911);
    assert_int_equal(width_of("0123456789"), 7000); /* all digits are equal */
    assert_int_equal(width_of("visitors"), 3968);
    assert_int_equal(width_of("\u00a0"), 350);
    assert_int_equal(width_of("\u00ff"), 651);
    assert_true(width_of("iiii") < width_of("WWWW") / 3);
}

static void a_mark_takes_no_place_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(width_of("e\u0301"), width_of("e"));
    assert_int_equal(width_of("\u0301\u200d\ufe0f\u200b\U000e0100"), 0);
    assert_int_equal(width_of("\u05d0\u05b8"), width_of("\u05d0")); /* Hebrew with a vowel */
    assert_int_equal(width_of("\u0e01\u0e34"), width_of("\u0e01")); /* Thai */
}

static void wide_letters_are_squares(void **state)
{
    (void)state;
    assert_int_equal(width_of("\u8a2a\u554f"), 2200);
    assert_int_equal(width_of("\uac00"), 1100);
    assert_int_equal(width_of("\U00020000"), 1100);
    assert_int_equal(width_of("\U0010fffd"), 800); /* nobody knows */
}

static void a_sequence_of_emoji_is_as_wide_as_one(void **state)
{
    const uint32_t one = width_of("\U0001f600");

    (void)state;
    assert_int_equal(one, BADGE_CHARACTER_WIDTH_MAX);
    assert_int_equal(width_of("\U0001f469\u200d\U0001f469\u200d\U0001f467"), one);
    assert_int_equal(width_of("\U0001f44d\U0001f3fd"), one); /* with a colour of skin */
    assert_int_equal(width_of("\U0001f1e9\U0001f1ea"), one); /* a flag */
    assert_int_equal(width_of("\u2764\ufe0f"), one);         /* a heart as an emoji */
    assert_int_equal(width_of("1\ufe0f\u20e3"), one);        /* a key */
    assert_int_equal(width_of("\U0001f600\U0001f600"), 2 * one);
    assert_int_equal(width_of("\u200d\U0001f600"), one); /* joined to nothing */
    assert_int_equal(width_of("a\u200d\U0001f600"), width_of("a") + one);
}

static void a_cut_may_not_be_within_a_character(void **state)
{
    (void)state;
    assert_true(badge_point_continues('e', 0x301));
    assert_true(badge_point_continues(0x200d, 0x1f467));
    assert_true(badge_point_continues(0x1f469, 0x200d));
    assert_true(badge_point_continues(0x1f44d, 0x1f3fd));
    assert_false(badge_point_continues('e', 'f'));
    assert_false(badge_point_continues('e', 0x1f3fd));
    assert_false(badge_point_continues(0x301, 'e'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_have_the_widths_of_the_font),
        cmocka_unit_test(a_mark_takes_no_place_of_its_own),
        cmocka_unit_test(wide_letters_are_squares),
        cmocka_unit_test(a_sequence_of_emoji_is_as_wide_as_one),
        cmocka_unit_test(a_cut_may_not_be_within_a_character),
    };

    return cmocka_run_group_tests_name("badge_width", tests, NULL, NULL);
}
