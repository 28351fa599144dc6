/*
 * store_walk.h - all counters of a store, one after the other.
 *
 * LMDB: as they are at one moment, whatever is counted meanwhile. Redis: each one as it is when it
 * is read, those that are there all the time certainly among them, each once. Both in the order of
 * their keys.
 */
#ifndef FOOTFALL_STORE_STORE_WALK_H
#define FOOTFALL_STORE_STORE_WALK_H

#include "base/slice.h"
#include "store/store_change.h"
#include "store/store_url.h"

#include <stdbool.h>
#include <stdint.h>

struct store_walk_events {
    /* A counter; all borrowed. `keeps_record`: it is a named one. -errno ends the walk. */
    int (*found)(void *owner, struct slice key, bool keeps_record,
                 const struct store_record *record);
    /* What has this key is no counter, or cannot be read; the walk goes on. */
    void (*trouble)(void *owner, struct slice key, const char *sentence);
    /* So many of about so many are done. */
    void (*progress)(void *owner, uint64_t done, uint64_t total);
    void *owner;
};

struct store_walk {
    const struct store_url *url;
    uint64_t timeout_ms;    /* for an answer; 0: for ever */
    struct slice front_key; /* of the counter without a record */
    const struct store_walk_events *events;
};

/* Walks over all of them; blocks. 0, -errno of found(), or -errno with why in out_reason. What is
 * not there is not made: -ENOENT. A store that keeps nothing: -EINVAL. */
int store_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES]);

/* Of the two kinds. */
int lmdb_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES]);
int redis_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES]);

#endif
