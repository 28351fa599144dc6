/*
 * counter_name.h - namespace and key of a counter, as a path names them. Pure.
 *
 * Both are of [A-Za-z0-9_-.]{3,64}; one segment alone is a key of the namespace "default". The
 * words :HOST:, :PATHNAME: and :PATH: stand for host and path of the calling page.
 */
#ifndef FOOTFALL_VISITS_COUNTER_NAME_H
#define FOOTFALL_VISITS_COUNTER_NAME_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    COUNTER_NAME_PART_MIN = 3,
    COUNTER_NAME_PART_MAX = 64,
    COUNTER_NAME_BYTES_MAX = 2 * COUNTER_NAME_PART_MAX + 1,
};

struct counter_name {
    uint8_t namespace_length;
    uint8_t length;                    /* of the text */
    char text[COUNTER_NAME_BYTES_MAX]; /* "namespace/key" */
};

/* The calling page, as the fields Origin and Referer name it; without bytes: not. */
struct calling_page {
    struct slice origin;
    struct slice referer;
};

enum counter_name_result {
    COUNTER_NAME_GOOD,
    COUNTER_NAME_BAD_NAMESPACE,
    COUNTER_NAME_BAD_KEY,
    COUNTER_NAME_NO_PAGE, /* a word stands for a page that is not known, or has no such name */
    COUNTER_NAME_NO_PATH, /* more segments than two, or none */
};

/* Reads "namespace/key" or "key", percent-encoded. *out_name is undefined but for GOOD. */
enum counter_name_result counter_name_read(struct slice path, const struct calling_page *page,
                                           struct counter_name *out_name);

/* Makes a name of two parts that are not encoded. GOOD, BAD_NAMESPACE or BAD_KEY. */
enum counter_name_result counter_name_make(struct slice namespace, struct slice key,
                                           struct counter_name *out_name);

static inline struct slice counter_name_text(const struct counter_name *name)
{
    return (struct slice){name->text, name->length};
}

static inline struct slice counter_name_namespace(const struct counter_name *name)
{
    return (struct slice){name->text, name->namespace_length};
}

static inline struct slice counter_name_key(const struct counter_name *name)
{
    return slice_after(counter_name_text(name), (size_t)name->namespace_length + 1);
}

#endif
