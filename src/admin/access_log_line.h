/*
 * access_log_line.h - one line of the access log, put together by copying. Pure.
 */
#ifndef FOOTFALL_ADMIN_ACCESS_LOG_LINE_H
#define FOOTFALL_ADMIN_ACCESS_LOG_LINE_H

#include "base/access_log_format.h"
#include "base/slice.h"
#include "http/server.h"

#include <stdint.h>

/* The longest line: a path of nothing but bytes that take six, and all the rest. No more than
 * PIPE_BUF, so that a pipe takes it whole or not at all. */
enum { ACCESS_LOG_LINE_BYTES_MAX = 4096 };

/* What is the same for many lines. */
struct access_log_process {
    struct slice time; /* of now, as the line has it */
    uint32_t slot;
    int64_t pid;
};

/* Writes the line with its end into at least ACCESS_LOG_LINE_BYTES_MAX bytes; returns its length.
 * No byte of a request can end the line, a column of it or a text in quotes: blanks, quotes,
 * backslashes, and what is no printable ASCII, become \u00XX (RFC 8259 7). */
size_t access_log_line_write(char *out_bytes, const struct access_log_format *format,
                             const struct access_log_process *process,
                             const struct http_answered *answered);

#endif
