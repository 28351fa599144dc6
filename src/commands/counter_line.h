/*
 * counter_line.h - a counter as a line: what export writes and import reads.
 *
 *   NAMESPACE KEY VALUE
 *   {"namespace":…,"key":…,"value":…,"created":…,"counted":…,"adjusted":…,"bounds":[LOW,HIGH],
 *    "enable_reset":…,"owner_hash":…}
 *
 * Of an object all but the first three fields may be left out. The front counter is of the
 * namespace "default", with what --key names as its key; where that is "NAMESPACE/KEY", of these.
 * Pure, but for the memory that JSON takes while it is read.
 */
#ifndef FOOTFALL_COMMANDS_COUNTER_LINE_H
#define FOOTFALL_COMMANDS_COUNTER_LINE_H

#include "base/slice.h"
#include "store/store.h"
#include "store/store_change.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    COUNTER_LINE_BYTES_MAX = 1024, /* of one that is written */
    COUNTER_LINE_PROBLEM_BYTES = 256,
    COUNTER_LINE_FIELD_BYTES = 64, /* of a name that is told */
};

struct counter_line {
    bool is_front;
    size_t key_length;
    char key[STORE_KEY_BYTES_MAX]; /* the counter's in a store */
    struct store_record record;    /* its value, and of the rest … */
    unsigned given;                /* … what was given, of enum store_given */
};

enum counter_line_result {
    COUNTER_LINE_GOOD,
    COUNTER_LINE_EMPTY, /* or a comment: it begins with # */
    COUNTER_LINE_WRONG, /* out_problem says why */
};

/* Told of each field that import does not know; `name` (borrowed) is printable and may be cut. */
typedef void counter_line_unknown(void *owner, const char *name);

/* Reads a line without its LF; one CR at its end is none of it. Only with GOOD is *out_line filled
 * in. */
enum counter_line_result counter_line_read(struct slice line, struct slice front_key,
                                           counter_line_unknown *unknown, void *owner,
                                           struct counter_line *out_line,
                                           char out_problem[COUNTER_LINE_PROBLEM_BYTES]);

/* Writes the counter that has this key in a store, with a LF and without a NUL, and returns how
 * long that is; 0: the key is no name of a counter. `is_front`: the key is the front counter's. */
size_t counter_line_write(struct slice key, bool is_front, const struct store_record *record,
                          char out_text[COUNTER_LINE_BYTES_MAX]);

#endif
