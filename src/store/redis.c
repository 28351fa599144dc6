/*
 * redis.c - counts in a Redis server, shared by all workers of all hosts.
 *
 * What becomes of batches: sent, answered, or held until the server can be asked again. What they
 * ask is redis_batch.c's, whether the server serves redis_server.c's, and which counters there are
 * redis_catalogue.c's.
 */
#include "store/redis.h"

#include "base/fault_point.h"
#include "loop/loop.h"
#include "store/redis_batch.h"
#include "store/redis_catalogue.h"
#include "store/redis_error.h"
#include "store/redis_server.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>

struct store_redis {
    struct store base;
    struct loop *loop;
    struct redis_server server;
    struct redis_catalogue catalogue;
    uint32_t timeout_ms;
    bool is_closing;      /* nothing is sent any more … */
    bool is_link_closing; /* … and nothing is waited for */
    uint32_t in_flight;   /* what writes, and is not answered yet: for the fault points alone */
    /* Batches whose answer was lost, or that the server could not count just then. */
    struct store_batch_list held;
    /* Batches that have failed without being sent: they are told at the end of the turn. */
    struct store_batch_list failed;
    struct deferred tell_failed;

    void (*closed)(void *owner);
    void *closed_owner;
};

/* ---- batches that are not on their way ---- */

static void tell_failed(void *owner)
{
    struct store_redis *redis = owner;

    store_batch_list_done(&redis->failed);
}

static void fail_later(struct store_redis *redis, struct store_batch *batch, int result)
{
    store_batch_fail(batch, result);
    store_batch_list_add(&redis->failed, batch);
    deferred_start(&redis->tell_failed, redis->loop);
}

static void fail_now(struct store_batch *batch, int result)
{
    store_batch_fail(batch, result);
    batch->done(batch);
}

/* Keeps the batch, which has not counted, until the server is ready again. */
static void hold(struct store_redis *redis, struct store_batch *batch, int result)
{
    if (redis->is_closing) {
        fail_now(batch, result);
        return;
    }
    store_batch_list_add(&redis->held, batch);
}

/* The answer to its last command is lost. INCRBY must not be sent again then. */
static void command_lost(struct store_redis *redis, struct store_batch *batch, int result)
{
    if (!redis_batch_is_writing(&redis->server.terms, batch)) {
        batch->step = 0; /* nothing has been done: it begins anew */
        hold(redis, batch, result);
        return;
    }
    batch->may_have_counted = true;
    if (redis->server.terms.form == REDIS_LEDGER_PLAIN) {
        fail_now(batch, result);
        return;
    }
    hold(redis, batch, result);
}

/* ---- answers ---- */

static void batch_answered(void *owner, void *subject, int result, const struct resp_reply *reply);

static void send_batch(struct store_redis *redis, struct store_batch *batch, bool is_whole)
{
    int result = redis_batch_send(&redis->server.terms, batch, is_whole, batch_answered, redis);

    if (result < 0) {
        fail_later(redis, batch, result);
        return;
    }
    redis->in_flight += redis_batch_is_writing(&redis->server.terms, batch) ? 1 : 0;
}

/* The next step of a batch that has not counted: given up meanwhile, it would be a gap. */
static void send_next(struct store_redis *redis, struct store_batch *batch, bool is_whole)
{
    if (batch->is_given_up) {
        fail_now(batch, -ETIMEDOUT);
    } else {
        send_batch(redis, batch, is_whole);
    }
}

static void batch_refused(struct store_redis *redis, struct store_batch *batch, struct slice text)
{
    const struct slice error = redis_error_bare(text);
    const enum redis_error_meaning meaning = redis_error_meaning(error);

    if (meaning == REDIS_ERROR_NO_SCRIPT && !batch->is_whole) {
        send_next(redis, batch, true);
        return;
    }
    redis_server_refused(&redis->server, error);
    if (meaning == REDIS_ERROR_NO_RIGHT && store_batch_change(batch) != NULL) {
        fail_now(batch, -EOPNOTSUPP); /* the script that counts may be run all the same */
        return;
    }
    if (meaning == REDIS_ERROR_NOT_NOW || meaning == REDIS_ERROR_NO_RIGHT) {
        redis_server_leave(&redis->server);
        hold(redis, batch, -EAGAIN);
        return;
    }
    fail_now(batch, meaning == REDIS_ERROR_OVERFLOW ? -EOVERFLOW : -EIO);
}

