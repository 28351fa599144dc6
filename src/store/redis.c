/*
 * redis.c - counts in a Redis server, shared by all workers of all hosts.
 *
 * What becomes of batches: sent, answered, or held until the server can be asked again. What they
 * ask is redis_batch.c's, connections are redis_link.c's, what comes before the first batch on one
 * is redis_opening.c's, what is told of the server redis_report.c's, and which counters there are
 * redis_catalogue.c's.
 */
#include "store/redis.h"

#include "base/fault_point.h"
#include "loop/loop.h"
#include "store/redis_batch.h"
#include "store/redis_catalogue.h"
#include "store/redis_error.h"
#include "store/redis_opening.h"
#include "store/redis_report.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>

struct store_redis {
    struct store base;
    struct loop *loop;
    struct redis_terms terms;
    struct redis_opening opening;
    struct redis_report report;
    struct redis_catalogue catalogue;
    bool is_plain_wanted;
    bool is_ready;      /* the server counts */
    bool is_closing;    /* nothing is sent any more */
    bool has_counted;   /* on the present link */
    uint32_t in_flight; /* what writes, and is not answered yet: for the fault points alone */
    /* Batches whose answer was lost, or that the server could not count just then. */
    struct store_batch_list held;
    /* Batches that have failed without being sent: they are told at the end of the turn. */
    struct store_batch_list failed;
    struct deferred tell_failed;

    void (*closed)(void *owner);
    void *closed_owner;
};

static void tell_refusal(struct store_redis *redis, struct slice error)
{
    redis_report_refused(&redis->report, loop_now_ms(redis->loop), error);
}

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
    if (!redis_batch_is_writing(&redis->terms, batch)) {
        batch->step = 0; /* nothing has been done: it begins anew */
        hold(redis, batch, result);
        return;
    }
    batch->may_have_counted = true;
    if (redis->terms.form == REDIS_LEDGER_PLAIN) {
        fail_now(batch, result);
        return;
    }
    hold(redis, batch, result);
}

/* ---- answers ---- */

static void batch_answered(void *owner, void *subject, int result, const struct resp_reply *reply);

