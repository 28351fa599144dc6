/*
 * lmdb.c - group commit in a helper thread.
 *
 * The loop's thread gathers and sends the helper for the write lock. Once the helper has the lock
 * it takes all that has been gathered: while other processes commit, hits go on joining. When it is
 * done it signals the loop, which tells the results and only then sends it again. That way back
 * through the loop is a gap in which other processes get the lock: a helper that began again at
 * once starved them (worst wait 134-170 ms against 2-9 ms). Listings are a second thread's
 * (lmdb_reader.h), and the helper's only where that one cannot.
 *
 * What has been gathered, whether a batch is begun, and what the helper is asked for are guarded by
 * the mutex; the environment and what was taken are the helper's until its signal; all else is the
 * loop's.
 */
#include "store/lmdb.h"

#include "base/fault_point.h"
#include "base/thread.h"
#include "loop/loop.h"
#include "loop/wakeup.h"
#include "store/lmdb_commit.h"
#include "store/lmdb_environment.h"
#include "store/lmdb_reader.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TOLD_AGAIN_MS_MIN = 10 * 1000, /* the same trouble, once it was over */
};

struct store_lmdb {
    struct store base;
    struct loop *loop;
    struct deferred send;
    struct wakeup wakeup;
    bool helper_is_busy; /* has been sent, as the loop knows it */
    bool closing;
    bool helper_is_ended;
    int told_result; /* of the last commit that was worth a notice */
    int told_trouble;
    uint64_t told_trouble_ms; /* when that was */
    void (*closed)(void *owner);
    void *closed_owner;

    pthread_t helper;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    bool helper_should_end;
    bool helper_has_work;
    struct store_batch_list gathered; /* nothing of it is begun */
    struct store_batch_list taken;    /* all of it is */
    atomic_bool helper_is_done;       /* with what it has taken */
    int commit_result;

    struct lmdb_environment environment; /* while listings are kept off, to be opened and closed */
    struct lmdb_reader reader;
    size_t map_bytes;
    char path[PATH_MAX];
};

/* ---- the helper's thread ---- */

/* What has been gathered is begun, unless something is already: then that is tried again. */
static void take_gathered(void *owner)
{
    struct store_lmdb *lmdb = owner;

    if (lmdb->taken.first != NULL) {
        return;
    }
    (void)pthread_mutex_lock(&lmdb->mutex);
    lmdb->taken = store_batch_list_take(&lmdb->gathered);
    for (struct store_batch *batch = lmdb->taken.first; batch != NULL; batch = batch->next) {
        batch->is_begun = true;
    }
    (void)pthread_mutex_unlock(&lmdb->mutex);
}

/* Waits for work. False when there will be no more. */
static bool wait_for_work(struct store_lmdb *lmdb)
{
    bool has_work;

    (void)pthread_mutex_lock(&lmdb->mutex);
    while (!lmdb->helper_has_work && !lmdb->helper_should_end) {
        (void)pthread_cond_wait(&lmdb->wanted, &lmdb->mutex);
    }
    has_work = lmdb->helper_has_work;
    lmdb->helper_has_work = false;
    (void)pthread_mutex_unlock(&lmdb->mutex);
    return has_work;
}

static void *helper_main(void *argument)
{
    struct store_lmdb *lmdb = argument;
    const struct lmdb_commit commit = {
        .environment = &lmdb->environment,
        .reader = &lmdb->reader,
        .path = lmdb->path,
        .map_bytes = lmdb->map_bytes,
        .batches = &lmdb->taken,
        .begun = take_gathered,
        .owner = lmdb,
    };

    while (wait_for_work(lmdb)) {
        lmdb->commit_result = lmdb_commit_run(&commit);
        FAULT_POINT(FAULT_AFTER_COMMIT);
        atomic_store(&lmdb->helper_is_done, true);
        wakeup_signal(&lmdb->wakeup);
    }
    return NULL;
}

/* ---- the loop's thread ---- */

static void end_if_closing(struct store_lmdb *lmdb);

static void send_helper(void *owner)
{
    struct store_lmdb *lmdb = owner;

    if (lmdb->helper_is_busy) {
        return;
    }
    (void)pthread_mutex_lock(&lmdb->mutex);
    if (lmdb->gathered.first != NULL) {
        lmdb->helper_is_busy = lmdb->helper_has_work = true;
        (void)pthread_cond_signal(&lmdb->wanted);
    }
    (void)pthread_mutex_unlock(&lmdb->mutex);
}

