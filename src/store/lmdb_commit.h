/*
 * lmdb_commit.h - a list of batches to disk, in one commit or, where there is no room, in several.
 *
 * It borrows all that it works on and knows no thread: lmdb.c's helper runs it.
 */
#ifndef FOOTFALL_STORE_LMDB_COMMIT_H
#define FOOTFALL_STORE_LMDB_COMMIT_H

#include "store/lmdb_environment.h"
#include "store/lmdb_reader.h"
#include "store/store.h"

#include <stddef.h>

struct lmdb_commit {
    struct lmdb_environment *environment; /* closed and opened anew, should LMDB not go on */
    struct lmdb_reader *reader;           /* kept off it meanwhile */
    const char *path;
    size_t map_bytes;
    struct store_batch_list *batches;
    /* The write lock is held, or cannot be had: the batches are listed now, unless they are. */
    void (*begun)(void *owner);
    void *owner;
};

/* Gives every hit of the batches its result; what was counted is on disk. 0; or -errno, the last
 * trouble that refused somebody. */
int lmdb_commit_run(const struct lmdb_commit *commit);

#endif
