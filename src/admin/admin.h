/*
 * admin.h - what operators and their programs ask of a running footfall, over HTTP.
 *
 *   GET /status         everything, as JSON
 *   GET /metrics        the same as numbers, for Prometheus
 *   GET /health/live    200 as long as a worker answers
 *   GET /health/ready   200 when a visit could be counted now, else 503
 *
 * Whichever worker is asked, the figures are those of the whole host: they come from the
 * scoreboard. It has a server of its own, whose listeners visitors do not reach, and drains and
 * ends with the worker. Embedded in the worker; its loop.
 */
#ifndef FOOTFALL_ADMIN_ADMIN_H
#define FOOTFALL_ADMIN_ADMIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct loop;
struct scoreboard;

/* What the pages are about; all borrowed. */
struct admin_view {
    const char *version;
    const struct scoreboard *scoreboard;
    const char *const *listen; /* the names of the listeners, for people */
    uint32_t listen_count;
    const char *store; /* its URL, without a password */
    const char *key;
};

struct admin_events {
    bool (*can_count)(void *owner); /* whether a visit could be counted by this worker now */
    void (*drained)(void *owner);   /* as http_server_drain() says */
    void *owner;
};

struct admin {
    struct loop *loop;
    struct http_server *server; /* NULL: not open */
    struct admin_view view;
    struct admin_events events;
    _Atomic uint32_t connections;
};

/* Begins; connections are given to it one by one. Borrows `loop` and the view's texts until
 * admin_finish(). 0 or -ENOMEM. */
int admin_open(struct admin *admin, struct loop *loop, const struct admin_view *view,
               const struct admin_events *events);

/* Serves the connection, and takes it in any case. */
void admin_take(struct admin *admin, int connection_fd);

/* Brings its connections to their end, in order or at once; drained() comes. */
void admin_drain(struct admin *admin);
void admin_abort(struct admin *admin);

/* How many connections are open. */
uint32_t admin_connections(const struct admin *admin);

/* Frees; no connection is open any more. Fine when it was never opened. */
void admin_finish(struct admin *admin);

#endif
