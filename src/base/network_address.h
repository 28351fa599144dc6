/*
 * network_address.h - who is at the other end: an IP address, IPv4 as IPv6 maps it. Pure.
 */
#ifndef FOOTFALL_BASE_NETWORK_ADDRESS_H
#define FOOTFALL_BASE_NETWORK_ADDRESS_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;

enum { NETWORK_ADDRESS_TEXT_BYTES = 46 }; /* the longest, with its NUL */

struct network_address {
    uint8_t bytes[16]; /* network byte order; ::ffff:a.b.c.d for IPv4; all zero: not known */
};

/* Whose socket address that is; "not known" for a unix socket. */
struct network_address network_address_of(const struct sockaddr *socket_address);

/* Reads "192.0.2.1" or "2001:db8::1", without brackets, port or zone. False, with *out_address
 * untouched, when the text is neither. */
bool network_address_parse(struct slice text, struct network_address *out_address);

/* Writes it as text: IPv4 where it is one, "-" where it is not known. */
void network_address_write(const struct network_address *address,
                           char out_text[NETWORK_ADDRESS_TEXT_BYTES]);

bool network_address_is_known(const struct network_address *address);

/* What stands for a client where clients are counted: an IPv4 address, or the /64 of an IPv6 one,
 * which is what one customer gets (RFC 6177). */
struct network_address network_address_counted(const struct network_address *address);

/* Whether it is of this host or of a private network (RFC 1918, RFC 4193, link-local), or not
 * known, as of a unix socket: many clients may stand behind it. */
bool network_address_is_private(const struct network_address *address);

/* Whether it is an IPv4 address, mapped (RFC 4291 2.5.5.2). */
bool network_address_is_ipv4(const struct network_address *address);

#endif
