/*
 * hexadecimal.h - the value of a digit, the digits of a byte, and of several. Pure.
 */
#ifndef FOOTFALL_BASE_HEXADECIMAL_H
#define FOOTFALL_BASE_HEXADECIMAL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0 to 15, of either case; -1 for what is no hexadecimal digit. */
static inline int hexadecimal_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Writes both digits of a byte, in lower case, and returns what is behind them. */
static inline char *hexadecimal_write(char *out_digits, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";

    *out_digits++ = digits[byte >> 4];
    *out_digits++ = digits[byte & 15];
    return out_digits;
}

/* The same for `count` bytes. */
static inline char *hexadecimal_write_bytes(char *out_digits, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out_digits = hexadecimal_write(out_digits, bytes[i]);
    }
    return out_digits;
}

/* Reads `count` bytes. False for what is not just their digits, of either case. */
static inline bool hexadecimal_read_bytes(struct slice digits, uint8_t *out_bytes, size_t count)
{
    if (digits.length != 2 * count) {
        return false;
    }
    for (size_t i = 0; i < digits.length; i++) {
        if (hexadecimal_value(digits.bytes[i]) < 0) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        out_bytes[i] = (uint8_t)(hexadecimal_value(digits.bytes[2 * i]) << 4 |
                                 hexadecimal_value(digits.bytes[2 * i + 1]));
    }
    return true;
}

#endif
