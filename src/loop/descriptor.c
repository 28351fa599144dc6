/*
 * descriptor.c - starting, gathering and closing; the backend does the rest.
 */
#include "loop/descriptor.h"

#include "loop/backend.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

void descriptor_open(struct descriptor *descriptor, struct loop *loop, int fd,
                     const struct descriptor_events *events, void *owner)
{
    assert(fd >= 0);
    *descriptor = (struct descriptor){.fd = fd, .events = events, .owner = owner, .loop = loop};
}

static void start_read(struct descriptor *descriptor, enum read_operation operation)
{
    assert(!descriptor->closing && descriptor->read == READ_NONE);
    descriptor->read = (uint8_t)operation;
    loop_submit_later(descriptor);
}

void descriptor_receive(struct descriptor *descriptor)
{
    start_read(descriptor, READ_RECEIVE);
}

void descriptor_receive_last(struct descriptor *descriptor)
{
    assert(descriptor->read == READ_RECEIVE || descriptor->read == READ_RECEIVE_LAST);
    descriptor->read = READ_RECEIVE_LAST;
    loop_submit_later(descriptor);
}

void descriptor_accept(struct descriptor *descriptor)
{
    start_read(descriptor, READ_ACCEPT);
}

void descriptor_accept_last(struct descriptor *descriptor)
{
    assert(descriptor->read == READ_ACCEPT || descriptor->read == READ_ACCEPT_LAST);
    descriptor->read = READ_ACCEPT_LAST;
    loop_submit_later(descriptor);
}

bool loop_take_sent(struct descriptor *descriptor, size_t sent)
{
    descriptor->send_bytes += sent;
    descriptor->send_length -= sent;
    if (descriptor->send_length > 0) {
        return false;
    }
    loop_tell_write(descriptor, 0);
    return true;
}

bool loop_send_now(struct descriptor *descriptor)
{
    ssize_t sent = send(descriptor->fd, descriptor->send_bytes, descriptor->send_length,
                        descriptor->send_flags | MSG_DONTWAIT);

    if (sent >= 0) {
        return loop_take_sent(descriptor, (size_t)sent);
    }
    if (errno == EAGAIN || errno == EINTR) {
        return false;
    }
    loop_tell_write(descriptor, -errno);
    return true;
}

int loop_connect_result(const struct descriptor *descriptor)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (getsockopt(descriptor->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
        error = errno;
    }
    return -error;
}

bool loop_accept_error_passes(int error)
{
    return error == ECONNABORTED || error == EINTR || error == EPROTO || error == EPERM;
}

int descriptor_accept_now(const struct descriptor *descriptor)
{
    int fd;

    do {
        fd = accept4(descriptor->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && loop_accept_error_passes(errno));
    return fd >= 0 ? fd : -errno;
}

void descriptor_await_readable(struct descriptor *descriptor)
{
    start_read(descriptor, READ_AWAIT);
}

void descriptor_cancel_read(struct descriptor *descriptor)
{
    descriptor->read = READ_NONE;
}

void descriptor_connect(struct descriptor *descriptor, const struct sockaddr *address,
                        socklen_t address_length)
{
    assert(!descriptor->closing && descriptor->write == WRITE_NONE);
    descriptor->write = WRITE_CONNECT;
    descriptor->write_result = connect(descriptor->fd, address, address_length) == 0 ? 0 : -errno;
    loop_submit_later(descriptor);
}

static void start_send(struct descriptor *descriptor, const char *bytes, size_t length, int flags)
{
    assert(!descriptor->closing && descriptor->write == WRITE_NONE && length > 0);
    descriptor->write = WRITE_SEND;
    descriptor->send_bytes = bytes;
    descriptor->send_length = length;
    descriptor->send_flags = flags;
    loop_submit_later(descriptor);
}

void descriptor_send(struct descriptor *descriptor, const char *bytes, size_t length)
{
    start_send(descriptor, bytes, length, MSG_NOSIGNAL);
}

void descriptor_send_last(struct descriptor *descriptor, const char *bytes, size_t length)
{
    start_send(descriptor, bytes, length, MSG_NOSIGNAL | MSG_MORE);
}

void descriptor_shutdown_write(struct descriptor *descriptor)
{
    assert(!descriptor->closing && descriptor->write == WRITE_NONE);
    /* Fails only where the peer has ended the connection already, which the next receive says. */
    (void)shutdown(descriptor->fd, SHUT_WR);
}

void descriptor_release(struct descriptor *descriptor)
{
    if (descriptor->closing) {
        return;
    }
    descriptor->closing = true;
    descriptor->read = READ_NONE;
    descriptor->write = WRITE_NONE;
    descriptor->loop->closing_count++;
    descriptor->loop->backend->forget(descriptor->loop, descriptor);
    (void)close(descriptor->fd); /* the descriptor is gone whatever close(2) says */
    descriptor->fd = -1;
    loop_submit_later(descriptor);
}

void descriptor_close(struct descriptor *descriptor)
{
    if (!descriptor->closing) {
        /* The peer must see the end though another process may hold a copy of the socket. */
        (void)shutdown(descriptor->fd, SHUT_RDWR);
    }
    descriptor_release(descriptor);
}
