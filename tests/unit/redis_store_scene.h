/*
 * redis_store_scene.h - a Redis store on a turning loop, before a server that says what it is told.
 */
#ifndef FOOTFALL_TEST_REDIS_STORE_SCENE_H
#define FOOTFALL_TEST_REDIS_STORE_SCENE_H

#include "fake_redis.h"
#include "store/redis.h"
#include "store/store_change.h"
#include "test.h"
#include "turning_loop.h"

enum {
    BATCHES_MAX = 8,
    HITS_MAX = 4,
    NOTICES_BYTES = 2000,
    TIMEOUT_MS = 2000,
};

struct scene {
    struct turning_loop turning;
    struct fake_redis server;
    struct store *store;
    bool is_closing;
    bool is_closed;
    unsigned readies_count;
    unsigned ups_count; /* told */
    struct store_status status;
    char last_error[256];
    size_t notices_length;
    char notices[NOTICES_BYTES]; /* "event: detail|" and so on, without links going up */
    struct store_batch batches[BATCHES_MAX];
    struct store_hit hits[BATCHES_MAX][HITS_MAX];
    struct store_change changes[BATCHES_MAX];
    bool is_done[BATCHES_MAX];
    unsigned done_count;
    unsigned wanted_done;
    void (*on_done)(struct scene *scene, struct store_batch *batch);
    void (*on_plain)(struct scene *scene); /* when redis_plain is told */
};

static unsigned failing_calloc;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    if (failing_calloc > 0 && --failing_calloc == 0) {
        return NULL;
    }
    return __real_calloc(count, size);
}

static inline void note_ready(void *owner)
{
    struct scene *scene = owner;

    assert_true(store_is_ready(scene->store));
    scene->readies_count++;
}

static inline void note_status(void *owner, const struct store_status *status)
{
    struct scene *scene = owner;

    scene->status = *status;
    (void)snprintf(scene->last_error, sizeof scene->last_error, "%s", status->last_error);
    scene->status.last_error = scene->last_error;
}

static inline void note_notice(void *owner, enum store_notice level, const char *event,
                               const char *detail)
{
    struct scene *scene = owner;
    const bool is_up = strcmp(event, "redis_link_up") == 0;

    if (strcmp(event, "redis_link_down") == 0 || strcmp(event, "redis_refused") == 0) {
        assert_int_equal(level, STORE_NOTICE_ERROR);
    }
    if (strcmp(event, "redis_plain") == 0 && scene->on_plain != NULL) {
        scene->on_plain(scene);
    }
    if (is_up) {
        assert_int_equal(level, STORE_NOTICE_INFO);
        scene->ups_count++;
    } else {
        scene->notices_length +=
            (size_t)snprintf(scene->notices + scene->notices_length,
                             NOTICES_BYTES - scene->notices_length, "%s: %s|", event, detail);
        assert_true(scene->notices_length < NOTICES_BYTES);
    }
}

static inline void note_done(struct store_batch *batch)
{
    struct scene *scene = batch->owner;
    const size_t i = (size_t)(batch - scene->batches);

    assert_false(scene->is_done[i]); /* exactly once */
    scene->is_done[i] = true;
    scene->done_count++;
    if (scene->on_done != NULL) {
        scene->on_done(scene, batch);
    }
}

static inline void note_closed(void *owner)
{
    struct scene *scene = owner;

    assert_false(scene->is_closed);
    scene->is_closed = true;
    scene->store = NULL;
}

static inline bool is_ready(void *test)
{
    return store_is_ready(((const struct scene *)test)->store);
}

static inline bool is_not_ready(void *test)
{
    return !is_ready(test);
}

static inline bool is_all_done(void *test)
{
    const struct scene *scene = test;

    return scene->done_count >= scene->wanted_done;
}

static inline bool is_all_closed(void *test)
{
    const struct scene *scene = test;

    return scene->is_closed && fake_is_closed(&scene->server);
}

/* Opens the store without waiting for it. */
static inline void begin_not_ready(struct scene *scene)
{
    struct redis_url url = {.host = "127.0.0.1"};
    const struct store_events events = {note_ready, note_notice, note_status, scene};

    *scene = (struct scene){.store = NULL};
    turning_init(&scene->turning);
    fake_init(&scene->server, scene->turning.loop, scene);
    fake_listen(&scene->server);
    url.port = scene->server.port;
    assert_int_equal(
        store_redis_open(scene->turning.loop, &url, TIMEOUT_MS, &events, &scene->store), 0);
}

