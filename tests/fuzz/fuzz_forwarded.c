/*
 * fuzz_forwarded.c - no list of strangers makes a stranger of the last proxy's own word.
 *
 * The input is the value of a field as a stranger sends it. A trusted proxy adds an element:
 * whatever stands before it, the client is whom the proxy names, or (Forwarded alone) nobody known.
 */
#include "fuzz.h"

#include "http/forwarded.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The value with the proxy's element behind it, in memory of its own size; the caller frees it. */
static struct slice with_element(const uint8_t *data, size_t size, struct slice element)
{
    char *bytes = malloc(size + element.length);

    check(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    memcpy(bytes + size, element.bytes, element.length);
    return (struct slice){bytes, size + element.length};
}

static bool is_same(const struct network_address *one, const struct network_address *other)
{
    return memcmp(one, other, sizeof *one) == 0;
}

static void try_element(const uint8_t *data, size_t size, bool is_older, struct slice element,
                        struct slice client)
{
    struct network_list trusted = {0};
    struct network_address expected;
    struct forwarded forwarded;
    struct slice value = with_element(data, size, element);

    check(network_list_add(&trusted, SLICE("10.0.0.0/8")));
    check(network_address_parse(client, &expected));
    forwarded_init(&forwarded, &trusted);
    if (is_older) {
        forwarded_read_older(&forwarded, value);
        check(!forwarded.is_malformed && is_same(&forwarded.client, &expected));
    } else {
        forwarded_read(&forwarded, value);
        check(forwarded.is_malformed || is_same(&forwarded.client, &expected));
    }
    free((char *)value.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    try_element(data, size, true, SLICE(", 192.0.2.1"), SLICE("192.0.2.1"));
    try_element(data, size, true, SLICE(",[2001:db8::1]:80"), SLICE("2001:db8::1"));
    try_element(data, size, false, SLICE(", for=192.0.2.1"), SLICE("192.0.2.1"));
    try_element(data, size, false, SLICE(", for=\"[2001:db8::1]:80\""), SLICE("2001:db8::1"));
    try_element(data, size, false, SLICE(",for=192.0.2.1;proto=http"), SLICE("192.0.2.1"));
    try_element(data, size, false, SLICE(", for=\"192.0.2.1\";by=\"10.0.0.1\""),
                SLICE("192.0.2.1"));
    return 0;
}
