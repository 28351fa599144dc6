/*
 * decimal.c - numbers to text and back.
 */
#include "base/decimal.h"

size_t decimal_write(char *out_bytes, uint64_t number)
{
    char digits[DECIMAL_BYTES_MAX];
    size_t count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < count; i++) {
        out_bytes[i] = digits[count - 1 - i];
    }
    return count;
}

bool decimal_read(struct slice text, uint64_t maximum, uint64_t *out_number)
{
    uint64_t number = 0;

    if (text.length == 0) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.bytes[i] - '0';

        if (digit > 9 || number > (maximum - digit) / 10 || digit > maximum) {
            return false;
        }
        number = number * 10 + digit;
    }
    *out_number = number;
    return true;
}
