/*
 * test_resp_writer.c - commands as bytes.
 */
#include "store/resp_writer.h"
#include "test.h"

static void check(const struct slice *words, size_t words_count, const char *expected)
{
    char bytes[512];

    assert_int_equal(resp_command_length(words, words_count), strlen(expected));
    memset(bytes, '#', sizeof bytes);
    assert_int_equal(resp_write_command(bytes, words, words_count), strlen(expected));
    assert_memory_equal(bytes, expected, strlen(expected));
    assert_int_equal(bytes[strlen(expected)], '#'); /* and not a byte more */
}

static void a_command_is_an_array_of_its_words(void **state)
{
    const struct slice ping[] = {SLICE("PING")};
    const struct slice add[] = {SLICE("INCRBY"), SLICE("counter"), SLICE("12")};
    (void)state;

    check(ping, 1, "*1\r\n$4\r\nPING\r\n");
    check(add, 3, "*3\r\n$6\r\nINCRBY\r\n$7\r\ncounter\r\n$2\r\n12\r\n");
}

static void a_word_may_be_empty_or_hold_any_byte(void **state)
{
    const struct slice words[] = {SLICE("GET"), {NULL, 0}, SLICE("a\r\n$1\xff")};
    (void)state;

    check(words, 3, "*3\r\n$3\r\nGET\r\n$0\r\n\r\n$6\r\na\r\n$1\xff\r\n");
}

static void lengths_are_written_with_all_their_digits(void **state)
{
    char word[256];
    char expected[300] = "*1\r\n$100\r\n";
    const struct slice words[] = {{word, 100}};
    (void)state;

    memset(word, 'w', sizeof word);
    memcpy(expected + strlen(expected), word, 100);
    memcpy(expected + strlen("*1\r\n$100\r\n") + 100, "\r\n", 3);
    check(words, 1, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_an_array_of_its_words),
        cmocka_unit_test(a_word_may_be_empty_or_hold_any_byte),
        cmocka_unit_test(lengths_are_written_with_all_their_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
