/*
 * forwarded.h - whom a request comes from, as proxies before us say it: Forwarded (RFC 7239), or
 * X-Forwarded-For, which is older and in no standard.
 *
 * Pure. Each proxy adds at the end whom it had the request from. So the list is believed from its
 * end on, as far as those are trusted whom it names; the first that is not is the client.
 */
#ifndef FOOTFALL_HTTP_FORWARDED_H
#define FOOTFALL_HTTP_FORWARDED_H

#include "base/network.h"
#include "base/slice.h"
#include "http/request_parser.h"

/* What is known after some elements of the list, the first in it first. */
struct forwarded {
    const struct network_list *trusted;
    struct network_address client;
    bool has_elements;
    bool is_malformed;
};

/* Begins a list. Borrows `trusted`. */
void forwarded_init(struct forwarded *forwarded, const struct network_list *trusted);

/* Reads on in one more value of the field Forwarded, or of X-Forwarded-For. One field may stand in
 * several lines, which are one list (RFC 9110 5.3). */
void forwarded_read(struct forwarded *forwarded, struct slice value);
void forwarded_read_older(struct forwarded *forwarded, struct slice value);

/* The address of a node: "192.0.2.1", "[2001:db8::1]", both with a port or without, and an IPv6
 * address without brackets, which X-Forwarded-For has. Not known for "unknown", "_hidden", and
 * everything else (RFC 7239 6). */
struct network_address forwarded_node(struct slice node);

/* Whom the request that `parser` has just read, with `bytes` as given to it, comes from. For one
 * whose peer is trusted; `peer` is the answer where nobody says anything. Where there are both
 * fields the standard one counts alone. Not known when the last of those who are not trusted is
 * not, or hides, or the list cannot be read. Returns the name of the field that told, or NULL. */
const char *forwarded_client(const struct request_parser *parser, struct slice bytes,
                             uint32_t fields_count, const struct network_list *trusted,
                             const struct network_address *peer,
                             struct network_address *out_client);

#endif
