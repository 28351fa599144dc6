/*
 * arrivals.h - what has completed on a descriptor's read side while nobody asked for it.
 *
 * Private to this folder. A backend whose kernel goes on receiving or accepting by itself keeps the
 * surplus here, in order, until the owner asks again.
 */
#ifndef FOOTFALL_LOOP_ARRIVALS_H
#define FOOTFALL_LOOP_ARRIVALS_H

#include <stdbool.h>
#include <stddef.h>

/* One completion: as read_done() is told of it, with its bytes behind it. */
struct arrival {
    struct arrival *next;
    int result;
    char bytes[];
};

struct arrivals {
    struct arrival *first;
    struct arrival *last;
};

static inline bool arrivals_are_empty(const struct arrivals *arrivals)
{
    return arrivals->first == NULL;
}

/* Appends a completion; the first `result` bytes at `bytes` are copied, unless `bytes` is NULL.
 * 0 or -ENOMEM. */
int arrivals_add(struct arrivals *arrivals, int result, const char *bytes);

/* Takes the oldest, which the caller frees with free(3); NULL when there is none. */
struct arrival *arrivals_take(struct arrivals *arrivals);

#endif
