/*
 * address.c - the forms of --listen.
 */
#include "base/address.h"

#include "base/decimal.h"

/* Copies a slice into an array with room for `bytes_max` and a NUL. False when it is too long,
 * empty, or has a byte that no name or path has. */
static bool copy(char *out_text, size_t bytes_max, struct slice text)
{
    if (text.length == 0 || text.length > bytes_max) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.bytes[i] < 0x20 || text.bytes[i] == 0x7f) {
            return false;
        }
    }
    memcpy(out_text, text.bytes, text.length);
    out_text[text.length] = '\0';
    return true;
}

/* The host part, with or without brackets; empty is fine. */
static bool parse_host(struct slice text, struct address *address)
{
    bool has_brackets = text.length > 0 && text.bytes[0] == '[';

    if (text.length == 0) {
        return true;
    }
    if (has_brackets) {
        if (text.length < 2 || text.bytes[text.length - 1] != ']') {
            return false;
        }
        text = (struct slice){text.bytes + 1, text.length - 2};
    } else if (memchr(text.bytes, ':', text.length) != NULL) {
        return false; /* an IPv6 address without brackets: where would its port begin? */
    }
    return memchr(text.bytes, ' ', text.length) == NULL &&
           memchr(text.bytes, '/', text.length) == NULL &&
           copy(address->host, ADDRESS_HOST_BYTES_MAX, text);
}

bool address_parse(struct slice text, struct address *out_address)
{
    static const struct slice unix_prefix = {"unix:", 5};
    struct address address = {.is_unix = false};
    const char *colon;
    uint64_t port;

    if (text.length > unix_prefix.length &&
        memcmp(text.bytes, unix_prefix.bytes, unix_prefix.length) == 0) {
        address.is_unix = true;
        if (!copy(address.path, ADDRESS_PATH_BYTES_MAX, slice_after(text, unix_prefix.length))) {
            return false;
        }
        *out_address = address;
        return true;
    }
    colon = text.length == 0 ? NULL : memrchr(text.bytes, ':', text.length);
    if (colon == NULL) {
        return false;
    }
    if (!decimal_read(slice_after(text, (size_t)(colon - text.bytes) + 1), UINT16_MAX, &port) ||
        !parse_host((struct slice){text.bytes, (size_t)(colon - text.bytes)}, &address)) {
        return false;
    }
    address.port = (uint16_t)port;
    *out_address = address;
    return true;
}
