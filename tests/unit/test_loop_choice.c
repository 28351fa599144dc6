/*
 * test_loop_choice.c - which loop is taken, and the one line that says so.
 */
#include "base/log.h"
#include "process/loop_choice.h"
#include "test.h"

#include <errno.h>

static int ring_error; /* what making a loop on io_uring says; 0: it can be had */
static unsigned made_count;
static unsigned lines_count;
static char line[256];
static char reason[LOOP_CHOICE_REASON_BYTES];

int __wrap_loop_create(enum loop_kind kind, struct loop **out_loop);
void __wrap_loop_destroy(struct loop *loop);
void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count);

int __wrap_loop_create(enum loop_kind kind, struct loop **out_loop)
{
    assert_int_equal(kind, LOOP_IO_URING);
    if (ring_error == 0) {
        *out_loop = NULL;
        made_count++;
    }
    return ring_error;
}

void __wrap_loop_destroy(struct loop *loop)
{
    assert_null(loop);
    made_count--;
}

void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count)
{
    assert_int_equal(level, LOG_INFO);
    assert_string_equal(event, "loop_chosen");
    assert_int_equal(fields_count, 2);
    lines_count++;
    (void)snprintf(line, sizeof line, "%s: %s", fields[0].text, fields[1].text);
}

/* What is chosen, with all that must hold for each choice. */
static enum loop_kind choose(enum setting_loop wanted, int error)
{
    enum loop_kind kind;

    ring_error = error;
    made_count = lines_count = 0;
    assert_int_equal(loop_choose(wanted, &kind, reason), 0);
    assert_int_equal(made_count, 0); /* a child must not inherit a ring */
    assert_int_equal(lines_count, 1);
    return kind;
}

static void auto_takes_io_uring_where_the_kernel_lets_it(void **state)
{
    (void)state;
    assert_int_equal(choose(SETTING_LOOP_AUTO, 0), LOOP_IO_URING);
    assert_string_equal(line, "io_uring: the kernel lets it");
}

static void auto_takes_epoll_elsewhere_and_says_why(void **state)
{
    static const struct {
        int error;
        const char *line;
    } rows[] = {
        {-EPERM, "epoll: io_uring is forbidden here"},
        {-EACCES, "epoll: io_uring is forbidden here"},
        {-ENOSYS, "epoll: this kernel has no io_uring"},
        {-EOPNOTSUPP, "epoll: io_uring of this kernel is too old, it takes Linux 6.0"},
        {-ENOMEM, "epoll: Cannot allocate memory"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(choose(SETTING_LOOP_AUTO, rows[i].error), LOOP_EPOLL);
        assert_string_equal(line, rows[i].line);
    }
}

static void what_is_named_is_taken(void **state)
{
    (void)state;
    assert_int_equal(choose(SETTING_LOOP_EPOLL, -EPERM), LOOP_EPOLL);
    assert_string_equal(line, "epoll: it was asked for");
    assert_int_equal(choose(SETTING_LOOP_IO_URING, 0), LOOP_IO_URING);
    assert_string_equal(line, "io_uring: it was asked for");
}

static void io_uring_by_name_that_cannot_be_had_is_an_error(void **state)
{
    enum loop_kind kind;

    (void)state;
    ring_error = -EPERM;
    lines_count = 0;
    assert_int_equal(loop_choose(SETTING_LOOP_IO_URING, &kind, reason), -EPERM);
    assert_int_equal(lines_count, 0);
    assert_string_equal(reason, "io_uring was asked for: io_uring is forbidden here; "
                                "--loop auto would take epoll");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_takes_io_uring_where_the_kernel_lets_it),
        cmocka_unit_test(auto_takes_epoll_elsewhere_and_says_why),
        cmocka_unit_test(what_is_named_is_taken),
        cmocka_unit_test(io_uring_by_name_that_cannot_be_had_is_an_error),
    };

    return cmocka_run_group_tests_name("loop_choice", tests, NULL, NULL);
}
