/*
 * lmdb_counter.c - read, count or change, write.
 */
#include "store/lmdb_counter.h"

#include "store/lmdb_record.h"
#include "store/store_change.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A counter in hand. */
struct counter {
    MDB_val key;
    MDB_val value; /* as it is in the database; ends with the first write */
    struct store_record record;
    bool is_known; /* in a form of ours: its record may be written */
    bool is_broken;
};

static int find(const struct lmdb_databases *databases, MDB_txn *transaction, struct slice key,
                struct counter *out_counter)
{
    int result;

    *out_counter = (struct counter){
        .key = {.mv_size = key.length, .mv_data = (void *)key.bytes},
        .is_known = true,
    };
    result = mdb_get(transaction, databases->counters, &out_counter->key, &out_counter->value);
    if (result == MDB_NOTFOUND) {
        return 0;
    }
    if (result == 0) {
        out_counter->is_broken = !lmdb_record_read(
            (struct slice){out_counter->value.mv_data, out_counter->value.mv_size},
            &out_counter->record, &out_counter->is_known);
    }
    return result;
}

/* The count alone, in front of whatever stands behind it. */
static int put_count(const struct lmdb_databases *databases, MDB_txn *transaction,
                     struct counter *counter)
{
    const uint64_t count = htole64((uint64_t)counter->record.value);
    MDB_val value = {.mv_size = counter->value.mv_size, .mv_data = malloc(counter->value.mv_size)};
    int result;

    if (value.mv_data == NULL) {
        return ENOMEM;
    }
    memcpy(value.mv_data, counter->value.mv_data, value.mv_size);
    memcpy(value.mv_data, &count, sizeof count);
    result = mdb_put(transaction, databases->counters, &counter->key, &value, 0);
    free(value.mv_data);
    return result;
}

static int put(const struct lmdb_databases *databases, MDB_txn *transaction,
               struct counter *counter)
{
    char bytes[LMDB_RECORD_BYTES_MAX];
    MDB_val value = {.mv_size = 0, .mv_data = bytes};

    if (!counter->is_known) {
        return put_count(databases, transaction, counter);
    }
    value.mv_size = lmdb_record_write(&counter->record, bytes);
    return mdb_put(transaction, databases->counters, &counter->key, &value, 0);
}

/* ---- how many there are ---- */

/* The name of the namespace; without a length for a key that has none. */
static MDB_val namespace_of(struct slice key)
{
    const char *end = memchr(key.bytes, '/', key.length);

    return (MDB_val){
        .mv_size = end == NULL ? 0 : (size_t)(end - key.bytes),
        .mv_data = (void *)key.bytes,
    };
}

