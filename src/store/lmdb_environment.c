/*
 * lmdb_environment.c - opening, checking and committing. LMDB's errors become -errno here.
 */
#include "store/lmdb_environment.h"

#include "base/decimal.h"
#include "base/fault_point.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    DATABASES_MAX = 8,
    READERS_MAX = 512, /* all workers at their start, twice over, and tools beside them */
    FOLDER_MODE = 0700,
    FILE_MODE = 0600,
};

/* errno > 0 or MDB_... < 0 (lmdb.h) as -errno. */
static int errno_from_lmdb(int result)
{
    switch (result) {
    case MDB_MAP_FULL:
        return -ENOSPC;
    case MDB_PANIC:
    case MDB_MAP_RESIZED: /* another process has a larger map: opening anew takes that in */
        return -EUCLEAN;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
        return -EBADMSG;
    case MDB_VERSION_MISMATCH:
        return -EPROTONOSUPPORT;
    case MDB_NOTFOUND:
        return -ENOENT;
    default:
        return result > 0 ? -result : result < 0 ? -EIO : 0;
    }
}

static MDB_val value_of(const char *text)
{
    return (MDB_val){.mv_size = strlen(text), .mv_data = (void *)text};
}

/* Reads the layout number. -ENOENT: none is written. -EPROTONOSUPPORT: not ours. */
static int check_layout(MDB_txn *transaction, MDB_dbi meta)
{
    MDB_val name = value_of("layout");
    MDB_val value;
    uint64_t layout;
    int result = errno_from_lmdb(mdb_get(transaction, meta, &name, &value));

    if (result < 0) {
        return result;
    }
    if (!decimal_read((struct slice){value.mv_data, value.mv_size}, UINT32_MAX, &layout) ||
        layout != LMDB_LAYOUT) {
        return -EPROTONOSUPPORT;
    }
    return 0;
}

static int write_layout(MDB_txn *transaction, MDB_dbi meta)
{
    char text[DECIMAL_BYTES_MAX];
    MDB_val name = value_of("layout");
    MDB_val value = {.mv_size = decimal_write(text, LMDB_LAYOUT), .mv_data = text};

    return errno_from_lmdb(mdb_put(transaction, meta, &name, &value, 0));
}

/* Opens the databases and checks the layout in one transaction. With `make`, what is missing is
 * made; without, it is -ENOENT, and nobody's write lock is waited for. */
static int open_databases(struct lmdb_environment *environment, bool make)
{
    MDB_txn *transaction = NULL;
    MDB_dbi meta;
    unsigned flags = make ? MDB_CREATE : 0;
    int result =
        errno_from_lmdb(mdb_txn_begin(environment->env, NULL, make ? 0 : MDB_RDONLY, &transaction));

    if (result < 0) {
        return result;
    }
    result = errno_from_lmdb(mdb_dbi_open(transaction, "meta", flags, &meta));
    if (result == 0) {
        result = check_layout(transaction, meta);
        if (result == -ENOENT && make) {
            result = write_layout(transaction, meta);
        }
    }
    if (result == 0) {
        result = errno_from_lmdb(
            mdb_dbi_open(transaction, "counters", flags, &environment->databases.counters));
    }
    if (result == 0) {
        result = errno_from_lmdb(
            mdb_dbi_open(transaction, "namespaces", flags, &environment->databases.namespaces));
    }
    if (result < 0) {
        mdb_txn_abort(transaction);
        return result;
    }
    return errno_from_lmdb(mdb_txn_commit(transaction)); /* keeps the handles */
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = 0;

    if (fd < 0) {
        return -errno;
    }
    /* EINVAL: a file system that knows no such sync, which then has nothing to lose by it. */
    if (fsync(fd) < 0 && errno != EINVAL) {
        result = -errno;
    }
    (void)close(fd);
    return result;
}

/* LMDB syncs its files but never the folder that names them (measured). */
static int sync_names(const char *path)
{
    char copy[PATH_MAX];
    int result = sync_folder(path);

    if (result < 0) {
        return result;
    }
    (void)snprintf(copy, sizeof copy, "%s", path); /* dirname(3) writes into it */
    result = sync_folder(dirname(copy));
    /* A parent that may be passed through but not read cannot be synced by us. */
    return result == -EACCES ? 0 : result;
}

/* `flags` of mdb_env_open() say whether it is for one who only reads. */
static int open_environment(struct lmdb_environment *environment, const char *path,
                            size_t map_bytes, unsigned flags)
{
    const bool makes = (flags & MDB_RDONLY) == 0;
    int dead_readers;
    int result = errno_from_lmdb(mdb_env_create(&environment->env));

    if (result < 0) {
        return result;
    }
    result = errno_from_lmdb(mdb_env_set_maxdbs(environment->env, DATABASES_MAX));
    if (result == 0) {
        result = errno_from_lmdb(mdb_env_set_maxreaders(environment->env, READERS_MAX));
    }
    if (result == 0) {
        result = errno_from_lmdb(mdb_env_set_mapsize(environment->env, map_bytes));
    }
    if (result == 0) {
        /* No MDB_WRITEMAP (a full disk is SIGBUS), no MDB_NOSYNC (a power cut may corrupt). */
        result =
            errno_from_lmdb(mdb_env_open(environment->env, path, flags | MDB_NOTLS, FILE_MODE));
    }
    if (result == 0) {
        result = errno_from_lmdb(mdb_reader_check(environment->env, &dead_readers));
    }
    if (result == 0) {
        result = open_databases(environment, false);
        if (result == -ENOENT && makes) {
            result = open_databases(environment, true);
        }
    }
    if (result == 0 && makes) {
        result = sync_names(path);
    }
    return result;
}

