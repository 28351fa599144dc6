/*
 * utf8.h - bytes to code points and back (Unicode 15, 3.9; RFC 3629). Pure.
 */
#ifndef FOOTFALL_BASE_UTF8_H
#define FOOTFALL_BASE_UTF8_H

#include "base/slice.h"

#include <stdint.h>

enum {
    UTF8_BYTES_MAX = 4,        /* of one code point */
    UTF8_REPLACEMENT = 0xfffd, /* stands for what is no UTF-8 */
    UTF8_POINT_MAX = 0x10ffff,
};

/* Takes the first code point off `*rest`, which is not empty. What is no UTF-8 (overlong forms,
 * surrogates, cut sequences among it) gives UTF8_REPLACEMENT, once for each piece that could have
 * been the beginning of a code point, as browsers do (Unicode 3.9, maximal subparts). */
uint32_t utf8_take(struct slice *rest);

/* Writes `point`, no surrogate and at most UTF8_POINT_MAX, and returns how many bytes that took,
 * 1..UTF8_BYTES_MAX. No NUL. */
size_t utf8_write(char *out_bytes, uint32_t point);

#endif
