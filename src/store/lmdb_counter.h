/*
 * lmdb_counter.h - what one batch does to its counter, within a transaction.
 *
 * "counters": key -> lmdb_record.h. "namespaces": the part of the key before its "/" -> how many
 * counters with a record there are in it, 8 bytes, little-endian; "/" -> in all of them.
 */
#ifndef FOOTFALL_STORE_LMDB_COUNTER_H
#define FOOTFALL_STORE_LMDB_COUNTER_H

#include "store/store.h"

#include <lmdb.h>

struct lmdb_databases {
    MDB_dbi counters;
    MDB_dbi namespaces;
};

/* Fills in a listing, in a transaction that may only read. 0, or an error of LMDB's. */
int lmdb_counter_list(const struct lmdb_databases *databases, MDB_txn *transaction,
                      struct store_batch *batch);

/* Whether the batch is one. */
bool lmdb_counter_is_list(const struct store_batch *batch);

/* Gives every hit of the batch its number, or the change its outcome. 0; or an error of LMDB's,
 * after which the transaction is to be given up. */
int lmdb_counter_apply(const struct lmdb_databases *databases, MDB_txn *transaction,
                       struct store_batch *batch);

#endif
