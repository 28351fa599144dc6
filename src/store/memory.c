/*
 * memory.c - a table of counts. They are counted at once and told at the end of the turn, since
 * no batch is answered from inside store_apply().
 */
#include "store/memory.h"

#include "base/key_table.h"
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>

struct memory_counter {
    struct key_entry entry; /* its key points at `key` */
    uint64_t count;
    char key[];
};

struct store_memory {
    struct store base;
    struct loop *loop;
    struct key_table counters;
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

/* The counter of `key`, made when it is missing; NULL without memory. */
static struct memory_counter *find_or_make(struct store_memory *memory, struct slice key)
{
    struct memory_counter *counter =
        (struct memory_counter *)key_table_find(&memory->counters, key);

    if (counter != NULL) {
        return counter;
    }
    counter = malloc(sizeof *counter + key.length);
    if (counter == NULL) {
        return NULL;
    }
    memcpy(counter->key, key.bytes, key.length);
    counter->entry.key = (struct slice){counter->key, key.length};
    counter->count = 0;
    if (key_table_insert(&memory->counters, &counter->entry) < 0) {
        free(counter);
        return NULL;
    }
    return counter;
}

static void memory_apply(struct store *store, struct store_batch *batch)
{
    struct store_memory *memory = (struct store_memory *)store;
    struct memory_counter *counter = find_or_make(memory, batch->key);

    if (counter == NULL) {
        store_batch_fail(batch, -ENOMEM);
    } else {
        counter->count = store_batch_count(batch, counter->count);
    }
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
    key_table_finish(&memory->counters);
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
    deferred_init(&memory->tell, tell_counted, memory);
    *out_store = &memory->base;
    return 0;
}
