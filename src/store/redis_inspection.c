/*
 * redis_inspection.c - what a server may forget, as far as it tells.
 *
 * Answers need not be matched with their questions: what they hold is found by its name.
 */
#include "store/redis_inspection.h"

#include "store/redis_error.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define WORD(literal)                                                                              \
    {                                                                                              \
        ("" literal ""), sizeof(literal) - 1                                                       \
    }

static const struct {
    struct slice words[3];
    size_t count;
} questions[REDIS_INSPECTION_QUESTIONS] = {
    /* One pattern each: several are for Redis 7 only. */
    {{WORD("CONFIG"), WORD("GET"), WORD("maxmemory*")}, 3},
    {{WORD("CONFIG"), WORD("GET"), WORD("append*")}, 3},
    {{WORD("CONFIG"), WORD("GET"), WORD("save")}, 3},
    {{WORD("INFO"), WORD("memory")}, 2},
    {{WORD("INFO"), WORD("persistence")}, 2},
    {{WORD("INFO"), WORD("replication")}, 2},
};

const struct slice *redis_inspection_question(unsigned i, size_t *out_count)
{
    assert(i < REDIS_INSPECTION_QUESTIONS);
    *out_count = questions[i].count;
    return questions[i].words;
}

/* ---- answers ---- */

/* Takes one line off the front of the text, without its LF or CR LF. False at the end. */
static bool take_line(struct slice *text, struct slice *out_line)
{
    if (!slice_take_line(text, out_line)) {
        return false; /* a line that was cut says nothing */
    }
    if (out_line->length > 0 && out_line->bytes[out_line->length - 1] == '\r') {
        out_line->length--;
    }
    return true;
}

/* The value of `name`: in CONFIG GET's answer the line behind it, in INFO's what follows "name:".
 */
static bool find_value(const struct resp_reply *reply, const char *name, struct slice *out_value)
{
    const struct slice wanted = slice_of(name);
    struct slice text = reply->text;
    struct slice line;

    while (take_line(&text, &line)) {
        if (reply->type == RESP_ARRAY) {
            if (slice_equals(line, wanted)) {
                return take_line(&text, out_value);
            }
            (void)take_line(&text, &line); /* its value; at the end there is none */
        } else if (line.length > wanted.length && line.bytes[wanted.length] == ':' &&
                   slice_starts_with(line, wanted)) {
            *out_value = slice_after(line, wanted.length + 1);
            return true;
        }
    }
    return false;
}

/* Notes whether the value is other than `no`, if the answer holds it. */
static void learn_unless(const struct resp_reply *reply, const char *name, const char *no,
                         enum redis_fact *out_fact)
{
    struct slice value;

    if (find_value(reply, name, &value)) {
        *out_fact = slice_is(value, no) ? REDIS_FACT_NO : REDIS_FACT_YES;
    }
}

static void learn_fsync(const struct resp_reply *reply, enum redis_fsync *out_fsync)
{
    static const struct {
        const char *name;
        enum redis_fsync fsync;
    } names[] = {
        {"always", REDIS_FSYNC_ALWAYS},
        {"everysec", REDIS_FSYNC_EVERYSEC},
        {"no", REDIS_FSYNC_NO},
    };
    struct slice value;

    if (find_value(reply, "appendfsync", &value)) {
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            if (slice_is(value, names[i].name)) {
                *out_fsync = names[i].fsync;
            }
        }
    }
}

static void learn_policy(const struct resp_reply *reply, char out_policy[REDIS_POLICY_BYTES])
{
    struct slice value;

    if (find_value(reply, "maxmemory-policy", &value) ||
        find_value(reply, "maxmemory_policy", &value)) {
        slice_copy_printable(value, out_policy, REDIS_POLICY_BYTES);
    }
}

static void learn_trouble(const struct resp_reply *reply, enum redis_fact *out_fact)
{
    enum redis_fact snapshot_failed = REDIS_FACT_UNKNOWN;
    enum redis_fact append_failed = REDIS_FACT_UNKNOWN;

    learn_unless(reply, "rdb_last_bgsave_status", "ok", &snapshot_failed);
    learn_unless(reply, "aof_last_write_status", "ok", &append_failed);
    if (snapshot_failed == REDIS_FACT_YES || append_failed == REDIS_FACT_YES) {
        *out_fact = REDIS_FACT_YES;
    }
}

void redis_inspection_learn(struct redis_inspection *inspection, const struct resp_reply *reply)
{
    if (reply->type != RESP_ARRAY && reply->type != RESP_BULK) {
        return;
    }
    learn_unless(reply, "maxmemory", "0", &inspection->has_memory_limit);
    learn_unless(reply, "appendonly", "no", &inspection->appends);
    learn_unless(reply, "aof_enabled", "0", &inspection->appends);
    learn_unless(reply, "save", "", &inspection->takes_snapshots);
    learn_unless(reply, "role", "master", &inspection->is_replica);
    learn_fsync(reply, &inspection->fsync);
    learn_policy(reply, inspection->policy);
    learn_trouble(reply, &inspection->fails_to_write);
}

/* ---- what to say ---- */

const char *redis_inspection_risk(const struct redis_inspection *inspection)
{
    if (inspection->appends == REDIS_FACT_YES) {
        switch (inspection->fsync) {
        case REDIS_FSYNC_ALWAYS:
            return "a crash of it loses nothing";
        case REDIS_FSYNC_EVERYSEC:
            return "a crash of it may lose the last second or two";
        case REDIS_FSYNC_NO:
            return "a crash of it may lose what the kernel has not written, half a minute or so";
        case REDIS_FSYNC_UNKNOWN:
            return "a crash of it may lose the last seconds";
        }
    }
    if (inspection->appends == REDIS_FACT_UNKNOWN) {
        return "what a crash of it may lose it does not tell this user";
    }
    switch (inspection->takes_snapshots) {
    case REDIS_FACT_YES:
        return "a crash of it may lose all since the last snapshot";
    case REDIS_FACT_NO:
        return "a crash of it loses every count";
    case REDIS_FACT_UNKNOWN:
        break;
    }
    return "a crash of it may lose all since the last snapshot, if it takes any";
}

/* Adds to a list with semicolons. */
__attribute__((format(printf, 2, 3))) static void add_text(char *text, const char *format, ...)
{
    size_t length = strlen(text);
    va_list arguments;

    length +=
        (size_t)snprintf(text + length, REDIS_WARNING_BYTES - length, "%s", length > 0 ? "; " : "");
    va_start(arguments, format);
    (void)vsnprintf(text + length, REDIS_WARNING_BYTES - length, format, arguments);
    va_end(arguments);
}

void redis_inspection_write_warning(const struct redis_inspection *inspection,
                                    char out_text[REDIS_WARNING_BYTES])
{
    static const char every_key[] = "allkeys-";

    out_text[0] = '\0';
    if (inspection->has_memory_limit == REDIS_FACT_YES &&
        strncmp(inspection->policy, every_key, sizeof every_key - 1) == 0) {
        add_text(out_text, "counts may be evicted (maxmemory-policy %s)", inspection->policy);
    }
    if (inspection->appends == REDIS_FACT_NO && inspection->takes_snapshots == REDIS_FACT_NO) {
        add_text(out_text, "counts are not written to disk (appendonly no, no save)");
    }
    if (inspection->fails_to_write == REDIS_FACT_YES) {
        add_text(out_text, "the last write to disk failed");
    }
    if (inspection->is_replica == REDIS_FACT_YES) {
        add_text(out_text, "it is a replica");
    }
}

#undef WORD
