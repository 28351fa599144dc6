/*
 * io_uring_submit.c - starting and cancelling what the kernel works on.
 */
#include "loop/io_uring.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- preparing ---- */

void io_uring_backend_flush(struct io_uring_state *state)
{
    (void)io_uring_submit(&state->ring); /* what it leaves is submitted by the next */
    io_uring_backend_note_submitted(state);
}

/* Room for an operation; NULL when the kernel takes none until completions have been read: then the
 * descriptor comes back in the next turn. */
static struct io_uring_sqe *find_room(struct descriptor *descriptor)
{
    struct io_uring_state *state = state_of(descriptor);
    struct io_uring_sqe *submission = io_uring_get_sqe(&state->ring);

    if (submission == NULL) {
        io_uring_backend_flush(state);
        submission = io_uring_get_sqe(&state->ring);
    }
    if (submission == NULL) {
        loop_submit_later(descriptor);
    }
    return submission;
}

/* The same for one that names the descriptor by its number; its completion goes to that side. */
static struct io_uring_sqe *prepare(struct descriptor *descriptor, enum side side)
{
    struct io_uring_sqe *submission = find_room(descriptor);

    if (submission != NULL) {
        descriptor->prepared_batch = state_of(descriptor)->batch;
        io_uring_sqe_set_data64(submission,
                                (uintptr_t)descriptor | side); /* prep leaves it alone */
    }
    return submission;
}

/* Has the kernel end what it holds of that side; the operation completes as cancelled, unless it is
 * just completing otherwise. */
static void cancel(struct descriptor *descriptor, enum side side, bool *is_cancelled)
{
    struct io_uring_sqe *submission;

    if (*is_cancelled) {
        return;
    }
    submission = find_room(descriptor);
    if (submission == NULL) {
        return;
    }
    io_uring_prep_cancel64(submission, (uintptr_t)descriptor | side, 0);
    io_uring_sqe_set_data64(submission, 0);
    *is_cancelled = true;
}

/* ---- reading ---- */

