/*
 * memory.c - a table of counts. They are counted at once and told at the end of the turn, since
 * no batch is answered from inside store_apply().
 */
#include "store/memory.h"

#include "base/key_table.h"
#include "loop/loop.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>

struct memory_counter {
    struct key_entry entry; /* its key points at `key` */
    struct store_record record;
    char key[];
};

/* How many counters there are in one. */
struct memory_namespace {
    struct key_entry entry; /* its key points at `name` */
    uint64_t keys;
    char name[];
};

struct store_memory {
    struct store base;
    struct loop *loop;
    struct key_table counters;
    struct key_table namespaces;
    uint64_t keys; /* in all namespaces */
    struct store_batch_list counted;
    struct deferred tell;
};

static bool memory_is_ready(const struct store *store)
{
    (void)store;
    return true;
}

static void tell_counted(void *owner)
{
    struct store_memory *memory = owner;

    store_batch_list_done(&memory->counted);
}

/* ---- namespaces ---- */

/* The name of the namespace; without a length for a key that has none. */
static struct slice namespace_name(struct slice key)
{
    const char *end = memchr(key.bytes, '/', key.length);

    return (struct slice){key.bytes, end == NULL ? 0 : (size_t)(end - key.bytes)};
}

static struct memory_namespace *make_namespace(struct store_memory *memory, struct slice name)
{
    struct memory_namespace *made = malloc(sizeof *made + name.length);

    if (made == NULL) {
        return NULL;
    }
    memcpy(made->name, name.bytes, name.length);
    made->entry.key = (struct slice){made->name, name.length};
    made->keys = 0;
    if (key_table_insert(&memory->namespaces, &made->entry) < 0) {
        free(made);
        return NULL;
    }
    return made;
}

/* Takes one more counter into the namespace of the batch. 0, -EDQUOT or -ENOMEM. */
static int admit(struct store_memory *memory, const struct store_batch *batch)
{
    const struct slice name = namespace_name(batch->key);
    struct memory_namespace *found;

    if (!batch->may_make) {
        return -EDQUOT;
    }
    if (!batch->keeps_record || name.length == 0) {
        return 0;
    }
    found = (struct memory_namespace *)key_table_find(&memory->namespaces, name);
    if ((batch->all_keys_max > 0 && memory->keys >= batch->all_keys_max) ||
        (batch->keys_max > 0 && found != NULL && found->keys >= batch->keys_max)) {
        return -EDQUOT;
    }
    if (found == NULL) {
        found = make_namespace(memory, name);
    }
    if (found == NULL) {
        return -ENOMEM;
    }
    found->keys++;
    memory->keys++;
    return 0;
}

static void dismiss(struct store_memory *memory, const struct store_batch *batch)
{
    struct memory_namespace *found =
        (struct memory_namespace *)key_table_find(&memory->namespaces, namespace_name(batch->key));

    if (!batch->keeps_record || found == NULL) {
        return;
    }
    memory->keys--;
    if (--found->keys == 0) {
        key_table_remove(&memory->namespaces, &found->entry);
        free(found);
    }
}

/* ---- batches ---- */

/* Makes the counter of a batch. 0, -EDQUOT or -ENOMEM. */
static int make(struct store_memory *memory, const struct store_batch *batch,
                struct memory_counter **out_counter)
{
    struct memory_counter *made = calloc(1, sizeof *made + batch->key.length);
    int result = made == NULL ? -ENOMEM : admit(memory, batch);

    if (result < 0) {
        free(made);
        return result;
    }
    memcpy(made->key, batch->key.bytes, batch->key.length);
    made->entry.key = (struct slice){made->key, batch->key.length};
    made->record = store_record_of_visits;
    made->record.created_ms = batch->wall_ms;
    if (key_table_insert(&memory->counters, &made->entry) < 0) {
        dismiss(memory, batch);
        free(made);
        return -ENOMEM;
    }
    *out_counter = made;
    return 0;
}