/* What an operator is told. */
static void explain(int result, const char *path, char *out_reason, size_t reason_bytes)
{
    if (result == -EPROTONOSUPPORT) {
        (void)snprintf(out_reason, reason_bytes,
                       "the folder %.150s holds a layout that this version does not know (it "
                       "knows %d); use the version that wrote it or another folder",
                       path, LMDB_LAYOUT);
    } else if (result == -EBADMSG) {
        (void)snprintf(out_reason, reason_bytes,
                       "the folder %.150s holds no LMDB data, or damaged data; restore it or name "
                       "another with --store lmdb:PATH",
                       path);
    } else if (result == -ENOMEM) {
        (void)snprintf(out_reason, reason_bytes,
                       "the folder %.150s cannot be mapped: %s; allow less with "
                       "--store 'lmdb:PATH?map_max=1G'",
                       path, strerror(-result));
    } else {
        (void)snprintf(out_reason, reason_bytes,
                       "the folder %.150s cannot be used: %s; name one that this user may write "
                       "with --store lmdb:PATH",
                       path, strerror(-result));
    }
}

/* Hands over what is open, or says why nothing is. */
static int finish_opening(int result, const char *path, struct lmdb_environment *environment,
                          struct lmdb_environment *out_environment, char *out_reason,
                          size_t reason_bytes)
{
    if (result < 0) {
        explain(result, path, out_reason, reason_bytes);
        lmdb_environment_close(environment); /* required even after a failed mdb_env_open() */
        return result;
    }
    *out_environment = *environment;
    return 0;
}

int lmdb_environment_open(const char *path, size_t map_bytes,
                          struct lmdb_environment *out_environment, char *out_reason,
                          size_t reason_bytes)
{
    struct lmdb_environment environment = {.env = NULL};
    int result = 0;

    if (mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST) {
        result = -errno;
    } else {
        result = open_environment(&environment, path, map_bytes, 0);
    }
    return finish_opening(result, path, &environment, out_environment, out_reason, reason_bytes);
}

int lmdb_environment_open_to_read(const char *path, size_t map_bytes,
                                  struct lmdb_environment *out_environment, char *out_reason,
                                  size_t reason_bytes)
{
    struct lmdb_environment environment = {.env = NULL};
    char data[PATH_MAX + 16];
    int result = 0;

    (void)snprintf(data, sizeof data, "%s/data.mdb", path);
    if (access(data, F_OK) < 0) { /* mdb_env_open() would make a file of locks before it looks */
        result = -errno;
    } else {
        result = open_environment(&environment, path, map_bytes, MDB_RDONLY);
    }
    return finish_opening(result, path, &environment, out_environment, out_reason, reason_bytes);
}

void lmdb_environment_close(struct lmdb_environment *environment)
{
    if (environment->env != NULL) {
        mdb_env_close(environment->env);
        environment->env = NULL;
    }
}

int lmdb_environment_begin_to_read(struct lmdb_environment *environment, MDB_txn **out_transaction)
{
    int result = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, out_transaction);

    if (result == MDB_MAP_RESIZED) { /* another process has a larger map: that is taken over */
        result = mdb_env_set_mapsize(environment->env, 0);
        if (result == 0) {
            result = mdb_txn_begin(environment->env, NULL, MDB_RDONLY, out_transaction);
        }
    }
    return errno_from_lmdb(result);
}

int lmdb_environment_begin(struct lmdb_environment *environment, MDB_txn **out_transaction)
{
    int result = errno_from_lmdb(mdb_txn_begin(environment->env, NULL, 0, out_transaction));

    if (result == 0) {
        FAULT_POINT(FAULT_LMDB_LOCKED);
    }
    return result;
}

int lmdb_environment_list(const struct lmdb_environment *environment, struct store_batch *batch)
{
    MDB_txn *transaction;
    int result;

    store_batch_fail(batch, -EIO); /* until it is listed */
    if (environment->env == NULL) {
        return -EUCLEAN;
    }
    result = errno_from_lmdb(mdb_txn_begin(environment->env, NULL, MDB_RDONLY, &transaction));
    if (result < 0) {
        return result;
    }
    result = errno_from_lmdb(lmdb_counter_list(&environment->databases, transaction, batch));
    mdb_txn_abort(transaction);
    return result;
}

/* What has counted has counted, whatever becomes of them. */
static void list_all(const struct lmdb_environment *environment, struct store_batch *first,
                     const struct store_batch *end)
{
    for (struct store_batch *batch = first; batch != end; batch = batch->next) {
        if (lmdb_counter_is_list(batch)) {
            (void)lmdb_environment_list(environment, batch); /* the batch says what became of it */
        }
    }
}

int lmdb_environment_commit(struct lmdb_environment *environment, MDB_txn *transaction,
                            struct store_batch *first, const struct store_batch *end)
{
    int result = 0;

    for (struct store_batch *batch = first; batch != end && result == 0; batch = batch->next) {
        if (lmdb_counter_is_list(batch)) {
            continue; /* looks at what has been committed */
        }
        result = errno_from_lmdb(lmdb_counter_apply(&environment->databases, transaction, batch));
    }
    if (result < 0) {
        mdb_txn_abort(transaction);
        return result;
    }
    FAULT_POINT(FAULT_BEFORE_COMMIT);
    result = errno_from_lmdb(mdb_txn_commit(transaction));
    if (result == 0) {
        list_all(environment, first, end);
    }
    return result;
}
