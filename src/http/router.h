/*
 * router.h - which handler a request is for: a table of paths and methods.
 */
#ifndef FOOTFALL_HTTP_ROUTER_H
#define FOOTFALL_HTTP_ROUTER_H

#include "http/reply.h"
#include "http/request.h"

#include <stddef.h>

enum { METHODS_COUNT = METHOD_OPTIONS + 1 };

/* Answers the whole request that `ticket` names, now or later, with http_server_answer(). */
typedef void route_handler(void *owner, uint64_t ticket);

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
};

/* The handler of the request, or NULL with *out_reply filled in: 204, 404, 405, 417. */
route_handler *router_find(const struct router *router, const struct request *request,
                           struct reply *out_reply);

#endif
