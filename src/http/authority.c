/*
 * authority.c - host names, IP addresses in brackets, ports.
 *
 * Pure. RFC 3986 lets a registered name look like almost anything ("a..b", "-", "1.2.3"), and so
 * do we: which names there are is for the one who serves them to say.
 */
#include "http/authority.h"

#include "http/characters.h"

#include <arpa/inet.h>
#include <stdint.h>

enum { PORT_MAX = 65535, PORT_NONE = -1, PORT_BAD = -2 };

/* The port behind the host: its number, PORT_NONE for none or an empty one, or PORT_BAD. */
static int port_read(struct slice rest)
{
    int port = 0;

    if (rest.length == 0 || slice_is(rest, ":")) {
        return PORT_NONE;
    }
    if (rest.bytes[0] != ':') {
        return PORT_BAD;
    }
    for (size_t i = 1; i < rest.length; i++) {
        if (!character_is(rest.bytes[i], CHARACTER_DIGIT)) {
            return PORT_BAD;
        }
        port = port * 10 + (rest.bytes[i] - '0');
        if (port > PORT_MAX) {
            return PORT_BAD;
        }
    }
    return port;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ): none is in use, but it is well formed. */
static bool future_address_is_valid(struct slice address)
{
    const size_t digits = characters_count(slice_after(address, 1), CHARACTER_HEX);
    struct slice rest = slice_after(address, 1 + digits);

    if (digits == 0 || rest.length < 2 || rest.bytes[0] != '.') {
        return false;
    }
    for (size_t i = 1; i < rest.length; i++) {
        if (rest.bytes[i] != ':' && !character_is(rest.bytes[i], CHARACTER_HOST)) {
            return false;
        }
    }
    return true;
}

/* What stands between the brackets. A zone identifier ("%25eth0") means nothing outside the
 * client's own host, and RFC 3986 has none. */
static bool address_is_valid(struct slice address)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr ignored;

    if (address.length > 0 && (address.bytes[0] | 0x20) == 'v') {
        return future_address_is_valid(address);
    }
    if (address.length >= sizeof text) {
        return false;
    }
    memcpy(text, address.bytes, address.length);
    text[address.length] = '\0';
    return inet_pton(AF_INET6, text, &ignored) == 1;
}

/* How long the host at the beginning is; 0 when there is none or it is malformed. */
static size_t host_length(struct slice authority)
{
    size_t length = 0;

    if (authority.length > 0 && authority.bytes[0] == '[') {
        const char *end = memchr(authority.bytes, ']', authority.length);
        const size_t inner = end == NULL ? 0 : (size_t)(end - authority.bytes) - 1;

        return end != NULL && address_is_valid((struct slice){authority.bytes + 1, inner})
                   ? inner + 2
                   : 0;
    }
    while (length < authority.length) {
        if (character_is(authority.bytes[length], CHARACTER_HOST)) {
            length++;
        } else if (authority.bytes[length] == '%' && authority.length - length > 2 &&
                   character_is(authority.bytes[length + 1], CHARACTER_HEX) &&
                   character_is(authority.bytes[length + 2], CHARACTER_HEX)) {
            length += 3;
        } else {
            break;
        }
    }
    return length;
}

bool authority_is_valid(struct slice authority)
{
    const size_t host = host_length(authority);

    return host > 0 && port_read(slice_after(authority, host)) != PORT_BAD;
}

bool authority_with_port_is_valid(struct slice authority)
{
    const size_t host = host_length(authority);

    return host > 0 && port_read(slice_after(authority, host)) > 0;
}
