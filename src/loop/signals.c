/*
 * signals.c - a signalfd(2) on the loop.
 */
#include "loop/signals.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void signals_read_done(void *owner, int result, const char *bytes)
{
    struct signals *signals = owner;
    struct signalfd_siginfo info;

    (void)result;
    (void)bytes;
    descriptor_await_readable(&signals->descriptor);
    while (!signals->descriptor.closing &&
           read(signals->descriptor.fd, &info, sizeof info) == (ssize_t)sizeof info) {
        bool from_process = info.ssi_code == SI_USER || info.ssi_code == SI_QUEUE;

        signals->received(signals->owner, (int)info.ssi_signo, from_process);
    }
}

static const struct descriptor_events signals_events = {.read_done = signals_read_done};

int signals_block(const sigset_t *set)
{
    return -pthread_sigmask(SIG_BLOCK, set, NULL);
}

int signals_open(struct signals *signals, struct loop *loop, const sigset_t *set,
                 void (*received)(void *owner, int signal_number, bool from_process), void *owner)
{
    int fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);

    if (fd < 0) {
        return -errno;
    }
    *signals = (struct signals){.received = received, .owner = owner};
    descriptor_open(&signals->descriptor, loop, fd, &signals_events, signals);
    descriptor_await_readable(&signals->descriptor);
    return 0;
}

void signals_close(struct signals *signals)
{
    descriptor_release(&signals->descriptor);
}
