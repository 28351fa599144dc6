/*
 * redis.h - counts in a Redis server, shared by all workers of all hosts.
 *
 * The count of a key is the plain integer string of that key (redis_ledger.h says which), so that
 * `redis-cli GET counter` and any other client's INCR work on the same number. What counts or
 * changes is one command, which notes what it was answered beside the key. If its answer was lost
 * it is sent again as long as its batch is not given up, and is done once. Where no script may be
 * run hits are INCRBY, and then fail; changes fail at once.
 *
 * Notices: redis_link_up (the server's address and what a crash of it may lose), redis_link_down
 * (why), redis_refused (what the server said), redis_counts_again (of which refusal that was the
 * end), redis_plain (why no script may be run), redis_may_forget (counts). No detail holds a
 * secret.
 */
#ifndef FOOTFALL_STORE_REDIS_H
#define FOOTFALL_STORE_REDIS_H

#include "store/redis_url.h"
#include "store/store.h"

#include <stdint.h>

/* Makes the store and begins to connect; it is ready when the server has answered. Copies `url`
 * and `events`. A lookup and an answer may each take `timeout_ms`, 0: for ever, and a
 * connect five seconds of it.
 * 0: the caller owns *out_store and ends it with store_close(). -ENOMEM, or -errno of eventfd(2):
 * *out_store is untouched.
 *
 * The hits of a batch fail together: -ETIMEDOUT when it may not be sent again, -ENOTCONN when the
 * link was not up, -EAGAIN and -ENOMEM when it takes no more, -EOPNOTSUPP for a change without the
 * script, -EIO for whatever else the server refuses, -ECANCELED; without the script also
 * -ECONNRESET, -ETIMEDOUT and others of connect(2) when the link was lost, -EAGAIN when it was cut
 * for a refusal of another batch, and -EPROTO when what came is no count. -EOVERFLOW is for those
 * hits alone that are beyond STORE_NUMBER_MAX (without the script for all of the batch). */
int store_redis_open(struct loop *loop, const struct redis_url *url, uint32_t timeout_ms,
                     const struct store_events *events, struct store **out_store);

#endif
