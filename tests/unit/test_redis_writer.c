/*
 * test_redis_writer.c - a name that no other process has, had or will have.
 */
#include "store/redis_writer.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct name_parts {
    char boot[16];
    long pid;
    unsigned long long start_ticks;
    char random[32];
};

/* Takes the name apart and fails the test where it is not of its form. */
static struct name_parts parts_of(const char *name)
{
    struct name_parts parts;
    int length = 0;

    assert_true(strlen(name) < REDIS_WRITER_BYTES);
    assert_int_equal(sscanf(name, "%15[0-9a-f]-%ld-%llx-%31[0-9a-f]%n", parts.boot, &parts.pid,
                            &parts.start_ticks, parts.random, &length),
                     4);
    assert_int_equal(length, strlen(name));
    assert_int_equal(strlen(parts.random), 16);
    return parts;
}

static void read_file(const char *path, char *out_text, size_t text_bytes)
{
    FILE *file = fopen(path, "r");

    if (file == NULL) {
        print_message("%s is not there\n", path);
        skip();
    }
    out_text[fread(out_text, 1, text_bytes - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
}

/* Field 22 of /proc/self/stat, counted by hand: the second is the program's `name`. */
static unsigned long long start_ticks_behind(const char *program_name)
{
    char text[1024];
    char start[64];
    const char *at;

    read_file("/proc/self/stat", text, sizeof text);
    (void)snprintf(start, sizeof start, "%ld (%s) ", (long)getpid(), program_name);
    assert_int_equal(strncmp(text, start, strlen(start)), 0);
    at = text + strlen(start);
    for (unsigned field = 3; field < 22; field++) {
        at = strchr(at, ' ');
        assert_non_null(at);
        at++;
    }
    return strtoull(at, NULL, 10);
}

static void its_parts_name_the_boot_the_process_and_its_start(void **state)
{
    char name[REDIS_WRITER_BYTES];
    char program_name[32];
    char boot_id[64];
    struct name_parts parts;

    (void)state;
    redis_writer_name(name);
    parts = parts_of(name);
    read_file("/proc/sys/kernel/random/boot_id", boot_id, sizeof boot_id);
    assert_int_equal(strlen(parts.boot), 8);
    assert_memory_equal(parts.boot, boot_id, 8);
    assert_int_equal(parts.pid, getpid());
    assert_int_equal(prctl(PR_GET_NAME, program_name), 0);
    assert_int_equal(parts.start_ticks, start_ticks_behind(program_name));
    assert_true(parts.start_ticks > 0);
}

static void a_programs_name_may_hold_blanks_and_parentheses(void **state)
{
    static const char *const program_names[] = {"a) b (c", ") 1 2 3", "(((", "))) R 1", " ", ""};
    char own_name[32];

    (void)state;
    assert_int_equal(prctl(PR_GET_NAME, own_name), 0);
    for (size_t i = 0; i < sizeof program_names / sizeof program_names[0]; i++) {
        char name[REDIS_WRITER_BYTES];
        unsigned long long expected;

        assert_int_equal(prctl(PR_SET_NAME, program_names[i]), 0);
        redis_writer_name(name);
        expected = start_ticks_behind(program_names[i]);
        assert_int_equal(prctl(PR_SET_NAME, own_name), 0);
        assert_int_equal(parts_of(name).start_ticks, expected);
    }
}

static void two_calls_give_two_names_of_one_process(void **state)
{
    char names[100][REDIS_WRITER_BYTES];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        redis_writer_name(names[i]);
        assert_int_equal(parts_of(names[i]).pid, parts_of(names[0]).pid);
        assert_int_equal(parts_of(names[i]).start_ticks, parts_of(names[0]).start_ticks);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(parts_of(names[i]).random, parts_of(names[j]).random);
        }
    }
}

/* The name a child draws, and that its parent draws after the fork. */
static void a_child_does_not_draw_what_its_parent_draws(void **state)
{
    char own[REDIS_WRITER_BYTES];
    char of_child[REDIS_WRITER_BYTES];
    struct name_parts parts;
    int fds[2];
    int status;
    pid_t child;

    (void)state;
    redis_writer_name(own); /* whatever the generator keeps is there before the fork */
    assert_int_equal(pipe(fds), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        redis_writer_name(of_child);
        _exit(write(fds[1], of_child, sizeof of_child) == sizeof of_child ? 0 : 1);
    }
    redis_writer_name(own);
    assert_int_equal(read(fds[0], of_child, sizeof of_child), sizeof of_child);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(close(fds[1]), 0);
    parts = parts_of(of_child);
    assert_int_equal(parts.pid, child);
    assert_string_equal(parts.boot, parts_of(own).boot);
    assert_string_not_equal(parts.random, parts_of(own).random);
}

static void it_has_room_for_the_largest_numbers(void **state)
{
    char largest[128];

    (void)state;
    assert_true(snprintf(largest, sizeof largest, "%s-%d-%llx-%s", "01234567", INT32_MAX,
                         (unsigned long long)UINT64_MAX, "0123456789abcdef") < REDIS_WRITER_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_parts_name_the_boot_the_process_and_its_start),
        cmocka_unit_test(a_programs_name_may_hold_blanks_and_parentheses),
        cmocka_unit_test(two_calls_give_two_names_of_one_process),
        cmocka_unit_test(a_child_does_not_draw_what_its_parent_draws),
        cmocka_unit_test(it_has_room_for_the_largest_numbers),
    };

    return cmocka_run_group_tests_name("redis_writer", tests, NULL, NULL);
}
