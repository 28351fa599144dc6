/*
 * access_log_format.c - the text of a format, taken apart once.
 */
#include "base/access_log_format.h"

#include "base/slice.h"
#include "base/spelling.h"

#include <stdio.h>
#include <string.h>

#define ALL_BUT_CLIENT "time,status,method,path,number,bytes,duration,worker,pid"

static const char *const field_names[ACCESS_LOG_FIELDS_COUNT] = {
    [ACCESS_LOG_TIME] = "time",         [ACCESS_LOG_STATUS] = "status",
    [ACCESS_LOG_METHOD] = "method",     [ACCESS_LOG_PATH] = "path",
    [ACCESS_LOG_NUMBER] = "number",     [ACCESS_LOG_BYTES] = "bytes",
    [ACCESS_LOG_DURATION] = "duration", [ACCESS_LOG_WORKER] = "worker",
    [ACCESS_LOG_PID] = "pid",           [ACCESS_LOG_CLIENT] = "client",
};

static const char text_format[] =
    "{time} {status} {method} {path} {number} {bytes} {duration} {worker}";

/* A format under construction. */
struct reader {
    struct access_log_format *format;
    uint32_t seen;  /* a bit for each field that stands already */
    char *sentence; /* what is wrong, if somebody asks */
    size_t size;
};

/* False, for the caller to return. */
static bool refuse(const struct reader *reader, const char *before, struct slice name,
                   const char *behind)
{
    if (reader->sentence != NULL) {
        (void)snprintf(reader->sentence, reader->size, "%s%.*s%s", before, (int)name.length,
                       name.bytes, behind);
    }
    return false;
}

static bool refuse_field(const struct reader *reader, struct slice name)
{
    const char *nearest = spelling_nearest(name, field_names, ACCESS_LOG_FIELDS_COUNT);
    char behind[128];

    if (nearest != NULL) {
        (void)snprintf(behind, sizeof behind, "; did you mean %s?", nearest);
    } else {
        (void)snprintf(behind, sizeof behind, "; the fields are " ALL_BUT_CLIENT ",client");
    }
    if (name.length > SPELLING_BYTES_MAX) {
        name.length = SPELLING_BYTES_MAX;
    }
    return refuse(reader, "there is no field ", name, behind);
}

/* Bytes before the next field. */
static bool add_bytes(struct reader *reader, struct slice bytes)
{
    struct access_log_format *format = reader->format;

    if (format->text_length + bytes.length > sizeof format->text) {
        return refuse(reader, "it is longer than 512 bytes", SLICE(""), "");
    }
    memcpy(format->text + format->text_length, bytes.bytes, bytes.length);
    format->text_length += (uint32_t)bytes.length;
    format->parts[format->parts_count].length += (uint16_t)bytes.length;
    return true;
}

static void end_part(struct reader *reader, unsigned field)
{
    struct access_log_format *format = reader->format;

    format->parts[format->parts_count++].field = (uint8_t)field;
    if (format->parts_count <= ACCESS_LOG_FIELDS_COUNT) {
        format->parts[format->parts_count].start = (uint16_t)format->text_length;
    }
}

static bool add_field(struct reader *reader, struct slice name)
{
    unsigned field = 0;

    while (field < ACCESS_LOG_FIELDS_COUNT && !slice_is(name, field_names[field])) {
        field++;
    }
    if (field == ACCESS_LOG_FIELDS_COUNT) {
        return refuse_field(reader, name);
    }
    if ((reader->seen & 1U << field) != 0) {
        return refuse(reader, "the field ", name, " stands twice");
    }
    reader->seen |= 1U << field;
    end_part(reader, field);
    return true;
}

/* Field names, split by commas, become an object. */
static bool read_json(struct reader *reader, const char *names)
{
    struct slice before = SLICE("{\"");

    reader->format->is_json = true;
    for (;;) {
        const struct slice name = {names, strcspn(names, ",")};

        if (!add_bytes(reader, before) || !add_bytes(reader, name) ||
            !add_bytes(reader, SLICE("\":")) || !add_field(reader, name)) {
            return false;
        }
        if (names[name.length] == '\0') {
            return add_bytes(reader, SLICE("}"));
        }
        names += name.length + 1;
        before = SLICE(",\"");
    }
}

/* A brace: of a field, or a doubled one. Moves *text behind it. */
static bool read_brace(struct reader *reader, const char **text)
{
    const char *brace = *text;
    const char *end = strchr(brace, '}');

    if (brace[0] == brace[1]) {
        *text = brace + 2;
        return add_bytes(reader, (struct slice){brace, 1});
    }
    if (brace[0] == '}') {
        return refuse(reader, "a } stands alone; }} is a brace in the line", SLICE(""), "");
    }
    if (end == NULL) {
        return refuse(reader, "a { has no }; {{ is a brace in the line", SLICE(""), "");
    }
    *text = end + 1;
    return add_field(reader, (struct slice){brace + 1, (size_t)(end - brace) - 1});
}

static bool read_line(struct reader *reader, const char *text)
{
    while (*text != '\0') {
        const size_t length = strcspn(text, "{}");

        for (size_t i = 0; i < length; i++) {
            if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f) {
                return refuse(reader, "it holds a control character", SLICE(""), "");
            }
        }
        if (!add_bytes(reader, (struct slice){text, length})) {
            return false;
        }
        text += length;
        if (*text != '\0' && !read_brace(reader, &text)) {
            return false;
        }
    }
    if (reader->seen == 0) {
        return refuse(reader, "it takes text, json, json:FIELD,FIELD or a line with fields",
                      SLICE(""), " in braces, such as {time} {status} {path}");
    }
    return true;
}

static bool read_format(struct reader *reader, const char *text)
{
    bool is_right;

    memset(reader->format, 0, sizeof *reader->format);
    if (strcmp(text, "json") == 0) {
        is_right = read_json(reader, ALL_BUT_CLIENT);
    } else if (strncmp(text, "json:", 5) == 0) {
        is_right = read_json(reader, text + 5);
    } else {
        is_right = read_line(reader, strcmp(text, "text") == 0 ? text_format : text);
    }
    if (is_right && !add_bytes(reader, SLICE("\n"))) {
        is_right = false;
    }
    if (is_right) {
        end_part(reader, ACCESS_LOG_END);
    }
    return is_right;
}

bool access_log_format_parse(const char *text, struct access_log_format *out_format)
{
    struct reader reader = {.format = out_format};

    return read_format(&reader, text);
}

bool access_log_format_equals(const struct access_log_format *one,
                              const struct access_log_format *other)
{
    const struct slice one_text = {one->text, one->text_length};
    const struct slice other_text = {other->text, other->text_length};
    bool is_same = one->is_json == other->is_json && one->parts_count == other->parts_count &&
                   slice_equals(one_text, other_text);

    for (uint32_t i = 0; i < one->parts_count && is_same; i++) {
        is_same = one->parts[i].start == other->parts[i].start &&
                  one->parts[i].field == other->parts[i].field;
    }
    return is_same;
}

void access_log_format_explain(const char *text, char *out_sentence, size_t size)
{
    struct access_log_format format;
    struct reader reader = {.format = &format, .sentence = out_sentence, .size = size};

    out_sentence[0] = '\0';
    (void)read_format(&reader, text); /* it is the sentence that is wanted */
}
