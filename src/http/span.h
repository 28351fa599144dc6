/*
 * span.h - a part of a head by its place instead of its address.
 *
 * The buffer of a head that is still coming may move, so a parser that waits keeps spans and
 * makes slices of them at the end. 16 bits suffice: no head is longer than 65,535 bytes.
 */
#ifndef FOOTFALL_HTTP_SPAN_H
#define FOOTFALL_HTTP_SPAN_H

#include "base/slice.h"

#include <stdint.h>

struct span {
    uint16_t start; /* from the first byte of the request line */
    uint16_t length;
};

/* The place of `part`, which lies in the head that begins at `head`. */
static inline struct span span_of(const char *head, struct slice part)
{
    return (struct span){(uint16_t)(part.bytes - head), (uint16_t)part.length};
}

/* The bytes at that place of the head that now begins at `head`. */
static inline struct slice span_slice(const char *head, struct span span)
{
    return (struct slice){head + span.start, span.length};
}

#endif
