/*
 * network.c - prefixes of addresses, compared bit by bit.
 */
#include "base/network.h"

#include "base/decimal.h"

enum { ADDRESS_BITS = 128, IPV4_BITS = 32, IPV4_PREFIX_BITS = ADDRESS_BITS - IPV4_BITS };

/* Whether the first `bits` of both are the same. */
static bool prefix_is_equal(const uint8_t *one, const uint8_t *other, unsigned bits)
{
    const unsigned whole = bits / 8;
    const uint8_t mask = (uint8_t)(0xff00U >> bits % 8);

    return memcmp(one, other, whole) == 0 &&
           (bits % 8 == 0 || (one[whole] & mask) == (other[whole] & mask));
}

static bool nothing_behind_prefix(const struct network_address *address, unsigned bits)
{
    for (unsigned i = bits; i < ADDRESS_BITS; i++) {
        if ((address->bytes[i / 8] & 0x80U >> i % 8) != 0) {
            return false;
        }
    }
    return true;
}

/* The "/24"; all of the address where there is none. */
static bool parse_prefix(struct slice text, bool is_ipv4, uint8_t *out_bits)
{
    const unsigned bits_max = is_ipv4 ? IPV4_BITS : ADDRESS_BITS;
    uint64_t bits = bits_max;

    if (text.length > 0 &&
        (text.length > sizeof "/128" - 1 || !decimal_read(slice_after(text, 1), bits_max, &bits))) {
        return false;
    }
    *out_bits = (uint8_t)(is_ipv4 ? IPV4_PREFIX_BITS + bits : bits);
    return true;
}

bool network_parse(struct slice text, struct network *out_network)
{
    struct network network = {.is_unix = slice_is(text, "unix")};
    const char *slash = text.length == 0 ? NULL : memchr(text.bytes, '/', text.length);
    const size_t length = slash == NULL ? text.length : (size_t)(slash - text.bytes);
    const bool is_ipv4 = length > 0 && memchr(text.bytes, ':', length) == NULL;

    if (network.is_unix) {
        *out_network = network;
        return true;
    }
    if (!network_address_parse((struct slice){text.bytes, length}, &network.address) ||
        !parse_prefix(slice_after(text, length), is_ipv4, &network.prefix_bits) ||
        !nothing_behind_prefix(&network.address, network.prefix_bits)) {
        return false;
    }
    *out_network = network;
    return true;
}

bool network_contains(const struct network *network, const struct network_address *address)
{
    if (network->is_unix || !network_address_is_known(address)) {
        return network->is_unix && !network_address_is_known(address);
    }
    if (network->prefix_bits < IPV4_PREFIX_BITS && network_address_is_ipv4(address)) {
        return false;
    }
    return prefix_is_equal(network->address.bytes, address->bytes, network->prefix_bits);
}

bool network_list_add(struct network_list *list, struct slice text)
{
    if (list->count == NETWORKS_MAX || !network_parse(text, &list->list[list->count])) {
        return false;
    }
    list->count++;
    return true;
}

bool network_list_contains(const struct network_list *list, const struct network_address *address)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (network_contains(&list->list[i], address)) {
            return true;
        }
    }
    return false;
}
