/*
 * decimal.h - numbers to text and back, without printf and without a locale. Pure.
 */
#ifndef FOOTFALL_BASE_DECIMAL_H
#define FOOTFALL_BASE_DECIMAL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum { DECIMAL_BYTES_MAX = 20 }; /* digits of 2^64-1 */

/* Writes `number` and returns how many bytes that took, 1..DECIMAL_BYTES_MAX. No NUL. */
size_t decimal_write(char *out_bytes, uint64_t number);

/* Reads digits and nothing else. False, with *out_number untouched, for anything else, for the
 * empty text, and for more than `maximum`. */
bool decimal_read(struct slice text, uint64_t maximum, uint64_t *out_number);

/* The same with a sign: "-" before a number below zero, no "+"; -2^63 to 2^63-1. */
size_t decimal_write_signed(char *out_bytes, int64_t number);
bool decimal_read_signed(struct slice text, int64_t *out_number);

#endif
