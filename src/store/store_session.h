/*
 * store_session.h - a store on a loop of its own, for a program that waits for it.
 *
 * Batches are given by store_apply() as ever; whoever gets done() calls store_session_wake(), and
 * whoever waits turns the loop until then. What the store tells is kept, so that it can be said why
 * there is no answer.
 */
#ifndef FOOTFALL_STORE_STORE_SESSION_H
#define FOOTFALL_STORE_STORE_SESSION_H

#include "loop/loop.h"
#include "loop/timer.h"
#include "store/store.h"
#include "store/store_url.h"

#include <stdbool.h>
#include <stdint.h>

struct store_session {
    struct loop *loop;
    struct store *store; /* NULL: not open */
    struct timer_queue timers;
    struct timer timer;
    bool is_overdue;
    char trouble[STORE_REASON_BYTES]; /* what the store told last, if that was bad; else "" */
};

/* Opens the store and waits until it takes batches, `timeout_ms` at most; 0: for ever. 0: it is to
 * be closed. -errno: nothing is open, and out_reason says why. The session stays where it is. */
int store_session_open(struct store_session *session, const struct store_url *url,
                       uint64_t timeout_ms, char out_reason[STORE_REASON_BYTES]);

/* Ends the present, or the next, store_session_wait(). */
void store_session_wake(struct store_session *session);

/* Turns the loop until it is woken. 0; -ETIMEDOUT: not within `patience_ms` (0: for ever);
 * -errno of waiting itself. */
int store_session_wait(struct store_session *session, uint64_t patience_ms);

/* Ends what is in flight and frees the store. Fine when nothing is open. */
void store_session_close(struct store_session *session);

#endif
