/*
 * parse_fault.h - everything that can be wrong with a request, and what is answered.
 *
 * One row per fault: the status, a stable name for the log and a short sentence for the client.
 */
#ifndef FOOTFALL_HTTP_PARSE_FAULT_H
#define FOOTFALL_HTTP_PARSE_FAULT_H

#include <stdint.h>

enum parse_fault {
    FAULT_NONE,

    /* of every line */
    FAULT_BARE_CR,
    FAULT_BARE_LF,
    FAULT_CONTROL_CHARACTER,

    /* of the request line */
    FAULT_EMPTY_LINES,
    FAULT_REQUEST_LINE_TOO_LONG,
    FAULT_METHOD_MALFORMED,
    FAULT_TARGET_MISSING,
    FAULT_TARGET_CHARACTER,
    FAULT_TARGET_FRAGMENT,
    FAULT_TARGET_FORM,
    FAULT_TARGET_AUTHORITY,
    FAULT_TARGET_USERINFO,
    FAULT_TARGET_ASTERISK,
    FAULT_TARGET_CONNECT,
    FAULT_VERSION_MISSING,
    FAULT_VERSION_MALFORMED,
    FAULT_VERSION_UNSUPPORTED,

    /* of field lines, trailers too */
    FAULT_FIELD_LINE_TOO_LONG,
    FAULT_HEAD_TOO_LARGE,
    FAULT_FIELDS_TOO_MANY,
    FAULT_BLANK_BEFORE_FIELDS,
    FAULT_FOLDED_LINE,
    FAULT_NAME_EMPTY,
    FAULT_NAME_MALFORMED,
    FAULT_SPACE_BEFORE_COLON,
    FAULT_COLON_MISSING,

    /* of what fields mean */
    FAULT_HOST_MISSING,
    FAULT_HOST_EMPTY,
    FAULT_HOST_REPEATED,
    FAULT_HOST_MALFORMED,
    FAULT_CONNECTION_MALFORMED,
    FAULT_LENGTH_MALFORMED,
    FAULT_LENGTH_REPEATED,
    FAULT_LENGTH_AND_CODING,
    FAULT_CODING_MALFORMED,
    FAULT_CODING_UNKNOWN,
    FAULT_CODING_IN_HTTP_1_0,
    FAULT_CHUNKED_TWICE,
    FAULT_CHUNKED_NOT_LAST,

    /* of the body */
    FAULT_BODY_TOO_LARGE,
    FAULT_CHUNK_LINE_TOO_LONG,
    FAULT_CHUNK_SIZE_MALFORMED,
    FAULT_CHUNK_EXTENSION_MALFORMED,
    FAULT_CHUNK_END_MISSING,

    FAULTS_COUNT,
};

struct refusal {
    uint16_t status;      /* 400, 413, 414, 431, 501, 505 */
    const char *name;     /* "space_before_colon" */
    const char *sentence; /* "There is a space between field name and colon." */
};

/* The row of `fault`, which is not FAULT_NONE. */
const struct refusal *refusal_of(enum parse_fault fault);

#endif
