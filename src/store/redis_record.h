/*
 * redis_record.h - a counter as texts: the one that redis_change.lua knows, and the fields of a
 * hash.
 *
 * "VALUE CREATED COUNTED ADJUSTED LOW HIGH SET OWNER", numbers in decimal, times in milliseconds
 * since 1970, SET 0 or 1, OWNER in hexadecimal or "-"; a counter that is not there is "-". One
 * counter has one text, byte by byte: what is written in another way (by hand) cannot be read.
 * Pure.
 */
#ifndef FOOTFALL_STORE_REDIS_RECORD_H
#define FOOTFALL_STORE_REDIS_RECORD_H

#include "base/decimal.h"
#include "base/slice.h"
#include "store/store_change.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REDIS_RECORD_BYTES_MAX = 6 * (DECIMAL_BYTES_MAX + 1) + 2 + 2 * STORE_OWNER_BYTES };

/* Writes the text and returns how long it is, up to REDIS_RECORD_BYTES_MAX. No NUL. */
size_t redis_record_write(const struct store_record *record, char *out_text);

/* Reads it. False, with *out_record untouched, for anything else. */
bool redis_record_read(struct slice text, struct store_record *out_record);

/* Reads all but the value from a hash's fields and values, each with a LF behind it. Fields that
 * are not there are as in store_record_of_visits, those that we do not know are left alone. */
bool redis_record_read_hash(struct slice text, struct store_record *out_record);

/* Reads a count as Redis writes one: no leading zeros, no "-0". False, untouched, otherwise. */
bool redis_record_read_count(struct slice text, int64_t *out_count);

#endif
