/*
 * test_badge.c - badges, to the byte. check_badges.py has them read by an XML parser.
 */
#include "test.h"
#include "visits/badge.h"

#include <stdio.h>

static char bytes[BADGE_BYTES_MAX + 1];

static const char *written(const struct badge *badge)
{
    size_t length;

    memset(bytes, '#', sizeof bytes);
    length = badge_write(badge, bytes);
    assert_true(length < BADGE_BYTES_MAX);
    assert_int_equal(bytes[length - 1], '\n');
    bytes[length] = '\0';
    return bytes;
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("no %s in %s", part, text);
    }
}

static void by_default_it_says_how_many_visitors(void **state)
{
    (void)state;
    assert_string_equal(
        written(&(struct badge){.number = 1234567}),
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"113\" height=\"20\" "
        "viewBox=\"0 0 113 20\" direction=\"ltr\" role=\"img\" aria-label=\"visitors: 1234567\">"
        "<title>visitors: 1234567</title>"
        "<path fill=\"#555555\" d=\"M3 0H52v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\"/>"
        "<path fill=\"#007ec6\" d=\"M52 0H110a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H52z\"/>"
        "<g font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"11\" "
        "text-anchor=\"middle\" text-rendering=\"geometricPrecision\">"
        "<text x=\"26\" y=\"14\" fill=\"#ffffff\" textLength=\"39.7\" "
        "lengthAdjust=\"spacingAndGlyphs\">visitors</text>"
        "<text x=\"82.5\" y=\"14\" fill=\"#ffffff\" textLength=\"49.0\" "
        "lengthAdjust=\"spacingAndGlyphs\">1234567</text></g></svg>\n");
}

static void it_is_coloured_and_shaped_as_asked(void **state)
{
    const char *text = written(&(struct badge){.label = SLICE("hits"),
                                               .color = SLICE("brightgreen"),
                                               .label_color = SLICE("#000"),
                                               .style = badge_style_of(SLICE("flat-square")),
                                               .number_format = BADGE_NUMBER_SHORT,
                                               .number = -999950});

    (void)state;
    assert_has(text, "aria-label=\"hits: -1M\"");
    assert_has(text, "<path fill=\"#000000\" d=\"M0 0H33v20H0z\"/>");
    assert_has(text, "<path fill=\"#44cc11\" d=\"M33 0H");
    assert_has(text, "fill=\"#222222\""); /* letters on bright green */
    assert_null(strstr(text, "a3 3"));
}

static void what_is_unknown_falls_back(void **state)
{
    static char expected[BADGE_BYTES_MAX + 1];

    (void)state;
    (void)snprintf(expected, sizeof expected, "%s", written(&(struct badge){.number = 5}));
    assert_string_equal(written(&(struct badge){.color = SLICE("url(#x)"),
                                                .label_color = SLICE("greenish"),
                                                .style = badge_style_of(SLICE("plastic")),
                                                .number = 5}),
                        expected);
    assert_int_equal(badge_style_of((struct slice){0}), BADGE_FLAT);
    assert_int_equal(badge_style_of(SLICE("Flat-Square")), BADGE_FLAT_SQUARE);
    assert_int_equal(badge_style_of(SLICE("flat")), BADGE_FLAT);
}

static void without_a_label_the_number_stands_alone(void **state)
{
    static const char *const labels[] = {"", "  ", "\x01", "\u200d"};

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++) {
        const char *text = written(&(struct badge){.label = slice_of(labels[i]), .number = 12});

        assert_has(text, "width=\"26\"");
        assert_has(text, "aria-label=\"12\"><title>12</title><path fill=\"#007ec6\" d=\"M3 0H23a3");
        assert_has(text, "<text x=\"13\"");
    }
}

static void a_label_from_right_to_left_leaves_the_number_in_its_place(void **state)
{
    const char *text = written(&(struct badge){.label = SLICE("\u05d0!"), .number = 12});

    (void)state;
    assert_has(text, "aria-label=\"\u2068\u05d0!\u2069: 12\"");
    assert_has(text, " direction=\"rtl\">\u05d0!</text>");
    assert_has(text, "lengthAdjust=\"spacingAndGlyphs\">12</text>");
    text = written(&(struct badge){.label = SLICE("a \u05d0"), .number = 12});
    assert_has(text, "\u2068a \u05d0\u2069: 12");
    assert_null(strstr(text, "rtl"));
}

/* The longest there can be: each character of the label in six bytes, the longest number. */
static void the_longest_fits(void **state)
{
    char label[4 * BADGE_CHARACTERS_MAX];
    size_t length;

    (void)state;
    memset(label, '"', BADGE_CHARACTERS_MAX - 1);
    memcpy(label + BADGE_CHARACTERS_MAX - 1, "\u05d0", 2);
    length = strlen(written(&(struct badge){.label = {label, BADGE_CHARACTERS_MAX + 1},
                                            .color = SLICE("white"),
                                            .label_color = SLICE("white"),
                                            .number = INT64_MIN}));
    assert_in_range(length, BADGE_BYTES_MAX - 150, BADGE_BYTES_MAX - 1);
    for (size_t i = 0; i < BADGE_CHARACTERS_MAX; i++) {
        memcpy(label + 4 * i, "\U0001f600", 4); /* the widest */
    }
    assert_has(written(&(struct badge){.label = {label, sizeof label}, .number = INT64_MIN}),
               "textLength=\"2700.0\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_default_it_says_how_many_visitors),
        cmocka_unit_test(it_is_coloured_and_shaped_as_asked),
        cmocka_unit_test(what_is_unknown_falls_back),
        cmocka_unit_test(without_a_label_the_number_stands_alone),
        cmocka_unit_test(a_label_from_right_to_left_leaves_the_number_in_its_place),
        cmocka_unit_test(the_longest_fits),
    };

    return cmocka_run_group_tests_name("badge", tests, NULL, NULL);
}
