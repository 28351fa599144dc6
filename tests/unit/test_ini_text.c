/*
 * test_ini_text.c - lines "name = value", where they stand, and what inih would take silently.
 */
#include "base/ini_text.h"
#include "guarded.h"
#include "test.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>

/* How inih was built, elsewhere than in Debian. */
enum { INIH_AS_WANTED, INIH_AS_BUILT_BY_DEFAULT, INIH_WITHOUT_MEMORY };
static int inih;

int __real_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);
int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user);

int __wrap_ini_parse_stream(ini_reader reader, void *stream, ini_handler handler, void *user)
{
    if (inih == INIH_WITHOUT_MEMORY) {
        return -2;
    }
#ifdef FOOTFALL_INIH_VARIABLES
    if (inih == INIH_AS_BUILT_BY_DEFAULT) {
        ini_max_line = 200;
        ini_allow_multiline = true;
        ini_allow_inline_comments = true;
        ini_stop_on_first_error = false;
    }
#endif
    return __real_ini_parse_stream(reader, stream, handler, user);
}

/* What was handed out, as "LINE:COLUMN name=value|" one behind the other. */
static char taken[1024];
static unsigned taken_max; /* the next one is one too many */
static struct ini_fault fault;

static bool take(void *owner, const struct ini_setting *setting)
{
    size_t length = strlen(taken);

    assert_ptr_equal(owner, taken);
    if (taken_max == 0) {
        return false;
    }
    taken_max--;
    (void)snprintf(taken + length, sizeof taken - length, "%u:%u %s=%s|", setting->line,
                   setting->value_column, setting->name, setting->value);
    return true;
}

static int read_bytes(struct slice bytes)
{
    taken[0] = '\0';
    memset(&fault, 0, sizeof fault);
    return ini_text_read(guarded(bytes), take, taken, &fault);
}

static int read_text(const char *text)
{
    return read_bytes(slice_of(text));
}

static int forget(void **state)
{
    (void)state;
    taken_max = UINT32_MAX;
    inih = INIH_AS_WANTED;
    return 0;
}

static void settings_are_handed_out_with_their_places(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"\n\n", ""},
        {"a=1", "1:3 a=1|"},
        {"a = 1\n", "1:5 a=1|"},
        {"# c\n\n; c\n  # c\n\t; c\n \t \na = 1\n", "7:5 a=1|"},
        {"a  \t =  \t 1 \t \nb=2\n", "1:11 a=1|2:3 b=2|"},
        {"a = 1\na = 2\n", "1:5 a=1|2:5 a=2|"},
        {"a =\nb = \n", "1:4 a=|2:4 b=|"},
        {"a = b = c:d\n", "1:5 a=b = c:d|"},
        {"\xef\xbb\xbf"
         "a = 1\n",
         "1:5 a=1|"},
        {"a = 1\r\nb = 2\r\n", "1:5 a=1|2:5 b=2|"},
        {"a = h\xc3\xb6hle\n", "1:5 a=h\xc3\xb6hle|"},
        /* what stands in values of ours and begins a comment elsewhere */
        {"a = x;y#z\n", "1:5 a=x;y#z|"},
        {"a = x ;y #z\n", "1:5 a=x ;y #z|"},
        {"a = ;x\nb = #x\n", "1:5 a=;x|2:5 b=#x|"},
        {"a = \"x\" [y]\n", "1:5 a=\"x\" [y]|"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (read_text(rows[i][0]) != 0) {
            fail_msg("\"%s\": %s", rows[i][0], fault.problem);
        }
        assert_string_equal(taken, rows[i][1]);
    }
}

static const struct {
    const char *text;
    uint32_t line;
    uint32_t column;
    const char *part;
} wrong[] = {
    {"a\n", 1, 1, "no ="},
    {"a = 1\nhunter2\nb = 2\n", 2, 1, "no ="},
    {"hunter2\nb\n", 1, 1, "no ="},
    {"hunter2\n b = 2\n", 1, 1, "no ="},
    {"= hunter2\n", 1, 1, "a name is missing"},
    {"a: hunter2\n", 1, 2, "not :"},
    {"a :b = hunter2\n", 1, 3, "not :"},
    {"a = 1\n  hunter2\n", 2, 3, "blanks"},
    {"a = 1\n\tb = hunter2\n", 2, 2, "blanks"},
    {" a = hunter2\n", 1, 2, "blanks"},
    {"[visits", 1, 8, "a name in brackets"},
    {"[a://hunter2]", 1, 3, "a name in brackets"},
    {"[a] hunter2", 1, 4, "nothing stands behind"},
    {"[a][b]", 1, 4, "nothing stands behind"},
    {" [a]\n", 1, 2, "blanks"},
    {"a = x\ry\n", 1, 6, "0x0d"},
    {"a = 1\rb = 2\r", 1, 6, "0x0d"},
    {"a = x\vy\n", 1, 6, "0x0b"},
    {"a = x\x7f\n", 1, 6, "0x7f"},
    {"# x\x1b\n", 1, 4, "0x1b"},
};

static void a_wrong_line_is_refused_with_its_place_and_repeats_no_value(void **state)
{
    (void)state;
    for (inih = INIH_AS_WANTED; inih <= INIH_AS_BUILT_BY_DEFAULT; inih++) {
        for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
            if (read_text(wrong[i].text) != -EINVAL) {
                fail_msg("taken: \"%s\"", wrong[i].text);
            }
            if (fault.line != wrong[i].line || fault.column != wrong[i].column ||
                strstr(fault.problem, wrong[i].part) == NULL) {
                fail_msg("\"%s\": %u:%u: %s", wrong[i].text, fault.line, fault.column,
                         fault.problem);
            }
            assert_null(strstr(fault.problem, "hunter2"));
        }
    }
}

