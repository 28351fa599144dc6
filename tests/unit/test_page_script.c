/*
 * test_page_script.c - the script that pages include is small, and all there.
 *
 * What it does in a page is in tests/e2e/test_page_script.py.
 */
#include "test.h"
#include "visits/page_script.h"

static void it_is_small_and_plain_ascii(void **state)
{
    (void)state;
    assert_in_range(page_script.length, 1000, PAGE_SCRIPT_BYTES_MAX);
    for (size_t i = 0; i < page_script.length; i++) {
        const char byte = page_script.bytes[i];

        assert_true(byte == '\n' || (byte >= ' ' && byte <= '~'));
    }
}

static void it_is_whole_and_without_comments(void **state)
{
    static const char end[] = "})();\n";

    (void)state;
    assert_true(slice_starts_with(page_script, SLICE("(() => {\n")));
    assert_memory_equal(page_script.bytes + page_script.length - (sizeof end - 1), end,
                        sizeof end - 1);
    assert_null(strstr(page_script.bytes, "// "));
    assert_non_null(strstr(page_script.bytes, "/[^\\w.-]+/g")); /* escaped for C, and back */
}

static void its_tag_is_quoted(void **state)
{
    (void)state;
    assert_int_equal(page_script_tag.length, 42);
    assert_int_equal(page_script_tag.bytes[0], '"');
    assert_int_equal(page_script_tag.bytes[41], '"');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_small_and_plain_ascii),
        cmocka_unit_test(it_is_whole_and_without_comments),
        cmocka_unit_test(its_tag_is_quoted),
    };

    return cmocka_run_group_tests_name("page_script", tests, NULL, NULL);
}
