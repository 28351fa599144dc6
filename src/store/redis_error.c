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

struct slice redis_error_bare(struct slice text)
{
    const struct slice script = SLICE("@user_script:");
    const struct slice place = SLICE(" 0123456789"); /* the line's number */
    struct slice rest;

    while (text.length > 0 && text.bytes[text.length - 1] == ' ') {
        text.length--;
    }
    if (!slice_starts_with(text, script)) {
        return text;
    }
    rest = slice_after(text, script.length);
    while (rest.length > 0 && memchr(place.bytes, rest.bytes[0], place.length) != NULL) {
        rest = slice_after(rest, 1);
    }
    if (!slice_starts_with(rest, SLICE(": "))) {
        return text;
    }
    rest = slice_after(rest, 2);
    return slice_starts_with(rest, SLICE("-")) ? slice_after(rest, 1) : rest;
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
    };
    const struct slice kind = redis_error_kind(text);

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_is(kind, kinds[i].kind)) {
            return kinds[i].meaning;
        }
    }
    if (slice_is(kind, "NOPERM") && redis_error_holds(text, SLICE("'eval"))) { /* or 'evalsha' */
        return REDIS_ERROR_NO_RIGHT;
    }
    return redis_error_holds(text, SLICE("would overflow")) ? REDIS_ERROR_OVERFLOW
                                                            : REDIS_ERROR_OTHER;
}

bool redis_error_holds(struct slice text, struct slice part)
{
    return text.length > 0 && part.length > 0 &&
           memmem(text.bytes, text.length, part.bytes, part.length) != NULL;
}
