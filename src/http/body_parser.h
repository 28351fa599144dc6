/*
 * body_parser.h - the body of a request: by length, or chunked with trailers (RFC 9112 6, 7).
 *
 * Pure and streaming: the caller gives what has come, and need not keep what was consumed.
 */
#ifndef FOOTFALL_HTTP_BODY_PARSER_H
#define FOOTFALL_HTTP_BODY_PARSER_H

#include "http/request_parser.h"

struct body_parser {
    /* private, plain data, small: it is kept for each connection with a body under way */
    uint8_t state;
    uint32_t line_bytes;    /* of the chunk-size line or trailer under way, without its CRLF */
    uint32_t trailer_bytes; /* of all trailers, like head_bytes of a head */
    uint32_t fields_count;  /* of the head and the trailers */
    uint64_t remaining;     /* of the body by length, or of the chunk */
    uint64_t chunks_bytes;  /* announced so far */
};

/* For the body of `request`, whose head was just read. */
void body_parser_init(struct body_parser *parser, const struct request *request);

/* How many of the bytes to come are data, as far as it is known; 0 where framing comes next. */
uint64_t body_parser_data(const struct body_parser *parser);

/* Reads on in bytes that follow those consumed before; `bytes` may be empty. *out_consumed is
 * always set. PARSE_DONE: the body and its trailers are whole, and what is behind *out_consumed
 * belongs to the next request. PARSE_MORE: everything was consumed. PARSE_BAD: *out_fault. */
enum parse_result body_parser_read(struct body_parser *parser, const struct request_limits *limits,
                                   struct slice bytes, size_t *out_consumed,
                                   enum parse_fault *out_fault);

#endif
