/*
 * wakeup.h - how another thread gets the loop's attention.
 *
 * wakeup_signal() may come from any thread, any number of times; woken() is called in the
 * loop's thread at least once after the last signal, several signals may become one call.
 * Everything else belongs to the loop's thread. Rests on eventfd(2).
 */
#ifndef FOOTFALL_LOOP_WAKEUP_H
#define FOOTFALL_LOOP_WAKEUP_H

#include "loop/descriptor.h"

struct wakeup {
    struct descriptor descriptor;
    int fd; /* what other threads write to; valid until wakeup_close() */
    void (*woken)(void *owner);
    void (*closed)(void *owner);
    void *owner;
};

/* 0, or -errno of eventfd(2). Borrows `owner`. `closed` (may be NULL) comes after
 * wakeup_close(), as the last call: only then may the memory be reused. */
int wakeup_open(struct wakeup *wakeup, struct loop *loop, void (*woken)(void *owner),
                void (*closed)(void *owner), void *owner);

/* Any thread; the wakeup must not be closed before the call returns. */
void wakeup_signal(struct wakeup *wakeup);

void wakeup_close(struct wakeup *wakeup);

#endif
