/*
 * server.h - HTTP/1.1 and 1.0 on the connections that one worker was given.
 *
 * Takes connected sockets, reads requests, calls the handlers of a route table and writes their
 * answers in order. It opens no socket and knows no store. One loop, one thread.
 */
#ifndef FOOTFALL_HTTP_SERVER_H
#define FOOTFALL_HTTP_SERVER_H

#include "base/limit.h"
#include "http/parse_fault.h"
#include "http/proxy_header.h"
#include "http/reply.h"
#include "http/request_parser.h"
#include "http/router.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct network_address;
struct network_list;
struct http_server;

/* What becomes of those who speak for others. All zero: they are visitors like others. */
struct http_proxies {
    const struct network_list *trusted; /* whose word is taken for whom a request comes from */
    /* May be NULL: told of each connection of `peer` that had to begin with a PROXY header and
     * ended without a right one. */
    void (*refused)(void *owner, enum proxy_fault fault, const struct network_address *peer);
    /* May be NULL: told when `peer` has named its client, by "PROXY", "Forwarded" … */
    void (*named_client)(void *owner, const char *by, const struct network_address *peer,
                         const struct network_address *client);
    void *owner;
};

/* An answer that has been handed to the kernel, for a log. Borrowed for the call. */
struct http_answered {
    uint16_t status;
    struct slice method;  /* without a length: not known, the request could not be read; cut to */
    struct slice path;    /* REQUEST_NOTE_…_BYTES_MAX, without the query; likewise */
    int64_t number;       /* of the visit; 0: none */
    uint64_t bytes;       /* of the answer with its head */
    uint64_t duration_ms; /* from the request's first byte */
    const struct network_address *client;
};

struct http_settings {
    uint64_t header_timeout_ms; /* from a head's first byte; 0 is never for each of the three */
    uint64_t body_timeout_ms;   /* from a head's end */
    uint64_t idle_timeout_ms;   /* without a request */
    uint64_t min_rate;          /* bytes a second, of a body and of answers taken; 0: any */
    struct request_limits limits;
    uint32_t unanswered_max; /* requests of one connection that wait for their answers */
    const struct route *routes;
    size_t routes_count;
    void *routes_owner; /* given to the handlers */
    struct route_calls calls;
    /* Borrowed: more fields, each "\r\nName: value", of the errors that are not the handlers'. */
    struct slice error_fields;
    /* May be NULL: told of each refused request. */
    void (*refused)(void *owner, const struct refusal *refusal);
    /* May be NULL, then requests are not noted: told of each answer in the order of sending. */
    void (*answered)(void *answered_owner, const struct http_answered *answered);
    void *answered_owner;
    /* May be NULL: a descriptor is free again. `note` is what http_server_take() was given. */
    void (*connection_ended)(void *owner, uint32_t note);
    struct limit_listener limit_listener; /* told of time-outs and of least rates */
    struct http_proxies proxies;
    void *owner;                         /* of the calls above, and of drained() */
    _Atomic uint32_t *connections_gauge; /* kept at the number of open connections */
    _Atomic uint64_t *answers;           /* counted here by their status' first digit; NULL: not */
};

/* The contract's limits. */
extern const struct request_limits http_default_limits;
enum { HTTP_UNANSWERED_MAX = 64 };

/* 0: the caller owns *out_server; `settings` is copied, what it points at is borrowed until
 * http_server_destroy(). -ENOMEM: untouched. */
int http_server_create(struct loop *loop, const struct http_settings *settings,
                       struct http_server **out_server);

/* Serves the connected, nonblocking socket `fd` of `client`, and takes it, even on failure. 0; or
 * -ENOMEM, and connection_ended() stays silent. */
int http_server_take(struct http_server *server, int fd, const struct network_address *client,
                     uint32_t note);

/* The same for a connection that must begin with a PROXY header. Without one it is closed. */
int http_server_take_proxied(struct http_server *server, int fd, const struct network_address *peer,
                             uint32_t note);

/* Answers a request; a ticket whose connection is gone is fine. The reply is copied,
 * but for its content, which is taken. */
void http_server_answer(struct http_server *server, uint64_t ticket, const struct reply *reply);

/* What is kept of the request, or NULL when there is nothing, or its connection is gone. */
void *http_server_call(const struct http_server *server, uint64_t ticket);

/* The body of a request that wanted it, borrowed until its handler returns. */
struct slice http_server_body(const struct http_server *server, uint64_t ticket);

/* Brings all connections to their end: the answer to the last request that has been read says
 * Connection: close, and one that has been idle for a second is closed, or with `keeps_idle` waits
 * for its next request until a later call says otherwise. drained() comes once when none is left,
 * and again whenever one that was taken later has ended; never from inside. */
void http_server_drain(struct http_server *server, bool keeps_idle, void (*drained)(void *owner));

/* Takes a drain back: those that are on their way out go, later ones stay. */
void http_server_resume(struct http_server *server);

/* Other time-outs, from a state's next beginning on. */
void http_server_set_timeouts(struct http_server *server, uint64_t header_timeout_ms,
                              uint64_t body_timeout_ms, uint64_t idle_timeout_ms);

/* Ends every connection now, whatever it does; drained() still comes. */
void http_server_abort(struct http_server *server);

/* How many connections are open. */
uint32_t http_server_connections(const struct http_server *server);

/* Frees the server, which has no connection left. NULL is fine. */
void http_server_destroy(struct http_server *server);

#endif
