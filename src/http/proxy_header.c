/*
 * proxy_header.c - both versions of the PROXY protocol. Sections are those of proxy-protocol.txt.
 *
 * Strict: the sender is a program of the operator's, and what is doubtful here would be somebody's
 * way to pass for another.
 */
#include "http/proxy_header.h"

#include "base/decimal.h"
#include "http/characters.h"

#include <assert.h>

static const struct slice text_signature = {"PROXY ", 6};
static const struct slice binary_signature = {"\r\n\r\n\0\r\nQUIT\n", 12};

static enum parse_result refuse(enum proxy_fault fault, enum proxy_fault *out_fault)
{
    *out_fault = fault;
    return PARSE_BAD;
}

/* ---- version 1, section 2.1 ---- */

/* Takes what stands before the next space, or all; the space too. */
static struct slice take_word(struct slice *line)
{
    const char *space = line->length == 0 ? NULL : memchr(line->bytes, ' ', line->length);
    const size_t length = space == NULL ? line->length : (size_t)(space - line->bytes);
    const struct slice word = {line->bytes, length};

    *line = slice_after(*line, space == NULL ? length : length + 1);
    return word;
}

static bool read_address(struct slice word, bool is_ipv6, struct network_address *out_address)
{
    const bool has_colon = word.length > 0 && memchr(word.bytes, ':', word.length) != NULL;

    return has_colon == is_ipv6 && network_address_parse(word, out_address);
}

/* Heading zeroes are not allowed. */
static bool is_port(struct slice word)
{
    uint64_t port;

    return decimal_read(word, UINT16_MAX, &port) && (word.bytes[0] != '0' || word.length == 1);
}

/* What stands behind "PROXY ", without CRLF. */
static bool read_line(struct slice line, struct proxy_header *header)
{
    const struct slice protocol = take_word(&line);
    const bool is_ipv6 = slice_is(protocol, "TCP6");
    struct network_address server;
    struct slice port;
    struct slice other_port;

    if (slice_is(protocol, "UNKNOWN")) {
        return true; /* and whatever stands behind it must be ignored */
    }
    if ((!is_ipv6 && !slice_is(protocol, "TCP4")) ||
        !read_address(take_word(&line), is_ipv6, &header->client) ||
        !read_address(take_word(&line), is_ipv6, &server)) {
        return false;
    }
    port = take_word(&line);
    other_port = line; /* a space in it, or behind it, is no digit */
    header->names_client = true;
    return is_port(port) && is_port(other_port);
}

static enum parse_result read_text(struct slice bytes, struct proxy_header *out_header,
                                   enum proxy_fault *out_fault)
{
    const size_t seen = bytes.length < PROXY_TEXT_BYTES_MAX ? bytes.length : PROXY_TEXT_BYTES_MAX;
    const size_t end = characters_before_control((struct slice){bytes.bytes, seen});
    struct proxy_header header = {.bytes = (uint32_t)end + 2};
    struct slice line;

    if (end + 1 >= PROXY_TEXT_BYTES_MAX) {
        return refuse(PROXY_TOO_LONG, out_fault); /* no room is left for CRLF */
    }
    if (end == bytes.length) {
        return PARSE_MORE;
    }
    if (bytes.bytes[end] != '\r') {
        return refuse(PROXY_MALFORMED, out_fault);
    }
    if (end + 1 == bytes.length) {
        return PARSE_MORE;
    }
    line = slice_after((struct slice){bytes.bytes, end}, text_signature.length);
    if (bytes.bytes[end + 1] != '\n' || !read_line(line, &header)) {
        return refuse(PROXY_MALFORMED, out_fault);
    }
    *out_header = header;
    return PARSE_DONE;
}

/* ---- version 2, section 2.2 ---- */

enum {
    BINARY_FIXED_BYTES = 16, /* signature, version and command, family, length */
    VERSION_AT = 12,
    FAMILY_AT = 13,
    LENGTH_AT = 14,
};

enum command { COMMAND_LOCAL, COMMAND_PROXY };

enum family { FAMILY_UNSPEC, FAMILY_INET, FAMILY_INET6, FAMILY_UNIX, FAMILIES_COUNT };

static const uint8_t family_bytes[FAMILIES_COUNT] = {
    [FAMILY_INET] = 12, [FAMILY_INET6] = 36, [FAMILY_UNIX] = 216};

