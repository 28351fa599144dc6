/*
 * router.c - a walk over a short table.
 */
#include "http/router.h"

static const char server_wide_allow[] =
    "GET, HEAD, POST, OPTIONS"; /* for OPTIONS *, RFC 9110 9.3.7 */

static void answer_options(struct reply *out_reply, const char *allow)
{
    *out_reply = (struct reply){.status = 204, .allow = allow};
}

static const struct route *find_route(const struct router *router, struct slice path)
{
    for (size_t i = 0; i < router->routes_count; i++) {
        if (slice_is(path, router->routes[i].path)) {
            return &router->routes[i];
        }
    }
    return NULL;
}

route_handler *router_find(const struct router *router, const struct request *request,
                           struct reply *out_reply)
{
    const struct route *route;

    if (request->expects_other) {
        reply_set_error(out_reply, 417, "Only the expectation 100-continue is known.");
        return NULL;
    }
    if (request->form == TARGET_ASTERISK) {
        answer_options(out_reply, server_wide_allow);
        return NULL;
    }
    route = find_route(router, request->path);
    if (route == NULL) {
        reply_set_error(out_reply, 404, "There is nothing at this path.");
        return NULL;
    }
    if (route->handlers[request->method] != NULL) {
        return route->handlers[request->method];
    }
    if (request->method == METHOD_OPTIONS) {
        answer_options(out_reply, route->allow);
        return NULL;
    }
    reply_set_error(out_reply, 405, "This path does not know this method.");
    out_reply->allow = route->allow;
    return NULL;
}