static void a_nul_is_refused_wherever_it_stands(void **state)
{
    static const char utf16[] = "\xff\xfe"
                                "a\0=\0"
                                "1\0\n\0";

    (void)state;
    assert_int_equal(read_bytes((struct slice){"a = 1\nb = \0", 11}), -EINVAL);
    assert_int_equal(fault.line, 2);
    assert_int_equal(fault.column, 5);
    assert_non_null(strstr(fault.problem, "0x00"));
    assert_int_equal(read_bytes((struct slice){"# \0\n", 4}), -EINVAL);
    assert_int_equal(read_bytes((struct slice){utf16, sizeof utf16 - 1}), -EINVAL);
    assert_int_equal(fault.column, 4);
}

/* Of Debian's inih as it is built, a line of 199 bytes is read as two. */
static void a_line_has_its_longest_and_is_never_cut(void **state)
{
    static char text[INI_TEXT_LINE_BYTES_MAX + 8];

    (void)state;
    memset(text, 'v', sizeof text);
    memcpy(text, "a = ", 4);
    for (unsigned length = 190; length <= INI_TEXT_LINE_BYTES_MAX; length++) {
        if (length == 210) {
            length = INI_TEXT_LINE_BYTES_MAX - 2;
        }
        memcpy(text + length, "\nb=", 4);
        assert_int_equal(read_text(text), 0); /* a rest of it, as a line, would have no = */
        memset(text + length, 'v', 4);
    }
    memcpy(text + INI_TEXT_LINE_BYTES_MAX, "v\nb=", 5);
    assert_int_equal(read_text(text), -EINVAL);
    assert_int_equal(fault.line, 1);
    assert_int_equal(fault.column, INI_TEXT_LINE_BYTES_MAX + 1);
    assert_non_null(strstr(fault.problem, "longer than 8192 bytes"));
    text[0] = '#';
    assert_int_equal(read_text(text), -EINVAL); /* comments too */
}

/* Elsewhere inih may be built so that it cuts what Debian's can be told to leave whole. */
static void a_build_of_inih_that_reads_something_else_is_found_out(void **state)
{
#ifdef FOOTFALL_INIH_VARIABLES
    char text[256];

    (void)state;
    inih = INIH_AS_BUILT_BY_DEFAULT;
    assert_int_equal(read_text("a = 1\nb = x ;hunter2\n"), -EINVAL);
    assert_int_equal(fault.line, 2);
    assert_non_null(strstr(fault.problem, "this build of inih reads something else"));
    assert_null(strstr(fault.problem, "hunter2"));
    assert_int_equal(read_text("a = x ;x\n"), -EINVAL); /* "x" is the end of the line as well */
    assert_int_equal(read_text("a ;b = c\n"), -EINVAL);
    memset(text, 'v', sizeof text);
    memcpy(text, "a = ", 4);
    text[198] = '\0';
    assert_int_equal(read_text(text), 0);
    text[198] = 'v';
    text[199] = '\0';
    assert_int_equal(read_text(text), -EINVAL);
    assert_int_equal(fault.column, 199);
    assert_non_null(strstr(fault.problem, "longer than the 198 bytes"));
#else
    (void)state;
    skip();
#endif
}

static void whoever_has_seen_enough_is_handed_no_more(void **state)
{
    (void)state;
    taken_max = 1;
    assert_int_equal(read_text("a = 1\nb = 2\nc = 3\n"), -ECANCELED);
    assert_string_equal(taken, "1:5 a=1|");
    taken_max = 1;
    assert_int_equal(read_text("a = 1\nb = 2\nwrong\n"), -ECANCELED);
    inih =
        INIH_AS_BUILT_BY_DEFAULT; /* it goes on behind a wrong line, which is the first mistake */
    taken_max = 1;
    assert_int_equal(read_text("a = 1\nwrong\nb = 2\n"), -EINVAL);
    assert_int_equal(fault.line, 2);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    inih = INIH_WITHOUT_MEMORY;
    assert_int_equal(read_text("a = 1\n"), -ENOMEM);
}

static void a_text_cut_at_any_byte_is_no_trouble(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf# c\r\n\r\na = 1\r\nbc\t=  two words \r\n; c\r\nd =\r\n";

    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        int result = read_bytes((struct slice){text, length});

        assert_true(result == 0 || (result == -EINVAL && fault.line >= 1 && fault.column == 1));
    }
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup(test, forget)
    const struct CMUnitTest tests[] = {
        FRESH(settings_are_handed_out_with_their_places),
        FRESH(a_wrong_line_is_refused_with_its_place_and_repeats_no_value),
        FRESH(a_nul_is_refused_wherever_it_stands),
        FRESH(a_line_has_its_longest_and_is_never_cut),
        FRESH(a_build_of_inih_that_reads_something_else_is_found_out),
        FRESH(whoever_has_seen_enough_is_handed_no_more),
        FRESH(without_memory_it_says_so),
        FRESH(a_text_cut_at_any_byte_is_no_trouble),
    };

    return cmocka_run_group_tests_name("ini_text", tests, NULL, NULL);
}
