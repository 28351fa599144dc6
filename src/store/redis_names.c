/*
 * redis_names.c - SCAN, again and again, until its cursor is 0 again.
 *
 * SCAN may name a key several times (redis.io), so the names are sorted.
 */
#include "store/redis_names.h"

#include "base/decimal.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "store/redis_error.h"
#include "store/redis_key.h"
#include "store/redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CURSOR_BYTES = DECIMAL_BYTES_MAX + 1,
    LOOK_AT = 64,       /* keys at a time, to begin with … */
    LOOK_AT_MAX = 1024, /* … and where few of them are counters */
    REASON_BYTES = 400,
};

static const char unreadable[] = "an answer to SCAN that cannot be read";

/* One reading. */
struct reading {
    const struct redis_names_request *request;
    struct loop *loop;
    struct redis_link *link;
    struct timer_queue timers;
    struct timer timer;
    uint32_t look_at;
    size_t cursor_length;
    char cursor[CURSOR_BYTES];
    size_t count;
    size_t length; /* of the names, each with a LF behind it */
    size_t capacity;
    char *bytes;
    bool was_up;
    bool is_over;
    int result;
    char trouble[REASON_BYTES]; /* why the link is not up */
    char *out_reason;
    size_t reason_bytes;
};

static void end(struct reading *reading, int result, const char *reason)
{
    if (result < 0 && reading->result == 0) {
        (void)snprintf(reading->out_reason, reading->reason_bytes, "the store does not serve: %s",
                       reason);
    }
    reading->result = result;
    reading->is_over = true;
    loop_stop(reading->loop);
}

/* ---- names ---- */

static bool add(struct reading *reading, struct slice name)
{
    const size_t needed = reading->length + name.length + 1;

    if (needed > reading->capacity) {
        const size_t capacity = needed < 65536 ? 65536 : 2 * needed;
        char *bytes = realloc(reading->bytes, capacity);

        if (bytes == NULL) {
            return false;
        }
        reading->bytes = bytes;
        reading->capacity = capacity;
    }
    memcpy(reading->bytes + reading->length, name.bytes, name.length);
    reading->bytes[needed - 1] = '\n';
    reading->length = needed;
    reading->count++;
    return true;
}

/* ---- asking ---- */

static void scanned(void *owner, void *subject, int result, const struct resp_reply *reply);

static void scan(struct reading *reading)
{
    char digits[DECIMAL_BYTES_MAX];
    const struct slice words[] = {
        SLICE("SCAN"),  {reading->cursor, reading->cursor_length},
        SLICE("MATCH"), SLICE(REDIS_COUNTER_PATTERN),
        SLICE("COUNT"), {digits, decimal_write(digits, reading->look_at)},
    };
    int result = redis_link_send(reading->link, words, sizeof words / sizeof words[0], scanned,
                                 reading, NULL);

    if (result < 0) {
        end(reading, result, strerrordesc_np(-result));
    } else if (reading->request->timeout_ms > 0) {
        timer_start(&reading->timer, &reading->timers, reading->request->timeout_ms);
    }
}

/* The cursor and the names behind it. 0, -EPROTO or -ENOMEM. */
static int take_names(struct reading *reading, struct slice text)
{
    const struct slice prefix = SLICE(REDIS_COUNTER_PREFIX);
    struct slice cursor;
    struct slice name;

    if (!slice_take_line(&text, &cursor) || cursor.length > sizeof reading->cursor) {
        return -EPROTO;
    }
    memcpy(reading->cursor, cursor.bytes, cursor.length);
    reading->cursor_length = cursor.length;
    while (slice_take_line(&text, &name)) {
        if (slice_starts_with(name, prefix) && !add(reading, slice_after(name, prefix.length))) {
            return -ENOMEM;
        }
    }
    return 0;
}

/* A part of the names has come; asks for the next one, if there is one. */
static void take_part(struct reading *reading, struct slice text)
{
    int result = take_names(reading, text);

    if (result < 0) {
        end(reading, result, result == -EPROTO ? unreadable : strerrordesc_np(-result));
    } else if (reading->cursor_length == 1 && reading->cursor[0] == '0') {
        end(reading, 0, "");
    } else {
        if (text.length < RESP_TEXT_BYTES_MAX / 4 && reading->look_at < LOOK_AT_MAX) {
            reading->look_at *= 2;
        }
        reading->request->progress(reading->request->owner, reading->count);
        scan(reading);
    }
}

