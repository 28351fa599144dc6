/*
 * wakeup.c - an eventfd(2) on the loop.
 */
#include "loop/wakeup.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void wakeup_read_done(void *owner, int result, const char *bytes)
{
    struct wakeup *wakeup = owner;
    eventfd_t count;

    (void)result;
    (void)bytes;
    /* Empty when an earlier read took the signal along: woken() may then come once too often. */
    (void)eventfd_read(wakeup->descriptor.fd, &count);
    descriptor_await_readable(&wakeup->descriptor);
    wakeup->woken(wakeup->owner);
}

static void wakeup_closed(void *owner)
{
    struct wakeup *wakeup = owner;

    if (wakeup->closed != NULL) {
        wakeup->closed(wakeup->owner);
    }
}

static const struct descriptor_events wakeup_events = {
    .read_done = wakeup_read_done,
    .closed = wakeup_closed,
};

int wakeup_open(struct wakeup *wakeup, struct loop *loop, void (*woken)(void *owner),
                void (*closed)(void *owner), void *owner)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    *wakeup = (struct wakeup){.fd = fd, .woken = woken, .closed = closed, .owner = owner};
    descriptor_open(&wakeup->descriptor, loop, fd, &wakeup_events, wakeup);
    descriptor_await_readable(&wakeup->descriptor);
    return 0;
}

void wakeup_signal(struct wakeup *wakeup)
{
    (void)eventfd_write(wakeup->fd, 1); /* EAGAIN: 2^64-2 signals are waiting, one is enough */
}

void wakeup_close(struct wakeup *wakeup)
{
    descriptor_release(&wakeup->descriptor);
}
