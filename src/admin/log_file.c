/*
 * log_file.c - which way bytes go to which kind of file.
 */
#include "admin/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char standard_output[] = "/proc/self/fd/1";

/* A pipe, a terminal or a device is opened once more, so that not to wait is our flag alone. Where
 * that is not allowed the inherited descriptor has to do. */
static void open_again(struct log_file *file)
{
    const int fd = open(standard_output, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    if (fd < 0) {
        file->kind = LOG_FILE_POLLED;
        return;
    }
    *file = (struct log_file){.fd = fd, .kind = LOG_FILE_NONBLOCKING};
}

static int open_standard_output(struct log_file *out_file)
{
    struct log_file file = {.fd = STDOUT_FILENO, .is_shared = true};
    struct stat status;

    if (fstat(STDOUT_FILENO, &status) < 0) {
        return -errno;
    }
    if (S_ISREG(status.st_mode)) {
        file.kind = LOG_FILE_REGULAR; /* the workers share one position in it */
    } else if (S_ISSOCK(status.st_mode)) {
        file.kind = LOG_FILE_SOCKET;
    } else {
        open_again(&file);
    }
    *out_file = file;
    return 0;
}

int log_file_open(const char *path, struct log_file *out_file)
{
    struct stat status;
    int fd;

    if (strcmp(path, "-") == 0) {
        return open_standard_output(out_file);
    }
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640);
    if (fd < 0) {
        return -errno;
    }
    *out_file = (struct log_file){.fd = fd, .kind = LOG_FILE_NONBLOCKING};
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        out_file->kind = LOG_FILE_REGULAR;
    }
    return 0;
}

/* Whole lines that may go at once: up to the last end within PIPE_BUF. No line is longer. */
static size_t piece_length(const struct log_file *file, const char *bytes, size_t length)
{
    const char *end;

    if (file->kind == LOG_FILE_REGULAR || length <= PIPE_BUF) {
        return length;
    }
    end = memrchr(bytes, '\n', PIPE_BUF);
    return end == NULL ? PIPE_BUF : (size_t)(end - bytes) + 1;
}

static ssize_t write_piece(const struct log_file *file, const char *bytes, size_t length)
{
    struct pollfd room = {.fd = file->fd, .events = POLLOUT};

    switch (file->kind) {
    case LOG_FILE_SOCKET:
        return send(file->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    case LOG_FILE_POLLED: /* two workers may both be told of the last page: one then waits */
        if (poll(&room, 1, 0) != 1) {
            errno = EAGAIN;
            return -1;
        }
        break;
    case LOG_FILE_REGULAR:
    case LOG_FILE_NONBLOCKING:
        break;
    }
    return write(file->fd, bytes, length);
}

size_t log_file_write(const struct log_file *file, const char *bytes, size_t length,
                      int *out_result)
{
    size_t written = 0;

    while (written < length) {
        const size_t piece = piece_length(file, bytes + written, length - written);
        const ssize_t result = write_piece(file, bytes + written, piece);

        if (result < 0 && errno == EINTR) {
            continue;
        }
        if (result <= 0) {
            *out_result = result < 0 ? -errno : -EIO;
            break;
        }
        written += (size_t)result; /* a disk that gets full takes a part, and says why next time */
    }
    return written;
}

void log_file_close(struct log_file *file)
{
    if (file->fd >= 0 && !file->is_shared) {
        (void)close(file->fd); /* what was written is the kernel's */
    }
    file->fd = -1;
}
