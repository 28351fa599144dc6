/*
 * lmdb_reader.h - listings, in a thread of their own.
 *
 * Going through a million counters takes a third of a second, and needs no write lock: so it is not
 * the helper's, which all hits wait for. The thread is started for the first listing.
 *
 * It borrows the environment, which is the helper's (lmdb.c), while it holds `environment_mutex`;
 * the helper holds that where it opens the environment anew. Lists of batches are guarded by the
 * other mutex; the count of those under way is the loop's.
 */
#ifndef FOOTFALL_STORE_LMDB_READER_H
#define FOOTFALL_STORE_LMDB_READER_H

#include "loop/wakeup.h"
#include "store/lmdb_environment.h"
#include "store/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Insides; others read none of it. */
struct lmdb_reader {
    const struct lmdb_environment *environment;
    struct wakeup *wakeup;
    uint32_t under_way; /* taken and not given back */
    bool is_started;
    pthread_t thread;
    pthread_mutex_t environment_mutex;
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    bool should_end;
    struct store_batch_list waiting;
    struct store_batch_list listed;
    struct store_batch_list unlisted;
};

/* Makes a reader without a thread. It borrows both until lmdb_reader_finish(); the environment may
 * be closed meanwhile. */
void lmdb_reader_init(struct lmdb_reader *reader, const struct lmdb_environment *environment,
                      struct wakeup *wakeup);

/* The thread has to be stopped. */
void lmdb_reader_finish(struct lmdb_reader *reader);

/* ---- the loop's thread ---- */

/* Lists; the loop is woken when there is something to take back. -errno of pthread_create(3): the
 * batch was not taken. */
int lmdb_reader_list(struct lmdb_reader *reader, struct store_batch *batch);

/* Takes back what has its result, and, as *out_unlisted, what the environment as it is could not
 * be asked for: it must be opened anew first. */
struct store_batch_list lmdb_reader_take(struct lmdb_reader *reader,
                                         struct store_batch_list *out_unlisted);

/* Takes back what has not begun. */
struct store_batch_list lmdb_reader_cancel(struct lmdb_reader *reader);

bool lmdb_reader_is_idle(const struct lmdb_reader *reader);

/* Ends the thread, if there is one; the reader must be idle. */
void lmdb_reader_stop(struct lmdb_reader *reader);

/* ---- the helper's thread ---- */

/* Waits for the listing under way and keeps others off the environment, until let_on(). */
void lmdb_reader_keep_off(struct lmdb_reader *reader);
void lmdb_reader_let_on(struct lmdb_reader *reader);

#endif
