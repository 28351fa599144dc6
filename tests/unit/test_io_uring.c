/*
 * test_io_uring.c - what only the io_uring backend has: rings that cannot be made, and more at once
 * than its buffers and its queues hold.
 */
#include "counted_descriptors.h"
#include "loop/descriptor.h"
#include "turning_loop.h"

#include <errno.h>
#include <liburing.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static int failing_inits; /* the first so many fail with EINVAL: a kernel that lacks something */
static int init_error;
static unsigned last_flags;
static int register_error;
static int submit_error;
static bool is_kernel_short; /* it takes no submission for now */
static bool failing_calloc;
static bool failing_mmap;

int __real_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *parameters);
int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *parameters);
int __real_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *registration,
                                      unsigned flags);
int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *registration,
                                      unsigned flags);
int __real_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait_count);
int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait_count);
int __real_io_uring_submit(struct io_uring *ring);
int __wrap_io_uring_submit(struct io_uring *ring);
int __real_io_uring_submit_and_get_events(struct io_uring *ring);
int __wrap_io_uring_submit_and_get_events(struct io_uring *ring);
int __real_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **first,
                                            unsigned wait_count, struct __kernel_timespec *time,
                                            sigset_t *signals);
int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **first,
                                            unsigned wait_count, struct __kernel_timespec *time,
                                            sigset_t *signals);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);

int __wrap_io_uring_queue_init_params(unsigned entries, struct io_uring *ring,
                                      struct io_uring_params *parameters)
{
    last_flags = parameters->flags;
    if (init_error < 0) {
        return init_error;
    }
    if (failing_inits > 0) {
        failing_inits--;
        return -EINVAL;
    }
    return __real_io_uring_queue_init_params(entries, ring, parameters);
}

int __wrap_io_uring_register_buf_ring(struct io_uring *ring, struct io_uring_buf_reg *registration,
                                      unsigned flags)
{
    return register_error < 0 ? register_error
                              : __real_io_uring_register_buf_ring(ring, registration, flags);
}

int __wrap_io_uring_submit_and_wait(struct io_uring *ring, unsigned wait_count)
{
    return submit_error < 0 ? submit_error : __real_io_uring_submit_and_wait(ring, wait_count);
}

int __wrap_io_uring_submit(struct io_uring *ring)
{
    return is_kernel_short ? -EAGAIN : __real_io_uring_submit(ring);
}

int __wrap_io_uring_submit_and_get_events(struct io_uring *ring)
{
    return is_kernel_short ? -EAGAIN : __real_io_uring_submit_and_get_events(ring);
}

int __wrap_io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **first,
                                            unsigned wait_count, struct __kernel_timespec *time,
                                            sigset_t *signals)
{
    return is_kernel_short
               ? -EAGAIN
               : __real_io_uring_submit_and_wait_timeout(ring, first, wait_count, time, signals);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return failing_calloc ? NULL : __real_calloc(count, size);
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (failing_mmap) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return __real_mmap64(address, length, protection, flags, fd, offset);
}

static int skip_without_io_uring(void **state)
{
    struct loop *loop;

    (void)state;
    failing_inits = init_error = register_error = submit_error = 0;
    failing_calloc = failing_mmap = false;
    if (loop_create(LOOP_IO_URING, &loop) < 0) {
        (void)fprintf(stderr, "skipped: this machine has no io_uring for us\n");
        skip();
    }
    loop_destroy(loop);
    return 0;
}

/* ---- rings that cannot be made ---- */

static void a_ring_that_cannot_be_made_leaves_nothing_behind(void **state)
{
    const unsigned before = descriptors_open_now();
    struct loop *untouched = NULL;

    (void)state;
    failing_calloc = true;
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -ENOMEM);
    failing_calloc = false;
    init_error = -EPERM; /* kernel.io_uring_disabled, or a container */
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -EPERM);
    init_error = 0;
    failing_inits = 2; /* Linux 5: neither set of flags */
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -EOPNOTSUPP);
    submit_error = -EACCES; /* made, but not to be used */
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -EACCES);
    submit_error = 0;
    failing_mmap = true;
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -ENOMEM);
    failing_mmap = false;
    register_error = -EINVAL;
    assert_int_equal(loop_create(LOOP_IO_URING, &untouched), -EINVAL);
    assert_null(untouched);
    assert_int_equal(descriptors_open_now(), before);
}

static void a_kernel_that_lacks_deferred_work_does_without(void **state)
{
    struct turning_loop turning;

    (void)state;
    failing_inits = 1;
    turning_init_on(&turning, LOOP_IO_URING);
    assert_true((last_flags & IORING_SETUP_DEFER_TASKRUN) == 0);
    assert_true((last_flags & IORING_SETUP_SINGLE_ISSUER) != 0);
    turn_for(&turning, 3);
    turning_finish(&turning);
}

/* ---- more at once than there is room for ---- */

enum { PAIRS = 1500 }; /* more than buffers (512) and submissions (1024) */

/* One end on the loop; the other end is a plain socket. */
struct echo {
    struct descriptor descriptor;
    char byte;
    int far;
};

static struct echo echoes[PAIRS];
static unsigned echoed_count;
static unsigned closed_count;