static int read_keys(const struct lmdb_databases *databases, MDB_txn *transaction, MDB_val *name,
                     uint64_t *out_keys)
{
    MDB_val value;
    int result = mdb_get(transaction, databases->namespaces, name, &value);

    *out_keys = 0;
    if (result == 0 && value.mv_size == sizeof *out_keys) {
        memcpy(out_keys, value.mv_data, sizeof *out_keys);
        *out_keys = le64toh(*out_keys);
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

static int write_keys(const struct lmdb_databases *databases, MDB_txn *transaction, MDB_val *name,
                      uint64_t keys)
{
    const uint64_t bytes = htole64(keys);
    MDB_val value = {.mv_size = sizeof bytes, .mv_data = (void *)&bytes};

    if (keys == 0) {
        int result = mdb_del(transaction, databases->namespaces, name, NULL);

        return result == MDB_NOTFOUND ? 0 : result;
    }
    return mdb_put(transaction, databases->namespaces, name, &value, 0);
}

/* Where the number of all of them is kept: no namespace has that name. */
static MDB_val name_of_all(void)
{
    return (MDB_val){.mv_size = 1, .mv_data = (void *)"/"};
}

/* One more, or one less, in the namespace and in all. */
static int note_keys(const struct lmdb_databases *databases, MDB_txn *transaction, MDB_val *name,
                     int difference)
{
    MDB_val all = name_of_all();
    MDB_val *const both[] = {name, &all};
    int result = 0;

    for (unsigned i = 0; i < 2 && result == 0; i++) {
        uint64_t keys;

        result = read_keys(databases, transaction, both[i], &keys);
        if (result == 0 && (keys > 0 || difference > 0)) {
            result = write_keys(databases, transaction, both[i], keys + (uint64_t)difference);
        }
    }
    return result;
}

/* Takes one more counter into the namespace of the batch. *out_is_full: there is no room. */
static int admit(const struct lmdb_databases *databases, MDB_txn *transaction,
                 const struct store_batch *batch, bool *out_is_full)
{
    MDB_val name = namespace_of(batch->key);
    MDB_val all = name_of_all();
    uint64_t keys;
    uint64_t all_keys;
    int result;

    *out_is_full = !batch->may_make;
    if (!batch->keeps_record || name.mv_size == 0 || *out_is_full) {
        return 0;
    }
    result = read_keys(databases, transaction, &name, &keys);
    if (result == 0) {
        result = read_keys(databases, transaction, &all, &all_keys);
    }
    if (result != 0) {
        return result;
    }
    if ((batch->keys_max > 0 && keys >= batch->keys_max) ||
        (batch->all_keys_max > 0 && all_keys >= batch->all_keys_max)) {
        *out_is_full = true;
        return 0;
    }
    return note_keys(databases, transaction, &name, 1);
}

static int dismiss(const struct lmdb_databases *databases, MDB_txn *transaction,
                   const struct store_batch *batch)
{
    MDB_val name = namespace_of(batch->key);

    if (!batch->keeps_record || name.mv_size == 0) {
        return 0;
    }
    return note_keys(databases, transaction, &name, -1);
}

/* ---- batches ---- */

/* The same number for everybody. */
static void look(struct store_batch *batch, const struct store_record *record)
{
    if (!record->exists) {
        store_batch_fail(batch, -ENOENT);
        return;
    }
    (void)store_batch_count(batch, record->value);
}

static int count(const struct lmdb_databases *databases, MDB_txn *transaction,
                 struct counter *counter, struct store_batch *batch)
{
    const bool is_new = !counter->record.exists;
    int64_t before;

    if (is_new) {
        bool is_full;
        int result = admit(databases, transaction, batch, &is_full);

        if (result != 0) {
            return result;
        }
        if (is_full) {
            store_batch_fail(batch, -EDQUOT);
            return 0;
        }
        counter->record = store_record_of_visits;
        counter->record.created_ms = batch->keeps_record ? batch->wall_ms : 0;
    }
    before = counter->record.value;
    counter->record.value = store_batch_count(batch, before);
    batch->was_made = is_new;
    if (counter->record.value == before) {
        return 0; /* at its end */
    }
    if (batch->keeps_record || counter->record.counted_ms > 0) {
        counter->record.counted_ms = batch->wall_ms;
    }
    return put(databases, transaction, counter);
}

static int change(const struct lmdb_databases *databases, MDB_txn *transaction,
                  struct counter *counter, struct store_batch *batch)
{
    struct store_change *wanted = store_batch_change(batch);
    int outcome;
    int result = 0;

    wanted->before = counter->record;
    outcome = store_change_apply(wanted, batch->wall_ms);
    if (outcome == 0 && !wanted->before.exists) {
        bool is_full;

        result = admit(databases, transaction, batch, &is_full);
        outcome = is_full ? -EDQUOT : 0;
    }
    batch->hits[0].result = outcome;
    if (result != 0 || outcome != 0 || wanted->kind == STORE_READ) {
        return result;
    }
    counter->record = wanted->after;
    if (wanted->kind == STORE_REMOVE) {
        result = dismiss(databases, transaction, batch);
        return result != 0 ? result
                           : mdb_del(transaction, databases->counters, &counter->key, NULL);
    }
    return put(databases, transaction, counter);
}

int lmdb_counter_apply(const struct lmdb_databases *databases, MDB_txn *transaction,
                       struct store_batch *batch)
{
    struct counter counter;
    int result = find(databases, transaction, batch->key, &counter);

    if (result != 0) {
        return result;
    }
    if (counter.is_broken) {
        store_batch_fail(batch, -EIO); /* nothing of ours; the other keys are well */
        return 0;
    }
    if (store_batch_change(batch) != NULL) {
        return change(databases, transaction, &counter, batch);
    }
    if (store_batch_looks(batch)) {
        look(batch, &counter.record);
        return 0;
    }
    return count(databases, transaction, &counter, batch);
}

/* ---- listings ---- */

bool lmdb_counter_is_list(const struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);

    return change != NULL && change->kind == STORE_LIST;
}

/* Walks over the namespace, from where the page may begin. */
static int walk(MDB_cursor *cursor, struct slice prefix, struct store_listing *listing)
{
    char first[STORE_KEY_BYTES_MAX + STORE_LISTED_KEY_BYTES_MAX];
    MDB_val key = {.mv_size = prefix.length, .mv_data = first};
    MDB_val value;
    int result;

    memcpy(first, prefix.bytes, prefix.length);
    if (!listing->by_value) {
        memcpy(first + prefix.length, listing->after, listing->after_length);
        key.mv_size += listing->after_length;
    }
    for (result = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE); result == 0;
         result = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const struct slice name = {key.mv_data, key.mv_size};
        struct store_record record;
        bool is_known;

        if (!slice_starts_with(name, prefix)) {
            return 0;
        }
        if (lmdb_record_read((struct slice){value.mv_data, value.mv_size}, &record, &is_known) &&
            !store_listing_offer(listing, slice_after(name, prefix.length), record.value)) {
            return 0;
        }
    }
    return result == MDB_NOTFOUND ? 0 : result;
}

int lmdb_counter_list(const struct lmdb_databases *databases, MDB_txn *transaction,
                      struct store_batch *batch)
{
    struct store_listing *listing = store_batch_change(batch)->listing;
    MDB_cursor *cursor;
    MDB_val all = name_of_all();
    uint64_t all_keys;
    int result = read_keys(databases, transaction, &all, &all_keys);

    if (result == 0) {
        store_listing_begin(listing);
        listing->all_keys = all_keys;
        result = mdb_cursor_open(transaction, databases->counters, &cursor);
    }
    if (result == 0) {
        result = batch->key.length > 1 ? walk(cursor, batch->key, listing) : 0;
        mdb_cursor_close(cursor);
        store_listing_end(listing);
    }
    batch->hits[0].result = result == 0 ? 0 : -EIO;
    return result;
}
