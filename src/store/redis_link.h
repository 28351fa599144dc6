/*
 * redis_link.h - one connection to a Redis server, kept up as well as can be.
 *
 * It asks where the server is (redis_finder.h), connects, trying all addresses
 * (redis_connection.h), greets (redis_greeting.h) and from then on sends commands and hands their
 * answers over in order. When the connection is lost it begins anew (redis_backoff.h); it sends
 * nothing twice. What the commands mean it does not know.
 *
 * It belongs to the loop's thread, never blocks and never logs: it tells when it is up and why it
 * is down. Nothing it tells holds a secret.
 */
#ifndef FOOTFALL_STORE_REDIS_LINK_H
#define FOOTFALL_STORE_REDIS_LINK_H

#include "store/redis_pipeline.h"
#include "store/redis_url.h"
#include "store/resp_reader.h"

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct redis_link;

/* What an owner is told. `detail` is borrowed for the call. */
struct redis_link_events {
    /* Commands are taken from now on. `detail` is the server's address. */
    void (*up)(void *owner, const char *detail);
    /* The link fell, or an attempt failed. */
    void (*down)(void *owner, const char *detail);
    /* What had been sent is the kernel's. */
    void (*sent)(void *owner);
};

/* Makes a link and begins to connect. Copies `url`; borrows `events` and `owner` until closed().
 * `timeout_ms` bounds a lookup, a connect and the answer to a command; with 0 a lookup and an
 * answer may take for ever. A connect takes at most five seconds.
 * 0: the caller owns *out_link. -ENOMEM, or -errno of eventfd(2): *out_link is untouched. */
int redis_link_open(struct loop *loop, const struct redis_url *url, uint32_t timeout_ms,
                    const struct redis_link_events *events, void *owner,
                    struct redis_link **out_link);

/* Whether commands are taken now. */
bool redis_link_is_up(const struct redis_link *link);

/* Sends the command of these words (borrowed for the call) at the end of the turn.
 * 0: answered(owner, subject, ...) comes exactly once, never from inside this call.
 * -ENOTCONN: the link is down; -EAGAIN: a bound is reached; -ENOMEM: it does not come. */
int redis_link_send(struct redis_link *link, const struct slice *words, size_t words_count,
                    redis_answered *answered, void *owner, void *subject);

/* Gives the connection up because of what was answered on it: every unanswered command gets
 * `result`, down() says `reason`, and the link begins anew. Does nothing when it is down. */
void redis_link_cut(struct redis_link *link, int result, const char *reason);

/* The same, because the server behind this address is not the one: if the lookup found others that
 * were not tried yet, the next of them is, before the host is looked up again. */
void redis_link_skip(struct redis_link *link, int result, const char *reason);

/* Tells every unanswered command -ECANCELED and frees the link; closed() comes when all of that
 * is done, never from inside this call, and nothing is told in between. */
void redis_link_close(struct redis_link *link, void (*closed)(void *owner), void *owner);

#endif
