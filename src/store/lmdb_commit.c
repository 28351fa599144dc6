/*
 * lmdb_commit.c - one transaction, a new environment where LMDB cannot go on, or parts.
 */
#include "store/lmdb_commit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REASON_BYTES = 256,
    PARTS_MAX = 32, /* that a commit is tried in: each may be a write of the disk */
};

/* One transaction. 0, or -errno with nothing counted. */
static int commit_whole(const struct lmdb_commit *commit)
{
    MDB_txn *transaction;
    int result = -EUCLEAN;

    if (commit->environment->env != NULL) {
        result = lmdb_environment_begin(commit->environment, &transaction);
    }
    commit->begun(commit->owner);
    return result < 0 ? result
                      : lmdb_environment_commit(commit->environment, transaction,
                                                commit->batches->first, NULL);
}

/* What a full map, a full disk (LMDB: EIO, where there was room for a part of a write) and a file
 * that may not grow are told by. */
static bool is_want_of_room(int result)
{
    return result == -ENOSPC || result == -EFBIG || result == -EIO;
}

/* Whether the system's error would be taken for what a store says of a counter. */
static bool says_something_of_counters(int result)
{
    return result == -ENOENT || result == -EEXIST || result == -EPERM || result == -EACCES ||
           result == -EDQUOT || result == -EOVERFLOW;
}

/* Fails the batches from `first` on, before `end`; listings need neither lock nor room. */
static void fail_batches(const struct lmdb_commit *commit, struct store_batch *first,
                         const struct store_batch *end, int result)
{
    for (struct store_batch *batch = first; batch != end; batch = batch->next) {
        if (lmdb_counter_is_list(batch)) {
            (void)lmdb_environment_list(commit->environment, batch); /* the batch has the result */
        } else {
            store_batch_fail(batch, says_something_of_counters(result) ? -EIO : result);
        }
    }
}

static int commit_part(const struct lmdb_commit *commit, struct store_batch *first,
                       const struct store_batch *end)
{
    MDB_txn *transaction;
    int result = lmdb_environment_begin(commit->environment, &transaction);

    return result < 0 ? result
                      : lmdb_environment_commit(commit->environment, transaction, first, end);
}

/* There was no room for all: as many as there is room for are counted. A part that does not fit is
 * halved, and one that does is followed by a larger one, so that the few that need room are found
 * soon among the many that do not. The last trouble that refused somebody, or 0. */
static int commit_in_parts(const struct lmdb_commit *commit, uint32_t batches_count)
{
    struct store_batch *first = commit->batches->first;
    uint32_t wanted = (batches_count + 1) / 2;
    int trouble = 0;

    for (unsigned parts = 0; parts < PARTS_MAX && first != NULL; parts++) {
        struct store_batch *end = first;
        uint32_t count = 0;
        int result;

        for (; count < wanted && end != NULL; count++) {
            end = end->next;
        }
        result = commit_part(commit, first, end);
        if (result == 0) {
            wanted *= 2;
        } else if (!is_want_of_room(result)) {
            fail_batches(commit, first, NULL, result);
            return result;
        } else if (count > 1) {
            wanted = count / 2;
            continue;
        } else {
            fail_batches(commit, first, end, result);
            trouble = result;
        }
        first = end;
    }
    if (first != NULL) {
        trouble = -ENOSPC;
        fail_batches(commit, first, NULL, trouble);
    }
    return trouble;
}

static uint32_t count_batches(const struct store_batch_list *list)
{
    uint32_t count = 0;

    for (const struct store_batch *batch = list->first; batch != NULL; batch = batch->next) {
        count++;
    }
    return count;
}

int lmdb_commit_run(const struct lmdb_commit *commit)
{
    uint32_t batches_count;
    char reason[REASON_BYTES];
    int result = commit_whole(commit);

    if (result == -EUCLEAN) {
        /* A write of LMDB's head page failed: this environment refuses everything from now on. */
        lmdb_reader_keep_off(commit->reader);
        lmdb_environment_close(commit->environment);
        result = lmdb_environment_open(commit->path, commit->map_bytes, commit->environment, reason,
                                       sizeof reason);
        lmdb_reader_let_on(commit->reader);
        if (result == 0) {
            result = commit_whole(commit);
        }
    }
    if (result == 0) {
        return 0;
    }
    batches_count = count_batches(commit->batches);
    if (batches_count > 1 && is_want_of_room(result) && commit->environment->env != NULL) {
        return commit_in_parts(commit, batches_count);
    }
    fail_batches(commit, commit->batches->first, NULL, result);
    return result;
}
