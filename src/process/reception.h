/*
 * reception.h - the master's listening sockets: what is queued there is accepted and dealt.
 *
 * While no worker has room nothing is accepted, and the kernel's queue holds the visitors. The
 * reception also looks, on a short timer while copies are out, what workers have taken. Where
 * workers accept by themselves it deals the admin side's connections alone, and keeps the other
 * sockets for workers that come later. Master's loop, one thread.
 */
#ifndef FOOTFALL_PROCESS_RECEPTION_H
#define FOOTFALL_PROCESS_RECEPTION_H

#include "loop/loop.h"
#include "process/dealer.h"
#include "process/listener.h"

struct reception;

/* Borrows all until reception_destroy(). `workers_accept`: by themselves, whatever visitors come
 * to. 0 or -ENOMEM. */
int reception_create(struct loop *loop, struct listeners *listeners, struct dealer *dealer,
                     bool workers_accept, struct reception **out_reception);

/* Begins to accept, or goes on. */
void reception_open(struct reception *reception);

/* Accepts nothing for now: the kernel's queue holds the visitors. */
void reception_pause(struct reception *reception);

/* Follows a change to the listeners `next` (borrowed for the call) that is about to be taken:
 * closes those that go, which refuses what is queued there, and accepts at the new ones. */
void reception_change(struct reception *reception, const struct listeners *next,
                      bool workers_accept);

/* Looks at the end of the turn what has changed: a worker has come, gone, or been buried. */
void reception_look(struct reception *reception);

/* Deals what is queued, if it is open and does not leave the queue to another process, and closes
 * the listeners; ended() comes once nothing waits to be dealt any more, possibly from inside the
 * call. */
void reception_end(struct reception *reception, bool leaves_queue, void (*ended)(void *owner),
                   void *owner);

/* Frees; the descriptors go with the process. NULL is fine. */
void reception_destroy(struct reception *reception);

#endif
