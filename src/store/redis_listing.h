/*
 * redis_listing.h - a page of the counters of a namespace, or how many there are, from the
 * directory (redis_directory.h).
 */
#ifndef FOOTFALL_STORE_REDIS_LISTING_H
#define FOOTFALL_STORE_REDIS_LISTING_H

#include "store/redis_directory.h"
#include "store/store.h"

/* How the listing ended: 0, and the batch has its result; -errno and `error` as
 * redis_directory_walk.h says, and it may be started anew. */
typedef void redis_listing_ended(void *owner, struct store_batch *batch, int result,
                                 struct slice error);

/* Fills in the listing of a batch, which is a STORE_LIST. 0: ended() comes once, later; otherwise,
 * -ENOMEM or as redis_link_send(), it does not. */
int redis_listing_start(struct redis_directory *directory, struct store_batch *batch,
                        redis_listing_ended *ended, void *owner);

#endif