static void start_read(struct descriptor *descriptor)
{
    struct io_uring_sqe *submission = prepare(descriptor, SIDE_READ);

    if (submission == NULL) {
        return;
    }
    if (descriptor->read == READ_RECEIVE) {
        io_uring_prep_recv_multishot(submission, descriptor->fd, NULL, 0, 0);
        submission->flags |= IOSQE_BUFFER_SELECT;
        submission->buf_group = RING_BUFFERS_GROUP;
    } else if (descriptor->read == READ_ACCEPT) {
        descriptor->arrivals_are_connections = true;
        io_uring_prep_multishot_accept(submission, descriptor->fd, NULL, NULL,
                                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    } else {
        io_uring_prep_poll_add(submission, descriptor->fd, POLLIN);
    }
    descriptor->kernel_read = descriptor->read;
}

static void tell_arrival(struct descriptor *descriptor)
{
    struct arrival *arrival;

    if (descriptor->read == READ_AWAIT) {
        tell_read(descriptor, 0, NULL);
        return;
    }
    if (descriptor->arrivals_are_connections && descriptor->kernel_read != READ_NONE) {
        /* The kernel's queue has a limit, this list has none. It is accepted on when it is empty.
         */
        cancel(descriptor, SIDE_READ, &descriptor->is_read_cancelled);
    }
    if (has_had_its_turn(descriptor)) {
        loop_submit_later(descriptor);
        return;
    }
    arrival = arrivals_take(&descriptor->arrivals);
    tell_read(descriptor, arrival->result,
              descriptor->arrivals_are_connections ? NULL : arrival->bytes);
    free(arrival);
}

/* Receives without the ring. -EAGAIN: nothing is there. */
static int receive_now(struct descriptor *descriptor)
{
    struct io_uring_state *state = state_of(descriptor);
    ssize_t received = recv(descriptor->fd, state->bytes, sizeof state->bytes, MSG_DONTWAIT);

    if (received >= 0) {
        return (int)received;
    }
    return errno == EINTR ? -EAGAIN : -errno;
}

/* The last of an operation that the kernel holds no more: what is there now, or -EAGAIN. */
static void read_last(struct descriptor *descriptor)
{
    const int result = descriptor->read == READ_ACCEPT_LAST ? descriptor_accept_now(descriptor)
                                                            : receive_now(descriptor);

    tell_read(descriptor, result, state_of(descriptor)->bytes);
}

/* A new connection's request has often come with it, and may be its last: nothing needs to be
 * started for it then. True when the owner was told. */
static bool receive_first(struct descriptor *descriptor)
{
    int result;

    if (descriptor->read != READ_RECEIVE || descriptor->is_received_from) {
        return false;
    }
    descriptor->is_received_from = true;
    result = receive_now(descriptor);
    if (result == -EAGAIN) {
        return false;
    }
    tell_read(descriptor, result, state_of(descriptor)->bytes);
    return true;
}

static void submit_read(struct descriptor *descriptor)
{
    const enum read_operation wanted = kernel_operation(descriptor->read);

    if (descriptor->read == READ_NONE) {
        if (!arrivals_are_empty(&descriptor->arrivals) && descriptor->kernel_read != READ_NONE) {
            cancel(descriptor, SIDE_READ, &descriptor->is_read_cancelled);
        }
    } else if (!arrivals_are_empty(&descriptor->arrivals)) {
        tell_arrival(descriptor);
    } else if (descriptor->has_lost_bytes) {
        tell_read(descriptor, -ENOMEM, NULL);
    } else if (descriptor->kernel_read == READ_NONE) {
        if (wanted != descriptor->read) {
            read_last(descriptor);
        } else if (!receive_first(descriptor)) {
            start_read(descriptor);
        }
    } else if (wanted != descriptor->read || wanted != descriptor->kernel_read) {
        /* Its last completion brings us here again. */
        cancel(descriptor, SIDE_READ, &descriptor->is_read_cancelled);
    }
}

/* ---- writing ---- */

static void submit_write(struct descriptor *descriptor)
{
    struct io_uring_sqe *submission;

    if (descriptor->write == WRITE_NONE || descriptor->is_write_held) {
        return;
    }
    if (descriptor->write == WRITE_CONNECT && descriptor->write_result != -EINPROGRESS) {
        loop_tell_write(descriptor, descriptor->write_result);
        return;
    }
    if (descriptor->write == WRITE_SEND && (descriptor->send_flags & MSG_MORE) != 0 &&
        loop_send_now(descriptor)) {
        return; /* it was held back until the end behind it, which the owner says when it is told */
    }
    submission = prepare(descriptor, SIDE_WRITE);
    if (submission == NULL) {
        return;
    }
    if (descriptor->write == WRITE_CONNECT) {
        io_uring_prep_poll_add(submission, descriptor->fd, POLLOUT);
    } else {
        state_of(descriptor)->sends_count++;
        io_uring_prep_send(submission, descriptor->fd, descriptor->send_bytes,
                           descriptor->send_length, descriptor->send_flags | MSG_WAITALL);
    }
    descriptor->is_write_held = true;
}

void io_uring_backend_submit(struct loop *loop, struct descriptor *descriptor)
{
    (void)loop;
    submit_write(descriptor);
    if (!descriptor->closing) {
        submit_read(descriptor);
    }
}

/* ---- closing ---- */

/* The kernel is too short of something to take it: it becomes an operation that does nothing. */
static void void_prepared(struct io_uring_state *state, const struct descriptor *descriptor)
{
    const struct io_uring_sq *queue = &state->ring.sq;

    for (unsigned i = *queue->khead; i != queue->sqe_tail; i++) {
        struct io_uring_sqe *submission = &queue->sqes[i & queue->ring_mask];
        const uint64_t data = submission->user_data;

        if ((data & ~(uint64_t)SIDE_MASK) == (uintptr_t)descriptor) {
            io_uring_prep_nop(submission);
            io_uring_sqe_set_data64(submission, data);
        }
    }
}

/* Before close(2): what has been prepared names the descriptor by its number. */
void io_uring_backend_forget(struct loop *loop, struct descriptor *descriptor)
{
    struct io_uring_state *state = loop->backend_state;

    if (descriptor->prepared_batch == state->batch) {
        io_uring_backend_flush(state);
    }
    if (descriptor->prepared_batch == state->batch) {
        void_prepared(state, descriptor);
    }
}

bool io_uring_backend_let_go(struct loop *loop, struct descriptor *descriptor)
{
    struct arrival *arrival;

    (void)loop;
    while ((arrival = arrivals_take(&descriptor->arrivals)) != NULL) {
        if (descriptor->arrivals_are_connections && arrival->result >= 0) {
            (void)close(arrival->result);
        }
        free(arrival);
    }
    if (descriptor->kernel_read != READ_NONE) {
        cancel(descriptor, SIDE_READ, &descriptor->is_read_cancelled);
    }
    if (descriptor->is_write_held) {
        cancel(descriptor, SIDE_WRITE, &descriptor->is_write_cancelled);
    }
    return !is_held(descriptor);
}
