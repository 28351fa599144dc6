/*
 * field_line.h - a field line's name and value (RFC 9112 5).
 */
#ifndef FOOTFALL_HTTP_FIELD_LINE_H
#define FOOTFALL_HTTP_FIELD_LINE_H

#include "http/parse_fault.h"
#include "http/request.h"

/* Reads `line` (borrowed, not empty, without its CRLF and free of control characters).
 * FAULT_NONE: *out_field holds slices of it; otherwise it is untouched. */
enum parse_fault field_line_read(struct slice line, struct field *out_field);

#endif
