/*
 * timer.c - timers in queues of equal delays.
 */
#include "loop/timer.h"

#include "loop/backend.h"

#include <limits.h>

void timer_queue_init(struct timer_queue *queue, struct loop *loop)
{
    *queue = (struct timer_queue){.loop = loop, .next_queue = loop->timer_queues};
    loop->timer_queues = queue;
}

void timer_queue_finish(struct timer_queue *queue)
{
    if (queue->loop == NULL) {
        return;
    }
    while (queue->first != NULL) {
        timer_stop(queue->first);
    }
    for (struct timer_queue **link = &queue->loop->timer_queues; *link != NULL;
         link = &(*link)->next_queue) {
        if (*link == queue) {
            *link = queue->next_queue;
            break;
        }
    }
    queue->loop = NULL;
}

void timer_init(struct timer *timer, void (*expired)(void *owner), void *owner)
{
    *timer = (struct timer){.expired = expired, .owner = owner};
}

void timer_start(struct timer *timer, struct timer_queue *queue, uint64_t delay_ms)
{
    struct timer *before;

    timer_stop(timer);
    /* At least one millisecond, or a timer that starts itself again would never let go. */
    timer->deadline_ms = queue->loop->now_ms + (delay_ms > 0 ? delay_ms : 1);
    before = queue->last;
    while (before != NULL && before->deadline_ms > timer->deadline_ms) {
        before = before->previous;
    }
    timer->queue = queue;
    timer->previous = before;
    timer->next = before == NULL ? queue->first : before->next;
    if (timer->next == NULL) {
        queue->last = timer;
    } else {
        timer->next->previous = timer;
    }
    if (before == NULL) {
        queue->first = timer;
    } else {
        before->next = timer;
    }
}

void timer_stop(struct timer *timer)
{
    struct timer_queue *queue = timer->queue;

    if (queue == NULL) {
        return;
    }
    if (timer->previous == NULL) {
        queue->first = timer->next;
    } else {
        timer->previous->next = timer->next;
    }
    if (timer->next == NULL) {
        queue->last = timer->previous;
    } else {
        timer->next->previous = timer->previous;
    }
    timer->queue = NULL;
}

/* The timer that is due first among all queues, or NULL. */
static struct timer *earliest(const struct loop *loop)
{
    struct timer *found = NULL;

    for (struct timer_queue *queue = loop->timer_queues; queue != NULL; queue = queue->next_queue) {
        if (queue->first != NULL &&
            (found == NULL || queue->first->deadline_ms < found->deadline_ms)) {
            found = queue->first;
        }
    }
    return found;
}

int loop_timers_timeout_ms(const struct loop *loop)
{
    const struct timer *timer = earliest(loop);

    if (timer == NULL) {
        return -1;
    }
    if (timer->deadline_ms <= loop->now_ms) {
        return 0;
    }
    return timer->deadline_ms - loop->now_ms > INT_MAX ? INT_MAX
                                                       : (int)(timer->deadline_ms - loop->now_ms);
}

void loop_timers_expire(struct loop *loop)
{
    /* Looked up anew each time: a call may stop other timers and finish queues. */
    for (struct timer *timer = earliest(loop); timer != NULL && timer->deadline_ms <= loop->now_ms;
         timer = earliest(loop)) {
        timer_stop(timer);
        timer->expired(timer->owner);
    }
}
