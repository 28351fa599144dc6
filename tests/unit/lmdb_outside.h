/*
 * lmdb_outside.h - writing and reading LMDB's folder as somebody else: only while no store of this
 * process has it open (lmdb.h).
 */
#ifndef FOOTFALL_TEST_LMDB_OUTSIDE_H
#define FOOTFALL_TEST_LMDB_OUTSIDE_H

#include "test.h"

#include <lmdb.h>

/* Opens `folder` and the database `name` in it. */
static inline MDB_txn *lmdb_outside_begin(const char *folder, const char *name, MDB_env **out_env,
                                          MDB_dbi *out_database)
{
    MDB_txn *transaction;

    assert_int_equal(mdb_env_create(out_env), 0);
    assert_int_equal(mdb_env_set_maxdbs(*out_env, 8), 0);
    assert_int_equal(mdb_env_open(*out_env, folder, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(*out_env, NULL, 0, &transaction), 0);
    assert_int_equal(mdb_dbi_open(transaction, name, MDB_CREATE, out_database), 0);
    return transaction;
}

static inline void lmdb_outside_put(const char *folder, const char *name, const char *key,
                                    const void *value, size_t value_bytes)
{
    MDB_env *env;
    MDB_dbi database;
    MDB_txn *transaction = lmdb_outside_begin(folder, name, &env, &database);
    MDB_val key_value = {strlen(key), (void *)key};
    MDB_val data = {value_bytes, (void *)value};

    assert_int_equal(mdb_put(transaction, database, &key_value, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(transaction), 0);
    mdb_env_close(env);
}

/* Copies what is at `key` and returns its length; 0 when there is nothing. */
static inline size_t lmdb_outside_get(const char *folder, const char *name, const char *key,
                                      void *out_value, size_t value_bytes_max)
{
    MDB_env *env;
    MDB_dbi database;
    MDB_txn *transaction = lmdb_outside_begin(folder, name, &env, &database);
    MDB_val key_value = {strlen(key), (void *)key};
    MDB_val data = {0, NULL};

    if (mdb_get(transaction, database, &key_value, &data) == 0) {
        assert_true(data.mv_size <= value_bytes_max);
        memcpy(out_value, data.mv_data, data.mv_size);
    }
    mdb_txn_abort(transaction);
    mdb_env_close(env);
    return data.mv_size;
}

#endif
