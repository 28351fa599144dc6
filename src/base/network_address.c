/*
 * network_address.c - to and from socket addresses and text, by inet_pton(3).
 */
#include "base/network_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
    MAPPED_PREFIX_BYTES = 12,
    COUNTED_PREFIX_BYTES = 8,
};

static const uint8_t mapped_prefix[MAPPED_PREFIX_BYTES] = {[10] = 0xff, [11] = 0xff};

static struct network_address mapped(const void *ipv4)
{
    struct network_address address;

    memcpy(address.bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(address.bytes + MAPPED_PREFIX_BYTES, ipv4, 4);
    return address;
}

struct network_address network_address_of(const struct sockaddr *socket_address)
{
    struct network_address address = {{0}};

    if (socket_address->sa_family == AF_INET) {
        return mapped(&((const struct sockaddr_in *)(const void *)socket_address)->sin_addr);
    }
    if (socket_address->sa_family == AF_INET6) {
        memcpy(address.bytes,
               &((const struct sockaddr_in6 *)(const void *)socket_address)->sin6_addr,
               sizeof address.bytes);
    }
    return address;
}

bool network_address_parse(struct slice text, struct network_address *out_address)
{
    char copy[NETWORK_ADDRESS_TEXT_BYTES];
    struct in_addr ipv4;
    struct in6_addr ipv6;

    if (text.length >= sizeof copy || memchr(text.bytes, '\0', text.length) != NULL) {
        return false;
    }
    memcpy(copy, text.bytes, text.length);
    copy[text.length] = '\0';
    if (inet_pton(AF_INET, copy, &ipv4) == 1) {
        *out_address = mapped(&ipv4);
        return true;
    }
    if (inet_pton(AF_INET6, copy, &ipv6) == 1) {
        memcpy(out_address->bytes, &ipv6, sizeof out_address->bytes);
        return true;
    }
    return false;
}

void network_address_write(const struct network_address *address,
                           char out_text[NETWORK_ADDRESS_TEXT_BYTES])
{
    if (!network_address_is_known(address)) {
        memcpy(out_text, "-", 2);
    } else if (network_address_is_ipv4(address)) {
        (void)inet_ntop(AF_INET, address->bytes + MAPPED_PREFIX_BYTES, out_text,
                        NETWORK_ADDRESS_TEXT_BYTES);
    } else {
        (void)inet_ntop(AF_INET6, address->bytes, out_text, NETWORK_ADDRESS_TEXT_BYTES);
    }
}

struct network_address network_address_counted(const struct network_address *address)
{
    struct network_address counted = *address;

    if (!network_address_is_ipv4(address)) {
        memset(counted.bytes + COUNTED_PREFIX_BYTES, 0,
               sizeof counted.bytes - COUNTED_PREFIX_BYTES);
    }
    return counted;
}

bool network_address_is_ipv4(const struct network_address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

bool network_address_is_known(const struct network_address *address)
{
    static const struct network_address unknown = {{0}};

    return memcmp(address, &unknown, sizeof unknown) != 0;
}

bool network_address_is_private(const struct network_address *address)
{
    const uint8_t *bytes = address->bytes;
    const uint8_t *four = bytes + MAPPED_PREFIX_BYTES;
    static const struct network_address loopback = {{[15] = 1}};

    if (network_address_is_ipv4(address)) {
        return four[0] == 127 || four[0] == 10 || (four[0] == 172 && (four[1] & 0xf0) == 16) ||
               (four[0] == 192 && four[1] == 168) || (four[0] == 169 && four[1] == 254);
    }
    return !network_address_is_known(address) || (bytes[0] & 0xfe) == 0xfc ||
           (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80) ||
           memcmp(address, &loopback, sizeof loopback) == 0;
}
