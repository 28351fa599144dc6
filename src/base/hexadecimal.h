/*
 * hexadecimal.h - the value of a digit, the digits of a byte. Pure.
 */
#ifndef FOOTFALL_BASE_HEXADECIMAL_H
#define FOOTFALL_BASE_HEXADECIMAL_H

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

#endif