static void batch_written(struct store_redis *redis, struct store_batch *batch, bool was_known)
{
    redis_server_counted(&redis->server);
    redis_catalogue_note(&redis->catalogue, batch, was_known);
    batch->done(batch);
}

static void ask_for_room(struct store_redis *redis, struct store_batch *batch)
{
    int result = redis_catalogue_ask(&redis->catalogue, batch);

    if (result < 0) {
        fail_later(redis, batch, result);
    }
}

static void take_answer(struct store_redis *redis, struct store_batch *batch,
                        const struct resp_reply *reply)
{
    const bool was_known = redis_batch_is_known(&redis->server.terms, batch);
    char text[REDIS_NEWS_BYTES];
    struct slice error;

    switch (redis_batch_take(&redis->server.terms, batch, reply, text, sizeof text, &error)) {
    case REDIS_BATCH_WRITTEN:
        batch_written(redis, batch, was_known);
        break;
    case REDIS_BATCH_AT_END:
        redis_server_refused(&redis->server, error);
        batch->done(batch);
        break;
    case REDIS_BATCH_READ:
        batch->done(batch);
        break;
    case REDIS_BATCH_NEXT:
        send_next(redis, batch, false);
        break;
    case REDIS_BATCH_NEW:
        ask_for_room(redis, batch);
        break;
    case REDIS_BATCH_REFUSED:
        batch_refused(redis, batch, error);
        break;
    case REDIS_BATCH_GARBAGE:
        /* Answers may be out of step: none of this connection can be believed. */
        redis_link_cut(redis->server.terms.link, -EPROTO, "an answer that is no count");
        command_lost(redis, batch, -EPROTO);
        break;
    }
}

/* The answer to a command of a batch, or the loss of it. */
static void batch_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct store_redis *redis = owner;
    struct store_batch *batch = subject;
    const bool has_written = redis_batch_is_writing(&redis->server.terms, batch);

    redis->in_flight -= has_written ? 1 : 0;
    if (result < 0) {
        command_lost(redis, batch, result);
        return;
    }
    if (has_written) {
        FAULT_POINT(FAULT_ANSWER_RECEIVED);
    }
    take_answer(redis, batch, reply);
}

/* ---- closing ---- */

static void redis_link_closed(void *owner)
{
    struct store_redis *redis = owner;
    void (*closed)(void *closed_owner) = redis->closed;
    void *closed_owner = redis->closed_owner;

    deferred_cancel(&redis->tell_failed);
    store_batch_list_done(&redis->failed);
    redis_catalogue_finish(&redis->catalogue);
    free(redis);
    closed(closed_owner);
}

/* Once: names that were written are waited for, or counters would be listed a day later. */
static void close_link(struct store_redis *redis)
{
    if (!redis->is_link_closing) {
        redis->is_link_closing = true;
        redis_link_close(redis->server.terms.link, redis_link_closed, redis);
    }
}

/* ---- sending ---- */

static void list_refused(struct store_redis *redis, struct store_batch *batch, struct slice error)
{
    if (redis_catalogue_refuse(&redis->catalogue, error)) {
        fail_now(batch, -EOPNOTSUPP);
    } else {
        batch_refused(redis, batch, error);
    }
}

static void list_ended(void *owner, struct store_batch *batch, int result, struct slice error)
{
    struct store_redis *redis = owner;

    switch (result) {
    case 0:
        batch->done(batch);
        break;
    case -EBADMSG:
        redis_server_refused(&redis->server, error);
        fail_now(batch, -EIO);
        break;
    case -EIO:
        list_refused(redis, batch, error);
        break;
    case -EPROTO:
        redis_link_cut(redis->server.terms.link, -EPROTO, "an answer that is no list");
        hold(redis, batch, result);
        break;
    default:
        if (redis_link_is_up(redis->server.terms.link)) {
            fail_now(batch, result); /* no room, or no memory, for a question */
        } else {
            hold(redis, batch, result);
        }
        break;
    }
}

/* Sends a batch that has not been sent yet. */
static void begin_batch(struct store_redis *redis, struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);
    int result;

    if (change == NULL || change->kind != STORE_LIST) {
        batch->must_ask = false;
        if (!redis_batch_is_known(&redis->server.terms, batch)) {
            redis_catalogue_decide(&redis->catalogue, batch);
        }
        send_batch(redis, batch, false);
        return;
    }
    result = redis_catalogue_list(&redis->catalogue, batch, list_ended, redis);
    if (result < 0) {
        fail_later(redis, batch, result);
    }
}

