/*
 * badge_number.h - a number as a badge shows it. Pure.
 */
#ifndef FOOTFALL_VISITS_BADGE_NUMBER_H
#define FOOTFALL_VISITS_BADGE_NUMBER_H

#include "base/slice.h"

#include <stdint.h>

enum badge_number_format {
    BADGE_NUMBER_PLAIN, /* 1234567 */
    BADGE_NUMBER_SHORT, /* 1.2M: rounded to a tenth of K, M, B, T, Qa or Qi, half away from zero */
};

enum { BADGE_NUMBER_BYTES_MAX = 20 }; /* the sign and the digits of -2^63 */

/* The format of that name, "plain" or "short" in any case; for every other BADGE_NUMBER_PLAIN. */
enum badge_number_format badge_number_format_of(struct slice name);

/* Writes `number`, ASCII only, and returns how many bytes that took, 1..BADGE_NUMBER_BYTES_MAX.
 * No NUL. */
size_t badge_number_write(char *out_bytes, int64_t number, enum badge_number_format format);

#endif
