/*
 * request_parser.h - the head of an HTTP/1.x request, read strictly (RFC 9112).
 *
 * Pure: no I/O, no allocation, no clock. The caller gives the bytes of the request from its
 * first one on, each time all that have come so far (they may have moved meanwhile); the parser
 * remembers how far it has read and looks at each line once more when its end has come, never at
 * one before it, so a head that comes byte by byte costs no more than one that comes whole.
 */
#ifndef FOOTFALL_HTTP_REQUEST_PARSER_H
#define FOOTFALL_HTTP_REQUEST_PARSER_H

#include "http/field_meaning.h"
#include "http/parse_fault.h"
#include "http/request.h"
#include "http/request_line.h"
#include "http/span.h"

/* All in bytes without the line's CRLF, but for head_bytes_max: the request line, all field
 * lines, their CRLFs and the empty line at the end. At most 65,535 each. */
struct request_limits {
    uint32_t request_line_bytes_max;
    uint32_t field_line_bytes_max;
    uint32_t head_bytes_max;
    uint32_t fields_max;      /* at most REQUEST_FIELDS_MAX */
    uint32_t empty_lines_max; /* before the request line, RFC 9112 2.2 */
    uint32_t body_bytes_max;
    uint32_t chunk_line_bytes_max; /* without its CRLF */
};

enum parse_result {
    PARSE_MORE, /* well formed so far, not whole */
    PARSE_DONE,
    PARSE_BAD, /* the fault says what is wrong */
};

struct request_parser {
    /* private; plain data, so it may be copied with the bytes it has read */
    uint32_t position; /* of the first byte that no search for a line's end has passed */
    uint8_t state;
    uint32_t line_start;  /* where the line that `position` is in begins */
    uint32_t head_start;  /* where the request line begins, behind the empty lines */
    uint32_t empty_lines; /* before the request line */
    uint32_t fields_count;
    struct request_line line;
    struct field_meaning meaning;
    struct {
        struct span name;
        struct span value;
    } fields[REQUEST_FIELDS_MAX]; /* those from fields_count on are never set */
};

void request_parser_init(struct request_parser *parser);

/* Reads on. `bytes`: all of the request so far, and perhaps what follows it; borrowed for the
 * call. PARSE_DONE: *out_request is filled in with slices of `bytes`, and head_bytes says where
 * the head ends. PARSE_BAD: *out_fault. Otherwise both are untouched. A length or coding that
 * cannot be served (body above the limit: 413, an unknown coding: 501) is PARSE_BAD already here.
 * After DONE or BAD the parser must be initialized anew. */
enum parse_result request_parser_read(struct request_parser *parser,
                                      const struct request_limits *limits, struct slice bytes,
                                      struct request *out_request, enum parse_fault *out_fault);

/* The i-th field of the request that was just read, i < fields_count; `bytes` as given then. */
struct field request_parser_field(const struct request_parser *parser, struct slice bytes,
                                  uint32_t index);

/* The fields of a request that was just read, for who is given them. */
struct request_fields {
    const struct request_parser *parser;
    struct slice bytes;
    uint32_t count;
};

/* The value of the first field of that name, in any case; without bytes where there is none. */
struct slice request_fields_find(const struct request_fields *fields, struct slice name);

#endif
