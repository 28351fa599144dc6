/*
 * lmdb_record.h - a counter as the bytes that LMDB keeps of it. Pure.
 *
 * Layout 1: 8 bytes, the count. A counter with a record has more, in this order, all numbers
 * little-endian: one byte for the form (1), one for flags (1: anybody may set it, 2: it has an
 * owner), 6 zeros, created, counted (milliseconds since 1970), adjusted, low, high (8 bytes each);
 * with an owner 32 bytes more, the hash of the key. What stands behind a form that this version
 * does not know is left as it is.
 */
#ifndef FOOTFALL_STORE_LMDB_RECORD_H
#define FOOTFALL_STORE_LMDB_RECORD_H

#include "base/slice.h"
#include "store/store_change.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    LMDB_COUNT_BYTES = 8,
    LMDB_RECORD_BYTES_MAX = 56 + STORE_OWNER_BYTES,
};

/* Reads a value. False for what is too short; *out_is_known: of a form that may be written anew. */
bool lmdb_record_read(struct slice value, struct store_record *out_record, bool *out_is_known);

/* Whether there is more to keep than the count. */
bool lmdb_record_is_bare(const struct store_record *record);

/* Writes up to LMDB_RECORD_BYTES_MAX bytes and returns how many. */
size_t lmdb_record_write(const struct store_record *record, char *out_bytes);

#endif
