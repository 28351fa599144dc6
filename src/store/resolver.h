/*
 * resolver.h - a host's addresses, looked up off the loop.
 *
 * getaddrinfo(3) may block for many seconds, so it runs in a thread of its own, which tells the
 * loop by a wakeup. A thread that hangs cannot be ended: when nobody waits for it any more it is
 * left behind with memory of its own and frees that itself. At most one thread looks up the
 * present host: a lookup that was given up is gone on with when the same host is asked for again,
 * so that a slow name server is neither asked more and more nor never waited for.
 *
 * An address in digits needs no thread; its answer comes later in the turn.
 *
 * struct resolver is embedded in its owner and belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_RESOLVER_H
#define FOOTFALL_STORE_RESOLVER_H

#include "loop/loop.h"
#include "loop/wakeup.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    RESOLVER_ADDRESSES_MAX = 16,
    RESOLVER_HOST_BYTES_MAX = 255,
};

struct resolver_address {
    struct sockaddr_storage address;
    socklen_t length;
};

struct resolver_answer {
    int result;          /* 0, or -errno and no address */
    const char *problem; /* constant text that says why there is none, else NULL */
    unsigned addresses_count;
    struct resolver_address addresses[RESOLVER_ADDRESSES_MAX]; /* in getaddrinfo's order */
};

/* What an owner is told. */
struct resolver_events {
    /* Once for each resolver_start(), unless it is cancelled; `answer` is borrowed for the
     * call. */
    void (*resolved)(void *owner, const struct resolver_answer *answer);
    /* The last call, after resolver_close(): only then may the memory be reused. */
    void (*closed)(void *owner);
};

struct resolver_lookup;

struct resolver {
    struct wakeup wakeup;
    struct deferred tell;
    struct loop *loop;
    const struct resolver_events *events;
    void *owner;
    struct resolver_lookup *lookup; /* shared with its thread; NULL when there is none */
    bool is_wanted;                 /* somebody waits for the answer */
};

/* 0, or -errno of eventfd(2). Borrows `events` and `owner` until closed(). */
int resolver_open(struct resolver *resolver, struct loop *loop,
                  const struct resolver_events *events, void *owner);

/* Asks for the addresses of `host` (1..RESOLVER_HOST_BYTES_MAX bytes) with that port. Nothing
 * may be asked already. 0: resolved() comes, never from inside this call. -ENOMEM, or -errno of
 * pthread_create(3): it does not. */
int resolver_start(struct resolver *resolver, const char *host, uint16_t port);

/* No resolved() comes any more; fine when nothing was asked. Never blocks. */
void resolver_cancel(struct resolver *resolver);

/* Cancels and closes; closed() follows and waits for no thread. */
void resolver_close(struct resolver *resolver);

#endif
