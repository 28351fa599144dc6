/*
 * request_note.h - what a request asked for, kept until it is answered, for a log. Pure.
 *
 * A copy, since the bytes of a request are gone before its answer is there; and cut, so that it has
 * a bound. What is cut ends in "...".
 */
#ifndef FOOTFALL_HTTP_REQUEST_NOTE_H
#define FOOTFALL_HTTP_REQUEST_NOTE_H

#include "base/slice.h"

#include <stdint.h>

enum {
    REQUEST_NOTE_METHOD_BYTES_MAX = 16,
    REQUEST_NOTE_PATH_BYTES_MAX = 512,
};

struct request_note {
    uint8_t method_length;
    uint16_t path_length;
    char method[REQUEST_NOTE_METHOD_BYTES_MAX];
    char path[REQUEST_NOTE_PATH_BYTES_MAX];
};

void request_note_write(struct request_note *out_note, struct slice method, struct slice path);

#endif
