/*
 * router.h - which handler a request is for: a table of paths and methods.
 */
#ifndef FOOTFALL_HTTP_ROUTER_H
#define FOOTFALL_HTTP_ROUTER_H

#include "http/reply.h"
#include "http/request_parser.h"

#include <stdbool.h>
#include <stddef.h>

struct network_address;

enum { METHODS_COUNT = METHOD_OPTIONS + 1 };

/* Answers the whole request that `ticket` names, now or later, with http_server_answer(). */
typedef void route_handler(void *owner, uint64_t ticket);

/* What becomes of a request whose path stands in no table: who answers it, and what they keep of it
 * until it is answered, which http_server_call() finds by the ticket. */
struct routed {
    route_handler *handler; /* for the owner of calls; NULL: out_reply stands */
    void *call;
    bool wants_body; /* http_server_body() will find it */
};

/* Who knows such paths. All NULL: nobody does. */
struct route_calls {
    /* False: nor does this one. `request` and `fields` are borrowed for the call. */
    bool (*resolve)(void *owner, const struct request *request, const struct request_fields *fields,
                    const struct network_address *client, struct routed *out_routed,
                    struct reply *out_reply);
    /* The request is answered, or gone. */
    void (*drop)(void *owner, void *call);
    void *owner;
};

/* One known path. OPTIONS is answered for every path without a handler of its own. */
struct route {
    const char *path;
    const char *allow;                      /* the methods as the Allow field has them */
    route_handler *handlers[METHODS_COUNT]; /* by enum method; NULL: 405 */
};

struct router {
    const struct route *routes; /* borrowed */
    size_t routes_count;
    void *owner; /* given to the handlers */
    struct route_calls calls;
};

/* Who answers the request: *out_routed; a handler without a call is for the owner of the routes.
 * Without a handler *out_reply is filled in: 204, 404, 405, 417, or what resolve() says. */
void router_find(const struct router *router, const struct request *request,
                 const struct request_fields *fields, const struct network_address *client,
                 struct routed *out_routed, struct reply *out_reply);

#endif
