/*
 * test_query.c - pairs of a query, and percent-encoding in all its ways.
 */
#include "http/query.h"

#include "guarded.h"
#include "test.h"

/* Every slice of the tests ends at a page that cannot be read. */
static struct slice find(const char *query, const char *name)
{
    return query_find(guarded(slice_of(query)), slice_of(name));
}

static void assert_found(const char *query, const char *name, const char *value)
{
    const struct slice found = find(query, name);

    if (found.bytes == NULL || !slice_is(found, value)) {
        fail_msg("%s of \"%s\" is \"%.*s\"", name, query, (int)found.length,
                 found.bytes == NULL ? "" : found.bytes);
    }
}

static void the_first_pair_of_a_name_is_the_one(void **state)
{
    (void)state;
    assert_found("value=1", "value", "1");
    assert_found("a=1&value=2&value=3", "value", "2");
    assert_found("value=&value=3", "value", "");
    assert_found("value&value=3", "value", "");
    assert_found("a&&&value=2", "value", "2");
    assert_found("&value=2&", "value", "2");
    assert_found("value=a=b", "value", "a=b");
    assert_found("value==", "value", "=");
    assert_found("value=a?b/c#d;e", "value", "a?b/c#d;e");
    assert_found("value=%26%3D+", "value", "%26%3D+"); /* still encoded */
    assert_found("img", "img", "");
    assert_found("a=1&img", "img", "");
    assert_found("a=img&img=0", "img", "0");
}

static void what_only_looks_like_the_name_is_not_it(void **state)
{
    static const char *const queries[] = {
        "",         "&",        "=",         "=value",      "values=1", "avalue=1",
        "Value=1",  "VALUE=1",  "a=value=1", "%76alue=1",   "valu",     "valu=e",
        "a=&value", "value1&x", "a;value=1", "value%3D1=2", " value=1", "value[]=1",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        const bool is_there = strcmp(queries[i], "a=&value") == 0;

        if ((find(queries[i], "value").bytes != NULL) != is_there) {
            fail_msg("value of \"%s\"", queries[i]);
        }
    }
    assert_null(query_find((struct slice){NULL, 0}, SLICE("value")).bytes);
}

struct row {
    struct slice text;
    bool plus_is_blank;
    struct slice decoded; /* without bytes: none */
};

#define ROW(text, plus_is_blank, decoded)                                                          \
    {                                                                                              \
        {text, sizeof(text) - 1}, plus_is_blank,                                                   \
        {                                                                                          \
            decoded, sizeof(decoded) - 1                                                           \
        }                                                                                          \
    }
#define BAD(text)                                                                                  \
    {                                                                                              \
        {text, sizeof(text) - 1}, false,                                                           \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }

static const struct row rows[] = {
    ROW("", false, ""),
    ROW("abc", false, "abc"),
    ROW("a+b", false, "a+b"),
    ROW("a+b", true, "a b"),
    ROW("a%2Bb", true, "a+b"),
    ROW("%61%62%63", false, "abc"),
    ROW("%3aHOST%3A", false, ":HOST:"),
    ROW("%2F", false, "/"),
    ROW("%2f", false, "/"),
    ROW("%25", false, "%"),
    ROW("%2541", false, "%41"), /* once */
    ROW("%00", false, "\0"),
    ROW("a%00b", false, "a\0b"),
    ROW("%FF%fe%Ef", false, "\xff\xfe\xef"),
    ROW("%7F%80", false, "\x7f\x80"),
    ROW("\x80\xff", false, "\x80\xff"),
    BAD("%"),
    BAD("%4"),
    BAD("a%"),
    BAD("a%4"),
    BAD("%%41"),
    BAD("%4%41"),
    BAD("%g0"),
    BAD("%0g"),
    BAD("%G0"),
    BAD("% 1"),
    BAD("%+1"),
    BAD("%-1"),
    BAD("%0x"),
    BAD("%u0041"),
    BAD("%@1"),
    BAD("%1@"),
    BAD("%`1"),
    BAD("%/1"),
    BAD("%:1"),
    BAD("%\0401"),
    BAD("%\x10\x10"), /* digits but for bit 5 */
    BAD("%\xc1\xc1"),
};

static void percent_encoding_is_decoded_once_or_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char bytes[64];
        size_t length;
        const bool is_good = percent_decode(guarded(rows[i].text), rows[i].plus_is_blank, bytes,
                                            sizeof bytes, &length);

        if (is_good != (rows[i].decoded.bytes != NULL) ||
            (is_good && !slice_equals((struct slice){bytes, length}, rows[i].decoded))) {
            fail_msg("row %u: \"%.*s\"", i, (int)rows[i].text.length, rows[i].text.bytes);
        }
    }
}

static void every_byte_may_be_encoded(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const char text[3] = {'%', digits[byte / 16], digits[byte % 16]};
        char decoded;
        size_t length;

        assert_true(percent_decode((struct slice){text, 3}, true, &decoded, 1, &length));
        assert_int_equal(length, 1);
        assert_int_equal((unsigned char)decoded, byte);
    }
}

static void what_does_not_fit_is_refused_and_nothing_is_written_behind(void **state)
{
    static const char *const fitting[] = {"abcd", "a%62%63d", "%61%62%63%64"};
    static const char *const longer[] = {"abcde", "a%62%63de", "%61%62%63%64%65", "abcd%00"};
    char bytes[6];
    size_t length;

    (void)state;
    for (unsigned i = 0; i < sizeof fitting / sizeof fitting[0]; i++) {
        memset(bytes, '#', sizeof bytes);
        assert_true(percent_decode(slice_of(fitting[i]), false, bytes, 4, &length));
        assert_int_equal(length, 4);
        assert_memory_equal(bytes, "abcd##", 6);
    }
    for (unsigned i = 0; i < sizeof longer / sizeof longer[0]; i++) {
        memset(bytes, '#', sizeof bytes);
        assert_false(percent_decode(slice_of(longer[i]), false, bytes, 4, &length));
        assert_memory_equal(bytes, "abcd##", 6);
    }
    assert_true(percent_decode(SLICE(""), false, bytes, 0, &length));
    assert_false(percent_decode(SLICE("a"), false, bytes, 0, &length));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_pair_of_a_name_is_the_one),
        cmocka_unit_test(what_only_looks_like_the_name_is_not_it),
        cmocka_unit_test(percent_encoding_is_decoded_once_or_refused),
        cmocka_unit_test(every_byte_may_be_encoded),
        cmocka_unit_test(what_does_not_fit_is_refused_and_nothing_is_written_behind),
    };

    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
