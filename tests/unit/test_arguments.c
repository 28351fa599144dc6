/*
 * test_arguments.c - the words are kept whole, and what others may read has no password.
 */
#include "base/arguments.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static bool malloc_fails;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return malloc_fails ? NULL : __real_malloc(size);
}

static void a_copy_is_its_own_and_ends_with_null(void **state)
{
    char first[] = "footfall";
    char second[] = "";
    char third[] = "--key=a";
    char *words[] = {first, second, third, NULL};
    char **copy;

    (void)state;
    copy = arguments_copy(3, words);
    assert_non_null(copy);
    memset(first, 'x', strlen(first));
    memset(third, 'x', strlen(third));
    assert_string_equal(copy[0], "footfall");
    assert_string_equal(copy[1], "");
    assert_string_equal(copy[2], "--key=a");
    assert_null(copy[3]);
    free(copy);
    copy = arguments_copy(0, words);
    assert_non_null(copy);
    assert_null(copy[0]);
    free(copy);
}

static void without_memory_there_is_no_copy(void **state)
{
    char *words[] = {NULL};

    (void)state;
    malloc_fails = true;
    assert_null(arguments_copy(0, words));
    malloc_fails = false;
}

static void the_password_of_each_url_is_overwritten_and_nothing_else(void **state)
{
    static const char *const rows[][2] = {
        {"redis://ann:hunter2@h:6379/1", "redis://ann:*******@h:6379/1"},
        {"--store=redis://:hunter2@h", "--store=redis://:*******@h"},
        {"redis://:h@h", "redis://:*@h"},
        {"redis://:hun:ter2@h", "redis://:********@h"},
        {"redis://:hun@ter2@h", "redis://:********@h"}, /* will be refused */
        {"redis://:hunter2@", "redis://:*******@"},
        {"redis+unix://ann:hunter2@/run/a:b@c.sock", "redis+unix://ann:*******@/run/a:b@c.sock"},
        {"redis://:hunter2@h?password-file=a:b@c", "redis://:*******@h?password-file=a:b@c"},
        {"redis+unix:///run/a:b@c.sock", "redis+unix:///run/a:b@c.sock"},
        {"redis://ann@h:6379?password-file=/p", "redis://ann@h:6379?password-file=/p"},
        {"redis://:@h", "redis://:@h"},
        {"redis://h:6379/1", "redis://h:6379/1"},
        {"redis://", "redis://"},
        {"lmdb:./a:b@c", "lmdb:./a:b@c"},
        {"", ""},
    };
    enum { ROWS_COUNT = sizeof rows / sizeof rows[0] };
    char *words[ROWS_COUNT];

    (void)state;
    for (unsigned i = 0; i < ROWS_COUNT; i++) {
        words[i] = strdup(rows[i][0]);
        assert_non_null(words[i]);
    }
    arguments_hide_passwords(ROWS_COUNT, words);
    for (unsigned i = 0; i < ROWS_COUNT; i++) {
        assert_string_equal(words[i], rows[i][1]);
        free(words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_its_own_and_ends_with_null),
        cmocka_unit_test(without_memory_there_is_no_copy),
        cmocka_unit_test(the_password_of_each_url_is_overwritten_and_nothing_else),
    };

    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