static void scanned(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct reading *reading = owner;
    char text[256];

    (void)subject;
    if (result < 0 || reading->is_over) {
        return; /* the link is down, and we are told why */
    }
    if (reply->type == RESP_ERROR) {
        slice_copy_printable(reply->text, text, sizeof text);
        end(reading, -EIO, text); /* NOPERM, say */
    } else if (reply->type != RESP_ARRAY) {
        end(reading, -EPROTO, unreadable);
    } else if (reply->text_is_cut && reading->look_at > 1) {
        /* The same again, less at a time; of a single key what is left out is no name of ours. */
        reading->look_at /= 2;
        scan(reading);
    } else {
        take_part(reading, reply->text);
    }
}

/* ---- the link ---- */

static void went_up(void *owner, const char *detail)
{
    struct reading *reading = owner;

    (void)detail;
    reading->was_up = true;
    reading->cursor[0] = '0';
    reading->cursor_length = 1;
    scan(reading);
}

/* Before it was up it tries again until the time is over; the reason is kept. */
static void went_down(void *owner, const char *detail)
{
    struct reading *reading = owner;

    (void)snprintf(reading->trouble, sizeof reading->trouble, "%s", detail);
    if (reading->was_up && !reading->is_over) {
        end(reading, -ECONNRESET, detail);
    }
}

static void sent(void *owner)
{
    (void)owner;
}

static void overdue(void *owner)
{
    struct reading *reading = owner;

    end(reading, -ETIMEDOUT,
        reading->trouble[0] != '\0' ? reading->trouble : strerrordesc_np(ETIMEDOUT));
}

static void link_closed(void *owner)
{
    struct reading *reading = owner;

    reading->link = NULL;
    loop_stop(reading->loop);
}

/* Reads all of them into `reading`. 0 or -errno. */
static int run(struct reading *reading)
{
    static const struct redis_link_events events = {.up = went_up, .down = went_down, .sent = sent};
    const uint64_t timeout_ms = reading->request->timeout_ms;
    int result = redis_link_open(reading->loop, reading->request->url, (uint32_t)timeout_ms,
                                 &events, reading, &reading->link);

    if (result < 0) {
        end(reading, result, strerrordesc_np(-result));
        return result;
    }
    if (timeout_ms > 0) {
        timer_start(&reading->timer, &reading->timers, timeout_ms);
    }
    while (result == 0 && !reading->is_over) {
        result = loop_run(reading->loop);
    }
    reading->is_over = true;
    redis_link_close(reading->link, link_closed, reading);
    while (reading->link != NULL && loop_run(reading->loop) == 0) {
        /* it closes */
    }
    return result < 0 ? result : reading->result;
}

/* ---- order ---- */

static int compare(const void *one, const void *other)
{
    return slice_compare(*(const struct slice *)one, *(const struct slice *)other);
}

/* Makes the list of what has been read, which it takes. */
static int sort(struct reading *reading, struct slice also, struct redis_names *out_names)
{
    struct slice text = {reading->bytes, reading->length};
    struct slice *names = malloc((reading->count + 1) * sizeof *names);
    struct slice name;
    size_t count = 0;

    if (names == NULL) {
        return -ENOMEM;
    }
    names[count++] = also;
    while (slice_take_line(&text, &name)) {
        names[count++] = name;
    }
    qsort(names, count, sizeof *names, compare);
    *out_names = (struct redis_names){.names = names, .bytes = reading->bytes};
    for (size_t i = 0; i < count; i++) {
        struct slice *last = out_names->count == 0 ? NULL : &names[out_names->count - 1];

        if (last == NULL || !slice_equals(*last, names[i])) {
            names[out_names->count++] = names[i];
        } else if (names[i].bytes == also.bytes) {
            *last = also;
        }
    }
    reading->bytes = NULL;
    return 0;
}

int redis_names_read(const struct redis_names_request *request, struct slice also,
                     struct redis_names *out_names, char *out_reason, size_t reason_bytes)
{
    struct reading reading = {
        .request = request,
        .look_at = LOOK_AT,
        .out_reason = out_reason,
        .reason_bytes = reason_bytes,
    };
    int result = loop_create(LOOP_EPOLL, &reading.loop);

    out_reason[0] = '\0';
    if (result == 0) {
        timer_queue_init(&reading.timers, reading.loop);
        timer_init(&reading.timer, overdue, &reading);
        result = run(&reading);
        timer_queue_finish(&reading.timers);
        loop_destroy(reading.loop);
    }
    if (result == 0) {
        result = sort(&reading, also, out_names);
    }
    if (result < 0 && out_reason[0] == '\0') {
        (void)snprintf(out_reason, reason_bytes, "%s", strerrordesc_np(-result));
    }
    free(reading.bytes);
    return result;
}

void redis_names_free(struct redis_names *names)
{
    free(names->names);
    free(names->bytes);
    *names = (struct redis_names){.names = NULL};
}
