/*
 * io_uring.h - what the files of the io_uring backend share. Private to them.
 *
 * io_uring.c makes the ring and waits on it, io_uring_submit.c starts and cancels operations,
 * io_uring_complete.c takes what they bring.
 */
#ifndef FOOTFALL_LOOP_IO_URING_H
#define FOOTFALL_LOOP_IO_URING_H

#include "loop/backend.h"
#include "loop/ring_buffers.h"

#include <assert.h>
#include <liburing.h>

enum { ACCEPTS_PER_TURN = 32 }; /* of all listeners, before others have their turn */

/* What a completion belongs to, in the low bits of the descriptor's address; 0: to nobody. */
enum side {
    SIDE_READ = 1,
    SIDE_WRITE = 2,
    SIDE_MASK = 3,
};

static_assert(_Alignof(struct descriptor) > SIDE_MASK, "the low bits of an address are free");

struct io_uring_state {
    struct io_uring ring;
    struct ring_buffers buffers;
    char bytes[RING_BUFFER_BYTES]; /* of receives without the ring */
    uint32_t batch;                /* what has been prepared since the last submission */
    uint32_t accepts_told;
    /* For io_uring.c to decide how long a turn may gather, since the last wait: */
    uint32_t sends_count;    /* prepared: nearly all complete while they are submitted */
    uint32_t arrivals_count; /* completions of read sides */
    uint32_t arrivals_mean;  /* of the last turns, times GATHER_TURNS */
};

static inline struct io_uring_state *state_of(const struct descriptor *descriptor)
{
    return descriptor->loop->backend_state;
}

/* Whether the kernel holds an operation of it. */
static inline bool is_held(const struct descriptor *descriptor)
{
    return descriptor->kernel_read != READ_NONE || descriptor->is_write_held;
}

/* What runs in the kernel for this operation of the owner. */
static inline enum read_operation kernel_operation(enum read_operation operation)
{
    switch (operation) {
    case READ_RECEIVE_LAST:
        return READ_RECEIVE;
    case READ_ACCEPT_LAST:
        return READ_ACCEPT;
    case READ_NONE:
    case READ_RECEIVE:
    case READ_ACCEPT:
    case READ_AWAIT:
        break;
    }
    return operation;
}

/* Whether the owner's turn is over: an accept of a queue that is never empty. */
static inline bool has_had_its_turn(const struct descriptor *descriptor)
{
    return kernel_operation(descriptor->read) == READ_ACCEPT &&
           state_of(descriptor)->accepts_told >= ACCEPTS_PER_TURN;
}

/* Tells the owner, and counts whom it tells of a connection. */
static inline void tell_read(struct descriptor *descriptor, int result, const char *bytes)
{
    if (kernel_operation(descriptor->read) == READ_ACCEPT) {
        state_of(descriptor)->accepts_told++;
    }
    loop_tell_read(descriptor, result, bytes);
}

/* After a submission: a new batch begins, unless the kernel has left something of the old one. */
static inline void io_uring_backend_note_submitted(struct io_uring_state *state)
{
    if (io_uring_sq_ready(&state->ring) == 0) {
        state->batch++;
    }
}

/* ---- io_uring_submit.c ---- */

/* Submits what has been prepared. */
void io_uring_backend_flush(struct io_uring_state *state);

/* The backend's submit, forget and let_go. */
void io_uring_backend_submit(struct loop *loop, struct descriptor *descriptor);
void io_uring_backend_forget(struct loop *loop, struct descriptor *descriptor);
bool io_uring_backend_let_go(struct loop *loop, struct descriptor *descriptor);

/* ---- io_uring_complete.c ---- */

/* Tells whom a completion concerns; its buffer is given back. */
void io_uring_backend_complete(struct io_uring_state *state, const struct io_uring_cqe *completion);

#endif
