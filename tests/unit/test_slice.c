/*
 * test_slice.c - lines of a text, and copies that can be shown.
 */
#include "base/slice.h"

#include "guarded.h"
#include "test.h"

static void lines_are_taken_off_as_long_as_they_end(void **state)
{
    struct slice text = guarded(SLICE("one\n\nrest"));
    struct slice line = SLICE("");

    (void)state;
    assert_true(slice_take_line(&text, &line));
    assert_true(slice_is(line, "one"));
    assert_true(slice_take_line(&text, &line));
    assert_true(slice_is(line, ""));
    assert_false(slice_take_line(&text, &line));
    assert_true(slice_is(text, "rest") && slice_is(line, ""));
    text = (struct slice){NULL, 0};
    assert_false(slice_take_line(&text, &line));
}

static void a_copy_is_cut_where_the_room_ends(void **state)
{
    char text[6];

    (void)state;
    slice_copy_printable(guarded(SLICE("12345")), text, sizeof text);
    assert_string_equal(text, "12345");
    slice_copy_printable(guarded(SLICE("123456")), text, sizeof text);
    assert_string_equal(text, "12345");
    slice_copy_printable(SLICE("123456"), text, 1);
    assert_string_equal(text, "");
    slice_copy_printable((struct slice){NULL, 0}, text, sizeof text);
    assert_string_equal(text, "");
}

static void a_copy_is_printable_ascii_whatever_it_is_of(void **state)
{
    char bytes[256];
    char text[sizeof bytes + 1];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)i;
    }
    slice_copy_printable(guarded((struct slice){bytes, sizeof bytes}), text, sizeof text);
    for (unsigned i = 0; i < sizeof bytes; i++) {
        assert_int_equal(text[i], i >= ' ' && i <= '~' ? (char)i : '?');
    }
    assert_int_equal(text[sizeof bytes], '\0');
}

static void slices_are_in_the_order_of_their_bytes(void **state)
{
    static const char *const ordered[] = {"", "a", "a-", "aa", "b", "\xc3\xa4"};
    enum { COUNT = sizeof ordered / sizeof ordered[0] };
    (void)state;

    for (int i = 0; i < COUNT; i++) {
        for (int j = 0; j < COUNT; j++) {
            const int order = slice_compare(guarded(slice_of(ordered[i])), slice_of(ordered[j]));

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_true(slice_compare((struct slice){NULL, 0}, SLICE("")) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_are_in_the_order_of_their_bytes),
        cmocka_unit_test(lines_are_taken_off_as_long_as_they_end),
        cmocka_unit_test(a_copy_is_cut_where_the_room_ends),
        cmocka_unit_test(a_copy_is_printable_ascii_whatever_it_is_of),
    };

    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
