/*
 * redis_directory_walk.h - the counters whose names the directory has, one after the other.
 *
 * In order of their names, some hundred at a time: their names are asked for, then their counts. A
 * name without a counter is taken out of the directory. Each walk is memory of its own, freed when
 * it has ended.
 */
#ifndef FOOTFALL_STORE_REDIS_DIRECTORY_WALK_H
#define FOOTFALL_STORE_REDIS_DIRECTORY_WALK_H

#include "base/slice.h"
#include "store/redis_directory.h"

#include <stdbool.h>
#include <stdint.h>

struct redis_directory_walk_events {
    /* A counter, by its name (borrowed), which begins with the prefix. False: that is enough. */
    bool (*counter)(void *owner, struct slice name, int64_t count);
    /* The last call, never from inside the start. 0; -EIO: Redis refuses, by `error` (borrowed);
     * -EBADMSG: what stands there is not ours, likewise; -EPROTO: an answer to something else;
     * -errno: the link is lost, or the next question could not be sent. */
    void (*ended)(void *owner, int result, struct slice error);
};

/* Walks from behind `after` (borrowed for the call, "" for the first), through all names that begin
 * with `prefix` (likewise; "" for all). Borrows the others until it has ended. -ENOMEM, or as
 * redis_link_send(): there is no call then. */
int redis_directory_walk(struct redis_directory *directory, struct slice prefix, struct slice after,
                         const struct redis_directory_walk_events *events, void *owner);

#endif
