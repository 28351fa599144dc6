/*
 * signals.h - signals as events of the loop.
 *
 * signals_block() blocks a set of signals in the calling thread (before any thread is made),
 * signals_open() delivers them from then on through signalfd(2). Belongs to the loop's thread.
 */
#ifndef FOOTFALL_LOOP_SIGNALS_H
#define FOOTFALL_LOOP_SIGNALS_H

#include "loop/descriptor.h"

#include <signal.h>
#include <stdbool.h>

struct signals {
    struct descriptor descriptor;
    void (*received)(void *owner, int signal_number, bool from_process);
    void *owner;
};

/* Blocks `set` in this thread and those it makes. 0 or -errno. */
int signals_block(const sigset_t *set);

/* 0, or -errno of signalfd(2). `set` must be blocked. received() comes for each signal;
 * from_process: sent by kill(2) or sigqueue(3) (si_code SI_USER, SI_QUEUE), not by the kernel,
 * which is how a terminal does. */
int signals_open(struct signals *signals, struct loop *loop, const sigset_t *set,
                 void (*received)(void *owner, int signal_number, bool from_process), void *owner);

void signals_close(struct signals *signals);

#endif
