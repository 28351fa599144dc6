/*
 * epoll.c - the epoll backend: readiness turned into completions.
 *
 * A send is tried when it is submitted and waits for EPOLLOUT only when the socket is full. A
 * receive is tried once, then waits for EPOLLIN, level-triggered, and stays armed while its owner
 * asks again and again, so that the steady state costs one epoll_wait(2) a turn and one recv(2) and
 * send(2) a request. What nobody asks for any more is disarmed only when it is reported.
 */
#include "loop/backend.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS_PER_WAIT = 256,
    RECEIVE_BYTES = LOOP_RECEIVE_BYTES_MAX, /* lent to one owner at a time */
    ACCEPTS_PER_EVENT = 16,                 /* of one listener, before others have their turn */
};

struct epoll_state {
    int fd;
    struct epoll_event events[EVENTS_PER_WAIT];
    char bytes[RECEIVE_BYTES];
};

static int epoll_create_backend(struct loop *loop)
{
    struct epoll_state *state = malloc(sizeof *state);

    if (state == NULL) {
        return -ENOMEM;
    }
    state->fd = epoll_create1(EPOLL_CLOEXEC);
    if (state->fd < 0) {
        int result = -errno;

        free(state);
        return result;
    }
    loop->backend_state = state;
    return 0;
}

static void epoll_destroy_backend(struct loop *loop)
{
    struct epoll_state *state = loop->backend_state;

    (void)close(state->fd);
    free(state);
}

/* Makes the kernel watch exactly `wanted`. 0 or -errno. */
static int arm(struct loop *loop, struct descriptor *descriptor, uint32_t wanted)
{
    const struct epoll_state *state = loop->backend_state;
    struct epoll_event event = {.events = wanted, .data.ptr = descriptor};
    int operation = EPOLL_CTL_MOD;

    if (wanted == descriptor->armed_events) {
        return 0;
    }
    if (descriptor->armed_events == 0) {
        operation = EPOLL_CTL_ADD;
    } else if (wanted == 0) {
        operation = EPOLL_CTL_DEL; /* EPOLLHUP and EPOLLERR come without being asked for */
    }
    if (epoll_ctl(state->fd, operation, descriptor->fd, &event) < 0) {
        return -errno;
    }
    descriptor->armed_events = wanted;
    return 0;
}

/* Before close(2): epoll follows the open file, which another process may keep alive. */
static void forget(struct loop *loop, struct descriptor *descriptor)
{
    (void)arm(loop, descriptor, 0); /* DEL of what was added does not fail */
}

static bool let_go(struct loop *loop, struct descriptor *descriptor)
{
    (void)loop;
    (void)descriptor;
    return true; /* nothing runs in the kernel between two calls of it */
}

/* Receives what is there. */
static void receive_some(struct loop *loop, struct descriptor *descriptor)
{
    struct epoll_state *state = loop->backend_state;
    ssize_t received = recv(descriptor->fd, state->bytes, sizeof state->bytes, 0);

    if (received >= 0) {
        loop_tell_read(descriptor, (int)received, state->bytes);
    } else if (errno != EAGAIN && errno != EINTR) {
        loop_tell_read(descriptor, -errno, NULL);
    } else if (descriptor->read == READ_RECEIVE_LAST) {
        loop_tell_read(descriptor, -EAGAIN, NULL);
    }
}

static bool is_accepting(const struct descriptor *descriptor)
{
    return descriptor->read == READ_ACCEPT || descriptor->read == READ_ACCEPT_LAST;
}

static void accept_some(struct descriptor *descriptor)
{
    for (int i = 0; i < ACCEPTS_PER_EVENT && is_accepting(descriptor); i++) {
        int accepted = descriptor_accept_now(descriptor);

        if (accepted == -EAGAIN && descriptor->read == READ_ACCEPT) {
            return;
        }
        loop_tell_read(descriptor, accepted, NULL);
    }
}

/* The start of a write operation: tried at once, awaited only when it must be. */
static void begin_write(struct descriptor *descriptor)
{
    if (descriptor->write == WRITE_SEND) {
        (void)loop_send_now(descriptor);
    } else if (descriptor->write == WRITE_CONNECT && descriptor->write_result != -EINPROGRESS) {
        loop_tell_write(descriptor, descriptor->write_result);
    }
}

