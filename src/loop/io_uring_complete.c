/*
 * io_uring_complete.c - what the kernel has done, told to whom it concerns.
 */
#include "loop/io_uring.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

/* Keeps what nobody asks for now. Without memory a connection is lost, never a part of its bytes.
 */
static void keep(struct descriptor *descriptor, int result, const char *bytes)
{
    if (arrivals_add(&descriptor->arrivals, result, bytes) < 0) {
        if (descriptor->arrivals_are_connections && result >= 0) {
            (void)close(result);
        } else {
            descriptor->has_lost_bytes = true;
            (void)shutdown(descriptor->fd, SHUT_RDWR);
        }
    }
    loop_submit_later(descriptor);
}

/* An operation of the read side has brought something. */
static void read_brought(struct descriptor *descriptor, enum read_operation operation, int result,
                         const char *bytes)
{
    if (operation == READ_AWAIT) {
        if (descriptor->read == READ_AWAIT) {
            tell_read(descriptor, 0, NULL);
        } else if (descriptor->read != READ_NONE) {
            loop_submit_later(descriptor);
        }
        return;
    }
    if (descriptor->has_lost_bytes) {
        loop_submit_later(descriptor); /* what comes behind a gap is worth nothing */
        return;
    }
    if (kernel_operation(descriptor->read) != operation || has_had_its_turn(descriptor) ||
        !arrivals_are_empty(&descriptor->arrivals)) {
        keep(descriptor, result, bytes);
        return;
    }
    tell_read(descriptor, result, bytes);
}

/* Cancelled, interrupted, short of buffers, or a visitor that has gone before it was accepted. */
static bool is_nothing_to_tell(enum read_operation operation, int result)
{
    return result == -ECANCELED || result == -ENOBUFS || result == -EINTR ||
           (operation == READ_ACCEPT && result < 0 && loop_accept_error_passes(-result));
}

static void read_completed(struct io_uring_state *state, struct descriptor *descriptor,
                           const struct io_uring_cqe *completion)
{
    const enum read_operation operation = descriptor->kernel_read;
    const bool is_last = (completion->flags & IORING_CQE_F_MORE) == 0;

    if (is_last) {
        descriptor->kernel_read = READ_NONE;
        descriptor->is_read_cancelled = false;
    }
    if (descriptor->closing) {
        if (operation == READ_ACCEPT && completion->res >= 0) {
            (void)close(completion->res);
        }
    } else if (is_nothing_to_tell(operation, completion->res)) {
        loop_submit_later(descriptor); /* looks what is asked for now */
    } else {
        read_brought(descriptor, operation, completion->res,
                     (completion->flags & IORING_CQE_F_BUFFER) == 0
                         ? NULL
                         : ring_buffers_bytes(&state->buffers, completion));
    }
    ring_buffers_return(&state->buffers, completion);
}

static void write_completed(struct descriptor *descriptor, const struct io_uring_cqe *completion)
{
    int result = completion->res;

    descriptor->is_write_held = false;
    descriptor->is_write_cancelled = false;
    if (descriptor->closing) {
        return;
    }
    if (descriptor->write == WRITE_CONNECT) {
        loop_tell_write(descriptor, loop_connect_result(descriptor));
    } else if (result < 0 && result != -EINTR && result != -EAGAIN) {
        loop_tell_write(descriptor, result);
    } else if (!loop_take_sent(descriptor, result < 0 ? 0 : (size_t)result)) {
        loop_submit_later(descriptor); /* the rest, or what the next try says is wrong */
    }
}

void io_uring_backend_complete(struct io_uring_state *state, const struct io_uring_cqe *completion)
{
    char *data = io_uring_cqe_get_data(completion);
    const uintptr_t side = (uintptr_t)data & SIDE_MASK;
    struct descriptor *descriptor = (void *)(data - side);

    if (descriptor == NULL) {
        return; /* of a cancellation */
    }
    if (side == SIDE_READ) {
        state->arrivals_count++;
        read_completed(state, descriptor, completion);
    } else {
        write_completed(descriptor, completion);
    }
    if (descriptor->closing && !is_held(descriptor)) {
        loop_submit_later(descriptor); /* closed() */
    }
}