static void echo_read_done(void *owner, int result, const char *bytes)
{
    struct echo *echo = owner;

    assert_int_equal(result, 1);
    echo->byte = bytes[0];
    descriptor_send(&echo->descriptor, &echo->byte, 1);
    descriptor_receive(&echo->descriptor);
}

static void echo_write_done(void *owner, int result)
{
    (void)owner;
    assert_int_equal(result, 0);
    echoed_count++;
}

static void echo_closed(void *owner)
{
    (void)owner;
    closed_count++;
}

static const struct descriptor_events echo_events = {
    .read_done = echo_read_done,
    .write_done = echo_write_done,
    .closed = echo_closed,
};

static bool all_are_echoed(void *test)
{
    return echoed_count == *(const unsigned *)test;
}

static bool all_are_closed(void *test)
{
    (void)test;
    return closed_count == PAIRS;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_max < 2 * PAIRS + 100) {
        (void)fprintf(stderr, "skipped: no more than %u descriptors\n", (unsigned)limit.rlim_max);
        skip();
    }
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void more_that_talk_at_once_than_buffers_and_submissions_are_all_served(void **state)
{
    struct turning_loop turning;
    unsigned expected = 0;

    (void)state;
    raise_descriptor_limit();
    turning_init_on(&turning, LOOP_IO_URING);
    echoed_count = closed_count = 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        int fds[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
                         0);
        descriptor_open(&echoes[i].descriptor, turning.loop, fds[0], &echo_events, &echoes[i]);
        echoes[i].far = fds[1];
        descriptor_receive(&echoes[i].descriptor);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < PAIRS; i++) {
            const char byte = (char)(i + round);

            assert_int_equal(send(echoes[i].far, &byte, 1, MSG_NOSIGNAL), 1);
        }
        expected += PAIRS;
        turn_until(&turning, all_are_echoed, &expected);
        for (unsigned i = 0; i < PAIRS; i++) {
            char byte;

            assert_int_equal(recv(echoes[i].far, &byte, 1, 0), 1);
            assert_int_equal(byte, (char)(i + round));
        }
    }
    for (unsigned i = 0; i < PAIRS; i++) {
        descriptor_close(&echoes[i].descriptor);
        assert_int_equal(close(echoes[i].far), 0);
    }
    turn_until(&turning, all_are_closed, NULL);
    turning_finish(&turning);
}

/* A stop that finds cancellations under way waits for them: closed() is owed. */
static void a_stop_waits_until_the_kernel_has_let_go(void **state)
{
    struct turning_loop turning;
    int fds[2];

    (void)state;
    turning_init_on(&turning, LOOP_IO_URING);
    closed_count = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    descriptor_open(&echoes[0].descriptor, turning.loop, fds[0], &echo_events, &echoes[0]);
    descriptor_receive(&echoes[0].descriptor);
    turn_for(&turning, 2);
    descriptor_release(&echoes[0].descriptor);
    loop_stop(turning.loop);
    assert_int_equal(loop_run(turning.loop), 0);
    assert_int_equal(closed_count, 1);
    assert_int_equal(close(fds[1]), 0);
    turning_finish(&turning);
}

/* What was prepared names its descriptor by a number, which another connection may have by the time
 * that the kernel takes it. */
static void what_the_kernel_did_not_take_reaches_no_other_connection(void **state)
{
    struct turning_loop turning;
    char byte;
    int fds[2];
    int others[2];

    (void)state;
    turning_init_on(&turning, LOOP_IO_URING);
    closed_count = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    descriptor_open(&echoes[0].descriptor, turning.loop, fds[0], &echo_events, &echoes[0]);
    is_kernel_short = true;
    descriptor_receive(&echoes[0].descriptor);
    descriptor_send(&echoes[0].descriptor, "x", 1);
    turn_for(&turning, 3);
    descriptor_close(&echoes[0].descriptor);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, others), 0);
    assert_int_equal(others[0], fds[0]);
    assert_int_equal(send(others[1], "y", 1, MSG_NOSIGNAL), 1);
    turn_for(&turning, 3);
    is_kernel_short = false;
    while (closed_count == 0) {
        turn_for(&turning, 2);
    }
    assert_int_equal(recv(others[1], &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(recv(others[0], &byte, 1, 0), 1); /* nobody has taken it away */
    assert_int_equal(close(others[0]), 0);
    assert_int_equal(close(others[1]), 0);
    assert_int_equal(close(fds[1]), 0);
    turning_finish(&turning);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_ring_that_cannot_be_made_leaves_nothing_behind,
                               skip_without_io_uring),
        cmocka_unit_test_setup(a_kernel_that_lacks_deferred_work_does_without,
                               skip_without_io_uring),
        cmocka_unit_test_setup(more_that_talk_at_once_than_buffers_and_submissions_are_all_served,
                               skip_without_io_uring),
        cmocka_unit_test_setup(what_the_kernel_did_not_take_reaches_no_other_connection,
                               skip_without_io_uring),
        cmocka_unit_test_setup(a_stop_waits_until_the_kernel_has_let_go, skip_without_io_uring),
    };

    return cmocka_run_group_tests_name("io_uring", tests, NULL, NULL);
}
