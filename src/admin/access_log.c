/*
 * access_log.c - the buffer of a worker's lines, and when it is written.
 */
#include "admin/access_log.h"

#include "admin/access_log_line.h"
#include "admin/log_file.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/log.h"
#include "base/scoreboard.h"
#include "base/settings.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 65536,
    RETRY_MS = 10,      /* after a write that found no room */
    WARNING_MS = 60000, /* between two lines about what was dropped */
    TIME_BYTES = 24,    /* 2026-11-26T20:21:45.123Z */
    TIME_FRACTION = 20, /* where the milliseconds begin */
};

struct access_log {
    struct access_log_settings settings; /* but for path and format, which are copied: */
    char path[SETTINGS_PATH_BYTES_MAX + 1];
    struct access_log_format format;
    struct log_file file;
    struct access_log_process process;
    uint64_t generation; /* of the file that is open */
    uint64_t time_ms;    /* monotonic: what `time` is of */
    int64_t time_second; /* since 1970: what its beginning says */
    uint64_t retry_ms;   /* monotonic: nothing is written before */
    int trouble;         /* why the last write was not whole: -errno */
    bool begins_torn;    /* the buffer begins inside a line */
    struct log_limit limit;
    size_t length;
    char time[TIME_BYTES + 1];
    char buffer[BUFFER_BYTES];
};

/* ---- the time ---- */

/* Writes the date and the second; gmtime_r(3) knows no locale, and no time zone but UTC. */
static void write_second(char out_time[TIME_BYTES + 1], int64_t second)
{
    const time_t time = (time_t)second;
    struct tm parts;

    (void)gmtime_r(&time, &parts);
    (void)strftime(out_time, TIME_BYTES + 1, "%Y-%m-%dT%H:%M:%S.000Z", &parts);
}

/* Has `time` say the present turn's moment. */
static void set_time(struct access_log *log)
{
    const uint64_t now_ms = loop_now_ms(log->settings.loop);
    int64_t wall_ms;
    int64_t fraction;

    if (now_ms == log->time_ms) {
        return;
    }
    log->time_ms = now_ms;
    wall_ms = clock_wall_ms();
    fraction = wall_ms % 1000;
    if (wall_ms / 1000 != log->time_second) {
        log->time_second = wall_ms / 1000;
        write_second(log->time, log->time_second);
    }
    log->time[TIME_FRACTION] = (char)('0' + fraction / 100);
    log->time[TIME_FRACTION + 1] = (char)('0' + fraction / 10 % 10);
    log->time[TIME_FRACTION + 2] = (char)('0' + fraction % 10);
}

/* ---- what is lost ---- */

static const char *reason_of(int trouble)
{
    return trouble == -EAGAIN ? "nobody reads it" : strerror(-trouble);
}

static void drop(struct access_log *log, uint64_t lines)
{
    struct scoreboard_slot *slot = &log->settings.scoreboard->slots[log->settings.slot_index];

    counter_add(&slot->traffic.access_lines_dropped, lines);
    (void)LOG_EVENT_LIMITED(/* the metric has it */
                            &log->limit, LOG_WARN, "access_log_dropped",
                            LOG_FIELD_NUMBER("slot", log->settings.slot_index),
                            LOG_FIELD_TEXT("path", log->path),
                            LOG_FIELD_TEXT("reason", reason_of(log->trouble)));
}

/* Takes the first bytes away. */
static void consume(struct access_log *log, size_t length)
{
    log->length -= length;
    memmove(log->buffer, log->buffer + length, log->length);
}

/* The rest of a line whose beginning is in a file that is closed now belongs nowhere. */
static void drop_torn(struct access_log *log)
{
    const char *end = memchr(log->buffer, '\n', log->length);

    if (log->begins_torn && end != NULL) {
        consume(log, (size_t)(end - log->buffer) + 1);
        drop(log, 1);
    }
    log->begins_torn = false;
}

static void drop_all(struct access_log *log)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < log->length; i++) {
        lines += log->buffer[i] == '\n';
    }
    if (lines > 0) {
        drop(log, lines);
    }
    log->length = 0;
}

/* ---- the file ---- */

static void flush(struct access_log *log)
{
    size_t written;

    if (log->length == 0) {
        return;
    }
    written = log_file_write(&log->file, log->buffer, log->length, &log->trouble);
    if (written > 0) {
        log->begins_torn = log->buffer[written - 1] != '\n';
    }
    if (written < log->length) {
        log->retry_ms = loop_now_ms(log->settings.loop) + RETRY_MS;
    }
    consume(log, written);
}

static bool has_room(const struct access_log *log)
{
    return BUFFER_BYTES - log->length >= ACCESS_LOG_LINE_BYTES_MAX;
}

/* Of all workers that cannot open it, one says so. */
static void tell_not_reopened(const struct access_log *log, int result)
{
    struct scoreboard_master *master = &log->settings.scoreboard->master;

    if (atomic_exchange(&master->log_failure_told, log->generation) != log->generation) {
        LOG_EVENT(LOG_ERROR, "access_log_not_reopened", LOG_FIELD_TEXT("path", log->path),
                  LOG_FIELD_TEXT("reason", strerror(-result)));
    }
}

/* What waits still goes to the old file. */
static void reopen(struct access_log *log)
{
    struct log_file file;
    int result = log_file_open(log->path, &file);

    if (result < 0) {
        tell_not_reopened(log, result);
        return;
    }
    drop_torn(log);
    log_file_close(&log->file);
    log->file = file;
    log->retry_ms = 0;
}

/* ---- its life ---- */

int access_log_create(const struct access_log_settings *settings, struct access_log **out_log,
                      char *out_reason, size_t reason_bytes)
{
    struct access_log *log;
    int result = -ENOMEM;

    if (settings->path[0] == '\0') {
        *out_log = NULL;
        return 0;
    }
    log = calloc(1, sizeof *log);
    if (log != NULL) {
        log->settings = *settings;
        log->settings.path = NULL;
        log->settings.format = NULL;
        (void)snprintf(log->path, sizeof log->path, "%s", settings->path);
        log->format = *settings->format;
        log->process = (struct access_log_process){
            .time = {log->time, TIME_BYTES},
            .slot = settings->slot_index,
            .pid = getpid(),
        };
        log->time_second = -1;
        log->limit = (struct log_limit){.burst = 1, .period_ms = WARNING_MS};
        log->generation = atomic_load(&settings->scoreboard->master.log_generation);
        result = log_file_open(settings->path, &log->file);
    }
    if (result < 0) {
        (void)snprintf(out_reason, reason_bytes, "the access log %.150s cannot be opened: %s",
                       settings->path, strerror(-result));
        free(log);
        return result;
    }
    *out_log = log;
    return 0;
}

void access_log_add(void *owner, const struct http_answered *answered)
{
    struct access_log *log = owner;

    if (!has_room(log) && loop_now_ms(log->settings.loop) >= log->retry_ms) {
        flush(log);
    }
    if (!has_room(log)) {
        drop(log, 1);
        return;
    }
    set_time(log);
    log->length +=
        access_log_line_write(log->buffer + log->length, &log->format, &log->process, answered);
}

void access_log_beat(struct access_log *log)
{
    uint64_t generation;

    if (log == NULL) {
        return;
    }
    flush(log);
    generation = atomic_load(&log->settings.scoreboard->master.log_generation);
    if (generation != log->generation) {
        log->generation = generation;
        reopen(log);
    }
}

void access_log_destroy(struct access_log *log)
{
    if (log == NULL) {
        return;
    }
    flush(log);
    drop_all(log);
    log_file_close(&log->file);
    free(log);
}
