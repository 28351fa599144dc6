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

void router_find(const struct router *router, const struct request *request,
                 const struct request_fields *fields, const struct network_address *client,
                 struct routed *out_routed, struct reply *out_reply)
{
    const struct route_calls *calls = &router->calls;
    const struct route *route;

    *out_routed = (struct routed){.handler = NULL};
    if (request->expects_other) {
        reply_set_error(out_reply, 417, "Only the expectation 100-continue is known.");
        return;
    }
    if (request->form == TARGET_ASTERISK) {
        answer_options(out_reply, server_wide_allow);
        return;
    }
    route = find_route(router, request->path);
    if (route == NULL) {
        if (calls->resolve == NULL ||
            !calls->resolve(calls->owner, request, fields, client, out_routed, out_reply)) {
            reply_set_error(out_reply, 404, "There is nothing at this path.");
        }
        return;
    }
    out_routed->handler = route->handlers[request->method];
    if (out_routed->handler != NULL) {
        return;
    }
    if (request->method == METHOD_OPTIONS) {
        answer_options(out_reply, route->allow);
        return;
    }
    reply_set_error(out_reply, 405, "This path does not know this method.");
    out_reply->allow = route->allow;
}
