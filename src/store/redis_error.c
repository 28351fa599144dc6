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

enum redis_error_meaning redis_error_meaning(struct slice text)
{
    static const struct {
        const char *kind;
        enum redis_error_meaning meaning;
    } kinds[] = {
        {"NOSCRIPT", REDIS_ERROR_NO_SCRIPT}, {"LOADING", REDIS_ERROR_NOT_NOW},
        {"BUSY", REDIS_ERROR_NOT_NOW},       {"READONLY", REDIS_ERROR_NOT_NOW},
        {"MASTERDOWN", REDIS_ERROR_NOT_NOW}, {"CLUSTERDOWN", REDIS_ERROR_NOT_NOW},
        {"TRYAGAIN", REDIS_ERROR_NOT_NOW},   {"NOAUTH", REDIS_ERROR_NOT_NOW},
        {"UNBLOCKED", REDIS_ERROR_NOT_NOW}, /* the server has just become a replica */
        {"NOPERM", REDIS_ERROR_FORBIDDEN},
    };
    const struct slice kind = redis_error_kind(text);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_is(kind, kinds[i].kind)) {
            return kinds[i].meaning;
        }
    }
    if (redis_error_holds(text, SLICE("unknown command"))) {
        return REDIS_ERROR_FORBIDDEN;
    }
    return redis_error_holds(text, SLICE("would overflow")) ? REDIS_ERROR_OVERFLOW
                                                            : REDIS_ERROR_OTHER;
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
