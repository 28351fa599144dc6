/*
 * resp_writer.c - commands to a Redis server as bytes (RESP2: an array of bulk strings).
 */
#include "store/resp_writer.h"

#include "base/decimal.h"

#include <string.h>

/* One line of markup, as in "*3\r\n" or "$6\r\n". Returns its length. */
static size_t write_header(char *out_bytes, char type, size_t count)
{
    size_t length = 1;

    out_bytes[0] = type;
    length += decimal_write(out_bytes + 1, count);
    out_bytes[length++] = '\r';
    out_bytes[length++] = '\n';
    return length;
}

static size_t header_length(size_t count)
{
    char bytes[1 + DECIMAL_BYTES_MAX + 2];

    return write_header(bytes, '*', count);
}

size_t resp_command_length(const struct slice *words, size_t words_count)
{
    size_t length = header_length(words_count);

    for (size_t i = 0; i < words_count; i++) {
        length += header_length(words[i].length) + words[i].length + 2;
    }
    return length;
}

size_t resp_write_command(char *out_bytes, const struct slice *words, size_t words_count)
{
    size_t length = write_header(out_bytes, '*', words_count);

    for (size_t i = 0; i < words_count; i++) {
        length += write_header(out_bytes + length, '$', words[i].length);
        if (words[i].length > 0) { /* the bytes of an empty slice may be NULL */
            memcpy(out_bytes + length, words[i].bytes, words[i].length);
        }
        length += words[i].length;
        out_bytes[length++] = '\r';
        out_bytes[length++] = '\n';
    }
    return length;
}
