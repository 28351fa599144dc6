/*
 * test_badge_text.c - what becomes of labels, hostile ones above all.
 */
#include "guarded.h"
#include "test.h"
#include "visits/badge_text.h"
#include "visits/badge_width.h"

#include <stdio.h>

#define REPLACED "\xef\xbf\xbd"

static struct badge_text made(struct slice label)
{
    struct badge_text text;

    memset(&text, '#', sizeof text);
    badge_text_make(guarded(label), &text);
    assert_true(text.length <= BADGE_TEXT_BYTES_MAX);
    return text;
}

static void assert_made(const char *label, const char *expected)
{
    const struct badge_text text = made(slice_of(label));

    if (!slice_is((struct slice){text.bytes, text.length}, expected)) {
        fail_msg("\"%s\" became \"%.*s\"", label, (int)text.length, text.bytes);
    }
}

static void markup_is_escaped(void **state)
{
    (void)state;
    assert_made("</text><script>\"'&", "&lt;/text&gt;&lt;script&gt;&quot;&#39;&amp;");
    assert_made("]]>", "]]&gt;");
    assert_made("&amp;", "&amp;amp;");
    assert_made("<!--", "&lt;!--");
}

static void each_of_all_bytes_is_kept_dropped_or_replaced(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const char label[] = {'a', (char)byte, 'b'};
        const struct badge_text text = made((struct slice){label, sizeof label});
        const struct slice bytes = {text.bytes, text.length};

        if ((byte >= '\t' && byte <= '\r') || byte == ' ') {
            assert_true(slice_is(bytes, "a b"));
        } else if (byte < ' ' || byte == 0x7f) {
            assert_true(slice_is(bytes, "ab"));
        } else if (byte >= 0x80) {
            assert_true(slice_is(bytes, "a" REPLACED "b"));
        } else if (strchr("&<>\"'", (int)byte) == NULL) {
            assert_true(slice_equals(bytes, (struct slice){label, sizeof label}));
        } else {
            assert_true(text.length > sizeof label);
        }
    }
}

static void what_is_no_utf8_or_no_character_is_replaced(void **state)
{
    (void)state;
    assert_made("\xc0\xbc", REPLACED REPLACED);              /* '<', overlong */
    assert_made("\xe0\x80\xbc", REPLACED REPLACED REPLACED); /* again */
    assert_made("\xed\xa0\xbd\xed\xb8\x80",                  /* an emoji by surrogates */
                REPLACED REPLACED REPLACED REPLACED REPLACED REPLACED);
    assert_made("a\xf0\x9f\x98", "a" REPLACED);                 /* cut */
    assert_made("\xef\xbf\xbe\xef\xbf\xbf", REPLACED REPLACED); /* FFFE, FFFF */
    assert_made("\xef\xb7\x90\xf0\x9f\xbf\xbf", REPLACED REPLACED);
}

static void blanks_are_one_and_none_at_the_ends(void **state)
{
    (void)state;
    assert_made("", "");
    assert_made(" \t\r\n", "");
    assert_made("  a \n\n b\u2028\u2029\xc2\x85"
                "c  ",
                "a b c");
    assert_made("\u00a0a\u3000", "\u00a0a\u3000"); /* these are for show */
}

static void nothing_turns_the_direction_of_what_stands_beside(void **state)
{
    (void)state;
    assert_made("a\u202eb\u202dc\u202a\u202b\u202cd", "abcd");
    assert_made("\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u206fe", "e");
    assert_made("\ufeffs\u00ado\a\xc2\x9b"
                "ft\ufff9\ufffb",
                "soft");
}

static void a_label_knows_from_which_side_it_is_read(void **state)
{
    static const struct {
        const char *label;
        bool is, has;
    } cases[] = {
        {"visitors", false, false},        {"12 !", false, false},
        {"\u05d0\u05d1", true, true},      {"12 \u05d0 abc", true, true},
        {"\u2014 \u0627", true, true},     {"abc \u05d0", false, true},
        {"\u8a2a \u05d0", false, true},    {"\u00e9 \U0001e900", false, true},
        {"\U0001f600 \u05d0", true, true}, /* an emoji is no letter */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct badge_text text = made(slice_of(cases[i].label));

        assert_int_equal(text.is_right_to_left, cases[i].is);
        assert_int_equal(text.has_right_to_left, cases[i].has);
    }
}

