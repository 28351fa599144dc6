/*
 * access_log_format.h - what a line of the access log says: a text with fields in braces. Pure.
 *
 * "text" and "json" are ready-made; "json:time,client" is an object of these fields; anything else
 * is taken as it stands, with {FIELD} for a field and {{ and }} for a brace. No ready-made one has
 * the client's address. Each field stands once at most, so that a line has a bound.
 */
#ifndef FOOTFALL_BASE_ACCESS_LOG_FORMAT_H
#define FOOTFALL_BASE_ACCESS_LOG_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum access_log_field {
    ACCESS_LOG_TIME,     /* when the answer was handed to the kernel, UTC, with milliseconds */
    ACCESS_LOG_STATUS,   /* of the answer */
    ACCESS_LOG_METHOD,   /* of the request; not known of one that is no request */
    ACCESS_LOG_PATH,     /* without the query; likewise */
    ACCESS_LOG_NUMBER,   /* of the visit */
    ACCESS_LOG_BYTES,    /* of the answer with its head */
    ACCESS_LOG_DURATION, /* milliseconds from the request's first byte */
    ACCESS_LOG_WORKER,   /* its slot */
    ACCESS_LOG_PID,
    ACCESS_LOG_CLIENT, /* its address; not known of a unix socket */
    ACCESS_LOG_FIELDS_COUNT,
    ACCESS_LOG_END = ACCESS_LOG_FIELDS_COUNT, /* no field: the end of the line */
};

enum { ACCESS_LOG_FORMAT_BYTES_MAX = 512 };

/* Bytes as they are, and a field behind them. */
struct access_log_part {
    uint16_t start; /* in the text */
    uint16_t length;
    uint8_t field;
};

struct access_log_format {
    bool is_json; /* texts are quoted, and what is not known is null; else it is "-" */
    uint32_t parts_count;
    struct access_log_part parts[ACCESS_LOG_FIELDS_COUNT + 1];
    uint32_t text_length;
    char text[ACCESS_LOG_FORMAT_BYTES_MAX];
};

/* False, with *out_format undefined, when the text is not right. */
bool access_log_format_parse(const char *text, struct access_log_format *out_format);

/* Whether both make the same lines. */
bool access_log_format_equals(const struct access_log_format *one,
                              const struct access_log_format *other);

/* Says what is wrong with a text that is not right. */
void access_log_format_explain(const char *text, char *out_sentence, size_t size);

#endif