static void send_batch(struct store_redis *redis, struct store_batch *batch, bool is_whole)
{
    int result = redis_batch_send(&redis->terms, batch, is_whole, batch_answered, redis);

    if (result < 0) {
        fail_later(redis, batch, result);
        return;
    }
    redis->in_flight += redis_batch_is_writing(&redis->terms, batch) ? 1 : 0;
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

/* Begins anew: another server may be found, or this one may count later. One that has counted was
 * right until now, so its name is looked up again; else the name's next address is tried. */
static void leave(struct store_redis *redis)
{
    redis_news_left(&redis->report.news);
    if (redis->has_counted) {
        redis_link_cut(redis->terms.link, -EAGAIN, redis->report.last_error);
    } else {
        redis_link_skip(redis->terms.link, -EAGAIN, redis->report.last_error);
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
    tell_refusal(redis, error);
    if (meaning == REDIS_ERROR_NOT_NOW || meaning == REDIS_ERROR_NO_RIGHT) {
        leave(redis);
        hold(redis, batch, -EAGAIN);
        return;
    }
    fail_now(batch, meaning == REDIS_ERROR_OVERFLOW ? -EOVERFLOW : -EIO);
}

static void batch_written(struct store_redis *redis, struct store_batch *batch, bool was_known)
{
    redis->has_counted = true;
    redis_news_counted(&redis->report.news);
    redis_catalogue_note(&redis->catalogue, batch, was_known);
    batch->done(batch);
}

static void take_answer(struct store_redis *redis, struct store_batch *batch,
                        const struct resp_reply *reply)
{
    const bool was_known = redis_batch_is_known(&redis->terms, batch);
    char text[REDIS_NEWS_BYTES];
    struct slice error;

    switch (redis_batch_take(&redis->terms, batch, reply, text, sizeof text, &error)) {
    case REDIS_BATCH_WRITTEN:
        batch_written(redis, batch, was_known);
        break;
    case REDIS_BATCH_AT_END:
        tell_refusal(redis, error);
        batch->done(batch);
        break;
    case REDIS_BATCH_READ:
        batch->done(batch);
        break;
    case REDIS_BATCH_NEXT:
        send_next(redis, batch, false);
        break;
    case REDIS_BATCH_REFUSED:
        batch_refused(redis, batch, error);
        break;
    case REDIS_BATCH_GARBAGE:
        /* Answers may be out of step: none of this connection can be believed. */
        redis_link_cut(redis->terms.link, -EPROTO, "an answer that is no count");
        command_lost(redis, batch, -EPROTO);
        break;
    }
}

/* The answer to a command of a batch, or the loss of it. */
static void batch_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct store_redis *redis = owner;
    struct store_batch *batch = subject;
    const bool has_written = redis_batch_is_writing(&redis->terms, batch);

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

/* ---- sending ---- */

static void list_ended(void *owner, struct store_batch *batch, int result, struct slice error)
{
    struct store_redis *redis = owner;

    switch (result) {
    case 0:
        batch->done(batch);
        break;
    case -EBADMSG:
        tell_refusal(redis, error);
        fail_now(batch, -EIO);
        break;
    case -EIO:
        redis_catalogue_refuse(&redis->catalogue, error);
        if (redis_error_meaning(error) == REDIS_ERROR_NOT_NOW) {
            batch_refused(redis, batch, error);
        } else {
            fail_now(batch, -EOPNOTSUPP);
        }
        break;
    case -EPROTO:
        redis_link_cut(redis->terms.link, -EPROTO, "an answer that is no list");
        hold(redis, batch, result);
        break;
    default:
        hold(redis, batch, result);
        break;
    }
}

/* Sends a batch that has not been sent yet, once it is known whether it may make its counter. */
static void begin_batch(struct store_redis *redis, struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);

    if (change != NULL && change->kind == STORE_LIST) {
        int result = redis_catalogue_list(&redis->catalogue, batch, list_ended, redis);

        if (result < 0) {
            fail_later(redis, batch, result);
        }
    } else if (redis_batch_is_known(&redis->terms, batch) ||
               redis_catalogue_decide(&redis->catalogue, batch)) {
        send_batch(redis, batch, false);
    }
}

static void catalogue_decided(void *owner, struct store_batch *batch, int result)
{
    struct store_redis *redis = owner;

    if (result < 0) {
        hold(redis, batch, result);
    } else {
        send_next(redis, batch, false);
    }
}

static void catalogue_refused(void *owner, struct slice error)
{
    struct store_redis *redis = owner;

    redis_report_unlisted(&redis->report, error);
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
           (redis->terms.form != REDIS_LEDGER_PLAIN &&
            redis_ledger_may_repeat(&redis->terms.ledger,
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
                redis->report.status.batches_resent++;
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

static void redis_link_sent(void *owner)
{
    const struct store_redis *redis = owner;

    if (redis->in_flight > 0) { /* else it was the opening */
        FAULT_POINT(FAULT_BATCH_SENT);
    }
}

/* ---- the link ---- */

/* Once both are known: that it counts, and what it may lose. */
static void tell_up(struct store_redis *redis)
{
    if (redis->is_ready && redis->opening.questions_left == 0) {
        redis_report_serving(&redis->report, loop_now_ms(redis->loop));
    }
}

static void opening_ready(void *owner, enum redis_ledger_form form)
{
    struct store_redis *redis = owner;

    redis->terms.form = form;
    redis->is_ready = true;
    if (form != REDIS_LEDGER_PLAIN) {
        redis_report_scripted(&redis->report);
    }
    redis_catalogue_begin(&redis->catalogue, form != REDIS_LEDGER_PLAIN);
    send_held(redis);
    redis_report_ready(&redis->report);
    tell_up(redis);
    if (redis->is_ready && !redis->is_closing) { /* the notice may have closed us */
        redis->base.events.ready(redis->base.events.owner);
    }
}

static void opening_forbidden(void *owner, struct slice error)
{
    struct store_redis *redis = owner;

    redis_report_plain(&redis->report, error);
}

static void opening_not_now(void *owner, struct slice error)
{
    struct store_redis *redis = owner;

    tell_refusal(redis, error);
    leave(redis);
}

static void opening_inspected(void *owner, const struct redis_inspection *inspection)
{
    struct store_redis *redis = owner;

    redis_report_inspected(&redis->report, inspection);
    tell_up(redis);
}

static const struct redis_opening_events opening_events = {
    .ready = opening_ready,
    .forbidden = opening_forbidden,
    .not_now = opening_not_now,
    .inspected = opening_inspected,
};

static void redis_link_went_up(void *owner, const char *detail)
{
    struct store_redis *redis = owner;

    redis->has_counted = false;
    redis->terms.link_number++;
    redis_report_link_up(&redis->report, loop_now_ms(redis->loop), detail);
    redis_opening_start(&redis->opening, redis->is_plain_wanted);
}

static void redis_link_went_down(void *owner, const char *detail)
{
    struct store_redis *redis = owner;

    redis->is_ready = false;
    redis_catalogue_stop(&redis->catalogue);
    redis_report_link_down(&redis->report, loop_now_ms(redis->loop), detail);
}

static const struct redis_link_events link_events = {
    .up = redis_link_went_up,
    .down = redis_link_went_down,
    .sent = redis_link_sent,
};

static const struct redis_catalogue_events catalogue_events = {
    .decided = catalogue_decided,
    .refused = catalogue_refused,
};

/* ---- the interface of a store ---- */

static bool redis_is_ready(const struct store *store)
{
    return ((const struct store_redis *)store)->is_ready;
}

static void redis_apply(struct store *store, struct store_batch *batch)
{
    struct store_redis *redis = (struct store_redis *)store;

    batch->sequence = redis_ledger_next(&redis->terms.ledger);
    batch->since_ms = loop_now_ms(redis->loop);
    begin_batch(redis, batch);
}

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

static void redis_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_redis *redis = (struct store_redis *)store;
    struct store_batch_list held = store_batch_list_take(&redis->held);

    redis->is_closing = true;
    redis->is_ready = false;
    redis->closed = closed;
    redis->closed_owner = owner;
    redis_catalogue_stop(&redis->catalogue);
    for (struct store_batch *batch = held.first, *next; batch != NULL; batch = next) {
        next = batch->next;
        fail_later(redis, batch, -ECANCELED);
    }
    redis_link_close(redis->terms.link, redis_link_closed, redis);
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
    redis->is_plain_wanted = url->is_plain;
    redis_ledger_init(&redis->terms.ledger, timeout_ms);
    redis_report_init(&redis->report, &redis->base.events);
    deferred_init(&redis->tell_failed, tell_failed, redis);
    result = redis_link_open(loop, url, timeout_ms, &link_events, redis, &redis->terms.link);
    if (result < 0) {
        free(redis);
        return result;
    }
    redis_opening_init(&redis->opening, redis->terms.link, &opening_events, redis);
    redis_catalogue_init(&redis->catalogue, loop, redis->terms.link, redis->terms.ledger.writer,
                         &catalogue_events, redis);
    *out_store = &redis->base;
    return 0;
}
