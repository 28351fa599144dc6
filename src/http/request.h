/*
 * request.h - what a request's head says, as slices of the bytes it came in.
 *
 * A struct request owns nothing: every slice points into the buffer that the parser was given,
 * and is good for as long as that buffer stays where it is. Only the path of a target that has
 * none of its own ("/" or "*") is a constant.
 */
#ifndef FOOTFALL_HTTP_REQUEST_H
#define FOOTFALL_HTTP_REQUEST_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum method {
    METHOD_OTHER, /* a well formed method that nothing here knows */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_OPTIONS,
};

/* RFC 9112 3.2 */
enum target_form {
    TARGET_ORIGIN,    /* /path?query */
    TARGET_ABSOLUTE,  /* http://host/path?query: path and query are those behind the host */
    TARGET_ASTERISK,  /* "*", of OPTIONS only; also OPTIONS with an absolute form without path */
    TARGET_AUTHORITY, /* host:port, of CONNECT only: path and query are empty */
};

/* RFC 9112 6.3 */
enum body_framing {
    BODY_NONE,
    BODY_LENGTH,
    BODY_CHUNKED,
};

enum { REQUEST_FIELDS_MAX = 100 };

struct field {
    struct slice name;
    struct slice value; /* without the blanks around it */
};

struct request {
    enum method method;
    enum target_form form;
    enum body_framing framing;
    uint8_t minor_version;   /* of HTTP/1.x: 0, or 1 for 1.1 and above (RFC 9110 2.5) */
    bool keep_alive;         /* the client wants the connection kept (RFC 9112 9.3) */
    bool expects_continue;   /* Expect: 100-continue, and it is HTTP/1.1 (RFC 9110 10.1.1) */
    bool expects_other;      /* an expectation that nothing here knows: 417 */
    uint64_t content_length; /* of BODY_LENGTH */
    struct slice method_name;
    struct slice target; /* as it came */
    struct slice path;   /* begins with "/"; "*" for TARGET_ASTERISK; empty for authority */
    struct slice query;  /* behind the "?", empty when there is none */
    struct slice host;   /* the Host field's value; NULL bytes when there was none (HTTP/1.0) */
    uint32_t head_bytes; /* from the first byte given to the end of the empty line */
    uint32_t fields_count;
};

#endif
