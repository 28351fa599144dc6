/*
 * access_log_line.c - the fields' texts, one after the other.
 */
#include "admin/access_log_line.h"

#include "base/decimal.h"
#include "base/hexadecimal.h"
#include "base/network_address.h"
#include "http/request_note.h"

#include <assert.h>

enum {
    ESCAPED_BYTES = 6, /* \u00XX */
    TIME_BYTES_MAX = 32,
};

_Static_assert((int)ACCESS_LOG_FORMAT_BYTES_MAX + (int)TIME_BYTES_MAX +
                       ESCAPED_BYTES *
                           ((int)REQUEST_NOTE_METHOD_BYTES_MAX + (int)REQUEST_NOTE_PATH_BYTES_MAX) +
                       6 * ((int)DECIMAL_BYTES_MAX + 1) + (int)NETWORK_ADDRESS_TEXT_BYTES +
                       4 * 2 /* quotes */
                   <= (int)ACCESS_LOG_LINE_BYTES_MAX,
               "every field once, as long as can be");

static char *add(char *end, struct slice slice)
{
    memcpy(end, slice.bytes, slice.length);
    return end + slice.length;
}

static char *add_escaped(char *end, struct slice slice)
{
    for (size_t i = 0; i < slice.length; i++) {
        const unsigned char byte = (unsigned char)slice.bytes[i];

        if (byte <= ' ' || byte >= 0x7f || byte == '"' || byte == '\\') {
            end = hexadecimal_write(add(end, SLICE("\\u00")), byte);
        } else {
            *end++ = (char)byte;
        }
    }
    return end;
}

static char *add_unknown(char *end, bool is_json)
{
    return add(end, is_json ? SLICE("null") : SLICE("-"));
}

/* One that is not there has no length. */
static char *add_text(char *end, struct slice text, bool is_json)
{
    if (text.length == 0) {
        return add_unknown(end, is_json);
    }
    if (!is_json) {
        return add_escaped(end, text);
    }
    *end++ = '"';
    end = add_escaped(end, text);
    *end++ = '"';
    return end;
}

static char *add_client(char *end, const struct network_address *client, bool is_json)
{
    char text[NETWORK_ADDRESS_TEXT_BYTES];

    if (!network_address_is_known(client)) {
        return add_unknown(end, is_json);
    }
    network_address_write(client, text);
    return add_text(end, slice_of(text), is_json);
}

static char *add_number(char *end, uint64_t number)
{
    return end + decimal_write(end, number);
}

static char *add_field(char *end, enum access_log_field field, bool is_json,
                       const struct access_log_process *process,
                       const struct http_answered *answered)
{
    switch (field) {
    case ACCESS_LOG_TIME:
        return add_text(end, process->time, is_json);
    case ACCESS_LOG_STATUS:
        return add_number(end, answered->status);
    case ACCESS_LOG_METHOD:
        return add_text(end, answered->method, is_json);
    case ACCESS_LOG_PATH:
        return add_text(end, answered->path, is_json);
    case ACCESS_LOG_NUMBER:
        return answered->number == 0 ? add_unknown(end, is_json)
                                     : end + decimal_write_signed(end, answered->number);
    case ACCESS_LOG_BYTES:
        return add_number(end, answered->bytes);
    case ACCESS_LOG_DURATION:
        return add_number(end, answered->duration_ms);
    case ACCESS_LOG_WORKER:
        return add_number(end, process->slot);
    case ACCESS_LOG_PID:
        return add_number(end, (uint64_t)process->pid);
    case ACCESS_LOG_CLIENT:
        return add_client(end, answered->client, is_json);
    case ACCESS_LOG_END:
        break;
    }
    return end;
}

size_t access_log_line_write(char *out_bytes, const struct access_log_format *format,
                             const struct access_log_process *process,
                             const struct http_answered *answered)
{
    char *end = out_bytes;

    assert(process->time.length <= TIME_BYTES_MAX);
    assert(answered->method.length <= REQUEST_NOTE_METHOD_BYTES_MAX);
    assert(answered->path.length <= REQUEST_NOTE_PATH_BYTES_MAX);
    for (uint32_t i = 0; i < format->parts_count; i++) {
        const struct access_log_part *part = &format->parts[i];

        end = add(end, (struct slice){format->text + part->start, part->length});
        end = add_field(end, part->field, format->is_json, process, answered);
    }
    return (size_t)(end - out_bytes);
}
