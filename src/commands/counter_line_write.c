/*
 * counter_line_write.c - a counter to JSON.
 */
#include "commands/counter_line.h"

#include "base/decimal.h"
#include "base/hexadecimal.h"
#include "visits/counter_name.h"

#include <string.h>

/* The two parts of a key. False: it is no name of a counter. */
static bool split(struct slice key, bool is_front, struct slice *out_namespace,
                  struct slice *out_key)
{
    const char *slash = memchr(key.bytes, '/', key.length);
    struct counter_name found;

    if (slash != NULL) {
        *out_namespace = (struct slice){key.bytes, (size_t)(slash - key.bytes)};
        *out_key = slice_after(key, out_namespace->length + 1);
        if (counter_name_make(*out_namespace, *out_key, &found) == COUNTER_NAME_GOOD) {
            return true;
        }
    }
    *out_namespace = SLICE("default");
    *out_key = key;
    return is_front;
}

/* Of printable ASCII (RFC 8259 7). */
static char *write_string(char *end, struct slice text)
{
    *end++ = '"';
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] == '"' || text.bytes[i] == '\\') {
            *end++ = '\\';
        }
        *end++ = text.bytes[i];
    }
    *end++ = '"';
    return end;
}

static char *write_text(char *end, const char *text)
{
    return mempcpy(end, text, strlen(text));
}

static char *write_number(char *end, const char *before, int64_t number)
{
    end = write_text(end, before);
    return end + decimal_write_signed(end, number);
}

static char *write_time(char *end, const char *before, uint64_t time_ms)
{
    return time_ms == 0 ? write_text(write_text(end, before), "null")
                        : write_number(end, before, (int64_t)time_ms);
}

static char *write_owner(char *end, const struct store_record *record)
{
    if (!record->has_owner) {
        return write_text(end, "null");
    }
    *end++ = '"';
    end = hexadecimal_write_bytes(end, record->owner, STORE_OWNER_BYTES);
    *end++ = '"';
    return end;
}

size_t counter_line_write(struct slice key, bool is_front, const struct store_record *record,
                          char out_text[COUNTER_LINE_BYTES_MAX])
{
    struct slice first;
    struct slice second;
    char *end = out_text;

    if (key.length > STORE_KEY_BYTES_MAX || !split(key, is_front, &first, &second)) {
        return 0;
    }
    end = write_string(write_text(end, "{\"namespace\":"), first);
    end = write_string(write_text(end, ",\"key\":"), second);
    end = write_number(end, ",\"value\":", record->value);
    end = write_time(end, ",\"created\":", record->created_ms);
    end = write_time(end, ",\"counted\":", record->counted_ms);
    end = write_number(end, ",\"adjusted\":", record->adjusted);
    end = write_number(end, ",\"bounds\":[", record->low);
    end = write_number(end, ",", record->high);
    end = write_text(end, "],\"enable_reset\":");
    end = write_text(end, record->may_be_set ? "true" : "false");
    end = write_text(end, ",\"owner_hash\":");
    end = write_owner(end, record);
    end = write_text(end, "}\n");
    return (size_t)(end - out_text);
}
