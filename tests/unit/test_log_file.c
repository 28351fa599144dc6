/*
 * test_log_file.c - whole lines to files, pipes and sockets, and nobody who waits.
 */
#include "admin/log_file.h"
#include "temporary_folder.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_BYTES = 65536 };

static char lines[LINES_BYTES]; /* of 97 bytes each */
static char received[4 * LINES_BYTES];
static bool open_fails;

int __real_open64(const char *path, int flags, unsigned mode);
int __wrap_open64(const char *path, int flags, unsigned mode);

int __wrap_open64(const char *path, int flags, unsigned mode)
{
    if (open_fails) {
        errno = EACCES;
        return -1;
    }
    return __real_open64(path, flags, mode);
}

static size_t make_lines(void)
{
    size_t length = 0;

    while (length + 97 <= sizeof lines) {
        memset(lines + length, 'x', 96);
        lines[length + 96] = '\n';
        length += 97;
    }
    return length;
}

/* Reads what is there and counts its lines, each of which must be whole. */
static size_t count_lines(int fd)
{
    size_t length = 0;
    ssize_t result;

    while ((result = read(fd, received + length, sizeof received - length)) > 0) {
        length += (size_t)result;
    }
    assert_int_equal(length % 97, 0);
    for (size_t i = 96; i < length; i += 97) {
        assert_int_equal(received[i], '\n');
    }
    return length / 97;
}

/* Writes until nothing more is taken; every write must have taken whole lines. */
static size_t fill(const struct log_file *file, int expected)
{
    const size_t length = make_lines();
    size_t total = 0;

    for (unsigned i = 0; i < 1000; i++) {
        int result = 0;
        size_t written = log_file_write(file, lines, length, &result);

        assert_int_equal(written % 97, 0);
        total += written;
        if (written < length) {
            assert_int_equal(result, expected);
            return total / 97;
        }
        assert_int_equal(result, 0);
    }
    fail();
    return 0;
}

/* Makes `fd` standard output, opens that as a log, and gives the old one back. */
static struct log_file open_as_output(int fd)
{
    struct log_file file;
    const int saved = dup(STDOUT_FILENO);

    assert_true(saved >= 0);
    (void)fflush(stdout);
    assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    assert_int_equal(log_file_open("-", &file), 0);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    assert_int_equal(close(saved), 0);
    if (file.is_shared) {
        assert_int_equal(file.fd, STDOUT_FILENO);
        file.fd = fd; /* for the test to go on without it */
    }
    return file;
}

static void a_file_is_made_and_added_to_by_several(void **state)
{
    struct temporary_folder folder;
    char path[128];
    struct log_file one;
    struct log_file other;
    struct stat status;
    int result = 0;
    int fd;

    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(path, sizeof path, "%s/log", folder.path);
    assert_int_equal(log_file_open(path, &one), 0);
    assert_int_equal(log_file_open(path, &other), 0);
    assert_int_equal(one.kind, LOG_FILE_REGULAR);
    assert_int_equal(fstat(one.fd, &status), 0);
    assert_int_equal(status.st_mode & 0137, 0);
    for (unsigned i = 0; i < 3; i++) {
        const size_t length = make_lines();

        assert_int_equal(log_file_write(&one, lines, length, &result), length);
        assert_int_equal(log_file_write(&other, lines, 97, &result), 97);
    }
    fd = open(path, O_RDONLY);
    assert_int_equal(count_lines(fd), 3 * (LINES_BYTES / 97 + 1));
    assert_int_equal(close(fd), 0);
    log_file_close(&one);
    log_file_close(&other);
    log_file_close(&one); /* closed it is already */
    temporary_folder_remove(&folder);
}

static void a_full_device_takes_nothing_and_says_so(void **state)
{
    struct log_file file;

    (void)state;
    assert_int_equal(log_file_open("/dev/full", &file), 0);
    assert_int_equal(fill(&file, -ENOSPC), 0);
    log_file_close(&file);
    assert_int_equal(log_file_open("/dev/null/none", &file), -ENOTDIR);
}

static void a_pipe_takes_whole_lines_while_it_has_room(void **state)
{
    (void)state;
    for (unsigned polled = 0; polled < 2; polled++) {
        int fds[2];
        struct log_file file;

        assert_int_equal(pipe(fds), 0);
        open_fails = polled == 1;
        file = open_as_output(fds[1]);
        open_fails = false;
        assert_int_equal(file.kind, polled ? LOG_FILE_POLLED : LOG_FILE_NONBLOCKING);
        assert_int_equal(file.is_shared, polled == 1);
        assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0); /* the others' flags stay */
        assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
        for (unsigned i = 0; i < 2; i++) {
            const size_t count = fill(&file, -EAGAIN);

            assert_true(count > 0);
            assert_int_equal(count_lines(fds[0]), count);
        }
        assert_int_equal(close(fds[0]), 0);
        assert_int_equal(fill(&file, -EPIPE), 0);
        log_file_close(&file);
        assert_int_equal(close(fds[1]), 0);
    }
}

static void a_socket_takes_whole_lines_while_it_has_room(void **state)
{
    int fds[2];
    struct log_file file;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    file = open_as_output(fds[1]);
    assert_int_equal(file.kind, LOG_FILE_SOCKET);
    assert_int_equal(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
    for (unsigned i = 0; i < 2; i++) {
        const size_t count = fill(&file, -EAGAIN);

        assert_true(count > 0);
        assert_int_equal(count_lines(fds[0]), count);
    }
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(fill(&file, -EPIPE), 0);
    log_file_close(&file);
    assert_int_equal(close(fds[1]), 0); /* which was not its to close */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_made_and_added_to_by_several),
        cmocka_unit_test(a_full_device_takes_nothing_and_says_so),
        cmocka_unit_test(a_pipe_takes_whole_lines_while_it_has_room),
        cmocka_unit_test(a_socket_takes_whole_lines_while_it_has_room),
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests_name("log_file", tests, NULL, NULL);
}