static int change(struct store_memory *memory, struct memory_counter *counter,
                  struct store_batch *batch)
{
    struct store_change *wanted = store_batch_change(batch);
    int result;

    wanted->before = counter == NULL ? (struct store_record){.exists = false} : counter->record;
    result = store_change_apply(wanted, batch->wall_ms);
    if (result == 0 && counter == NULL) {
        result = make(memory, batch, &counter);
    }
    if (result != 0) {
        return result;
    }
    counter->record = wanted->after;
    if (!wanted->after.exists) {
        key_table_remove(&memory->counters, &counter->entry);
        dismiss(memory, batch);
        free(counter);
    }
    return 0;
}

static void list(const struct store_memory *memory, struct slice prefix,
                 struct store_listing *listing)
{
    uint64_t position = 0;
    const struct key_entry *entry;

    store_listing_begin(listing);
    listing->all_keys = memory->keys;
    while ((entry = key_table_next(&memory->counters, &position)) != NULL && prefix.length > 1) {
        if (slice_starts_with(entry->key, prefix)) {
            (void)store_listing_offer(listing, slice_after(entry->key, prefix.length),
                                      ((const struct memory_counter *)entry)->record.value);
        }
    }
    store_listing_end(listing);
}

static int count(struct store_memory *memory, struct memory_counter *counter,
                 struct store_batch *batch)
{
    const bool is_new = counter == NULL;
    int result = is_new ? make(memory, batch, &counter) : 0;

    if (result == 0) {
        counter->record.value = store_batch_count(batch, counter->record.value);
        counter->record.counted_ms = batch->wall_ms;
        batch->was_made = is_new;
    }
    return result;
}

static void apply_now(struct store_memory *memory, struct store_batch *batch)
{
    struct memory_counter *counter =
        (struct memory_counter *)key_table_find(&memory->counters, batch->key);
    int result = 0;

    if (store_batch_change(batch) != NULL && store_batch_change(batch)->kind == STORE_LIST) {
        list(memory, batch->key, store_batch_change(batch)->listing);
        batch->hits[0].result = 0;
        return;
    }
    if (store_batch_change(batch) != NULL) {
        batch->hits[0].result = change(memory, counter, batch);
        return;
    }
    if (!store_batch_looks(batch)) {
        result = count(memory, counter, batch);
    } else if (counter == NULL) {
        result = -ENOENT;
    } else {
        (void)store_batch_count(batch, counter->record.value);
    }
    if (result < 0) {
        store_batch_fail(batch, result);
    }
}

static void memory_apply(struct store *store, struct store_batch *batch)
{
    struct store_memory *memory = (struct store_memory *)store;

    apply_now(memory, batch);
    store_batch_list_add(&memory->counted, batch);
    deferred_start(&memory->tell, memory->loop);
}

static void memory_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    struct store_memory *memory = (struct store_memory *)store;
    struct key_entry *entry;

    deferred_cancel(&memory->tell);
    store_batch_list_done(&memory->counted);
    while ((entry = key_table_take_any(&memory->counters)) != NULL) {
        free(entry); /* the first member of a struct memory_counter */
    }
    while ((entry = key_table_take_any(&memory->namespaces)) != NULL) {
        free(entry);
    }
    key_table_finish(&memory->counters);
    key_table_finish(&memory->namespaces);
    free(memory);
    closed(owner);
}

static const struct store_kind store_kind_memory = {
    .name = "memory",
    .layout = 0,
    .is_ready = memory_is_ready,
    .apply = memory_apply,
    .close = memory_close,
};

int store_memory_open(struct loop *loop, const struct store_events *events,
                      struct store **out_store)
{
    struct store_memory *memory = calloc(1, sizeof *memory);

    if (memory == NULL) {
        return -ENOMEM;
    }
    memory->base = (struct store){.kind = &store_kind_memory, .events = *events};
    memory->loop = loop;
    key_table_init(&memory->counters);
    key_table_init(&memory->namespaces);
    deferred_init(&memory->tell, tell_counted, memory);
    *out_store = &memory->base;
    return 0;
}
