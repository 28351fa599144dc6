/*
 * import_queue.h - counters on their way into a store, many at a time.
 *
 * Those of one key go one after the other, in the order in which they came; others in any. What
 * becomes of each is told once.
 */
#ifndef FOOTFALL_COMMANDS_IMPORT_QUEUE_H
#define FOOTFALL_COMMANDS_IMPORT_QUEUE_H

#include "base/key_table.h"
#include "commands/counter_line.h"
#include "store/store_session.h"

#include <stdbool.h>
#include <stdint.h>

enum { IMPORT_QUEUE_MAX = 1024 };

struct import_slot;

struct import_queue {
    struct store_session *session;
    bool adds; /* to what is there; else it is set */
    void (*done)(void *owner, uint64_t line, int result);
    void *owner;
    struct import_slot *slots;
    struct import_slot *free;
    struct import_slot *waiting; /* may be given to the store, when that is ready */
    struct import_slot **waiting_end;
    struct key_table under_way; /* the eldest of each key */
    uint32_t count;             /* that have not come to their end */
};

/* Makes an empty queue. Borrows `session`, and `owner` for done(), which is told of line and
 * result: 0 or -errno. 0 or -ENOMEM. */
int import_queue_init(struct import_queue *queue, struct store_session *session, bool adds,
                      void (*done)(void *owner, uint64_t line, int result), void *owner);

static inline bool import_queue_has_room(const struct import_queue *queue)
{
    return queue->free != NULL;
}

/* Takes the counter of line number `line`; there must be room. */
void import_queue_add(struct import_queue *queue, const struct counter_line *counter,
                      uint64_t line);

/* Gives to the store what may be given. */
void import_queue_send(struct import_queue *queue);

/* Nobody waits for what is under way: the store is to end it. What has not been given is told
 * -ENODATA. */
void import_queue_give_up(struct import_queue *queue);

/* When all have come to their end. Zeroed memory is fine. */
void import_queue_finish(struct import_queue *queue);

#endif
