/*
 * lmdb_environment.h - the folder that LMDB keeps counts in, opened and checked.
 *
 * Layout 1. Named databases: "meta" holds "layout" -> the layout number as decimal text; "counters"
 * and "namespaces" are lmdb_counter.h's.
 *
 * An environment must be opened after fork(2) (lmdb.h). It is opened, closed and written to by one
 * thread at a time; another may list meanwhile, if it sees to it that the environment stays open.
 */
#ifndef FOOTFALL_STORE_LMDB_ENVIRONMENT_H
#define FOOTFALL_STORE_LMDB_ENVIRONMENT_H

#include "store/lmdb_counter.h"
#include "store/store.h"

#include <lmdb.h>
#include <stddef.h>

enum { LMDB_LAYOUT = 1 };

struct lmdb_environment {
    MDB_env *env; /* NULL: not open */
    struct lmdb_databases databases;
};

/* Opens the folder `path`, making it (not its parents) and the files in it when they are
 * missing, and sees to it that what it made survives a power cut. `map_bytes` is the most that the
 * counts may take. 0: *out_environment is to be closed. -errno: *out_environment is untouched and
 * `out_reason` says in a sentence what is wrong and how to mend it; -EPROTONOSUPPORT is a layout
 * that this version does not know. */
int lmdb_environment_open(const char *path, size_t map_bytes,
                          struct lmdb_environment *out_environment, char *out_reason,
                          size_t reason_bytes);

/* The same for one who only reads: nothing is made, and what is missing is -ENOENT. */
int lmdb_environment_open_to_read(const char *path, size_t map_bytes,
                                  struct lmdb_environment *out_environment, char *out_reason,
                                  size_t reason_bytes);

/* Begins a transaction that only reads, for mdb_txn_abort(). As long as it lasts, what others
 * change takes room beside what it sees. 0 or -errno. */
int lmdb_environment_begin_to_read(struct lmdb_environment *environment, MDB_txn **out_transaction);

/* Fine when it is not open. */
void lmdb_environment_close(struct lmdb_environment *environment);

/* Begins a transaction, which commit() ends; may wait for another process's. 0, or -errno with
 * nothing begun. -EUCLEAN, here and there: the environment cannot go on and must be opened anew. */
int lmdb_environment_begin(struct lmdb_environment *environment, MDB_txn **out_transaction);

/* Fills in a listing, from what has been committed. 0, or -errno, with a result in the batch. */
int lmdb_environment_list(const struct lmdb_environment *environment, struct store_batch *batch);

/* Adds every batch, of those from `first` on that come before `end` (NULL: all), to its key and
 * gives their hits their numbers; what it has counted is on disk when the call returns. 0, or
 * -errno with nothing counted, whatever the hits say. */
int lmdb_environment_commit(struct lmdb_environment *environment, MDB_txn *transaction,
                            struct store_batch *first, const struct store_batch *end);

#endif
