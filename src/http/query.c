/*
 * query.c - pairs between ampersands.
 */
#include "http/query.h"

#include "base/hexadecimal.h"

struct slice query_find(struct slice query, struct slice name)
{
    while (query.length > 0) {
        const char *end = memchr(query.bytes, '&', query.length);
        const struct slice pair = {query.bytes,
                                   end == NULL ? query.length : (size_t)(end - query.bytes)};

        if (slice_starts_with(pair, name)) {
            const struct slice rest = slice_after(pair, name.length);

            if (rest.length == 0) {
                return rest;
            }
            if (rest.bytes[0] == '=') {
                return slice_after(rest, 1);
            }
        }
        query = slice_after(query, end == NULL ? query.length : pair.length + 1);
    }
    return (struct slice){NULL, 0};
}

bool percent_decode(struct slice text, bool plus_is_blank, char *out_bytes, size_t bytes_max,
                    size_t *out_length)
{
    size_t length = 0;

    for (size_t i = 0; i < text.length; i++) {
        char byte = text.bytes[i];

        if (byte == '%') {
            const int high = text.length - i > 2 ? hexadecimal_value(text.bytes[i + 1]) : -1;
            const int low = text.length - i > 2 ? hexadecimal_value(text.bytes[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        } else if (byte == '+' && plus_is_blank) {
            byte = ' ';
        }
        if (length == bytes_max) {
            return false;
        }
        out_bytes[length++] = byte;
    }
    *out_length = length;
    return true;
}
