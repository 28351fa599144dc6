/*
 * network.h - whole networks of addresses, "10.0.0.0/8", and short lists of them. Pure.
 */
#ifndef FOOTFALL_BASE_NETWORK_H
#define FOOTFALL_BASE_NETWORK_H

#include "base/network_address.h"

enum { NETWORKS_MAX = 64 }; /* of one list */

struct network {
    struct network_address address; /* the bits behind the prefix are 0 */
    uint8_t prefix_bits;            /* of 128; IPv4 has 96 more than it says */
    bool is_unix;                   /* those without an address, and none else */
};

/* Zero-initialized it is empty. */
struct network_list {
    uint32_t count;
    struct network list[NETWORKS_MAX];
};

/* Reads "192.0.2.0/24", "2001:db8::/32" (RFC 4632 3.1, RFC 4291 2.3), an address alone, or "unix",
 * which is whoever has no address. False, with *out_network untouched, for anything else; so for a
 * bit behind the prefix: who says 10.0.0.1/8 may mean that address alone. */
bool network_parse(struct slice text, struct network *out_network);

/* Whether the address is of the network. No IPv6 network but one of mapped addresses has IPv4 ones
 * in it, "::/0" neither; and no address that is not known is in any but "unix". */
bool network_contains(const struct network *network, const struct network_address *address);

/* Reads one more into the list. False, with the list as it was, when it is none or the list is
 * full. */
bool network_list_add(struct network_list *list, struct slice text);

/* Whether any of them contains the address. */
bool network_list_contains(const struct network_list *list, const struct network_address *address);

#endif
