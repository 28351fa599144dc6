/*
 * store_changes_scene.h - one batch after another to a store, each waited for.
 *
 * Keys with a slash keep a record, the others do not.
 */
#ifndef FOOTFALL_TEST_STORE_CHANGES_SCENE_H
#define FOOTFALL_TEST_STORE_CHANGES_SCENE_H

#include "store/store_change.h"
#include "store_kinds.h"

enum { NOW_MS = 1700000000 };

/* What the next batch is told; open_at() sets them. */
static uint64_t now_ms;
static bool may_make;
static uint32_t keys_max; /* 0: no limit; so the next */
static uint64_t all_keys_max;

static struct test_batch batch; /* the one that was sent last */

static inline void open_at(struct store_scene *scene, const struct kind *kind)
{
    open_store(scene, kind);
    now_ms = NOW_MS;
    may_make = true;
    keys_max = 0;
    all_keys_max = 0;
}

static inline void run(struct store_scene *scene, const char *key)
{
    batch.scene = scene;
    batch.done_count = 0;
    batch.then = NULL;
    batch.batch = (struct store_batch){
        .key = slice_of(key),
        .hits = batch.hits,
        .hits_count = batch.batch.hits_count,
        .keeps_record = strchr(key, '/') != NULL,
        .may_make = may_make,
        .wall_ms = now_ms,
        .keys_max = keys_max,
        .all_keys_max = all_keys_max,
        .done = note_batch_done,
        .owner = &batch,
    };
    scene->is_applying = true;
    store_apply(scene->store, &batch.batch);
    scene->is_applying = false;
    turn_until(&scene->turning, batch_is_done, &batch);
}

/* Sends hits that add these amounts and waits for them; their results are in `batch`. */
static inline void send_amounts(struct store_scene *scene, const char *key, const uint32_t *amounts,
                                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        batch.hits[i] = (struct store_hit){
            .ticket = 7000 + i,
            .number = 77,
            .result = 1,
            .amount = amounts[i] & STORE_AMOUNT_MAX,
        };
    }
    batch.batch.hits_count = count;
    run(scene, key);
}

static inline void check_hit(uint32_t i, int result, int64_t number)
{
    assert_int_equal(batch.hits[i].result, result);
    assert_true(batch.hits[i].number == number);
}

/* Sends one hit; its number, or what it was refused with. */
static inline int64_t send_one(struct store_scene *scene, const char *key, uint32_t amount)
{
    send_amounts(scene, key, &amount, 1);
    if (batch.hits[0].result < 0) {
        assert_true(batch.hits[0].number == 0);
        return batch.hits[0].result;
    }
    return batch.hits[0].number;
}

/* The count, without one more. */
static inline int64_t look(struct store_scene *scene, const char *key)
{
    return send_one(scene, key, 0);
}

/* Sends a change and waits for it; its outcome is in *wanted. Its result. */
static inline int change(struct store_scene *scene, const char *key, struct store_change *wanted)
{
    memset(&wanted->before, 'b', sizeof wanted->before);
    memset(&wanted->after, 'a', sizeof wanted->after);
    batch.hits[0] =
        (struct store_hit){.ticket = 7000, .change = wanted, .result = 1, .is_change = 1};
    batch.batch.hits_count = 1;
    run(scene, key);
    assert_ptr_equal(batch.hits[0].change, wanted);
    return batch.hits[0].result;
}

static inline struct store_record read_back(struct store_scene *scene, const char *key)
{
    struct store_change wanted = {.kind = STORE_READ};
    const int result = change(scene, key, &wanted);

    assert_int_equal(result, wanted.before.exists ? 0 : -ENOENT);
    assert_int_equal(wanted.after.exists, wanted.before.exists);
    return wanted.before;
}

static inline void check_record(const struct store_record *record,
                                const struct store_record *expected)
{
    assert_int_equal(record->exists, expected->exists);
    assert_int_equal(record->may_be_set, expected->may_be_set);
    assert_int_equal(record->has_owner, expected->has_owner);
    assert_true(record->value == expected->value);
    assert_true(record->adjusted == expected->adjusted);
    assert_true(record->low == expected->low);
    assert_true(record->high == expected->high);
    assert_int_equal(record->created_ms, expected->created_ms);
    assert_int_equal(record->counted_ms, expected->counted_ms);
    assert_memory_equal(record->owner, expected->owner, sizeof record->owner);
}

static inline int create(struct store_scene *scene, const char *key,
                         const struct store_record *created)
{
    struct store_change wanted = {.kind = STORE_CREATE, .created = *created};

    return change(scene, key, &wanted);
}

static inline int create_at(struct store_scene *scene, const char *key, int64_t value)
{
    return create(scene, key, &(struct store_record){.value = value});
}

static inline int set_as(struct store_scene *scene, const char *key, enum store_right right,
                         int64_t value)
{
    struct store_change wanted = {.kind = STORE_SET, .right = right, .value = value};

    return change(scene, key, &wanted);
}

static inline int add_as(struct store_scene *scene, const char *key, enum store_right right,
                         int64_t value)
{
    struct store_change wanted = {.kind = STORE_ADD, .right = right, .value = value};

    return change(scene, key, &wanted);
}

static inline int remove_as_server(struct store_scene *scene, const char *key)
{
    struct store_change wanted = {.kind = STORE_REMOVE, .right = STORE_AS_SERVER};

    return change(scene, key, &wanted);
}

#endif
