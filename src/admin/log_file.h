/*
 * log_file.h - the end of a file, or standard output, that takes lines of several processes.
 *
 * What is written at once holds whole lines and goes behind what others wrote: to a file by one
 * write(2) with O_APPEND; to a pipe, terminal or socket in pieces of PIPE_BUF bytes at most
 * (pipe(7)), which are never waited for. Standard output is shared with whoever started us, so its
 * flags are left alone.
 */
#ifndef FOOTFALL_ADMIN_LOG_FILE_H
#define FOOTFALL_ADMIN_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum log_file_kind {
    LOG_FILE_REGULAR,
    LOG_FILE_NONBLOCKING, /* a pipe or the like, opened by ourselves */
    LOG_FILE_SOCKET,
    LOG_FILE_POLLED, /* one that could not be: asked for room before each piece */
};

struct log_file {
    int fd;
    enum log_file_kind kind;
    bool is_shared; /* standard output: not ours to close */
};

/* Opens `path` for appending and makes it where it is missing (mode 0640); "-" is standard output.
 * 0, or -errno of open(2) with *out_file untouched. */
int log_file_open(const char *path, struct log_file *out_file);

/* Writes what can be written without waiting of `length` bytes, which end with a line's end.
 * Returns how many bytes that was; where it was not all, *out_result is -errno of write(2), and
 * -EAGAIN when there is no room. */
size_t log_file_write(const struct log_file *file, const char *bytes, size_t length,
                      int *out_result);

void log_file_close(struct log_file *file);

#endif
