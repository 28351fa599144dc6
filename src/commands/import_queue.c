/*
 * import_queue.c - slots, each a batch with one change.
 */
#include "commands/import_queue.h"

#include "base/clock.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct import_slot {
    struct key_entry entry; /* its key points at `counter.key` */
    struct store_batch batch;
    struct store_hit hit;
    struct store_change change;
    struct import_queue *queue;
    struct counter_line counter;
    uint64_t line;
    struct import_slot *behind; /* of the same key, the next one … */
    struct import_slot *last;   /* … and, in the eldest, the last one */
    struct import_slot *next;   /* among the free, or the waiting */
};

int import_queue_init(struct import_queue *queue, struct store_session *session, bool adds,
                      void (*done)(void *owner, uint64_t line, int result), void *owner)
{
    *queue = (struct import_queue){
        .session = session,
        .adds = adds,
        .done = done,
        .owner = owner,
        .slots = calloc(IMPORT_QUEUE_MAX, sizeof *queue->slots),
    };
    if (queue->slots == NULL) {
        return -ENOMEM;
    }
    queue->waiting_end = &queue->waiting;
    key_table_init(&queue->under_way);
    for (unsigned i = 0; i < IMPORT_QUEUE_MAX; i++) {
        queue->slots[i].queue = queue;
        queue->slots[i].next = queue->free;
        queue->free = &queue->slots[i];
    }
    return 0;
}

void import_queue_finish(struct import_queue *queue)
{
    key_table_finish(&queue->under_way);
    free(queue->slots);
}

static void wait(struct import_queue *queue, struct import_slot *slot)
{
    slot->next = NULL;
    *queue->waiting_end = slot;
    queue->waiting_end = &slot->next;
}

/* Tells how it ended, and lets go of it. */
static void end(struct import_slot *slot, int result)
{
    struct import_queue *queue = slot->queue;

    slot->next = queue->free;
    queue->free = slot;
    queue->count--;
    queue->done(queue->owner, slot->line, result);
}

/* The eldest of its key: the next one of it takes its place. */
static void leave(struct import_slot *slot)
{
    struct import_queue *queue = slot->queue;
    struct import_slot *next = slot->behind;

    key_table_remove(&queue->under_way, &slot->entry);
    if (next == NULL) {
        return;
    }
    next->last = slot->last;
    (void)key_table_insert(&queue->under_way, &next->entry); /* one has just made room */
    wait(queue, next);
}

static void slot_done(struct store_batch *batch)
{
    struct import_slot *slot = batch->owner;
    struct import_queue *queue = slot->queue;

    leave(slot);
    end(slot, slot->hit.result);
    store_session_wake(queue->session);
}

static void fill_in(struct import_slot *slot)
{
    const struct counter_line *counter = &slot->counter;

    slot->change = (struct store_change){
        .kind = slot->queue->adds ? STORE_ADD_OR_PUT : STORE_PUT,
        .right = STORE_AS_SERVER,
        .value = counter->record.value,
        .created = counter->record,
        .given = counter->given,
    };
    slot->hit = (struct store_hit){.change = &slot->change, .is_change = 1};
    slot->batch = (struct store_batch){
        .key = {counter->key, counter->key_length},
        .hits = &slot->hit,
        .hits_count = 1,
        .keeps_record = !counter->is_front,
        .may_make = true,
        /* When the front counter was made nobody knows. */
        .wall_ms = counter->is_front ? 0 : (uint64_t)clock_wall_ms(),
        .done = slot_done,
        .owner = slot,
    };
}

void import_queue_add(struct import_queue *queue, const struct counter_line *counter, uint64_t line)
{
    struct import_slot *slot = queue->free;
    struct import_slot *eldest;

    queue->free = slot->next;
    queue->count++;
    slot->counter = *counter;
    slot->line = line;
    slot->behind = NULL;
    slot->last = slot;
    slot->entry.key = (struct slice){slot->counter.key, counter->key_length};
    fill_in(slot);
    eldest = (struct import_slot *)key_table_find(&queue->under_way, slot->entry.key);
    if (eldest != NULL) {
        eldest->last->behind = slot;
        eldest->last = slot;
    } else if (key_table_insert(&queue->under_way, &slot->entry) < 0) {
        end(slot, -ENOMEM);
    } else {
        wait(queue, slot);
    }
}

static struct import_slot *take_waiting(struct import_queue *queue)
{
    struct import_slot *slot = queue->waiting;

    if (slot != NULL) {
        queue->waiting = slot->next;
        if (queue->waiting == NULL) {
            queue->waiting_end = &queue->waiting;
        }
    }
    return slot;
}

void import_queue_send(struct import_queue *queue)
{
    while (queue->waiting != NULL && store_is_ready(queue->session->store)) {
        store_apply(queue->session->store, &take_waiting(queue)->batch);
    }
}

void import_queue_give_up(struct import_queue *queue)
{
    struct import_slot *slot;

    for (unsigned i = 0; i < IMPORT_QUEUE_MAX; i++) {
        queue->slots[i].batch.is_given_up = true;
    }
    while ((slot = take_waiting(queue)) != NULL) {
        leave(slot); /* which may have another one wait */
        end(slot, -ENODATA);
    }
}
