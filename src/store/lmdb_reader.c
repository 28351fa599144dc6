/*
 * lmdb_reader.c - listings, in a thread of their own.
 */
#include "store/lmdb_reader.h"

#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

/* Each list has a transaction of its own: one that is kept keeps pages from being used again. */
static int list(struct lmdb_reader *reader, struct store_batch *batch)
{
    int result;

    (void)pthread_mutex_lock(&reader->environment_mutex);
    result = lmdb_environment_list(reader->environment, batch);
    (void)pthread_mutex_unlock(&reader->environment_mutex);
    return result;
}

/* Takes the first one that waits, or waits for one. NULL when there will be no more. */
static struct store_batch *next_batch(struct lmdb_reader *reader)
{
    struct store_batch *batch;

    (void)pthread_mutex_lock(&reader->mutex);
    while (reader->waiting.first == NULL && !reader->should_end) {
        (void)pthread_cond_wait(&reader->wanted, &reader->mutex);
    }
    batch = store_batch_list_pop(&reader->waiting);
    (void)pthread_mutex_unlock(&reader->mutex);
    return batch;
}

static void *reader_main(void *argument)
{
    struct lmdb_reader *reader = argument;
    struct store_batch *batch;

    while ((batch = next_batch(reader)) != NULL) {
        const int result = list(reader, batch);

        (void)pthread_mutex_lock(&reader->mutex);
        store_batch_list_add(result == -EUCLEAN ? &reader->unlisted : &reader->listed, batch);
        (void)pthread_mutex_unlock(&reader->mutex);
        wakeup_signal(reader->wakeup);
    }
    return NULL;
}

void lmdb_reader_keep_off(struct lmdb_reader *reader)
{
    (void)pthread_mutex_lock(&reader->environment_mutex);
}

void lmdb_reader_let_on(struct lmdb_reader *reader)
{
    (void)pthread_mutex_unlock(&reader->environment_mutex);
}

/* ---- the loop's thread ---- */

void lmdb_reader_init(struct lmdb_reader *reader, const struct lmdb_environment *environment,
                      struct wakeup *wakeup)
{
    *reader = (struct lmdb_reader){.environment = environment, .wakeup = wakeup};
    /* They cannot fail on Linux: pthread_mutex_init(3). */
    (void)pthread_mutex_init(&reader->environment_mutex, NULL);
    (void)pthread_mutex_init(&reader->mutex, NULL);
    (void)pthread_cond_init(&reader->wanted, NULL);
}

void lmdb_reader_finish(struct lmdb_reader *reader)
{
    assert(!reader->is_started);
    (void)pthread_cond_destroy(&reader->wanted);
    (void)pthread_mutex_destroy(&reader->mutex);
    (void)pthread_mutex_destroy(&reader->environment_mutex);
}

int lmdb_reader_list(struct lmdb_reader *reader, struct store_batch *batch)
{
    if (!reader->is_started) {
        int result = thread_start(&reader->thread, NULL, reader_main, reader);

        if (result < 0) {
            return result;
        }
        reader->is_started = true;
    }
    reader->under_way++;
    (void)pthread_mutex_lock(&reader->mutex);
    store_batch_list_add(&reader->waiting, batch);
    (void)pthread_cond_signal(&reader->wanted);
    (void)pthread_mutex_unlock(&reader->mutex);
    return 0;
}

/* Empties one of the lists, whose batches are under way no more. */
static struct store_batch_list take_back(struct lmdb_reader *reader, struct store_batch_list *list)
{
    struct store_batch_list taken;

    (void)pthread_mutex_lock(&reader->mutex);
    taken = store_batch_list_take(list);
    (void)pthread_mutex_unlock(&reader->mutex);
    for (const struct store_batch *batch = taken.first; batch != NULL; batch = batch->next) {
        reader->under_way--;
    }
    return taken;
}

struct store_batch_list lmdb_reader_take(struct lmdb_reader *reader,
                                         struct store_batch_list *out_unlisted)
{
    *out_unlisted = take_back(reader, &reader->unlisted);
    return take_back(reader, &reader->listed);
}

struct store_batch_list lmdb_reader_cancel(struct lmdb_reader *reader)
{
    return take_back(reader, &reader->waiting);
}

bool lmdb_reader_is_idle(const struct lmdb_reader *reader)
{
    return reader->under_way == 0;
}

void lmdb_reader_stop(struct lmdb_reader *reader)
{
    assert(lmdb_reader_is_idle(reader));
    if (!reader->is_started) {
        return;
    }
    (void)pthread_mutex_lock(&reader->mutex);
    reader->should_end = true;
    (void)pthread_cond_signal(&reader->wanted);
    (void)pthread_mutex_unlock(&reader->mutex);
    (void)pthread_join(reader->thread, NULL); /* it has nothing in hand: this does not wait */
    reader->is_started = false;
}
