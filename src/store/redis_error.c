/*
 * redis_error.c - what a server says of why it did not do what it was asked.
 */
#include "store/redis_error.h"

struct slice redis_error_kind(struct slice text)
{
    const char *blank = text.length > 0 ? memchr(text.bytes, ' ', text.length) : NULL;

    if (blank != NULL) {
        text.length = (size_t)(blank - text.bytes);
    }
    return text;
}

bool redis_error_holds(struct slice text, struct slice part)
{
    return text.length > 0 && part.length > 0 &&
           memmem(text.bytes, text.length, part.bytes, part.length) != NULL;
}

void redis_error_copy(struct slice text, char *out_text, size_t out_bytes)
{
    size_t length = text.length < out_bytes ? text.length : out_bytes - 1;

    for (size_t i = 0; i < length; i++) {
        const bool is_printable = text.bytes[i] >= ' ' && text.bytes[i] <= '~';

        out_text[i] = is_printable ? text.bytes[i] : '?';
    }
    out_text[length] = '\0';
}