static inline void begin(struct scene *scene)
{
    begin_not_ready(scene);
    turn_until(&scene->turning, is_ready, scene);
}

static inline void close_store(struct scene *scene)
{
    scene->is_closing = true;
    store_close(scene->store, note_closed, scene);
}

static inline void end(struct scene *scene)
{
    if (!scene->is_closing) {
        close_store(scene);
    }
    fake_close_all(&scene->server);
    turn_until(&scene->turning, is_all_closed, scene);
    fake_finish(&scene->server);
    turning_finish(&scene->turning);
}

/* Makes the i-th batch, of so many hits that add one each; those may be changed before it is sent.
 * A key with a slash keeps a record. */
static inline struct store_batch *prepare(struct scene *scene, unsigned i, const char *key,
                                          uint32_t hits_count)
{
    struct store_batch *batch = &scene->batches[i];

    *batch = (struct store_batch){
        .key = slice_of(key),
        .hits = scene->hits[i],
        .hits_count = hits_count,
        .keeps_record = strchr(key, '/') != NULL,
        .may_make = true,
        .wall_ms = 1234,
        .done = note_done,
        .owner = scene,
        .key_note = batch->key_note,
    };
    for (uint32_t hit = 0; hit < hits_count; hit++) {
        batch->hits[hit] =
            (struct store_hit){.ticket = 100 + hit, .number = 77, .result = 77, .amount = 1};
    }
    return batch;
}

/* Gives the i-th batch to the store. */
static inline void send_prepared(struct scene *scene, unsigned i)
{
    scene->is_done[i] = false;
    scene->wanted_done++;
    store_apply(scene->store, &scene->batches[i]);
    assert_false(scene->is_done[i]); /* never from inside */
}

static inline void apply(struct scene *scene, unsigned i, const char *key, uint32_t hits_count)
{
    (void)prepare(scene, i, key, hits_count);
    send_prepared(scene, i);
}

/* The same with looks. */
static inline void apply_looks(struct scene *scene, unsigned i, const char *key, uint32_t count)
{
    struct store_batch *batch = prepare(scene, i, key, count);

    for (uint32_t hit = 0; hit < count; hit++) {
        batch->hits[hit].amount = 0;
    }
    send_prepared(scene, i);
}

/* The same with scene->changes[i]. */
static inline void apply_change(struct scene *scene, unsigned i, const char *key)
{
    struct store_batch *batch = prepare(scene, i, key, 1);

    batch->hits[0] = (struct store_hit){.change = &scene->changes[i], .result = 77, .is_change = 1};
    send_prepared(scene, i);
}

static inline void apply_and_wait(struct scene *scene, unsigned i, const char *key,
                                  uint32_t hits_count)
{
    apply(scene, i, key, hits_count);
    turn_until(&scene->turning, is_all_done, scene);
}

/* Expects the i-th batch to have got the numbers from `first` on. */
static inline void check_numbers(const struct scene *scene, unsigned i, int64_t first)
{
    assert_true(scene->is_done[i]);
    for (uint32_t hit = 0; hit < scene->batches[i].hits_count; hit++) {
        assert_int_equal(scene->hits[i][hit].result, 0);
        assert_true(scene->hits[i][hit].number == first + hit);
        assert_int_equal(scene->hits[i][hit].ticket, 100 + hit);
    }
}

static inline void check_failed(const struct scene *scene, unsigned i, int result)
{
    assert_true(scene->is_done[i]);
    for (uint32_t hit = 0; hit < scene->batches[i].hits_count; hit++) {
        assert_int_equal(scene->hits[i][hit].result, result);
        assert_int_equal(scene->hits[i][hit].number, 0);
    }
}

static const char *answer_to_count;

static inline void answer_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0) {
        fake_send(connection, answer_to_count);
    } else {
        fake_answer(connection, command);
    }
}

static inline void answer_no_count(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) != 0) {
        fake_answer(connection, command);
    }
}

/* Counts and closes: the answer is lost. */
static inline void count_and_close(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0) {
        connection->is_silent = true;
        fake_count(connection, command);
        connection->server->command = fake_answer;
        fake_close(connection);
    } else {
        fake_answer(connection, command);
    }
}

static const char *answer_to_script;

static inline void answer_script_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "SCRIPT", 6) == 0) {
        fake_send(connection, answer_to_script);
    } else {
        fake_answer(connection, command);
    }
}

#endif
