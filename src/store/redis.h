/*
 * redis.h - counts in a Redis server, shared by all workers of all hosts.
 *
 * The count of a key is the plain integer string of that key, so that `redis-cli GET counter` and
 * any other client's INCR work on the same number. A batch is one INCRBY. A batch whose answer was
 * lost fails and is not sent again: it may have been counted, which is a gap, and sent again it
 * might count twice.
 *
 * Notices: redis_link_up (its detail: the server's address), redis_link_down (why), redis_refused
 * (what the server said). No detail holds a secret.
 */
#ifndef FOOTFALL_STORE_REDIS_H
#define FOOTFALL_STORE_REDIS_H

#include "store/redis_url.h"
#include "store/store.h"

#include <stdint.h>

/* Makes the store and begins to connect; it is ready when the server has answered. Copies `url`
 * and `events`. A lookup, a connect and an answer may each take `timeout_ms`; 0: for ever.
 * 0: the caller owns *out_store and ends it with store_close(). -ENOMEM, or -errno of eventfd(2):
 * *out_store is untouched.
 *
 * The hits of a batch fail together: -ECONNRESET, -ETIMEDOUT and others of connect(2) when the
 * link was lost, -ENOTCONN when it was not up, -EAGAIN and -ENOMEM when it takes no more, -EPROTO
 * when what came is no answer to INCRBY, -EOVERFLOW beyond STORE_NUMBER_MAX, -ERANGE when somebody
 * has set the key below zero, -EIO for whatever else the server refuses, -ECANCELED. */
int store_redis_open(struct loop *loop, const struct redis_url *url, uint32_t timeout_ms,
                     const struct store_events *events, struct store **out_store);

#endif
