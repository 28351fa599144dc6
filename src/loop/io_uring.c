/*
 * io_uring.c - the io_uring backend: operations are submitted together, once a turn, and the same
 * call waits for completions. Two are calls of their own (io_uring_submit.c): the first receive of
 * a connection, and the last send, behind which its end follows at once.
 *
 * Receives and accepts are multishot: started once, the kernel goes on completing them as long as
 * the owner asks again. What completes while nobody asks is kept (arrivals.h), and the operation is
 * cancelled only then. The kernel may hold a descriptor's operation beyond its close: closed() is
 * told after the last completion, so none can reach memory that is used again.
 */
#include "loop/io_uring.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>

enum {
    SUBMISSIONS_MAX = 1024, /* between two calls of the kernel; more make it one call more */
    COMPLETIONS_MAX = 4096,
    GATHER_TURNS = 4,   /* that make a mean */
    GATHER_FROM = 4,    /* arrivals, in the mean and in the last turn: else nothing waits */
    GATHER_MAX = 32,    /* arrivals that are enough */
    GATHER_NS = 200000, /* and the longest that any of them waits */
};

/* ---- making ---- */

/* The ring, with what the kernel has of: one thread uses it, completions are worked on only when
 * that thread waits (Linux 6.1). A kernel without the first (6.0) lacks multishot receive too. */
static int open_ring(struct io_uring *ring)
{
    static const unsigned wanted[] = {
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
        IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN,
    };
    int result = -EINVAL;

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0] && result == -EINVAL; i++) {
        struct io_uring_params parameters = {
            .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | wanted[i],
            .cq_entries = COMPLETIONS_MAX,
        };

        result = io_uring_queue_init_params(SUBMISSIONS_MAX, ring, &parameters);
    }
    return result == -EINVAL ? -EOPNOTSUPP : result;
}

/* A container may allow a ring to be made and forbid to use it. */
static int try_ring(struct io_uring *ring)
{
    struct io_uring_sqe *submission = io_uring_get_sqe(ring);
    struct io_uring_cqe *completion;
    int result;

    io_uring_prep_nop(submission);
    io_uring_sqe_set_data64(submission, 0);
    result = io_uring_submit_and_wait(ring, 1);
    if (result < 0) {
        return result;
    }
    result = io_uring_wait_cqe(ring, &completion);
    if (result == 0) {
        io_uring_cqe_seen(ring, completion);
    }
    return result;
}

static int create(struct loop *loop)
{
    struct io_uring_state *state = calloc(1, sizeof *state);
    int result;

    if (state == NULL) {
        return -ENOMEM;
    }
    result = open_ring(&state->ring);
    if (result < 0) {
        free(state);
        return result;
    }
    (void)io_uring_register_ring_fd(&state->ring); /* saves the kernel a look-up, if it can */
    result = try_ring(&state->ring);
    if (result == 0) {
        result = ring_buffers_open(&state->buffers, &state->ring);
    }
    if (result < 0) {
        io_uring_queue_exit(&state->ring);
        free(state);
        return result;
    }
    loop->backend_state = state;
    return 0;
}

static void destroy(struct loop *loop)
{
    struct io_uring_state *state = loop->backend_state;

    io_uring_queue_exit(&state->ring);
    ring_buffers_close(&state->buffers);
    free(state);
}

/* ---- turning ---- */

/* How many completions a busy turn waits for: what it sends now, and as much as the last turns have
 * brought. 0: it is not busy. */
static uint32_t gathered_count(struct io_uring_state *state)
{
    const uint32_t sends_count = state->sends_count;
    const uint32_t arrivals_count = state->arrivals_count;
    uint32_t mean;

    state->arrivals_mean += arrivals_count - state->arrivals_mean / GATHER_TURNS;
    mean = state->arrivals_mean / GATHER_TURNS;
    state->sends_count = state->arrivals_count = 0;
    /* After a turn that brought little, such as the store's answer, those who could come may all be
     * waiting for us. */
    if (mean < GATHER_FROM || arrivals_count < GATHER_FROM) {
        return 0;
    }
    return sends_count + (mean < GATHER_MAX ? mean : GATHER_MAX);
}

/* Submits what is prepared and waits for a completion: 0, or what the kernel says. In busy times a
 * moment for several, since waking up costs more than most of what there is to do then
 * (docs/decisions/0008). */
static int enter(struct io_uring_state *state, int timeout_ms)
{
    struct __kernel_timespec gather_time = {.tv_nsec = GATHER_NS};
    struct __kernel_timespec timeout = {
        .tv_sec = timeout_ms / 1000,
        .tv_nsec = (timeout_ms % 1000) * 1000000LL,
    };
    const uint32_t wanted = gathered_count(state);
    struct io_uring_cqe *first;

    if (timeout_ms == 0) {
        return io_uring_submit_and_get_events(&state->ring);
    }
    if (wanted > 0) {
        int result =
            io_uring_submit_and_wait_timeout(&state->ring, &first, wanted, &gather_time, NULL);

        if (result != -ETIME || io_uring_cq_ready(&state->ring) > 0) {
            return result;
        }
    }
    if (timeout_ms < 0) {
        return io_uring_submit_and_wait(&state->ring, 1);
    }
    return io_uring_submit_and_wait_timeout(&state->ring, &first, 1, &timeout, NULL);
}

static int wait_and_dispatch(struct loop *loop, int timeout_ms)
{
    struct io_uring_state *state = loop->backend_state;
    struct io_uring_cqe *completion;
    int result = enter(state, timeout_ms);
    unsigned head;
    unsigned count = 0;

    io_uring_backend_note_submitted(state);
    /* ETIME: nothing came; EAGAIN, EBUSY: it takes more once completions have been read. */
    if (result < 0 && result != -ETIME && result != -EINTR && result != -EAGAIN &&
        result != -EBUSY) {
        return result;
    }
    loop->now_ms = clock_monotonic_ms(); /* what is told now happens now, not when the wait began */
    state->accepts_told = 0;
    io_uring_for_each_cqe(&state->ring, head, completion)
    {
        io_uring_backend_complete(state, completion);
        count++;
    }
    ring_buffers_publish(&state->buffers);
    io_uring_cq_advance(&state->ring, count);
    return 0;
}

/* At the end of a run: what was started is the kernel's. */
static void hand_over(struct loop *loop)
{
    io_uring_backend_flush(loop->backend_state);
}

const struct loop_backend loop_backend_io_uring = {
    .name = "io_uring",
    .create = create,
    .destroy = destroy,
    .submit = io_uring_backend_submit,
    .forget = io_uring_backend_forget,
    .let_go = io_uring_backend_let_go,
    .wait = wait_and_dispatch,
    .hand_over = hand_over,
};
