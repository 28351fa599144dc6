/*
 * test_line_ranges.c - numbers of lines as few words.
 */
#include "commands/line_ranges.h"
#include "test.h"

#include <stdlib.h>

static void they_are_sorted_and_runs_are_one_word(void **state)
{
    static const struct {
        uint64_t lines[6];
        uint32_t count;
        const char *text;
    } cases[] = {
        {{0}, 0, ""},
        {{7}, 1, "7"},
        {{8, 7}, 2, "7-8"},
        {{9, 3, 5, 4, 20, 22}, 6, "3-5, 9, 20, 22"},
        {{UINT64_MAX, UINT64_MAX - 1, 1}, 3, "1, 18446744073709551614-18446744073709551615"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct line_ranges ranges;
        char *text = NULL;
        size_t length;
        FILE *file = open_memstream(&text, &length);

        assert_non_null(file);
        ranges.count = 0;
        for (uint32_t j = 0; j < cases[i].count; j++) {
            line_ranges_add(&ranges, cases[i].lines[j]);
        }
        line_ranges_write(&ranges, file);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_sorted_and_runs_are_one_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
