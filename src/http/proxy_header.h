/*
 * proxy_header.h - the header that a balancer sends before the bytes of its client: the PROXY
 * protocol, version 1 (text) and 2 (binary), by haproxy.org's proxy-protocol.txt.
 *
 * Pure. Like the request parser it is given all bytes that have come so far, each time; a header is
 * so short that it reads them anew. What it says of a prefix it says of all that begins with it.
 */
#ifndef FOOTFALL_HTTP_PROXY_HEADER_H
#define FOOTFALL_HTTP_PROXY_HEADER_H

#include "base/network_address.h"
#include "http/request_parser.h"

enum {
    PROXY_TEXT_BYTES_MAX = 107,    /* with its CRLF, section 2.1 */
    PROXY_BINARY_BYTES_MAX = 4096, /* ours; every receiver must take 536 (section 2.2) */
};

/* What ends a connection that had to begin with a header. */
enum proxy_fault {
    PROXY_ABSENT, /* what comes is none: a visitor who got past the balancer, or a setting is wrong
                   */
    PROXY_MALFORMED,
    PROXY_TOO_LONG,
    PROXY_CUT,  /* the end came in the middle of it */
    PROXY_LATE, /* it was not whole in time */
    PROXY_FAULTS_COUNT,
};

struct proxy_header {
    bool names_client;             /* false: the socket's own peer is it (LOCAL, UNKNOWN, UNSPEC) */
    struct network_address client; /* where it is named; "not known" when it has a unix socket */
    uint32_t bytes;                /* of the header: behind it the first request begins */
};

/* Reads what stands at the beginning of `bytes` (borrowed for the call). PARSE_DONE: *out_header is
 * filled in. PARSE_BAD: *out_fault is one of the first three. Otherwise both are untouched. The
 * addresses of the server's side are read and dropped; additions to version 2 (TLVs) are skipped,
 * its checksum among them is not compared: TCP has one. */
enum parse_result proxy_header_read(struct slice bytes, struct proxy_header *out_header,
                                    enum proxy_fault *out_fault);

/* "absent", "malformed" …, for metrics and the log. */
const char *proxy_fault_name(enum proxy_fault fault);

#endif
