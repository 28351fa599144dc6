/*
 * request_line.h - method, target and version, the first line of a request (RFC 9112 3).
 */
#ifndef FOOTFALL_HTTP_REQUEST_LINE_H
#define FOOTFALL_HTTP_REQUEST_LINE_H

#include "http/parse_fault.h"
#include "http/request.h"
#include "http/span.h"

/* Plain data, good however the line's bytes move. */
struct request_line {
    uint8_t method; /* enum method */
    uint8_t form;   /* enum target_form */
    uint8_t minor_version;
    uint16_t method_length;
    struct span target;
    struct span path; /* empty where the target has none: see request_line_path() */
    struct span query;
};

/* Reads `line` (borrowed, without its CRLF and free of control characters, at most 65,535
 * bytes). FAULT_NONE: *out_line is filled in; otherwise it is untouched. */
enum parse_fault request_line_read(struct slice line, struct request_line *out_line);

/* The path as struct request has it, in the head that now begins at `head`, or a constant. */
struct slice request_line_path(const struct request_line *line, const char *head);

#endif
