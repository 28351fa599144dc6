/*
 * redis_records_scene.h - counters with records, counted and changed by the scripts in a real
 * redis-server. Keys are a test's own.
 */
#ifndef FOOTFALL_TEST_REDIS_RECORDS_SCENE_H
#define FOOTFALL_TEST_REDIS_RECORDS_SCENE_H

#include "redis_script_scene.h"
#include "store/redis_error.h"
#include "store/store_change.h"
#include "test.h"

#define RECORD_OF(key) "{footfall:" key "}:footfall:1:about"
#define ENTRY_OF(key) "{footfall:" key "}:footfall:1:w"
#define VISITED " 0 0 0 0 1 0 -" /* behind the value: a counter that has no record */
#define OWNER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static inline const char *count_record_at(const char *key, uint64_t sequence, uint32_t amount,
                                          uint64_t wall_ms, bool may_make)
{
    struct store_hit hit = {.amount = amount & STORE_AMOUNT_MAX};
    const struct store_batch batch = {
        .key = slice_of(key),
        .hits = &hit,
        .hits_count = 1,
        .sequence = sequence,
        .keeps_record = true,
        .may_make = may_make,
        .wall_ms = wall_ms,
    };

    return send_batch_as("w", &batch, false);
}

static inline const char *count_record(const char *key, uint64_t sequence, uint32_t amount)
{
    return count_record_at(key, sequence, amount, 1000 + sequence, true);
}

static enum store_change_kind kind_of_change = STORE_CREATE;

/* Sends a change from `before` to `after`, texts as the script writes them; NULL: only asks. */
static inline const char *change(const char *key, uint64_t sequence, const char *before,
                                 const char *after)
{
    struct store_change wanted = {.kind = kind_of_change};
    struct store_hit hit = {.change = &wanted, .is_change = 1};
    const struct store_batch batch = {
        .key = slice_of(key),
        .hits = &hit,
        .hits_count = 1,
        .sequence = sequence,
        .keeps_record = true,
    };
    struct redis_ledger ledger;
    struct redis_ledger_command command;

    if (before != NULL) {
        assert_true(redis_record_read(slice_of(before), &wanted.before));
        assert_true(redis_record_read(slice_of(after), &wanted.after));
    }
    redis_ledger_init(&ledger, TIMEOUT_MS);
    (void)snprintf(ledger.writer, sizeof ledger.writer, "w");
    redis_ledger_change(&ledger, &batch, REDIS_LEDGER_WHOLE, before != NULL, &command);
    return ask_words(command.words, command.count);
}

static inline void assert_asked(const char *key, const char *expected)
{
    assert_string_equal(change(key, UINT64_C(9999999999999999), NULL, NULL), expected);
}

static inline void assert_fields(const char *record, const char *expected)
{
    assert_string_equal(ask("HGETALL %s", record), expected);
}

#endif
