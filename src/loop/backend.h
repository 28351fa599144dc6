/*
 * backend.h - what is private to this folder: the insides of a loop, and what a backend does.
 *
 * The loop keeps the lists (deferred calls, timers, descriptors with something to hand over);
 * a backend turns a descriptor's operations into system calls and completions into calls of its
 * owner.
 */
#ifndef FOOTFALL_LOOP_BACKEND_H
#define FOOTFALL_LOOP_BACKEND_H

#include "loop/descriptor.h"
#include "loop/loop.h"
#include "loop/timer.h"

struct loop_backend {
    const char *name;
    /* Allocates loop->backend_state. 0 or -errno. */
    int (*create)(struct loop *loop);
    void (*destroy)(struct loop *loop);
    /* Hands the descriptor's new operations to the kernel; may call the owner. */
    void (*submit)(struct loop *loop, struct descriptor *descriptor);
    /* Takes the descriptor out of what the kernel watches, before it is closed. */
    void (*forget)(struct loop *loop, struct descriptor *descriptor);
    /* Waits up to `timeout_ms` (-1: for ever), reads the clock into loop->now_ms, and tells owners
     * what completed. 0 or -errno. */
    int (*wait)(struct loop *loop, int timeout_ms);
};

struct loop {
    const struct loop_backend *backend;
    void *backend_state;
    bool stopping;
    uint64_t now_ms;
    struct timer_queue *timer_queues;
    struct deferred *deferred_first;
    struct deferred **deferred_end;
    struct descriptor *submitted_first;
    struct descriptor **submitted_end;
};

extern const struct loop_backend loop_backend_epoll;

/* How long the earliest timer leaves to wait, in milliseconds; -1 when none runs. */
int loop_timers_timeout_ms(const struct loop *loop);

/* Calls the owners of all timers that are due. */
void loop_timers_expire(struct loop *loop);

#endif
