/*
 * line_source.c - read(2) into one buffer.
 */
#include "commands/line_source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 4 * LINE_SOURCE_LINE_BYTES_MAX,
    FILLS_AT_ONCE = 64, /* of somebody who does not wait */
};

int line_source_open(const char *path, struct line_source *out_source)
{
    struct line_source source = {.fd = STDIN_FILENO, .buffer = malloc(BUFFER_BYTES)};
    struct stat status = {.st_mode = 0};
    int result = 0;

    if (source.buffer == NULL) {
        return -ENOMEM;
    }
    if (strcmp(path, "-") != 0) {
        source.fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (source.fd < 0 || fstat(source.fd, &status) < 0) {
        result = -errno;
    } else if (S_ISDIR(status.st_mode)) {
        result = -EISDIR;
    }
    if (result < 0) {
        line_source_close(&source);
        return result;
    }
    source.size = S_ISREG(status.st_mode) ? (uint64_t)status.st_size : 0;
    *out_source = source;
    return 0;
}

void line_source_close(struct line_source *source)
{
    if (source->fd > STDIN_FILENO) {
        (void)close(source->fd); /* it was only read */
    }
    free(source->buffer);
    source->buffer = NULL;
}

/* Reads more behind what is there. LINE: there is more, or the end. */
static enum line_source_result fill(struct line_source *source, bool may_wait)
{
    struct pollfd readable = {.fd = source->fd, .events = POLLIN};
    ssize_t count;

    if (!may_wait && poll(&readable, 1, 0) == 0) {
        return LINE_SOURCE_LATER;
    }
    memmove(source->buffer, source->buffer + source->begin, source->end - source->begin);
    source->end -= source->begin;
    source->searched -= source->begin;
    source->begin = 0;
    do {
        count = read(source->fd, source->buffer + source->end, BUFFER_BYTES - source->end);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno == EAGAIN ? LINE_SOURCE_LATER : LINE_SOURCE_FAILED;
    }
    source->end += (size_t)count;
    source->is_at_end = count == 0;
    return LINE_SOURCE_LINE;
}

/* Hands out `length` bytes, and skips `more` behind them. */
static enum line_source_result take(struct line_source *source, size_t length, size_t more,
                                    struct slice *out_line)
{
    const bool is_too_long = source->is_skipping || length > LINE_SOURCE_LINE_BYTES_MAX;

    *out_line = (struct slice){source->buffer + source->begin, length};
    source->begin += length + more;
    source->searched = source->begin;
    source->bytes += length + more;
    source->is_skipping = false;
    source->line++;
    if (source->line == 1 && slice_starts_with(*out_line, SLICE("\xef\xbb\xbf"))) {
        *out_line = slice_after(*out_line, 3);
    }
    return is_too_long ? LINE_SOURCE_TOO_LONG : LINE_SOURCE_LINE;
}

enum line_source_result line_source_next(struct line_source *source, bool may_wait,
                                         struct slice *out_line)
{
    for (unsigned fills = 0; may_wait || fills < FILLS_AT_ONCE; fills++) {
        const char *searched = source->buffer + source->searched;
        const char *found = memchr(searched, '\n', source->end - source->searched);
        enum line_source_result result;

        if (found != NULL) {
            return take(source, (size_t)(found - source->buffer) - source->begin, 1, out_line);
        }
        source->searched = source->end;
        if (source->end - source->begin > LINE_SOURCE_LINE_BYTES_MAX) {
            source->is_skipping = true;
            source->bytes += source->end - source->begin;
            source->begin = source->end;
        }
        if (source->is_at_end) {
            return source->begin == source->end && !source->is_skipping
                       ? LINE_SOURCE_END
                       : take(source, source->end - source->begin, 0, out_line);
        }
        result = fill(source, may_wait);
        if (result != LINE_SOURCE_LINE) {
            return result;
        }
    }
    return LINE_SOURCE_LATER; /* a line without an end */
}