/* Tells an operator when commits begin to fail, fail otherwise, or work again. Where there is room
 * for some and not for others they do so in turn: the same trouble is not told again at once. */
static void notice_result(struct store_lmdb *lmdb, int result)
{
    const struct store_events *events = &lmdb->base.events;
    const uint64_t now_ms = loop_now_ms(lmdb->loop);

    if (result == lmdb->told_result || (result < 0 && result == lmdb->told_trouble &&
                                        now_ms - lmdb->told_trouble_ms < TOLD_AGAIN_MS_MIN)) {
        return;
    }
    lmdb->told_result = result;
    if (result < 0) {
        lmdb->told_trouble = result;
        lmdb->told_trouble_ms = now_ms;
    }
    if (events->notice == NULL) {
        return;
    }
    if (result < 0) {
        events->notice(events->owner, STORE_NOTICE_ERROR, "lmdb_commit_failed",
                       result == -ENOSPC ? "No space left on disk or in the map (map_max)"
                                         : strerror(-result));
    } else {
        events->notice(events->owner, STORE_NOTICE_INFO, "lmdb_commit_works", lmdb->path);
    }
}

static void end_commit(struct store_lmdb *lmdb)
{
    FAULT_POINT(FAULT_BEFORE_REPLY);
    lmdb->helper_is_busy = false;
    notice_result(lmdb, lmdb->commit_result);
    store_batch_list_done(&lmdb->taken);
    if (!lmdb->closing) {
        deferred_start(&lmdb->send, lmdb->loop);
    }
}

/* For the helper. */
static void gather(struct store_lmdb *lmdb, struct store_batch *batch)
{
    (void)pthread_mutex_lock(&lmdb->mutex);
    batch->is_begun = false;
    store_batch_list_add(&lmdb->gathered, batch);
    (void)pthread_mutex_unlock(&lmdb->mutex);
    deferred_start(&lmdb->send, lmdb->loop);
}

static void cancel(struct store_batch_list *batches)
{
    for (struct store_batch *batch = batches->first; batch != NULL; batch = batch->next) {
        store_batch_fail(batch, -ECANCELED);
    }
    store_batch_list_done(batches);
}

/* Tells what is listed; what is not is for the helper, which opens the environment anew. */
static void end_listings(struct store_lmdb *lmdb)
{
    struct store_batch_list unlisted;
    struct store_batch_list listed = lmdb_reader_take(&lmdb->reader, &unlisted);
    struct store_batch *batch;

    if (lmdb->closing) {
        cancel(&unlisted);
    }
    while ((batch = store_batch_list_pop(&unlisted)) != NULL) {
        gather(lmdb, batch);
    }
    store_batch_list_done(&listed);
}

static void lmdb_woken(void *owner)
{
    struct store_lmdb *lmdb = owner;

    end_listings(lmdb);
    if (atomic_exchange(&lmdb->helper_is_done, false)) { /* woken() may come once too often */
        end_commit(lmdb);
    }
    end_if_closing(lmdb);
}

static bool lmdb_is_ready(const struct store *store)
{
    const struct store_lmdb *lmdb = (const struct store_lmdb *)store;

    return !lmdb->closing;
}

static void lmdb_apply(struct store *store, struct store_batch *batch)
{
    struct store_lmdb *lmdb = (struct store_lmdb *)store;

    batch->is_begun = true;
    if (lmdb_counter_is_list(batch) && lmdb_reader_list(&lmdb->reader, batch) == 0) {
        return;
    }
    gather(lmdb, batch);
}

static bool lmdb_extend(struct store *store, struct store_batch *batch, uint32_t hits_count)
{
    struct store_lmdb *lmdb = (struct store_lmdb *)store;
    bool may_extend;

    (void)pthread_mutex_lock(&lmdb->mutex);
    may_extend = !batch->is_begun;
    if (may_extend) {
        batch->hits_count = hits_count;
    }
    (void)pthread_mutex_unlock(&lmdb->mutex);
    return may_extend;
}

