/*
 * redis_quota.h - whether there is room for one more counter, in a namespace and in all.
 *
 * The directory (redis_directory.h) is asked how many there are. An answer is good for a moment,
 * and for a small share of the room that it leaves, so that some dozens of workers that make
 * counters at once stay below the limit together; close to it each new counter asks anew. It may be
 * passed by those that were under way at the same time. Where the directory is off there are no
 * limits.
 *
 * Embedded in the store; belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_QUOTA_H
#define FOOTFALL_STORE_REDIS_QUOTA_H

#include "store/redis_directory.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REDIS_QUOTA_NAMESPACES = 256, /* remembered; of those with the same place the latest */
    REDIS_QUOTA_GOOD_MS = 100,
    REDIS_QUOTA_SHARES = 64, /* of the room: one for each worker */
};

/* How many counters there were when the directory was asked. */
struct redis_quota_count {
    uint64_t keys;
    uint64_t let_in;   /* since then, here */
    uint64_t until_ms; /* how long that is good; 0: not known */
    uint8_t length;
    char name[REDIS_DIRECTORY_NAME_BYTES_MAX];
};

/* What redis_quota_ask() was given is decided (`may_make`); or, `result` < 0, the answer is lost.
 */
typedef void redis_quota_answered(void *owner, struct store_batch *batch, int result);

enum redis_room {
    REDIS_ROOM_THERE,
    REDIS_ROOM_NONE,
    REDIS_ROOM_UNKNOWN,
};

struct redis_quota {
    struct loop *loop;
    struct redis_directory *directory;
    redis_quota_answered *answered;
    void *owner;
    struct redis_quota_count all;
    struct redis_quota_count namespaces[REDIS_QUOTA_NAMESPACES];
};

/* Borrows all of them. */
void redis_quota_init(struct redis_quota *quota, struct loop *loop,
                      struct redis_directory *directory, redis_quota_answered *answered,
                      void *owner);

/* Whether there is room for the batch's counter, if that is a new one, as far as is known. One that
 * is let in is counted. */
enum redis_room redis_quota_look(struct redis_quota *quota, const struct store_batch *batch);

/* Asks the directory. 0: answered() comes once, later; otherwise, as redis_link_send(), not. */
int redis_quota_ask(struct redis_quota *quota, struct store_batch *batch);

/* The link is another one. */
void redis_quota_forget(struct redis_quota *quota);

#endif
