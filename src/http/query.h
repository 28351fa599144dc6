/*
 * query.h - the pairs of a query, and percent-encoding (RFC 3986 2.1; WHATWG URL, form encoding).
 * Pure.
 */
#ifndef FOOTFALL_HTTP_QUERY_H
#define FOOTFALL_HTTP_QUERY_H

#include "base/slice.h"

#include <stdbool.h>

/* The value of the first pair of that name, still encoded. Without bytes where there is none; empty
 * where the name stands alone. Names are compared as they stand. */
struct slice query_find(struct slice query, struct slice name);

/* Decodes once into `out_bytes` and returns how many bytes that made, at most the text's length;
 * `plus_is_blank` as in forms. False, with *out_length undefined, for a "%" without two digits, and
 * for what is longer than `bytes_max`. */
bool percent_decode(struct slice text, bool plus_is_blank, char *out_bytes, size_t bytes_max,
                    size_t *out_length);

#endif
