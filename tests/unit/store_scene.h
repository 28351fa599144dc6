/*
 * store_scene.h - a store on a turning loop, and batches on their way through it.
 */
#ifndef FOOTFALL_TEST_STORE_SCENE_H
#define FOOTFALL_TEST_STORE_SCENE_H

#include "store/store.h"
#include "store/store_url.h"
#include "test.h"
#include "turning_loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { HITS_MAX = 1000 };

struct store_scene {
    struct turning_loop turning;
    struct store *store;
    bool is_closed;
    bool is_applying; /* inside of store_apply() */
    unsigned errors;  /* notices of bad news */
    char last_notice[64];
};

struct test_batch {
    struct store_batch batch;
    struct store_scene *scene;
    unsigned done_count;
    struct store_hit hits[HITS_MAX];
    void (*then)(struct test_batch *batch); /* called from inside done(); may be NULL */
};

static inline void scene_ready(void *owner)
{
    (void)owner;
}

static inline void scene_status(void *owner, const struct store_status *status)
{
    (void)owner;
    (void)status;
}

static inline void scene_notice(void *owner, enum store_notice level, const char *event,
                                const char *detail)
{
    struct store_scene *scene = owner;

    assert_non_null(detail);
    scene->errors += level == STORE_NOTICE_ERROR;
    (void)snprintf(scene->last_notice, sizeof scene->last_notice, "%s", event);
}

static inline bool scene_is_ready(void *test)
{
    return store_is_ready(((const struct store_scene *)test)->store);
}

static inline bool scene_is_closed(void *test)
{
    return ((const struct store_scene *)test)->is_closed;
}

static inline void scene_closed(void *owner)
{
    struct store_scene *scene = owner;

    assert_false(scene->is_closed);
    scene->is_closed = true;
    scene->store = NULL;
}

/* Opens what `url` names on a loop of its own and waits until it takes batches. 0, or -errno with
 * `out_reason`. */
static inline int store_scene_try_open(struct store_scene *scene, const char *url,
                                       char out_reason[STORE_REASON_BYTES])
{
    const struct store_events events = {scene_ready, scene_notice, scene_status, scene};
    struct store_url parsed;
    const char *problem;
    int result;

    *scene = (struct store_scene){.store = NULL};
    turning_init(&scene->turning);
    assert_int_equal(store_url_parse(slice_of(url), &parsed, &problem), 0);
    result =
        store_url_open(&parsed, scene->turning.loop, 10000, &events, &scene->store, out_reason);
    if (result < 0) {
        assert_null(scene->store);
        turn_for(&scene->turning, 1);
        turning_finish(&scene->turning);
        return result;
    }
    turn_until(&scene->turning, scene_is_ready, scene);
    return 0;
}

static inline void store_scene_open(struct store_scene *scene, const char *url)
{
    char reason[STORE_REASON_BYTES];

    assert_int_equal(store_scene_try_open(scene, url, reason), 0);
}

static inline void store_scene_close(struct store_scene *scene)
{
    store_close(scene->store, scene_closed, scene);
    turn_until(&scene->turning, scene_is_closed, scene);
    turning_finish(&scene->turning);
}

static inline void note_batch_done(struct store_batch *batch)
{
    struct test_batch *test = batch->owner;

    assert_false(test->scene->is_applying);
    assert_int_equal(test->done_count, 0);
    test->done_count++;
    for (uint32_t i = 0; i < batch->hits_count; i++) {
        assert_int_equal(batch->hits[i].ticket, 7000 + i);
        assert_true(batch->hits[i].result <= 0); /* each hit has one */
    }
    if (test->then != NULL) {
        test->then(test);
    }
}

/* Sends `hits_count` hits on `key` (which must stay) on their way. */
static inline void batch_apply(struct test_batch *test, struct store_scene *scene, const char *key,
                               uint32_t hits_count)
{
    assert_true(hits_count <= HITS_MAX);
    test->scene = scene;
    test->done_count = 0;
    for (uint32_t i = 0; i < hits_count; i++) {
        test->hits[i] =
            (struct store_hit){.ticket = 7000 + i, .number = 77, .result = 1, .amount = 1};
    }
    test->batch = (struct store_batch){
        .key = slice_of(key),
        .hits = test->hits,
        .hits_count = hits_count,
        .may_make = true,
        .done = note_batch_done,
        .owner = test,
    };
    scene->is_applying = true;
    store_apply(scene->store, &test->batch);
    scene->is_applying = false;
}

static inline bool batch_is_done(void *test)
{
    return ((const struct test_batch *)test)->done_count > 0;
}

/* Counts `hits_count` hits and waits for their results. */
static inline void batch_run(struct test_batch *test, struct store_scene *scene, const char *key,
                             uint32_t hits_count)
{
    test->then = NULL;
    batch_apply(test, scene, key, hits_count);
    turn_until(&scene->turning, batch_is_done, test);
}

/* Counts one hit and returns its number, or -errno. */
static inline int64_t count_one(struct store_scene *scene, const char *key)
{
    static struct test_batch batch;

    batch_run(&batch, scene, key, 1);
    if (batch.hits[0].result < 0) {
        assert_int_equal(batch.hits[0].number, 0);
        return batch.hits[0].result;
    }
    return (int64_t)batch.hits[0].number;
}

#endif
