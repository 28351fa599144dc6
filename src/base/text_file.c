/*
 * text_file.c - open, read, close.
 */
#include "base/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads until the end or until `size` bytes are there. Their number, or -errno. */
static ssize_t read_all(int fd, char *out_bytes, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t count = read(fd, out_bytes + length, size - length);

        if (count < 0 && errno != EINTR) {
            return -errno;
        }
        if (count == 0) {
            break;
        }
        length += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)length;
}

int text_file_read(const char *path, char *out_bytes, size_t bytes_max, size_t *out_length)
{
    /* O_NONBLOCK: else open(2) waits for the other end of a pipe. Regular files know no waiting. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    ssize_t length;

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, &status) < 0) {
        length = -errno;
    } else if (S_ISDIR(status.st_mode)) {
        length = -EISDIR;
    } else if (!S_ISREG(status.st_mode)) {
        length = -ENOTSUP;
    } else {
        length = read_all(fd, out_bytes, bytes_max + 1);
    }
    (void)close(fd); /* it was only read */
    if (length < 0) {
        return (int)length;
    }
    if ((size_t)length > bytes_max) {
        return -EFBIG;
    }
    *out_length = (size_t)length;
    return 0;
}

const char *text_file_problem(int result)
{
    switch (result) {
    case -ENOTSUP:
        return "it is no regular file";
    case -EFBIG:
        return "it is too long";
    default:
        return strerror(-result);
    }
}
