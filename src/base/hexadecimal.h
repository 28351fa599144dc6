/*
 * hexadecimal.h - the value of a digit. Pure.
 */
#ifndef FOOTFALL_BASE_HEXADECIMAL_H
#define FOOTFALL_BASE_HEXADECIMAL_H

/* 0 to 15, of either case; -1 for what is no hexadecimal digit. */
static inline int hexadecimal_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

#endif
