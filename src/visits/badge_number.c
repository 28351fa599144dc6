/*
 * badge_number.c - a number as a badge shows it.
 */
#include "visits/badge_number.h"

#include "base/decimal.h"

static const struct unit {
    uint64_t size;
    struct slice name;
} units[] = {
    {1000, {"K", 1}},          {1000000, {"M", 1}},           {1000000000, {"B", 1}},
    {1000000000000, {"T", 1}}, {1000000000000000, {"Qa", 2}}, {1000000000000000000, {"Qi", 2}},
};

enum { UNITS = sizeof units / sizeof units[0] };

enum badge_number_format badge_number_format_of(struct slice name)
{
    return slice_equals_ignoring_case(name, SLICE("short")) ? BADGE_NUMBER_SHORT
                                                            : BADGE_NUMBER_PLAIN;
}

/* How many tenths of `unit` that is, rounded. No sum here leaves 64 bits: 2^63 is 9.3 Qi. */
static uint64_t tenths_of(uint64_t number, const struct unit *unit)
{
    return (number + unit->size / 20) / (unit->size / 10);
}

static size_t short_write(char *out_bytes, uint64_t number)
{
    const struct unit *unit = units;
    uint64_t tenths;
    size_t length;

    while (unit < units + UNITS - 1 && number >= unit[1].size) {
        unit++;
    }
    tenths = tenths_of(number, unit);
    if (tenths >= 10000 && unit < units + UNITS - 1) { /* 999,950 is not 1000K */
        unit++;
        tenths = tenths_of(number, unit);
    }
    length = decimal_write(out_bytes, tenths / 10);
    if (tenths % 10 != 0) {
        out_bytes[length++] = '.';
        length += decimal_write(out_bytes + length, tenths % 10);
    }
    memcpy(out_bytes + length, unit->name.bytes, unit->name.length);
    return length + unit->name.length;
}

size_t badge_number_write(char *out_bytes, int64_t number, enum badge_number_format format)
{
    const uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    const size_t sign_length = number < 0 ? 1 : 0;

    if (number < 0) {
        out_bytes[0] = '-';
    }
    if (format == BADGE_NUMBER_SHORT && magnitude >= units[0].size) {
        return sign_length + short_write(out_bytes + sign_length, magnitude);
    }
    return sign_length + decimal_write(out_bytes + sign_length, magnitude);
}
