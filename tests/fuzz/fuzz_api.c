/*
 * fuzz_api.c - whatever a head asks the counting API for, it is a call that can be answered: names
 * are names, words are within their bounds, and every answer is what its fields say.
 *
 * The input is the head of one request, without the empty line at its end.
 */
#include "fuzz.h"

#include "http/server.h"
#include "visits/api_badge.h"
#include "visits/api_reply.h"
#include "visits/api_request.h"
#include "visits/api_token.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check_name(const struct counter_name *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";
    const struct slice parts[] = {counter_name_namespace(name), counter_name_key(name)};

    for (unsigned part = 0; part < 2; part++) {
        check(parts[part].length >= 3 && parts[part].length <= 64);
        for (size_t i = 0; i < parts[part].length; i++) {
            check(memchr(allowed, parts[part].bytes[i], sizeof allowed - 1) != NULL);
        }
    }
}

/* It goes out, and no line of its head is anybody else's. */
static void check_reply(struct api_call *call, struct reply *reply)
{
    static struct reply_head prepared;
    static char bytes[REPLY_BYTES_MAX];
    const struct reply_manner manner = {
        .is_head = call->method == METHOD_HEAD,
        .closes = true,
        .prepared = &prepared,
        .date = SLICE("Thu, 01 Jan 1970 00:00:00 GMT"),
    };
    size_t length;

    check(reply_has_status(reply->status));
    reply_head_prepare(&prepared, manner.date);
    length = reply_write(bytes, reply, &manner);
    check(length <= sizeof bytes);
    for (size_t i = 0; i < reply->fields.length; i++) {
        check(reply->fields.bytes[i] >= ' ' || reply->fields.bytes[i] == '\r' ||
              reply->fields.bytes[i] == '\n');
    }
    free(reply->content);
}

static void check_call(struct api_call *call)
{
    struct reply reply;

    if (call->has_name) {
        check_name(&call->name);
    }
    check(call->callback_length <= API_CALLBACK_BYTES_MAX);
    check((call->refused_status == 0) == (call->refused_sentence == NULL));
    if (call->verb == API_BADGE) {
        api_badge_make(call, INT64_MIN, &reply);
        check_reply(call, &reply);
    }
    api_reply_make_value(call, INT64_MIN, &reply);
    check_reply(call, &reply);
    if (call->refused_status != 0) {
        api_reply_make_error(call, call->refused_status, call->refused_sentence, &reply);
        check_reply(call, &reply);
    }
    api_reply_make_preflight(call, call->allow, &reply);
    check_reply(call, &reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct request_parser parser;
    static struct api_call call;
    char *bytes = malloc(size + 4);
    const struct slice head = {bytes, size + 4};
    struct request request;
    enum parse_fault fault;
    enum api_verb verb;
    struct slice rest;

    check(bytes != NULL && api_token_begin());
    memcpy(bytes, data, size);
    memcpy(bytes + size, "\r\n\r\n", 4);
    request_parser_init(&parser);
    if (request_parser_read(&parser, &http_default_limits, head, &request, &fault) == PARSE_DONE &&
        api_request_is_call(request.path, &verb, &rest)) {
        const struct request_fields fields = {&parser, head, request.fields_count};

        api_request_read(&request, &fields, verb, rest, &call);
        check_call(&call);
    }
    free(bytes);
    return 0;
}
