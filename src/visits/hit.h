/*
 * hit.h - the front counter's handlers: a request on "/" is a hit, and its number is the answer.
 *
 * Joins http and the tally by the request's ticket. One worker's loop.
 */
#ifndef FOOTFALL_VISITS_HIT_H
#define FOOTFALL_VISITS_HIT_H

#include "base/limit.h"
#include "base/slice.h"
#include "http/router.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct http_server;
struct tally;

struct hits {
    struct tally *tally;                  /* borrowed */
    struct http_server *server;           /* borrowed */
    struct slice key;                     /* borrowed: of the front counter */
    _Atomic uint64_t *refused;            /* borrowed: how many got no number */
    struct limit_listener limit_listener; /* told when too many wait */
    char behind_number[32];               /* `,"pid":4711}`, the same in every answer */
    size_t behind_number_length;
};

extern const struct route hit_routes[];
extern const size_t hit_routes_count;

/* Makes answers that name `pid`. Tally, server and refused are set by the caller before the first
 * hit. */
void hits_init(struct hits *hits, struct slice key, pid_t pid);

/* A tally_done: answers the request with its number, or with why there is none. */
void hit_done(void *owner, uint64_t ticket, int result, int64_t number);

#endif
