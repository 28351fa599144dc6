/*
 * test_text.c - a text that grows while it is written.
 */
#include "base/text.h"
#include "test.h"

#include <stdlib.h>

static unsigned failing_realloc;

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_realloc(void *memory, size_t size)
{
    if (failing_realloc > 0 && --failing_realloc == 0) {
        return NULL;
    }
    return __real_realloc(memory, size);
}

static void it_grows_as_it_is_written(void **state)
{
    struct text text = {0};

    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        text_add(&text, "%04u|", i);
    }
    assert_int_equal(text.length, 25000);
    assert_memory_equal(text.bytes, "0000|0001|", 10);
    assert_string_equal(text.bytes + 24990, "4998|4999|");
    assert_false(text.has_failed);
    text_finish(&text);
    assert_null(text.bytes);
    text_finish(&text);
}

static void a_piece_may_be_longer_than_all_before_it(void **state)
{
    static char piece[100000];
    struct text text = {0};

    (void)state;
    memset(piece, 'x', sizeof piece - 1);
    text_add(&text, "a%sb", piece);
    assert_int_equal(text.length, sizeof piece + 1);
    assert_int_equal(text.bytes[text.length - 1], 'b');
    assert_int_equal(text.bytes[text.length], 0);
    text_finish(&text);
}

static void a_string_in_json_is_one_whatever_it_holds(void **state)
{
    struct text text = {0};

    (void)state;
    text_add_json(&text, "a \"b\" \\c\n\x01\xc3\xa9\x7f");
    assert_string_equal(text.bytes, "\"a \\\"b\\\" \\\\c?????\"");
    text_finish(&text);
    text_add_json(&text, "");
    assert_string_equal(text.bytes, "\"\"");
    text_finish(&text);
}

static void without_memory_it_says_that_it_is_not_whole(void **state)
{
    struct text text = {0};

    (void)state;
    failing_realloc = 1;
    text_add(&text, "a");
    assert_true(text.has_failed);
    text_add(&text, "b"); /* what comes later does not mend it */
    assert_true(text.has_failed);
    text_finish(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_as_it_is_written),
        cmocka_unit_test(a_piece_may_be_longer_than_all_before_it),
        cmocka_unit_test(a_string_in_json_is_one_whatever_it_holds),
        cmocka_unit_test(without_memory_it_says_that_it_is_not_whole),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
