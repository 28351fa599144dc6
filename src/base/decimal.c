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

size_t decimal_write_signed(char *out_bytes, int64_t number)
{
    if (number >= 0) {
        return decimal_write(out_bytes, (uint64_t)number);
    }
    out_bytes[0] = '-';
    return 1 + decimal_write(out_bytes + 1, 0 - (uint64_t)number);
}

bool decimal_read_signed(struct slice text, int64_t *out_number)
{
    const bool is_negative = text.length > 0 && text.bytes[0] == '-';
    uint64_t magnitude;

    if (!decimal_read(slice_after(text, is_negative ? 1 : 0),
                      (uint64_t)INT64_MAX + (is_negative ? 1 : 0), &magnitude)) {
        return false;
    }
    *out_number = (int64_t)(is_negative ? 0 - magnitude : magnitude);
    return true;
}
