/*
 * address.h - where to serve, as the option --listen says it. Pure.
 *
 *   ADDRESS:PORT, NAME:PORT, [IPV6]:PORT, :PORT (all addresses), unix:PATH
 */
#ifndef FOOTFALL_BASE_ADDRESS_H
#define FOOTFALL_BASE_ADDRESS_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    ADDRESS_HOST_BYTES_MAX = 255,
    ADDRESS_PATH_BYTES_MAX = 107, /* sun_path of unix(7), without its NUL */
};

struct address {
    bool is_unix;
    bool is_proxied; /* connections begin with a PROXY header; never set here */
    uint16_t port;   /* 0: a free one */
    char host[ADDRESS_HOST_BYTES_MAX + 1]; /* without brackets; empty for all addresses */
    char path[ADDRESS_PATH_BYTES_MAX + 1]; /* of a unix socket */
};

/* False, with *out_address untouched, when the text is none of the forms above. */
bool address_parse(struct slice text, struct address *out_address);

#endif