static void lmdb_free(struct store_lmdb *lmdb)
{
    lmdb_reader_finish(&lmdb->reader);
    lmdb_environment_close(&lmdb->environment);
    (void)pthread_mutex_destroy(&lmdb->mutex);
    (void)pthread_cond_destroy(&lmdb->wanted);
    free(lmdb);
}

static void lmdb_wakeup_closed(void *owner)
{
    struct store_lmdb *lmdb = owner;
    void (*closed)(void *owner) = lmdb->closed;
    void *closed_owner = lmdb->closed_owner;

    lmdb_free(lmdb);
    if (closed != NULL) {
        closed(closed_owner);
    }
}

static void end_helper(struct store_lmdb *lmdb)
{
    (void)pthread_mutex_lock(&lmdb->mutex);
    lmdb->helper_should_end = true;
    (void)pthread_cond_signal(&lmdb->wanted);
    (void)pthread_mutex_unlock(&lmdb->mutex);
    (void)pthread_join(lmdb->helper, NULL); /* it has nothing in hand: this does not wait */
}

static void end_if_closing(struct store_lmdb *lmdb)
{
    if (!lmdb->closing || lmdb->helper_is_busy || !lmdb_reader_is_idle(&lmdb->reader) ||
        lmdb->helper_is_ended) {
        return; /* once, though a batch's owner may close from inside of its done() */
    }
    lmdb->helper_is_ended = true;
    end_helper(lmdb);
    lmdb_reader_stop(&lmdb->reader);
    wakeup_close(&lmdb->wakeup);
}

static void lmdb_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_lmdb *lmdb = (struct store_lmdb *)store;
    struct store_batch_list not_begun;
    struct store_batch_list not_listed;

    assert(!lmdb->closing);
    lmdb->closing = true;
    lmdb->closed = closed;
    lmdb->closed_owner = owner;
    deferred_cancel(&lmdb->send);
    (void)pthread_mutex_lock(&lmdb->mutex);
    not_begun = store_batch_list_take(&lmdb->gathered);
    (void)pthread_mutex_unlock(&lmdb->mutex);
    not_listed = lmdb_reader_cancel(&lmdb->reader);
    cancel(&not_begun);
    cancel(&not_listed);
    end_if_closing(lmdb); /* or when the commit, or the listing, under way has ended */
}

static const struct store_kind store_kind_lmdb = {
    .name = "lmdb",
    .layout = LMDB_LAYOUT,
    .is_ready = lmdb_is_ready,
    .apply = lmdb_apply,
    .extend = lmdb_extend,
    .close = lmdb_close,
};

int store_lmdb_open(struct loop *loop, const char *path, size_t map_bytes,
                    const struct store_events *events, struct store **out_store, char *out_reason,
                    size_t reason_bytes)
{
    struct store_lmdb *lmdb = calloc(1, sizeof *lmdb);
    int result = -ENOMEM;

    if (lmdb == NULL) {
        goto failed;
    }
    lmdb->base = (struct store){.kind = &store_kind_lmdb, .events = *events};
    lmdb->loop = loop;
    lmdb->map_bytes = map_bytes;
    (void)snprintf(lmdb->path, sizeof lmdb->path, "%s", path);
    deferred_init(&lmdb->send, send_helper, lmdb);
    (void)pthread_mutex_init(&lmdb->mutex, NULL); /* cannot fail on Linux: pthread_mutex_init(3) */
    (void)pthread_cond_init(&lmdb->wanted, NULL);
    lmdb_reader_init(&lmdb->reader, &lmdb->environment, &lmdb->wakeup);
    result = lmdb_environment_open(path, map_bytes, &lmdb->environment, out_reason, reason_bytes);
    if (result < 0) {
        lmdb_free(lmdb);
        return result;
    }
    result = wakeup_open(&lmdb->wakeup, loop, lmdb_woken, lmdb_wakeup_closed, lmdb);
    if (result < 0) {
        goto failed;
    }
    result = thread_start(&lmdb->helper, NULL, helper_main, lmdb);
    if (result < 0) {
        wakeup_close(&lmdb->wakeup); /* frees the store when the loop has let go of it */
        lmdb = NULL;
        goto failed;
    }
    *out_store = &lmdb->base;
    return 0;
failed:
    (void)snprintf(out_reason, reason_bytes, "the store cannot be started: %s", strerror(-result));
    if (lmdb != NULL) {
        lmdb_free(lmdb);
    }
    return result;
}
