/*
 * test_spelling.c - what was meant.
 */
#include "base/spelling.h"
#include "test.h"

static const char *const known[] = {"status", NULL, "time", "path"};

static void the_nearest_word_is_found_and_none_that_is_far(void **state)
{
    static const struct {
        const char *word;
        const char *nearest; /* NULL: none */
    } rows[] = {
        {"time", "time"},       {"tiem", "time"}, {"tim", "time"}, {"sttus", "status"},
        {"statuses", "status"}, {"pat", "path"},  {"x", NULL},     {"", NULL},
        {"number", NULL},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *nearest = spelling_nearest(slice_of(rows[i].word), known, 4);

        if (rows[i].nearest == NULL) {
            assert_null(nearest);
        } else {
            assert_string_equal(nearest, rows[i].nearest);
        }
    }
}

static void a_word_may_be_so_long_and_no_longer(void **state)
{
    static const char long_word[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const char *const one[] = {long_word};

    (void)state;
    assert_int_equal(sizeof long_word - 1, SPELLING_BYTES_MAX + 1);
    assert_string_equal(spelling_nearest((struct slice){long_word, SPELLING_BYTES_MAX}, one, 1),
                        long_word);
    assert_null(spelling_nearest(slice_of(long_word), one, 1));
    assert_null(spelling_nearest(SLICE("time"), known, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_word_is_found_and_none_that_is_far),
        cmocka_unit_test(a_word_may_be_so_long_and_no_longer),
    };

    return cmocka_run_group_tests_name("spelling", tests, NULL, NULL);
}
