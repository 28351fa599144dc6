/*
 * authority.h - the host and port of a target or of the field Host (RFC 3986 3.2).
 */
#ifndef FOOTFALL_HTTP_AUTHORITY_H
#define FOOTFALL_HTTP_AUTHORITY_H

#include "base/slice.h"

/* Whether it is a host that is not empty, alone or with ":" and a port of 0 to 65,535, which
 * may be empty. There is no user name in it (RFC 9110 4.2.4). */
bool authority_is_valid(struct slice authority);

/* The same with a port, of 1 to 65,535: the target of CONNECT (RFC 9110 9.3.6). */
bool authority_with_port_is_valid(struct slice authority);

#endif
