/*
 * slice.h - a run of bytes that belongs to somebody else.
 *
 * A slice is passed by value and never owns; who owns the bytes, and until when they may be
 * read, is said where a slice is handed over. The bytes are not ended by a NUL.
 */
#ifndef FOOTFALL_BASE_SLICE_H
#define FOOTFALL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *bytes;
    size_t length;
};

/* The slice of a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){("" literal ""), sizeof(literal) - 1})

/* The slice of a C string, without its NUL. Borrows `text`. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

/* Whether both hold the same bytes. */
static inline bool slice_equals(struct slice one, struct slice other)
{
    return one.length == other.length &&
           (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

/* Whether the slice is exactly `text`. */
static inline bool slice_is(struct slice slice, const char *text)
{
    return slice_equals(slice, slice_of(text));
}

/* The same with ASCII letters compared regardless of case (RFC 9110 5.1: field names). */
static inline bool slice_equals_ignoring_case(struct slice one, struct slice other)
{
    return one.length == other.length &&
           (one.length == 0 || strncasecmp(one.bytes, other.bytes, one.length) == 0);
}

/* Whether the slice begins with `prefix`; each begins with an empty one. */
static inline bool slice_starts_with(struct slice slice, struct slice prefix)
{
    return slice.length >= prefix.length &&
           slice_equals((struct slice){slice.bytes, prefix.length}, prefix);
}

/* The slice without its first `count` bytes; `count` is at most its length. */
static inline struct slice slice_after(struct slice slice, size_t count)
{
    return (struct slice){slice.bytes + count, slice.length - count};
}

/* The order of their bytes, as memcmp(3) tells it: below 0, 0 or above 0; a shorter one comes
 * before what begins with it. */
static inline int slice_compare(struct slice one, struct slice other)
{
    const size_t shorter = one.length < other.length ? one.length : other.length;
    const int difference = shorter == 0 ? 0 : memcmp(one.bytes, other.bytes, shorter);

    if (difference != 0) {
        return difference;
    }
    return one.length < other.length ? -1 : one.length > other.length;
}

/* Takes a line off the front of the text, without its LF. False: no line ends there. */
static inline bool slice_take_line(struct slice *text, struct slice *out_line)
{
    const char *end =
        text->length > 0 ? (const char *)memchr(text->bytes, '\n', text->length) : NULL;

    if (end == NULL) {
        return false;
    }
    *out_line = (struct slice){text->bytes, (size_t)(end - text->bytes)};
    *text = slice_after(*text, out_line->length + 1);
    return true;
}

/* Copies what has room of the slice, with '?' for all but printable ASCII, and a NUL behind it. */
static inline void slice_copy_printable(struct slice slice, char *out_text, size_t out_bytes)
{
    const size_t length = slice.length < out_bytes ? slice.length : out_bytes - 1;

    for (size_t i = 0; i < length; i++) {
        const bool is_printable = slice.bytes[i] >= ' ' && slice.bytes[i] <= '~';

        out_text[i] = is_printable ? slice.bytes[i] : '?';
    }
    out_text[length] = '\0';
}

#endif
