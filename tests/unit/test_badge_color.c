/*
 * test_badge_color.c - colours by name and by digits, and what falls back.
 */
#include "guarded.h"
#include "test.h"
#include "visits/badge_color.h"

#define FALLBACK 0x123456

static void a_colour_is_a_name_or_hexadecimal_digits(void **state)
{
    static const struct {
        const char *text;
        uint32_t color;
    } cases[] = {
        {"brightgreen", 0x44cc11}, {"green", 0x97ca00},    {"yellowgreen", 0xa4a61d},
        {"yellow", 0xdfb317},      {"orange", 0xfe7d37},   {"red", 0xe05d44},
        {"blue", 0x007ec6},        {"grey", 0x555555},     {"lightgrey", 0x9f9f9f},
        {"LightGray", 0x9f9f9f},   {"critical", 0xe05d44}, {"white", 0xffffff},
        {"4c1", 0x44cc11},         {"#4c1", 0x44cc11},     {"0AF", 0x00aaff},
        {"007ec6", 0x007ec6},      {"#007EC6", 0x007ec6},  {"000", 0},
        {"fffFFF", 0xffffff},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(badge_color_of(guarded(slice_of(cases[i].text)), FALLBACK),
                         cases[i].color);
    }
}

static void anything_else_is_the_colour_to_fall_back_to(void **state)
{
    static const char *const texts[] = {
        "",      "#",           "##4c1",   "4c",      "#4c",
        "4c11",  "4c1 ",        " 4c1",    "#4c1#",   "4g1",
        "00ff0", "0x4c1",       "12345",   "1234567", "greenx",
        "gree",  "url(",        "rgb(0,0", "\"/><a>", "#\xff\xff\xff",
        "@@@",   "transparent", "[[[",     "```",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (badge_color_of(guarded(slice_of(texts[i])), FALLBACK) != FALLBACK) {
            fail_msg("\"%s\" is a colour", texts[i]);
        }
    }
    assert_int_equal(badge_color_of((struct slice){0}, FALLBACK), FALLBACK);
}

static void letters_are_dark_where_white_could_not_be_read(void **state)
{
    static const uint32_t light[] = {0xffffff, 0x44cc11, 0x97ca00, 0xdfb317,
                                     0xfe7d37, 0x9f9f9f, 0xffff00, 0xffc0cb};
    static const uint32_t dark[] = {0, 0x555555, 0x007ec6, 0xe05d44, 0x8a2be2, 0x0000ff, 0xff0000};

    (void)state;
    for (size_t i = 0; i < sizeof light / sizeof light[0]; i++) {
        assert_true(badge_color_is_light(light[i]));
    }
    for (size_t i = 0; i < sizeof dark / sizeof dark[0]; i++) {
        assert_false(badge_color_is_light(dark[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_colour_is_a_name_or_hexadecimal_digits),
        cmocka_unit_test(anything_else_is_the_colour_to_fall_back_to),
        cmocka_unit_test(letters_are_dark_where_white_could_not_be_read),
    };

    return cmocka_run_group_tests_name("badge_color", tests, NULL, NULL);
}
