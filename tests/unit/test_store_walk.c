/*
 * test_store_walk.c - walks over all counters: their order, what ends them, and what they lack.
 *
 * Keys with a slash keep a record; "front" is the front counter.
 */
#include "store/store_walk.h"

#include "store/store_session.h"
#include "store_kinds.h"

#include <stdlib.h>

static unsigned allocations_left = UINT_MAX; /* before one fails */

static bool may_allocate(void)
{
    return allocations_left == UINT_MAX || (allocations_left > 0 && allocations_left-- > 0);
}

void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void *__wrap_malloc(size_t bytes)
{
    return may_allocate() ? __real_malloc(bytes) : NULL;
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return may_allocate() ? __real_calloc(count, bytes) : NULL;
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return may_allocate() ? __real_realloc(memory, bytes) : NULL;
}

/* ---- the scene ---- */

/* What a walk has shown: each key, with " F" behind the front counter and its value, and a comma.
 */
static char shown[4096];
static unsigned troubles;
static uint64_t done;
static uint64_t total;
static int found_result;
static uint64_t timeout_ms = 5000;
static char reason[STORE_REASON_BYTES];

static int note_found(void *owner, struct slice key, bool keeps_record,
                      const struct store_record *record)
{
    const size_t length = strlen(shown);

    assert_ptr_equal(owner, &shown);
    assert_true(record->exists);
    (void)snprintf(shown + length, sizeof shown - length, "%.*s%s %" PRId64 ",", (int)key.length,
                   key.bytes, keeps_record ? "" : " F", record->value);
    return found_result;
}

static void note_trouble(void *owner, struct slice key, const char *sentence)
{
    assert_ptr_equal(owner, &shown);
    assert_true(key.length > 0 && sentence[0] != '\0');
    troubles++;
}

static void note_progress(void *owner, uint64_t done_now, uint64_t total_now)
{
    assert_ptr_equal(owner, &shown);
    done = done_now;
    total = total_now;
}

static void parse(const char *text, struct store_url *out_url)
{
    const char *problem;

    assert_int_equal(store_url_parse(slice_of(text), out_url, &problem), 0);
}

static int walk_over(const char *text)
{
    static const struct store_walk_events events = {
        .found = note_found,
        .trouble = note_trouble,
        .progress = note_progress,
        .owner = &shown,
    };
    struct store_url url;
    const struct store_walk walk = {
        .url = &url, .timeout_ms = timeout_ms, .front_key = SLICE("front"), .events = &events};

    parse(text, &url);
    shown[0] = reason[0] = '\0';
    troubles = 0;
    return store_walk(&walk, reason);
}

static int walk_over_kind(const struct kind *kind)
{
    char url[256];

    kind->write_url(url, sizeof url);
    return walk_over(url);
}

static void put_done(struct store_batch *batch)
{
    store_session_wake(batch->owner);
}

/* Puts counters with these keys, of values 1, 2 … */
static void fill(const struct kind *kind, const char *const *keys, unsigned count)
{
    struct store_session session;
    struct store_url url;
    char text[256];

    kind->write_url(text, sizeof text);
    parse(text, &url);
    assert_int_equal(store_session_open(&session, &url, 5000, reason), 0);
    for (unsigned i = 0; i < count; i++) {
        struct store_change change = {.kind = STORE_PUT, .right = STORE_AS_SERVER, .value = i + 1};
        struct store_hit hit = {.change = &change, .result = 1, .is_change = 1};
        struct store_batch batch = {
            .key = slice_of(keys[i]),
            .hits = &hit,
            .hits_count = 1,
            .keeps_record = strchr(keys[i], '/') != NULL,
            .may_make = true,
            .done = put_done,
            .owner = &session,
        };

        store_apply(session.store, &batch);
        while (hit.result > 0) {
            assert_int_equal(store_session_wait(&session, 5000), 0);
        }
        assert_int_equal(hit.result, 0);
    }
    store_session_close(&session);
    store_session_close(&session); /* once more is fine */
}

static void fill_some(const struct kind *kind)
{
    static const char *const keys[] = {"walk/b", "front", "walk/a", "walk/ab", "walk-/a"};

    fill(kind, keys, sizeof keys / sizeof keys[0]);
}

/* ---- cases ---- */

static void
a_walk_is_in_the_order_of_keys_with_the_front_counter_among_them(const struct kind *kind)
{
    if (!kind->keeps) {
        return;
    }
    fill_some(kind);
    assert_int_equal(walk_over_kind(kind), 0);
    assert_string_equal(shown, "front F 2,walk-/a 5,walk/a 3,walk/ab 4,walk/b 1,");
    assert_int_equal(troubles, 0);
    assert_true(done == 5 && total == 5);
}

static void what_is_found_may_end_a_walk(const struct kind *kind)
{
    if (!kind->keeps) {
        return;
    }
    fill_some(kind);
    found_result = -ENOSPC;
    assert_int_equal(walk_over_kind(kind), -ENOSPC);
    found_result = 0;
    assert_string_equal(shown, "front F 2,");
}

static void a_store_that_keeps_nothing_has_no_walk(const struct kind *kind)
{
    if (kind->keeps) {
        return;
    }
    assert_int_equal(walk_over_kind(kind), -EINVAL);
    assert_non_null(strstr(reason, "memory: keeps nothing"));
}

/* Each allocation fails once: the walk says so, or does without. */
static void a_walk_without_memory_says_so(const struct kind *kind)
{
    unsigned failed = 0;
    int result = -ENOMEM;

    if (!kind->keeps) {
        return;
    }
    fill_some(kind);
    timeout_ms = 300; /* a link that could not be made is tried again until then */
    for (unsigned left = 0; result != 0; left++) {
        assert_true(left < 200);
        allocations_left = left;
        result = walk_over_kind(kind);
        allocations_left = UINT_MAX;
        if (result < 0) {
            assert_true(reason[0] != '\0');
            failed++;
        }
    }
    timeout_ms = 5000;
    assert_true(failed > 0 || strcmp(kind->name, "LMDB") == 0); /* which allocates by itself */
    assert_string_equal(shown, "front F 2,walk-/a 5,walk/a 3,walk/ab 4,walk/b 1,");
}

static void what_is_not_there_is_told_and_not_made(const struct kind *kind)
{
    char url[256];
    char path[TEMPORARY_PATH_BYTES + 16];

    if (strcmp(kind->name, "LMDB") == 0) {
        (void)snprintf(path, sizeof path, "%s/none", folder.path);
        (void)snprintf(url, sizeof url, "lmdb:%s", path);
        assert_int_equal(walk_over(url), -ENOENT);
        assert_non_null(strstr(reason, "No such file or directory"));
        assert_int_equal(access(path, F_OK), -1);
    } else if (strcmp(kind->name, "Redis") == 0) {
        (void)snprintf(url, sizeof url, "redis+unix://%s/none", folder.path);
        timeout_ms = 300;
        assert_int_equal(walk_over(url), -ETIMEDOUT);
        timeout_ms = 5000;
        assert_non_null(strstr(reason, "the store does not serve: "));
        assert_non_null(strstr(reason, "No such file or directory"));
    }
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function, false
    {CASE(a_walk_is_in_the_order_of_keys_with_the_front_counter_among_them)},
    {CASE(what_is_found_may_end_a_walk)},
    {CASE(a_store_that_keeps_nothing_has_no_walk)},
    {CASE(a_walk_without_memory_says_so)},
    {CASE(what_is_not_there_is_told_and_not_made)},
};

int main(void)
{
    return run_on_all_kinds("store_walk", cases, sizeof cases / sizeof cases[0]);
}
