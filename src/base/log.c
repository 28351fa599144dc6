/*
 * log.c - lines of text or JSON to standard error.
 */
#include "base/log.h"

#include "base/clock.h"
#include "base/hexadecimal.h"
#include "base/journal_stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    LINE_BYTES_MAX = 4096, /* PIPE_BUF: a write up to it is not torn (pipe(7)) */
    FIELDS_MAX = 12,
};

static enum log_level level_written = LOG_INFO;
static enum log_format line_format = LOG_TEXT;
static bool is_for_journal; /* each line begins with its priority; the journal knows the time */

static const char *const level_names[] = {
    [LOG_ERROR] = "error",
    [LOG_WARN] = "warn",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

/* Priorities of syslog(3) as sd-daemon(3) wants them. */
static const char *const level_priorities[] = {
    [LOG_ERROR] = "<3>",
    [LOG_WARN] = "<4>",
    [LOG_INFO] = "<6>",
    [LOG_DEBUG] = "<7>",
};

/* A line under construction; what does not fit is cut, and the line's end always fits. */
struct line {
    char bytes[LINE_BYTES_MAX];
    size_t length;
    bool is_full; /* something did not fit */
};

static void line_add_byte(struct line *line, char byte)
{
    if (line->length < LINE_BYTES_MAX - 4) { /* room for `"}` and the newline */
        line->bytes[line->length++] = byte;
    } else {
        line->is_full = true;
    }
}

static void line_add(struct line *line, const char *text)
{
    while (*text != '\0') {
        line_add_byte(line, *text++);
    }
}

/* In quotes, as JSON wants it; text lines use the same form. Bytes above 0x7f pass as they are. */
static void line_add_quoted(struct line *line, const char *text)
{
    size_t length = strnlen(text, LOG_VALUE_BYTES_MAX);

    while (text[length] != '\0' && length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) {
        length--; /* no character of UTF-8 is cut in two */
    }
    line_add_byte(line, '"');
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte == '"' || byte == '\\') {
            line_add_byte(line, '\\');
            line_add_byte(line, (char)byte);
        } else if (byte < 0x20 || byte == 0x7f) {
            char escaped[] = "\\u0000";

            (void)hexadecimal_write(escaped + strlen("\\u00"), byte); /* its end is known */
            line_add(line, escaped);
        } else {
            line_add_byte(line, (char)byte);
        }
    }
    line_add_byte(line, '"');
}

static bool needs_quotes(const char *text)
{
    if (*text == '\0' || strlen(text) > LOG_VALUE_BYTES_MAX) {
        return true;
    }
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text == '"' || *text == '\\' || *text == '=' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static void line_add_field(struct line *line, const struct log_field *field)
{
    char number[24];

    if (line_format == LOG_JSON) {
        line_add_byte(line, ',');
        line_add_quoted(line, field->name);
        line_add_byte(line, ':');
    } else {
        line_add_byte(line, ' ');
        line_add(line, field->name);
        line_add_byte(line, '=');
    }
    if (field->text == NULL) {
        (void)snprintf(number, sizeof number, "%lld", (long long)field->number);
        line_add(line, number);
    } else if (line_format == LOG_JSON || needs_quotes(field->text)) {
        line_add_quoted(line, field->text);
    } else {
        line_add(line, field->text);
    }
}

static void line_add_time(struct line *line)
{
    int64_t now_ms = clock_wall_ms();
    time_t now = (time_t)(now_ms / 1000);
    struct tm parts;
    char stamp[48];
    char milliseconds[8];

    (void)gmtime_r(&now, &parts);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    (void)snprintf(milliseconds, sizeof milliseconds, ".%03dZ", (int)(now_ms % 1000));
    line_add(line, stamp);
    line_add(line, milliseconds);
}

/* Time, level and event, as every line begins. An object has its time for the journal too: whoever
 * takes it out of there wants it whole. */
static void line_begin(struct line *line, enum log_level level, const char *event)
{
    line->length = 0;
    line->is_full = false;
    if (is_for_journal) {
        line_add(line, level_priorities[level]);
    }
    if (line_format == LOG_JSON) {
        line_add(line, "{\"time\":\"");
        line_add_time(line);
        line_add(line, "\",\"level\":\"");
        line_add(line, level_names[level]);
        line_add(line, "\",\"event\":");
        line_add_quoted(line, event);
    } else {
        if (!is_for_journal) {
            line_add_time(line);
            line_add_byte(line, ' ');
        }
        line_add(line, level_names[level]);
        line_add_byte(line, ' ');
        line_add(line, event);
    }
}

static void line_end_and_write(struct line *line)
{
    ssize_t written;

    if (line_format == LOG_JSON) {
        line->bytes[line->length++] = '}';
    }
    line->bytes[line->length++] = '\n';
    written = write(STDERR_FILENO, line->bytes, line->length);
    (void)written; /* where should one complain that complaining failed */
}

void log_init(enum log_level level, enum log_format format)
{
    level_written = level;
    line_format = format;
    is_for_journal = journal_stream_is(STDERR_FILENO, getenv("JOURNAL_STREAM"));
}

bool log_is_on(enum log_level level)
{
    return level <= level_written;
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t fields_count)
{
    struct line line;

    assert(fields_count <= FIELDS_MAX);
    if (!log_is_on(level)) {
        return;
    }
    line_begin(&line, level, event);
    for (size_t i = 0; i < fields_count; i++) {
        size_t length = line.length;

        line_add_field(&line, &fields[i]);
        if (line.is_full) {
            line.length = length; /* a part of it would leave the line malformed */
            break;
        }
    }
    line_end_and_write(&line);
}

bool log_limit_has_room(struct log_limit *limit)
{
    const uint64_t now_ms = clock_monotonic_ms();

    if (now_ms - limit->period_began_ms >= limit->period_ms) {
        limit->period_began_ms = now_ms;
        limit->written = 0;
    }
    return limit->written < limit->burst;
}

bool log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                       const struct log_field *fields, size_t fields_count)
{
    struct log_field with_count[FIELDS_MAX];

    assert(fields_count < FIELDS_MAX);
    if (!log_limit_has_room(limit)) {
        limit->left_out++;
        return false;
    }
    limit->written++;
    memcpy(with_count, fields, fields_count * sizeof *fields);
    if (limit->left_out > 0) {
        with_count[fields_count++] = LOG_FIELD_NUMBER("left_out", limit->left_out);
        limit->left_out = 0;
    }
    log_write(level, event, with_count, fields_count);
    return true;
}

void log_ready(const char *listener_name)
{
    struct line line;
    char message[LOG_VALUE_BYTES_MAX];

    (void)snprintf(message, sizeof message, "listening on %s", listener_name);
    line_begin(&line, LOG_INFO, "ready");
    if (line_format == LOG_JSON) {
        line_add(&line, ",\"message\":");
        line_add_quoted(&line, message);
    } else {
        line_add_byte(&line, ' ');
        line_add(&line, message);
    }
    line_end_and_write(&line);
}
