/*
 * redis_directory.h - the names of the counters that keep a record, in one sorted set of Redis.
 *
 * `footfall:1:counters` holds NAMESPACE/KEY of each, all with the same score, so that Redis keeps
 * them in order of their names. It is in a hash slot of its own: what it says is written behind the
 * counting, idempotently, and is right in the end. Whoever makes a counter, or meets one for the
 * first time on a link, notes it. Who removes one, or finds a name without a counter, takes the
 * name out, looks once more, and puts it back where the counter is there again: as makers note a
 * name only once the counter is made, none gets lost in between.
 *
 * What is noted in a turn leaves as one command. Where Redis forbids it, counting goes on and the
 * directory is off until the next link. Embedded in the store; belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_DIRECTORY_H
#define FOOTFALL_STORE_REDIS_DIRECTORY_H

#include "base/slice.h"
#include "loop/loop.h"
#include "store/redis_key.h"
#include "store/redis_link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_DIRECTORY_KEY "footfall:1:counters"

enum {
    REDIS_DIRECTORY_NAMES_MAX = 128, /* gathered */
    REDIS_DIRECTORY_NAME_BYTES_MAX = 129,
};

struct redis_directory_events {
    /* This server does not let us keep names, and says why (borrowed). Once for each link. */
    void (*forbidden)(void *owner, struct slice error);
    /* Nothing of it is on its way any more; from inside of answers, on a link that may be down. */
    void (*settled)(void *owner);
};

struct redis_directory {
    const struct redis_directory_events *events;
    void *owner;
    struct loop *loop;
    struct redis_link *link;
    bool is_on;
    uint32_t unanswered; /* what was written */
    struct deferred flush;
    size_t names_count;
    size_t names_bytes;
    char names[REDIS_DIRECTORY_NAMES_MAX * REDIS_DIRECTORY_NAME_BYTES_MAX];
    uint8_t lengths[REDIS_DIRECTORY_NAMES_MAX];
};

/* Borrows all of them as long as the directory is used. It is off. */
void redis_directory_init(struct redis_directory *directory, struct loop *loop,
                          struct redis_link *link, const struct redis_directory_events *events,
                          void *owner);

/* A link is ready: names are kept there from now on. */
void redis_directory_start(struct redis_directory *directory);

/* They are not: what is not sent yet is forgotten. */
void redis_directory_stop(struct redis_directory *directory);

/* There is a counter of that name (borrowed for the call, up to REDIS_DIRECTORY_NAME_BYTES_MAX
 * bytes); there is none any more. Nothing happens while it is off. */
void redis_directory_note(struct redis_directory *directory, struct slice name);
void redis_directory_gone(struct redis_directory *directory, struct slice name);

/* Sends what is gathered. Whether nothing is on its way; otherwise settled() comes. */
bool redis_directory_settle(struct redis_directory *directory);

/* Something was answered with an error. Whether that forbids the directory, which is off then;
 * anything else may be well the next time. */
bool redis_directory_refuse(struct redis_directory *directory, struct slice error);

/* Writes what the counter of that name is called in Redis, and returns how long that is. */
size_t redis_directory_counter_key(struct slice name, char *out_key);
enum { REDIS_COUNTER_KEY_BYTES_MAX = sizeof REDIS_COUNTER_PREFIX + REDIS_DIRECTORY_NAME_BYTES_MAX };

#endif
