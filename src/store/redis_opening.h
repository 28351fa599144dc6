/*
 * redis_opening.h - from a link that is up to a server that counts.
 *
 * Asks whether the script that counts once may be run, makes it known where it is not, and asks
 * what the server may forget (redis_inspection.h), all of it at once, so that it costs one round
 * trip. Where scripts are forbidden, or not wanted, counting is plain.
 *
 * Embedded in the store; belongs to the loop's thread. Each start is for one link that is up: when
 * that is lost before it is over, nothing is told.
 */
#ifndef FOOTFALL_STORE_REDIS_OPENING_H
#define FOOTFALL_STORE_REDIS_OPENING_H

#include "base/slice.h"
#include "store/redis_inspection.h"
#include "store/redis_ledger.h"

#include <stdbool.h>

struct redis_link;

struct redis_opening_events {
    /* Batches may be sent, in this form: REDIS_LEDGER_SHORT or REDIS_LEDGER_PLAIN. */
    void (*ready)(void *owner, enum redis_ledger_form form);
    /* No script may be run, so it is going to be plain; `error` (borrowed) says why. */
    void (*forbidden)(void *owner, struct slice error);
    /* The server does not do it now; the link is to be cut. */
    void (*not_now)(void *owner, struct slice error);
    /* Everything that it tells is known; before or after ready(). */
    void (*inspected)(void *owner, const struct redis_inspection *inspection);
};

struct redis_opening {
    const struct redis_opening_events *events;
    void *owner;
    struct redis_link *link;
    struct redis_inspection inspection;
    unsigned questions_left;
    enum redis_ledger_form asked; /* whether the script is known, in this form */
};

/* Borrows all three as long as the opening is used. */
void redis_opening_init(struct redis_opening *opening, struct redis_link *link,
                        const struct redis_opening_events *events, void *owner);

/* Begins, for a link that has just come up; `is_plain`: no script is wanted. A link that takes no
 * command is cut. ready() may come from inside this call. */
void redis_opening_start(struct redis_opening *opening, bool is_plain);

#endif
