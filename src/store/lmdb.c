/*
 * lmdb.c - group commit in a helper thread.
 *
 * The loop's thread gathers; when the helper is free it is handed everything that waits, and when
 * it is done it signals the loop, which tells the results and only then hands over again. That
 * way back through the loop is a gap in which other processes get the write lock: a helper that
 * began again at once starved them (worst wait 134-170 ms against 2-9 ms).
 *
 * `handed` and `helper_should_end` are guarded by the mutex; the environment and what was handed
 * over are the helper's between hand-over and signal; all else is the loop's.
 */
#include "store/lmdb.h"

#include "base/fault_point.h"
#include "loop/loop.h"
#include "loop/wakeup.h"
#include "store/lmdb_environment.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REASON_BYTES = 256 };

struct store_lmdb {
    struct store base;
    struct loop *loop;
    struct store_batch_list gathered; /* waiting for the helper */
    struct deferred hand_over;
    struct wakeup wakeup;
    bool helper_is_busy; /* has something in hand, as the loop knows it */
    bool closing;
    bool helper_is_ended;
    int told_result; /* of the last commit that was worth a notice */
    void (*closed)(void *owner);
    void *closed_owner;

    pthread_t helper;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    bool helper_should_end;
    bool helper_has_work;
    struct store_batch_list handed;
    atomic_bool helper_is_done; /* with what it was handed */
    int commit_result;

    struct lmdb_environment environment;
    size_t map_bytes;
    char path[PATH_MAX];
};

/* ---- the helper's thread ---- */

/* Commits, and opens the environment anew when LMDB says that it cannot go on. */
static int commit_or_reopen(struct store_lmdb *lmdb)
{
    char reason[REASON_BYTES];
    int result = -EUCLEAN;

    if (lmdb->environment.env != NULL) {
        result = lmdb_environment_commit(&lmdb->environment, &lmdb->handed);
    }
    if (result != -EUCLEAN) {
        return result;
    }
    /* A write of LMDB's head page failed: this environment refuses everything from now on. */
    lmdb_environment_close(&lmdb->environment);
    result = lmdb_environment_open(lmdb->path, lmdb->map_bytes, &lmdb->environment, reason,
                                   sizeof reason);
    if (result == 0) {
        result = lmdb_environment_commit(&lmdb->environment, &lmdb->handed);
    } else {
        for (struct store_batch *batch = lmdb->handed.first; batch != NULL; batch = batch->next) {
            store_batch_fail(batch, result);
        }
    }
    return result;
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

    while (wait_for_work(lmdb)) {
        lmdb->commit_result = commit_or_reopen(lmdb);
        FAULT_POINT(FAULT_AFTER_COMMIT);
        atomic_store(&lmdb->helper_is_done, true);
        wakeup_signal(&lmdb->wakeup);
    }
    return NULL;
}

/* ---- the loop's thread ---- */

static void end_if_closing(struct store_lmdb *lmdb);

static void hand_over(void *owner)
{
    struct store_lmdb *lmdb = owner;

    if (lmdb->helper_is_busy || lmdb->gathered.first == NULL) {
        return;
    }
    lmdb->helper_is_busy = true;
    (void)pthread_mutex_lock(&lmdb->mutex);
    lmdb->handed = store_batch_list_take(&lmdb->gathered);
    lmdb->helper_has_work = true;
    (void)pthread_cond_signal(&lmdb->wanted);
    (void)pthread_mutex_unlock(&lmdb->mutex);
}

/* Tells an operator when commits begin to fail, fail otherwise, or work again. */
static void notice_result(struct store_lmdb *lmdb, int result)
{
    const struct store_events *events = &lmdb->base.events;

    if (result == lmdb->told_result) {
        return;
    }
    lmdb->told_result = result;
    if (events->notice == NULL) {
        return;
    }
    if (result < 0) {
        events->notice(events->owner, true, "lmdb_commit_failed",
                       result == -ENOSPC ? "No space left on disk or in the map (map_max)"
                                         : strerror(-result));
    } else {
        events->notice(events->owner, false, "lmdb_commit_works", lmdb->path);
    }
}

static void lmdb_woken(void *owner)
{
    struct store_lmdb *lmdb = owner;

    if (!atomic_exchange(&lmdb->helper_is_done, false)) {
        return; /* woken() may come once too often */
    }
    FAULT_POINT(FAULT_BEFORE_REPLY);
    lmdb->helper_is_busy = false;
    notice_result(lmdb, lmdb->commit_result);
    store_batch_list_done(&lmdb->handed);
    if (lmdb->gathered.first != NULL) {
        deferred_start(&lmdb->hand_over, lmdb->loop);
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

    store_batch_list_add(&lmdb->gathered, batch);
    deferred_start(&lmdb->hand_over, lmdb->loop);
}

static void lmdb_free(struct store_lmdb *lmdb)
{
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
    if (!lmdb->closing || lmdb->helper_is_busy || lmdb->helper_is_ended) {
        return; /* once, though a batch's owner may close from inside of its done() */
    }
    lmdb->helper_is_ended = true;
    end_helper(lmdb);
    wakeup_close(&lmdb->wakeup);
}

static void lmdb_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_lmdb *lmdb = (struct store_lmdb *)store;

    assert(!lmdb->closing);
    lmdb->closing = true;
    lmdb->closed = closed;
    lmdb->closed_owner = owner;
    deferred_cancel(&lmdb->hand_over);
    for (struct store_batch *batch = lmdb->gathered.first; batch != NULL; batch = batch->next) {
        store_batch_fail(batch, -ECANCELED);
    }
    store_batch_list_done(&lmdb->gathered);
    end_if_closing(lmdb); /* or when the commit under way has ended */
}

static const struct store_kind store_kind_lmdb = {
    .name = "lmdb",
    .layout = LMDB_LAYOUT,
    .is_ready = lmdb_is_ready,
    .apply = lmdb_apply,
    .close = lmdb_close,
};

/* Starts the helper with every signal blocked: signals are the loop's. */
static int start_helper(struct store_lmdb *lmdb)
{
    sigset_t all;
    sigset_t before;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    result = -pthread_create(&lmdb->helper, NULL, helper_main, lmdb);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

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
    deferred_init(&lmdb->hand_over, hand_over, lmdb);
    (void)pthread_mutex_init(&lmdb->mutex, NULL); /* cannot fail on Linux: pthread_mutex_init(3) */
    (void)pthread_cond_init(&lmdb->wanted, NULL);
    result = lmdb_environment_open(path, map_bytes, &lmdb->environment, out_reason, reason_bytes);
    if (result < 0) {
        lmdb_free(lmdb);
        return result;
    }
    result = wakeup_open(&lmdb->wakeup, loop, lmdb_woken, lmdb_wakeup_closed, lmdb);
    if (result < 0) {
        goto failed;
    }
    result = start_helper(lmdb);
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
