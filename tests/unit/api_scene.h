/*
 * api_scene.h - requests to the counting API, read from the bytes of their heads.
 */
#ifndef FOOTFALL_TEST_API_SCENE_H
#define FOOTFALL_TEST_API_SCENE_H

#include "guarded.h"
#include "http/request_parser.h"
#include "http/server.h"
#include "test.h"
#include "visits/api_request.h"

#include <stdio.h>

enum { API_HEAD_BYTES_MAX = 8192 };

/* A head that was read, with what is given to who resolves it. */
struct api_head {
    char bytes[API_HEAD_BYTES_MAX];
    struct request_parser parser;
    struct request request;
    struct request_fields fields;
};

/* Reads the head of "METHOD target" with more lines, each with its CRLF. */
static inline void api_head_read(struct api_head *head, const char *method, const char *target,
                                 const char *more)
{
    const int length = snprintf(head->bytes, sizeof head->bytes,
                                "%s %s HTTP/1.1\r\nHost: a\r\n%s\r\n", method, target, more);
    enum parse_fault fault;
    struct slice bytes;

    assert_true(length > 0 && (size_t)length < sizeof head->bytes);
    bytes = guarded((struct slice){head->bytes, (size_t)length});
    request_parser_init(&head->parser);
    if (request_parser_read(&head->parser, &http_default_limits, bytes, &head->request, &fault) !=
        PARSE_DONE) {
        fail_msg("no request: %s", head->bytes);
    }
    head->fields = (struct request_fields){&head->parser, bytes, head->request.fields_count};
}

/* What becomes of it; it must be a call. */
static inline void api_call_read_with(struct api_call *call, const char *method, const char *target,
                                      const char *more)
{
    static struct api_head head;
    enum api_verb verb;
    struct slice rest;

    api_head_read(&head, method, target, more);
    if (!api_request_is_call(head.request.path, &verb, &rest)) {
        fail_msg("no call: %s", target);
    }
    memset(call, 0xa5, sizeof *call); /* the one before it has left something */
    api_request_read(&head.request, &head.fields, verb, rest, call);
}

static inline void api_call_read(struct api_call *call, const char *method, const char *target)
{
    api_call_read_with(call, method, target, "");
}

#endif