/* The answer is known, and the batch goes on from where it was. */
static void catalogue_decided(void *owner, struct store_batch *batch, int result)
{
    struct store_redis *redis = owner;

    if (result < 0) {
        hold(redis, batch, result);
    } else {
        batch->step = 0;
        send_next(redis, batch, false);
    }
}

static void catalogue_forbidden(void *owner, struct slice error)
{
    struct store_redis *redis = owner;

    redis_report_unlisted(&redis->server.report, error);
}

static void catalogue_settled(void *owner)
{
    struct store_redis *redis = owner;

    if (redis->is_closing) {
        close_link(redis);
    }
}

/* Whether a batch that was held may be sent: while somebody waits for it, and, where it may have
 * counted, while the server still has its entry. Otherwise its place in the sequence is left
 * empty. */
static bool may_send_again(const struct store_redis *redis, const struct store_batch *batch)
{
    if (batch->is_given_up) {
        return false;
    }
    return !batch->may_have_counted ||
           (redis->server.terms.form != REDIS_LEDGER_PLAIN &&
            redis_ledger_may_repeat(&redis->server.terms.ledger,
                                    loop_now_ms(redis->loop) - batch->since_ms));
}

static void send_held(struct store_redis *redis)
{
    struct store_batch_list held = store_batch_list_take(&redis->held);
    struct store_batch *batch = held.first;

    while (batch != NULL) {
        struct store_batch *next = batch->next;

        if (may_send_again(redis, batch)) {
            if (batch->may_have_counted) {
                redis->server.report.status.batches_resent++;
                send_batch(redis, batch, false); /* as it was decided then */
            } else {
                begin_batch(redis, batch);
            }
        } else {
            fail_later(redis, batch, -ETIMEDOUT);
        }
        batch = next;
    }
}

/* ---- the server ---- */

static void server_up(void *owner)
{
    struct store_redis *redis = owner;

    redis_catalogue_begin(&redis->catalogue, redis->server.terms.form != REDIS_LEDGER_PLAIN);
    send_held(redis);
}

static void server_ready(void *owner)
{
    const struct store_redis *redis = owner;

    if (!redis->is_closing) {
        redis->base.events.ready(redis->base.events.owner);
    }
}

static void server_down(void *owner)
{
    struct store_redis *redis = owner;

    redis_catalogue_stop(&redis->catalogue);
}

static void server_sent(void *owner)
{
    const struct store_redis *redis = owner;

    if (redis->in_flight > 0) { /* else it was the opening */
        FAULT_POINT(FAULT_BATCH_SENT);
    }
}

static const struct redis_server_events server_events = {
    .up = server_up,
    .ready = server_ready,
    .down = server_down,
    .sent = server_sent,
};

static const struct redis_catalogue_events catalogue_events = {
    .decided = catalogue_decided,
    .forbidden = catalogue_forbidden,
    .settled = catalogue_settled,
};

/* ---- the interface of a store ---- */

static bool redis_is_ready(const struct store *store)
{
    const struct store_redis *redis = (const struct store_redis *)store;

    return redis->server.is_ready && !redis->is_closing;
}

static void redis_apply(struct store *store, struct store_batch *batch)
{
    struct store_redis *redis = (struct store_redis *)store;

    batch->sequence = redis_ledger_next(&redis->server.terms.ledger);
    batch->since_ms = loop_now_ms(redis->loop);
    begin_batch(redis, batch);
}

static void redis_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_redis *redis = (struct store_redis *)store;
    struct store_batch_list held = store_batch_list_take(&redis->held);

    redis->is_closing = true;
    redis->closed = closed;
    redis->closed_owner = owner;
    for (struct store_batch *batch = held.first, *next; batch != NULL; batch = next) {
        next = batch->next;
        fail_later(redis, batch, -ECANCELED);
    }
    if (redis_catalogue_settle(&redis->catalogue) || redis->timeout_ms == 0) {
        close_link(redis); /* else the answers are waited for, which have to come within that */
    }
}

static const struct store_kind store_kind_redis = {
    .name = "redis",
    .layout = REDIS_LEDGER_LAYOUT,
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
    redis->timeout_ms = timeout_ms;
    deferred_init(&redis->tell_failed, tell_failed, redis);
    result = redis_server_open(&redis->server, loop, url, timeout_ms, &redis->base.events,
                               &server_events, redis);
    if (result < 0) {
        free(redis);
        return result;
    }
    redis_catalogue_init(&redis->catalogue, loop, redis->server.terms.link,
                         redis->server.terms.ledger.writer, &catalogue_events, redis);
    *out_store = &redis->base;
    return 0;
}