/* What the running operations need to be told of. */
static uint32_t wanted_events(const struct descriptor *descriptor)
{
    uint32_t wanted = 0;

    if (descriptor->read != READ_NONE) {
        wanted |= EPOLLIN;
    }
    if (descriptor->write != WRITE_NONE) {
        wanted |= EPOLLOUT;
    }
    return wanted;
}

static void submit(struct loop *loop, struct descriptor *descriptor)
{
    int result;

    if (descriptor->write != WRITE_NONE && (descriptor->armed_events & EPOLLOUT) == 0) {
        begin_write(descriptor);
    }
    if (!descriptor->closing &&
        (descriptor->read == READ_RECEIVE_LAST ||
         (descriptor->read == READ_RECEIVE && !descriptor->is_received_from))) {
        descriptor->is_received_from = true; /* a request has often come with its connection */
        receive_some(loop, descriptor);
    } else if (!descriptor->closing && descriptor->read == READ_ACCEPT_LAST) {
        accept_some(descriptor);
    }
    if (descriptor->closing || descriptor->submitted) {
        return; /* submitted: its owner has started another one, which is tried before it is armed
                 */
    }
    /* More than wanted may stay armed: it is disarmed when it is reported and nobody asks. */
    result = arm(loop, descriptor, descriptor->armed_events | wanted_events(descriptor));
    if (result == 0) {
        return;
    }
    if (descriptor->read != READ_NONE) {
        loop_tell_read(descriptor, result, NULL);
    }
    if (!descriptor->closing && descriptor->write != WRITE_NONE) {
        loop_tell_write(descriptor, result);
    }
}

static void dispatch(struct loop *loop, struct descriptor *descriptor, uint32_t events)
{
    const uint32_t ended = EPOLLERR | EPOLLHUP;

    if (descriptor->closing) {
        return; /* closed by an event before this one in the same wait */
    }
    if ((events & (EPOLLOUT | ended)) != 0) {
        if (descriptor->write == WRITE_CONNECT) {
            loop_tell_write(descriptor, loop_connect_result(descriptor));
        } else if (descriptor->write == WRITE_SEND) {
            (void)loop_send_now(descriptor);
        }
    }
    if (!descriptor->closing && (events & (EPOLLIN | ended)) != 0) {
        switch ((enum read_operation)descriptor->read) {
        case READ_RECEIVE:
        case READ_RECEIVE_LAST:
            receive_some(loop, descriptor);
            break;
        case READ_ACCEPT:
        case READ_ACCEPT_LAST:
            accept_some(descriptor);
            break;
        case READ_AWAIT:
            loop_tell_read(descriptor, 0, NULL);
            break;
        case READ_NONE:
            break;
        }
    }
    /* Reported and nobody asks any more: disarm, or it would be reported for ever. A failure
     * shows again in the next turn. */
    if (!descriptor->closing && !descriptor->submitted &&
        wanted_events(descriptor) != descriptor->armed_events) {
        (void)arm(loop, descriptor, wanted_events(descriptor));
    }
}

static int wait_and_dispatch(struct loop *loop, int timeout_ms)
{
    struct epoll_state *state = loop->backend_state;
    int count = epoll_wait(state->fd, state->events, EVENTS_PER_WAIT, timeout_ms);

    if (count < 0 && errno != EINTR) {
        return -errno;
    }
    loop->now_ms = clock_monotonic_ms(); /* what is told now happens now, not when the wait began */
    for (int i = 0; i < count; i++) {
        dispatch(loop, state->events[i].data.ptr, state->events[i].events);
    }
    return 0;
}

static void hand_over(struct loop *loop)
{
    (void)loop; /* what was started has been tried at once */
}

const struct loop_backend loop_backend_epoll = {
    .name = "epoll",
    .create = epoll_create_backend,
    .destroy = epoll_destroy_backend,
    .submit = submit,
    .forget = forget,
    .let_go = let_go,
    .wait = wait_and_dispatch,
    .hand_over = hand_over,
};
