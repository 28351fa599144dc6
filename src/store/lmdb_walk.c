/*
 * lmdb_walk.c - a cursor over the counters, in one transaction that reads.
 */
#include "store/store_walk.h"

#include "store/lmdb_environment.h"
#include "store/lmdb_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* One entry. 0, or found()'s. */
static int show(const struct store_walk *walk, struct slice key, struct slice value)
{
    const struct store_walk_events *events = walk->events;
    struct store_record record;
    bool is_known;

    if (!lmdb_record_read(value, &record, &is_known)) {
        events->trouble(events->owner, key, "it is no counter");
        return 0;
    }
    if (!is_known) {
        events->trouble(events->owner, key,
                        "it is in a form that this version does not know: its count alone is read");
    }
    return events->found(events->owner, key, !slice_equals(key, walk->front_key), &record);
}

static int show_all(const struct store_walk *walk, MDB_cursor *cursor, uint64_t total)
{
    const struct store_walk_events *events = walk->events;
    uint64_t done = 0;
    MDB_val key;
    MDB_val value;
    int result;

    while ((result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        result = show(walk, (struct slice){key.mv_data, key.mv_size},
                      (struct slice){value.mv_data, value.mv_size});
        if (result < 0) {
            return result;
        }
        events->progress(events->owner, ++done, total);
    }
    return result == MDB_NOTFOUND ? 0 : -EBADMSG;
}

int lmdb_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES])
{
    struct lmdb_environment environment;
    MDB_txn *transaction;
    MDB_cursor *cursor;
    MDB_stat information;
    int result = lmdb_environment_open_to_read(walk->url->path, walk->url->map_bytes, &environment,
                                               out_reason, STORE_REASON_BYTES);

    if (result < 0) {
        return result;
    }
    result = lmdb_environment_begin_to_read(&environment, &transaction);
    if (result == 0) {
        if (mdb_stat(transaction, environment.databases.counters, &information) == 0 &&
            mdb_cursor_open(transaction, environment.databases.counters, &cursor) == 0) {
            result = show_all(walk, cursor, information.ms_entries);
            mdb_cursor_close(cursor);
        } else {
            result = -EIO;
        }
        mdb_txn_abort(transaction);
    }
    if (result < 0) {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "the counters cannot be read: %s",
                       strerror(-result));
    }
    lmdb_environment_close(&environment);
    return result;
}
