/*
 * lmdb_outside.h - writing and reading LMDB's folder as somebody else: only while no store of this
 * process has it open (lmdb.h).
 */
#ifndef FOOTFALL_TEST_LMDB_OUTSIDE_H
#define FOOTFALL_TEST_LMDB_OUTSIDE_H

#include "test.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Another process, which holds the write lock when it is told to. */
struct lmdb_lock_holder {
    pid_t pid;
    int order_fd;
    int report_fd;
};

/* Before this process opens a store: LMDB's environments do not survive a fork. */
static inline struct lmdb_lock_holder lmdb_lock_holder_fork(const char *folder)
{
    struct lmdb_lock_holder holder;
    int order[2];
    int report[2];

    assert_int_equal(pipe2(order, O_CLOEXEC), 0);
    assert_int_equal(pipe2(report, O_CLOEXEC), 0);
    holder = (struct lmdb_lock_holder){fork(), order[1], report[0]};
    assert_true(holder.pid >= 0);
    if (holder.pid == 0) {
        MDB_env *env;
        MDB_dbi database;
        char byte;

        (void)close(order[1]);
        if (read(order[0], &byte, 1) == 1) {
            MDB_txn *transaction = lmdb_outside_begin(folder, "counters", &env, &database);

            if (write(report[1], &byte, 1) == 1) {
                (void)!read(order[0], &byte, 1);
            }
            mdb_txn_abort(transaction);
        }
        _exit(0);
    }
    assert_int_equal(close(order[0]), 0);
    assert_int_equal(close(report[1]), 0);
    return holder;
}

static inline void lmdb_lock_holder_hold(const struct lmdb_lock_holder *holder)
{
    char byte = 'h';

    assert_int_equal(write(holder->order_fd, &byte, 1), 1);
    assert_int_equal(read(holder->report_fd, &byte, 1), 1);
}

static inline void lmdb_lock_holder_end(const struct lmdb_lock_holder *holder)
{
    assert_int_equal(close(holder->order_fd), 0);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
    assert_int_equal(close(holder->report_fd), 0);
}

#endif
