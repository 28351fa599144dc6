/*
 * backend.h - what is private to this folder: the insides of a loop, and what a backend does.
 *
 * The loop keeps the lists (deferred calls, timers, descriptors with something to hand over);
 * a backend turns a descriptor's operations into system calls and completions into calls of its
 * owner.
 */
#ifndef FOOTFALL_LOOP_BACKEND_H
#define FOOTFALL_LOOP_BACKEND_H

#include "loop/arrivals.h"
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
    /* Comes before close(2) of the descriptor. */
    void (*forget)(struct loop *loop, struct descriptor *descriptor);
    /* Ends what the kernel holds of a closed descriptor's operations. True when it holds nothing;
     * else the backend calls loop_submit_later() with the last completion, which leads here again.
     */
    bool (*let_go)(struct loop *loop, struct descriptor *descriptor);
    /* Waits up to `timeout_ms` (-1: for ever), reads the clock into loop->now_ms, and tells owners
     * what completed. 0 or -errno. */
    int (*wait)(struct loop *loop, int timeout_ms);
    /* Comes instead of a wait at the end of a run: what was started is to be the kernel's. */
    void (*hand_over)(struct loop *loop);
};

struct loop {
    const struct loop_backend *backend;
    void *backend_state;
    bool stopping;
    bool is_awake; /* the next wait does not sleep */
    uint64_t now_ms;
    struct timer_queue *timer_queues;
    struct deferred *deferred_first;
    struct deferred **deferred_end;
    struct descriptor *submitted_first;
    struct descriptor **submitted_end;
    uint32_t closing_count; /* descriptors whose closed() is still to come */
};

extern const struct loop_backend loop_backend_epoll;
extern const struct loop_backend loop_backend_io_uring;

/* Has the descriptor handed to the backend at the end of the turn. */
void loop_submit_later(struct descriptor *descriptor);

/* The owner's operation is over: the one call that it makes. */
static inline void loop_tell_read(struct descriptor *descriptor, int result, const char *bytes)
{
    descriptor->read = READ_NONE;
    descriptor->events->read_done(descriptor->owner, result, bytes);
}

static inline void loop_tell_write(struct descriptor *descriptor, int result)
{
    descriptor->write = WRITE_NONE;
    descriptor->events->write_done(descriptor->owner, result);
}

/* Takes `sent` bytes off a running send. True when none is left, and the owner was told. */
bool loop_take_sent(struct descriptor *descriptor, size_t sent);

/* Sends what the socket takes now. True when the send is over, well or not, and its owner was told.
 */
bool loop_send_now(struct descriptor *descriptor);

/* How a connect(2) in progress has ended, once the socket can be written to: 0 or -errno. */
int loop_connect_result(const struct descriptor *descriptor);

/* Whether this error of accept4(2) concerns one connection alone, which is gone already. */
bool loop_accept_error_passes(int error);

/* How long the earliest timer leaves to wait, in milliseconds; -1 when none runs. */
int loop_timers_timeout_ms(const struct loop *loop);

/* Calls the owners of all timers that are due. */
void loop_timers_expire(struct loop *loop);

#endif
