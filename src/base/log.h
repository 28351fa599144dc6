/*
 * log.h - one line an event, to standard error.
 *
 * An event is a stable name and fields, in text (`… warn worker_died slot=1 pid=4711`) or JSON.
 * Values are quoted where they need it and cut at LOG_VALUE_BYTES_MAX; a line is one write(2), so
 * lines of several processes do not mix. Only process/, commands and main.c log. Secrets are kept
 * out by those who hold them. One process-wide sink, set once at the start; any thread may log.
 */
#ifndef FOOTFALL_BASE_LOG_H
#define FOOTFALL_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
};

enum log_format {
    LOG_TEXT,
    LOG_JSON,
};

enum { LOG_VALUE_BYTES_MAX = 512 };

struct log_field {
    const char *name;
    const char *text; /* NULL: the number counts */
    int64_t number;
};

#define LOG_FIELD_TEXT(field_name, value)                                                          \
    ((struct log_field){.name = (field_name), .text = (value)})
#define LOG_FIELD_NUMBER(field_name, value)                                                        \
    ((struct log_field){.name = (field_name), .number = (int64_t)(value)})

/* The same event again and again: at most `burst` lines within `period_ms`, then silence until the
 * period is over; the next line says how many were left out (field `left_out`). Zero-initialized
 * but for the two settings. One thread. */
struct log_limit {
    uint32_t burst;
    uint32_t period_ms;
    uint64_t period_began_ms;
    uint32_t written;
    uint32_t left_out;
};

/* Whether a line may be written now. Counts nothing as left out. */
bool log_limit_has_room(struct log_limit *limit);

/* Sets level and format. Where standard error is systemd's journal (JOURNAL_STREAM), each line
 * begins with its priority, `<3>` to `<7>` (sd-daemon(3)), and one of text has no time, which the
 * journal knows. Call it before other threads or processes are made. */
void log_init(enum log_level level, enum log_format format);

/* Whether events of `level` are written. */
bool log_is_on(enum log_level level);

/* Writes one event with `fields_count` fields. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t fields_count);

/* The same, unless `limit` says that it was written often enough: false then. */
bool log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                       const struct log_field *fields, size_t fields_count);

/* Writes the ready line of one listener, whatever the level: a script may wait for it. It holds
 * `listening on ` and the name, to the end of the line in text. */
void log_ready(const char *listener_name);

/* LOG_EVENT(LOG_WARN, "worker_died", LOG_FIELD_NUMBER("slot", 1), …): at least one field. */
#define LOG_EVENT(level, event, ...)                                                               \
    log_write((level), (event), (const struct log_field[]){__VA_ARGS__},                           \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#define LOG_EVENT_LIMITED(limit, level, event, ...)                                                \
    log_write_limited((limit), (level), (event), (const struct log_field[]){__VA_ARGS__},          \
                      sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
