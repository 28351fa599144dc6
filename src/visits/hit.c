/*
 * hit.c - from request to tally, from number to reply.
 */
#include "visits/hit.h"

#include "base/decimal.h"
#include "http/server.h"
#include "visits/tally.h"

#include <errno.h>
#include <stdio.h>

enum { RETRY_AFTER_S = 1 };

/* How a hit that has no number is answered. At its end a counter stays: no use in trying again. */
static void answer_without_number(struct hits *hits, uint64_t ticket, int result)
{
    struct reply reply;

    (void)atomic_fetch_add_explicit(hits->refused, 1, memory_order_relaxed);
    if (result == -EOVERFLOW) {
        reply_set_error(&reply, 503, "The counter is at its end.");
    } else {
        reply_set_error(&reply, 503,
                        result == -EAGAIN ? "Too many visits wait to be counted."
                                          : "The visit could not be counted.");
        reply.retry_after_s = RETRY_AFTER_S;
    }
    http_server_answer(hits->server, ticket, &reply);
}

/* Without the body, whose length would depend on a number that nobody is given. */
static void answer_head(void *owner, uint64_t ticket)
{
    struct hits *hits = owner;
    struct reply reply = {.status = 200, .has_no_length = true};

    http_server_answer(hits->server, ticket, &reply);
}

static void count(void *owner, uint64_t ticket)
{
    struct hits *hits = owner;
    const struct tally_target target = {.key = hits->key};
    int result = tally_count(hits->tally, &target, ticket, 1);

    if (result < 0) {
        if (result == -EAGAIN) {
            limit_tell(&hits->limit_listener, LIMIT_PENDING_HITS, NULL);
        }
        answer_without_number(hits, ticket, result);
    }
}

const struct route hit_routes[] = {
    {
        .path = "/",
        .allow = "GET, HEAD, POST, OPTIONS",
        .handlers =
            {
                [METHOD_GET] = count,
                [METHOD_POST] = count,
                [METHOD_HEAD] = answer_head,
            },
    },
};
const size_t hit_routes_count = sizeof hit_routes / sizeof hit_routes[0];

void hits_init(struct hits *hits, struct slice key, pid_t pid)
{
    *hits = (struct hits){.key = key};
    hits->behind_number_length = (size_t)snprintf(hits->behind_number, sizeof hits->behind_number,
                                                  ",\"pid\":%ld}", (long)pid);
}

void hit_done(void *owner, uint64_t ticket, int result, int64_t number)
{
    static const struct slice before_number = {"{\"counter\":", 11};
    struct hits *hits = owner;
    struct reply reply;
    size_t length = before_number.length;

    if (result < 0) {
        answer_without_number(hits, ticket, result);
        return;
    }
    memcpy(reply.body, before_number.bytes, before_number.length);
    length += decimal_write_signed(reply.body + length, number);
    memcpy(reply.body + length, hits->behind_number, hits->behind_number_length);
    reply.body_length = (uint8_t)(length + hits->behind_number_length);
    reply.status = 200;
    reply.retry_after_s = 0;
    reply.has_no_length = false;
    reply.allow = NULL;
    reply.content_type = NULL;
    reply.cache_control = NULL;
    reply.number = number;
    reply.content = NULL;
    reply.fields = reply.text = (struct slice){NULL, 0};
    http_server_answer(hits->server, ticket, &reply);
}