/* Both addresses and ports; for a family that is known, and as long as it says. */
static void read_block(struct slice block, unsigned family, struct proxy_header *header)
{
    static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    header->names_client = family != FAMILY_UNSPEC;
    if (family == FAMILY_INET) {
        memcpy(header->client.bytes, mapped, sizeof mapped);
        memcpy(header->client.bytes + sizeof mapped, block.bytes, 4);
    } else if (family == FAMILY_INET6) {
        memcpy(header->client.bytes, block.bytes, sizeof header->client.bytes);
    }
}

/* UNSPEC alone, or one of the others with STREAM or DGRAM; "other values … must be rejected". */
static bool family_is_right(uint8_t byte)
{
    const unsigned family = byte >> 4;
    const unsigned transport = byte & 0xfU;

    return byte == 0 ||
           (family > FAMILY_UNSPEC && family < FAMILIES_COUNT && transport >= 1 && transport <= 2);
}

/* What each byte says is looked at as soon as it is here. */
static enum parse_result read_binary(struct slice bytes, struct proxy_header *out_header,
                                     enum proxy_fault *out_fault)
{
    const uint8_t *octets = (const uint8_t *)bytes.bytes;
    struct proxy_header header = {.names_client = false};
    bool is_local;
    size_t length;

    if (bytes.length > VERSION_AT && octets[VERSION_AT] != (2U << 4 | COMMAND_LOCAL) &&
        octets[VERSION_AT] != (2U << 4 | COMMAND_PROXY)) {
        return refuse(PROXY_MALFORMED, out_fault);
    }
    is_local = bytes.length > VERSION_AT && (octets[VERSION_AT] & 0xfU) == COMMAND_LOCAL;
    if (bytes.length > FAMILY_AT && !is_local && !family_is_right(octets[FAMILY_AT])) {
        return refuse(PROXY_MALFORMED, out_fault);
    }
    if (bytes.length < BINARY_FIXED_BYTES) {
        return PARSE_MORE;
    }
    length = (size_t)octets[LENGTH_AT] << 8 | octets[LENGTH_AT + 1];
    if (length > PROXY_BINARY_BYTES_MAX - BINARY_FIXED_BYTES) {
        return refuse(PROXY_TOO_LONG, out_fault);
    }
    if (!is_local && length < family_bytes[octets[FAMILY_AT] >> 4]) {
        return refuse(PROXY_MALFORMED, out_fault);
    }
    if (bytes.length < BINARY_FIXED_BYTES + length) {
        return PARSE_MORE;
    }
    header.bytes = (uint32_t)(BINARY_FIXED_BYTES + length);
    if (!is_local) { /* else the family must be ignored, with all that follows */
        read_block(slice_after(bytes, BINARY_FIXED_BYTES), octets[FAMILY_AT] >> 4, &header);
    }
    *out_header = header;
    return PARSE_DONE;
}

/* ---- either ---- */

/* Whether the bytes begin with the signature, or are the beginning of it. */
static bool may_be(struct slice bytes, struct slice signature)
{
    const size_t length = bytes.length < signature.length ? bytes.length : signature.length;

    return slice_equals((struct slice){bytes.bytes, length},
                        (struct slice){signature.bytes, length});
}

enum parse_result proxy_header_read(struct slice bytes, struct proxy_header *out_header,
                                    enum proxy_fault *out_fault)
{
    if (bytes.length == 0) {
        return PARSE_MORE;
    }
    if (may_be(bytes, binary_signature)) {
        return read_binary(bytes, out_header, out_fault);
    }
    if (!may_be(bytes, text_signature)) {
        return refuse(PROXY_ABSENT, out_fault);
    }
    return bytes.length < text_signature.length ? PARSE_MORE
                                                : read_text(bytes, out_header, out_fault);
}

const char *proxy_fault_name(enum proxy_fault fault)
{
    static const char *const names[PROXY_FAULTS_COUNT] = {
        [PROXY_ABSENT] = "absent", [PROXY_MALFORMED] = "malformed", [PROXY_TOO_LONG] = "too_long",
        [PROXY_CUT] = "cut",       [PROXY_LATE] = "late",
    };

    assert(fault < PROXY_FAULTS_COUNT);
    return names[fault];
}
