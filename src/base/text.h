/*
 * text.h - a text that grows while it is written. For what is not in a hurry.
 */
#ifndef FOOTFALL_BASE_TEXT_H
#define FOOTFALL_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialized it is empty. */
struct text {
    char *bytes; /* of malloc(3), with a NUL behind it; NULL while empty */
    size_t length;
    size_t capacity;
    bool has_failed; /* memory was short: what it holds is not whole */
};

/* Adds what printf(3) would write. */
__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format, ...);

/* Adds a JSON string (RFC 8259 7) with its quotes; what is no printable ASCII becomes '?'. */
void text_add_json(struct text *text, const char *string);

/* Frees it; it is empty then. */
void text_finish(struct text *text);

#endif