/* A label of `count` times `piece`, behind `before`. */
static struct slice repeated(const char *before, const char *piece, unsigned count)
{
    static char bytes[8192];
    size_t length = strlen(before);

    memcpy(bytes, before, length);
    for (unsigned i = 0; i < count; i++) {
        assert_true(length + strlen(piece) <= sizeof bytes);
        memcpy(bytes + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return (struct slice){bytes, length};
}

static bool ends_with(const struct badge_text *text, const char *end)
{
    const size_t length = strlen(end);

    return text->length >= length && memcmp(text->bytes + text->length - length, end, length) == 0;
}

static void the_longest_label_is_whole_and_one_more_is_cut(void **state)
{
    struct badge_text text;

    (void)state;
    text = made(repeated("", "\"", 200));
    assert_int_equal(text.length, BADGE_TEXT_BYTES_MAX);
    text = made(repeated("", "\"", 201));
    assert_int_equal(text.length, 199 * 6 + 3);
    assert_true(ends_with(&text, "&quot;\u2026"));
    text = made(repeated("", "\U0001f600", 200));
    assert_int_equal(text.length, 800);
    assert_int_equal(text.width, 200 * BADGE_CHARACTER_WIDTH_MAX);
    text = made(repeated("", "\U0001f600", 2000));
    assert_int_equal(text.length, 199 * 4 + 3);
    text = made(repeated("", "\xff", 8000));
    assert_int_equal(text.length, 200 * 3);
    text = made(repeated("", "a\n\x01", 200)); /* what is dropped does not count */
    assert_int_equal(text.length, 199 + 3);
}

static void only_what_is_shown_makes_a_label_too_long(void **state)
{
    struct badge_text text;
    char label[300];

    (void)state;
    memset(label, 'a', 200);
    memset(label + 200, ' ', 50);
    memset(label + 250, 1, 50);
    text = made((struct slice){label, sizeof label});
    assert_int_equal(text.length, 200);
    label[299] = 'b';
    text = made((struct slice){label, sizeof label});
    assert_int_equal(text.length, 199 + 3);
}

static void a_cut_leaves_no_half_of_a_character(void **state)
{
    struct badge_text text;

    (void)state;
    text = made(repeated("aa", "e\u0301", 150)); /* 199 would lose an accent */
    assert_true(ends_with(&text, "e\u0301\u2026"));
    text = made(repeated("a", "\U0001f469\u200d\U0001f469", 100));
    assert_true(ends_with(&text, "\U0001f469\u2026"));
    text = made(repeated("aa", "b ", 150)); /* no blank before the ellipsis */
    assert_true(ends_with(&text, "b\u2026"));
    text = made(repeated("a", "\u0301", 400)); /* marks upon marks end somewhere */
    assert_true(ends_with(&text, "\u0301\u2026"));
    assert_int_equal(text.length, 1 + 198 * 2 + 3);
}

static void a_label_of_marks_alone_has_nothing_to_see(void **state)
{
    (void)state;
    assert_int_equal(made(slice_of("\u0301\u200d\u200b")).width, 0);
    assert_int_equal(made((struct slice){0}).width, 0);
    assert_true(made(slice_of("a")).width > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_escaped),
        cmocka_unit_test(each_of_all_bytes_is_kept_dropped_or_replaced),
        cmocka_unit_test(what_is_no_utf8_or_no_character_is_replaced),
        cmocka_unit_test(blanks_are_one_and_none_at_the_ends),
        cmocka_unit_test(nothing_turns_the_direction_of_what_stands_beside),
        cmocka_unit_test(a_label_knows_from_which_side_it_is_read),
        cmocka_unit_test(the_longest_label_is_whole_and_one_more_is_cut),
        cmocka_unit_test(only_what_is_shown_makes_a_label_too_long),
        cmocka_unit_test(a_cut_leaves_no_half_of_a_character),
        cmocka_unit_test(a_label_of_marks_alone_has_nothing_to_see),
    };

    return cmocka_run_group_tests_name("badge_text", tests, NULL, NULL);
}
