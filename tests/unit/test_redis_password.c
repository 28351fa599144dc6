/*
 * test_redis_password.c - a password from a file: its first line, or what is wrong with it.
 */
#include "store/redis_password.h"
#include "temporary_folder.h"
#include "test.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static struct temporary_folder folder;
static struct redis_url url;
static char problem[REDIS_PASSWORD_PROBLEM_BYTES];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    memset(&url, 0, sizeof url);
    (void)snprintf(url.password_file, sizeof url.password_file, "%s/password", folder.path);
    problem[0] = '\0';
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static void write_file(const char *bytes, size_t length)
{
    FILE *file = fopen(url.password_file, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void assert_refused(const char *part)
{
    assert_int_equal(redis_password_read(&url, problem), -EINVAL);
    if (strstr(problem, url.password_file) == NULL || strstr(problem, part) == NULL) {
        fail_msg("%s: %s", part, problem);
    }
    assert_null(strstr(problem, "hunter2"));
    assert_false(url.has_password);
    assert_string_equal(url.password, "");
}

static void the_first_line_is_the_password(void **state)
{
    static const char *const rows[][2] = {
        {"hunter2", "hunter2"},           {"hunter2\n", "hunter2"},
        {"hunter2\r\n", "hunter2"},       {"hunter2\nsecond line\n", "hunter2"},
        {" hunter 2# \n", " hunter 2# "}, {"a\rb\r", "a\rb"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_file(rows[i][0], strlen(rows[i][0]));
        assert_int_equal(redis_password_read(&url, problem), 0);
        assert_true(url.has_password);
        assert_string_equal(url.password, rows[i][1]);
    }
}

static void without_a_file_nothing_is_read(void **state)
{
    (void)state;
    url.password_file[0] = '\0';
    assert_int_equal(redis_password_read(&url, problem), 0);
    assert_false(url.has_password);
}

static void a_file_without_a_password_is_refused(void **state)
{
    (void)state;
    write_file("", 0);
    assert_refused("is empty");
    write_file("\nhunter2\n", 9);
    assert_refused("is empty");
    write_file("\r\n", 2);
    assert_refused("is empty");
    write_file("hunter2\0x\n", 10);
    assert_refused("NUL");
}

static void a_password_and_its_file_have_a_length(void **state)
{
    char bytes[REDIS_PASSWORD_FILE_BYTES_MAX + 1];

    (void)state;
    memset(bytes, 'p', sizeof bytes);
    write_file(bytes, REDIS_PASSWORD_BYTES_MAX + 1);
    assert_refused("longer than 1024 bytes");
    write_file(bytes, sizeof bytes);
    assert_refused("too long");
    bytes[REDIS_PASSWORD_BYTES_MAX] = '\n';
    write_file(bytes, sizeof bytes - 1);
    assert_int_equal(redis_password_read(&url, problem), 0);
    assert_int_equal(strlen(url.password), REDIS_PASSWORD_BYTES_MAX);
}

static void what_cannot_be_read_is_said(void **state)
{
    (void)state;
    assert_refused("No such file or directory");
    assert_int_equal(mkdir(url.password_file, 0700), 0);
    assert_refused("Is a directory");
    assert_int_equal(rmdir(url.password_file), 0);
    assert_int_equal(mkfifo(url.password_file, 0600), 0); /* nobody waits for its other end */
    assert_refused("no regular file");
}

/* As a reload does: the password of today, and that of yesterday while today's cannot be had. */
static void a_file_is_read_again_each_time(void **state)
{
    (void)state;
    write_file("first\n", 6);
    assert_int_equal(redis_password_read(&url, problem), 0);
    assert_string_equal(url.password, "first");
    write_file("second\n", 7);
    assert_int_equal(redis_password_read(&url, problem), 0);
    assert_string_equal(url.password, "second");
    assert_int_equal(unlink(url.password_file), 0);
    assert_int_equal(redis_password_read(&url, problem), -EINVAL);
    assert_string_equal(url.password, "second");
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(the_first_line_is_the_password),
        IN_FOLDER(without_a_file_nothing_is_read),
        IN_FOLDER(a_file_without_a_password_is_refused),
        IN_FOLDER(a_password_and_its_file_have_a_length),
        IN_FOLDER(what_cannot_be_read_is_said),
        IN_FOLDER(a_file_is_read_again_each_time),
    };

    return cmocka_run_group_tests_name("redis_password", tests, NULL, NULL);
}
