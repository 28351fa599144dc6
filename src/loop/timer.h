/*
 * timer.h - timers, gathered in queues of equal delays.
 *
 * Nearly all timers of a server have one of a few delays (idle, header, store …), so a queue
 * in order of deadline is kept per delay: a start is an append, a stop an unlink, and only the
 * heads are looked at. A queue takes any delay; one that is out of order costs a walk from the
 * tail, so give delays of one kind a queue of their own.
 *
 * A timer and a queue are embedded in their owners. All belong to the loop's thread.
 */
#ifndef FOOTFALL_LOOP_TIMER_H
#define FOOTFALL_LOOP_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct timer_queue;

struct timer {
    void (*expired)(void *owner);
    void *owner;
    uint64_t deadline_ms;
    struct timer_queue *queue; /* NULL while it is not running */
    struct timer *previous;
    struct timer *next;
};

struct timer_queue {
    struct loop *loop;
    struct timer *first; /* the earliest deadline */
    struct timer *last;
    struct timer_queue *next_queue; /* the loop's list */
};

/* Adds an empty queue to the loop's. The queue must stay where it is until
 * timer_queue_finish(). */
void timer_queue_init(struct timer_queue *queue, struct loop *loop);

/* Stops all timers in it, without calls, and takes it from the loop. Zeroed memory is fine. */
void timer_queue_finish(struct timer_queue *queue);

/* Makes a timer that is not running. Borrows `owner` while it runs. */
void timer_init(struct timer *timer, void (*expired)(void *owner), void *owner);

/* (Re)starts it: expired() comes once, `delay_ms` from the present turn's time or later. */
void timer_start(struct timer *timer, struct timer_queue *queue, uint64_t delay_ms);

/* Stops it; fine when it is not running. No call comes after. */
void timer_stop(struct timer *timer);

static inline bool timer_is_running(const struct timer *timer)
{
    return timer->queue != NULL;
}

#endif
