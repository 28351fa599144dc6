/*
 * redis.c - counts in a Redis server, shared by all workers of all hosts.
 *
 * What a batch is as a command and what its answer means; connections are redis_link.c's.
 */
#include "store/redis.h"

#include "base/decimal.h"
#include "base/fault_point.h"
#include "loop/loop.h"
#include "store/redis_error.h"
#include "store/redis_link.h"

#include <errno.h>
#include <stdlib.h>

enum {
    DETAIL_BYTES = 128, /* of what the server said, with the NUL */
    KIND_BYTES = 32,
};

struct store_redis {
    struct store base;
    struct loop *loop;
    struct redis_link *link;
    /* Batches that could not be sent: they have failed and are told at the end of the turn. */
    struct store_batch_list unsent;
    struct deferred tell_unsent;
    char told_kind[KIND_BYTES]; /* of the last redis_refused; "" once a batch has counted */
    void (*closed)(void *owner);
    void *closed_owner;
};

static void notice(const struct store_redis *redis, bool is_error, const char *event,
                   const char *detail)
{
    redis->base.events.notice(redis->base.events.owner, is_error, event, detail);
}

/* ---- answers ---- */

/* Tells what the server refuses, unless it is what was told last. */
static void notice_refusal(struct store_redis *redis, struct slice text)
{
    char kind[KIND_BYTES];
    char detail[DETAIL_BYTES];

    redis_error_copy(redis_error_kind(text), kind, sizeof kind);
    if (kind[0] == '\0') {
        (void)memcpy(kind, "?", 2); /* "" stands for nothing told */
    }
    if (strcmp(kind, redis->told_kind) == 0) {
        return;
    }
    memcpy(redis->told_kind, kind, sizeof kind);
    redis_error_copy(text, detail, sizeof detail);
    notice(redis, true, "redis_refused", detail);
}

/* What an error reply to INCRBY makes of the batch.
 *
 * At the very end of the numbers Redis refuses a batch as a whole, so hits that would have fitted
 * fail along with the others, and the next batch may count again. That is a few numbers short of
 * 2^63-1, a place nobody gets to by counting. */
static int take_error(struct store_redis *redis, struct slice text)
{
    if (redis_error_holds(text, SLICE("would overflow"))) {
        return -EOVERFLOW;
    }
    notice_refusal(redis, text);
    return -EIO;
}

/* Numbers the batch from the count after it, which must have room for its numbers from 1. */
static int take_count(struct store_redis *redis, struct store_batch *batch, int64_t count)
{
    if (count < (int64_t)batch->hits_count) {
        notice_refusal(redis, SLICE("NEGATIVE the key held a number below zero"));
        return -ERANGE;
    }
    redis->told_kind[0] = '\0';
    store_batch_number(batch, (uint64_t)count);
    return 0;
}

/* The answer to a batch's INCRBY, or the loss of it. */
static void batch_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct store_redis *redis = owner;
    struct store_batch *batch = subject;

    if (result == 0) {
        FAULT_POINT(FAULT_ANSWER_RECEIVED);
        switch (reply->type) {
        case RESP_INTEGER:
            result = take_count(redis, batch, reply->integer);
            break;
        case RESP_ERROR:
            result = take_error(redis, reply->text);
            break;
        case RESP_SIMPLE:
        case RESP_BULK:
        case RESP_NULL:
        case RESP_ARRAY:
            /* Answers may be out of step: none of this connection can be believed. */
            result = -EPROTO;
            redis_link_cut(redis->link, result, "an answer to INCRBY that is no integer");
            break;
        }
    }
    if (result < 0) {
        store_batch_fail(batch, result);
    }
    batch->done(batch);
}

/* ---- the interface of a store ---- */

static bool redis_is_ready(const struct store *store)
{
    return redis_link_is_up(((const struct store_redis *)store)->link);
}

static void tell_unsent(void *owner)
{
    struct store_redis *redis = owner;

    store_batch_list_done(&redis->unsent);
}

static void redis_apply(struct store *store, struct store_batch *batch)
{
    struct store_redis *redis = (struct store_redis *)store;
    char digits[DECIMAL_BYTES_MAX];
    const struct slice words[] = {
        SLICE("INCRBY"),
        batch->key,
        {digits, decimal_write(digits, batch->hits_count)},
    };
    int result = redis_link_send(redis->link, words, sizeof words / sizeof words[0], batch_answered,
                                 redis, batch);

    if (result < 0) {
        store_batch_fail(batch, result);
        store_batch_list_add(&redis->unsent, batch);
        deferred_start(&redis->tell_unsent, redis->loop);
    }
}

static void redis_link_went_up(void *owner, const char *detail)
{
    struct store_redis *redis = owner;

    redis->told_kind[0] = '\0';
    notice(redis, false, "redis_link_up", detail);
    if (redis_link_is_up(redis->link)) { /* the notice may have closed us */
        redis->base.events.ready(redis->base.events.owner);
    }
}

static void redis_link_went_down(void *owner, const char *detail)
{
    notice(owner, true, "redis_link_down", detail);
}

static const struct redis_link_events link_events = {
    .up = redis_link_went_up,
    .down = redis_link_went_down,
};

static void redis_link_closed(void *owner)
{
    struct store_redis *redis = owner;
    void (*closed)(void *closed_owner) = redis->closed;
    void *closed_owner = redis->closed_owner;

    deferred_cancel(&redis->tell_unsent);
    store_batch_list_done(&redis->unsent);
    free(redis);
    closed(closed_owner);
}

static void redis_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_redis *redis = (struct store_redis *)store;

    redis->closed = closed;
    redis->closed_owner = owner;
    redis_link_close(redis->link, redis_link_closed, redis);
}

/* Layout 1: the key itself holds the count, nothing stands beside it. */
static const struct store_kind store_kind_redis = {
    .name = "redis",
    .layout = 1,
    .is_ready = redis_is_ready,
    .apply = redis_apply,
    .close = redis_close,
};

int store_redis_open(struct loop *loop, const struct redis_url *url, uint32_t timeout_ms,
                     const struct store_events *events, struct store **out_store)
{
    struct store_redis *redis = calloc(1, sizeof *redis);
    int result;

    if (redis == NULL) {
        return -ENOMEM;
    }
    redis->base = (struct store){.kind = &store_kind_redis, .events = *events};
    redis->loop = loop;
    deferred_init(&redis->tell_unsent, tell_unsent, redis);
    result = redis_link_open(loop, url, timeout_ms, &link_events, redis, &redis->link);
    if (result < 0) {
        free(redis);
        return result;
    }
    *out_store = &redis->base;
    return 0;
}
