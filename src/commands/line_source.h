/*
 * line_source.h - the lines of a file or a pipe, one after the other, in bounded memory.
 */
#ifndef FOOTFALL_COMMANDS_LINE_SOURCE_H
#define FOOTFALL_COMMANDS_LINE_SOURCE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_SOURCE_LINE_BYTES_MAX = 65536 };

struct line_source {
    int fd;
    char *buffer;
    size_t begin; /* what has been read and not handed out */
    size_t end;
    size_t searched; /* of it there is no LF before this */
    bool is_at_end;
    bool is_skipping; /* the rest of a line that is too long */
    uint64_t line;    /* the number of the last one, from 1 */
    uint64_t bytes;   /* that have been handed out */
    uint64_t size;    /* of the file; 0: not known */
};

enum line_source_result {
    LINE_SOURCE_LINE,
    LINE_SOURCE_TOO_LONG, /* it has been skipped */
    LINE_SOURCE_LATER,    /* nothing can be read now */
    LINE_SOURCE_END,
    LINE_SOURCE_FAILED, /* errno says why */
};

/* Opens a file, or standard input for "-". 0 or -errno, with *out_source untouched. */
int line_source_open(const char *path, struct line_source *out_source);

/* The next line without its LF, borrowed until the next call; a byte order mark (UTF-8) before the
 * first one is left out. `may_wait`: until there is one; else what is not there yet is LATER. */
enum line_source_result line_source_next(struct line_source *source, bool may_wait,
                                         struct slice *out_line);

void line_source_close(struct line_source *source);

#endif
