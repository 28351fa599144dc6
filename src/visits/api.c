/*
 * api.c - calls come, are begun, and go.
 */
#include "visits/api.h"

#include "base/counter.h"
#include "base/scoreboard.h"
#include "http/server.h"
#include "visits/api_badge.h"
#include "visits/api_call.h"
#include "visits/api_policy.h"
#include "visits/api_rate.h"
#include "visits/api_reply.h"
#include "visits/api_request.h"
#include "visits/api_verbs.h"

enum { CALLS_KEPT_MAX = 1024 };

void api_init(struct api *api)
{
    *api = (struct api){.tally = NULL};
    pool_init(&api->calls, sizeof(struct api_call), CALLS_KEPT_MAX);
}

void api_finish(struct api *api)
{
    pool_finish(&api->calls);
}

/* Whether only the store can say if the call's token is right. */
static bool is_owners(const struct api *api, const struct api_call *call)
{
    return call->refused_status == 0 && call->method == METHOD_POST &&
           (call->verb == API_SET || call->verb == API_UPDATE || call->verb == API_RESET ||
            call->verb == API_DELETE) &&
           !api_policy_is_servers(api->settings, call);
}

/* Refuses who calls too often, or guesses tokens. */
static void look_at_rates(struct api *api, struct api_call *call)
{
    if ((call->method != METHOD_GET && call->method != METHOD_POST) || call->verb == API_SCRIPT) {
        return;
    }
    if (!api_rate_take(api->rates, api->settings, call)) {
        limit_tell(&api->limit_listener, LIMIT_RATE, &call->client);
    } else if (call->has_token && !api_rate_take_token(api->rates, call)) {
        limit_tell(&api->limit_listener, LIMIT_WRONG_TOKENS, &call->client);
    } else if (call->has_token && call->refused_status != 401 && !is_owners(api, call)) {
        api_rate_give_token_back(api->rates, call);
    }
}

static void note_call(const struct api *api, const struct api_call *call)
{
    const enum scoreboard_call kind = call->verb == API_HIT      ? SCOREBOARD_CALL_HIT
                                      : call->verb == API_GET    ? SCOREBOARD_CALL_GET
                                      : call->verb == API_CREATE ? SCOREBOARD_CALL_CREATE
                                                                 : SCOREBOARD_CALL_OTHER;

    counter_add(&api->calls_counts[kind], 1);
}

/* Nothing is counted, nor looked at. */
static void make_head(struct api_call *call, struct reply *out_reply)
{
    if (call->verb == API_BADGE) {
        api_badge_make_head(call, out_reply);
    } else if (call->verb == API_SCRIPT) {
        api_script_make(call, out_reply);
    } else {
        api_reply_make(call, 200, SLICE("{}"), out_reply);
    }
}

/* The whole request is here. */
static void begin(void *owner, uint64_t ticket)
{
    struct api *api = owner;
    struct api_call *call = http_server_call(api->server, ticket);
    struct reply reply;

    note_call(api, call);
    look_at_rates(api, call);
    if (call->method == METHOD_OPTIONS && call->refused_status != 404) {
        api_reply_make_preflight(call, call->allow, &reply);
    } else if (call->refused_status != 0) {
        api_reply_make_error(call, call->refused_status, call->refused_sentence, &reply);
    } else if (call->method == METHOD_HEAD) {
        make_head(call, &reply);
    } else {
        api_verb_begin(api, call, ticket);
        return;
    }
    http_server_answer(api->server, ticket, &reply);
}

static bool resolve(void *owner, const struct request *request, const struct request_fields *fields,
                    const struct network_address *client, struct routed *out_routed,
                    struct reply *out_reply)
{
    struct api *api = owner;
    struct api_call *call;
    enum api_verb verb;
    struct slice rest;

    if (!api_request_is_call(request->path, &verb, &rest)) {
        return false;
    }
    call = pool_take(&api->calls);
    if (call == NULL) {
        reply_set_error(out_reply, 503, "There is no memory for this call.");
        return true;
    }
    api_request_read(request, fields, verb, rest, call);
    call->client = *client;
    api_policy_apply(api->settings, fields, call);
    out_routed->handler = begin;
    out_routed->call = call;
    out_routed->wants_body = verb == API_BATCH && call->refused_status == 0;
    return true;
}

static void drop(void *owner, void *call)
{
    struct api *api = owner;

    pool_give(&api->calls, call);
}

struct route_calls api_route_calls(struct api *api)
{
    return (struct route_calls){.resolve = resolve, .drop = drop, .owner = api};
}
