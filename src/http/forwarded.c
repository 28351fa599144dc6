/*
 * forwarded.c - lists of nodes, walked from the first to the last.
 *
 * Walking from the end and stopping at the first that is not trusted finds the last one in the list
 * that is not; or the first, when all are. That needs no way back through quoted text.
 */
#include "http/forwarded.h"

#include "base/decimal.h"
#include "http/characters.h"

static struct slice trimmed(struct slice text)
{
    while (text.length > 0 && character_is_blank(text.bytes[0])) {
        text = slice_after(text, 1);
    }
    while (text.length > 0 && character_is_blank(text.bytes[text.length - 1])) {
        text.length--;
    }
    return text;
}

/* ---- nodes ---- */

/* ":" and a port: digits, or hidden as "_" and what a token may hold. Empty is fine. */
static bool is_port(struct slice text)
{
    uint64_t number;

    if (text.length == 0) {
        return true;
    }
    if (text.bytes[0] != ':') {
        return false;
    }
    text = slice_after(text, 1);
    if (text.length > 1 && text.bytes[0] == '_') {
        return characters_count(text, CHARACTER_TOKEN) == text.length;
    }
    return text.length <= 5 && decimal_read(text, UINT16_MAX, &number);
}

struct network_address forwarded_node(struct slice node)
{
    struct network_address address = {{0}};
    struct network_address read;
    struct slice host = node;
    struct slice port = {"", 0};
    const char *end;

    if (node.length > 0 && node.bytes[0] == '[') {
        end = memchr(node.bytes, ']', node.length);
        if (end == NULL) {
            return address;
        }
        host = (struct slice){node.bytes + 1, (size_t)(end - node.bytes) - 1};
        port = slice_after(node, host.length + 2);
        if (memchr(host.bytes, ':', host.length) == NULL) {
            return address; /* IPv4 has no brackets */
        }
    } else if (node.length > 0) {
        end = memchr(node.bytes, ':', node.length);
        if (end != NULL && memrchr(node.bytes, ':', node.length) == end) {
            host.length = (size_t)(end - node.bytes);
            port = slice_after(node, host.length);
        }
    }
    if (network_address_parse(host, &read) && is_port(port)) {
        address = read;
    }
    return address;
}

/* ---- lists ---- */

void forwarded_init(struct forwarded *forwarded, const struct network_list *trusted)
{
    *forwarded = (struct forwarded){.trusted = trusted};
}

static void take_node(struct forwarded *forwarded, struct slice node)
{
    const struct network_address address = forwarded_node(node);

    /* One that is not known is nobody whom we trust: "unix" is for peers of ours alone. */
    if (!forwarded->has_elements || !network_address_is_known(&address) ||
        !network_list_contains(forwarded->trusted, &address)) {
        forwarded->client = address;
    }
    forwarded->has_elements = true;
}

void forwarded_read_older(struct forwarded *forwarded, struct slice value)
{
    while (value.length > 0) {
        const char *comma = memchr(value.bytes, ',', value.length);
        const size_t length = comma == NULL ? value.length : (size_t)(comma - value.bytes);
        const struct slice node = trimmed((struct slice){value.bytes, length});

        if (node.length > 0) { /* empty elements do not count: RFC 9110 5.6.1.2 */
            take_node(forwarded, node);
        }
        value = slice_after(value, comma == NULL ? length : length + 1);
    }
}

/* Takes a quoted-string (RFC 9110 5.6.4) off the text; its content as it stands. False: its end is
 * missing. */
static bool take_quoted(struct slice *text, struct slice *out_content)
{
    size_t i = 1;

    while (i < text->length && text->bytes[i] != '"') {
        i += text->bytes[i] == '\\' ? 2 : 1;
    }
    if (i >= text->length) {
        return false;
    }
    *out_content = (struct slice){text->bytes + 1, i - 1};
    *text = slice_after(*text, i + 1);
    return true;
}

/* What stands without quotes. More than a token may hold is let be: many write an address and its
 * port so. */
static struct slice take_plain(struct slice *text)
{
    size_t length = 0;
    struct slice plain;

    while (length < text->length && text->bytes[length] != ',' && text->bytes[length] != ';' &&
           text->bytes[length] != '"' && !character_is_blank(text->bytes[length])) {
        length++;
    }
    plain = (struct slice){text->bytes, length};
    *text = slice_after(*text, length);
    return plain;
}

/* Takes one name=value off the text, which begins with its name. False when it is none. */
static bool take_pair(struct slice *text, struct slice *out_name, struct slice *out_value)
{
    *out_name = (struct slice){text->bytes, characters_count(*text, CHARACTER_TOKEN)};
    *text = slice_after(*text, out_name->length);
    if (out_name->length == 0 || text->length < 2 || text->bytes[0] != '=') {
        return false;
    }
    *text = slice_after(*text, 1);
    if (text->bytes[0] == '"') {
        return take_quoted(text, out_value);
    }
    *out_value = take_plain(text);
    return out_value->length > 0;
}

/* Takes an element's pairs, up to its comma or the end. False when it is none. */
static bool take_element(struct slice *text, struct forwarded *forwarded)
{
    struct slice node = {"", 0};
    bool has_node = false;
    bool has_pairs = false;

    for (;;) {
        struct slice name;
        struct slice value;

        *text = trimmed(*text);
        if (text->length == 0 || text->bytes[0] == ',') {
            break;
        }
        if (text->bytes[0] == ';') {
            *text = slice_after(*text, 1);
            continue;
        }
        if (!take_pair(text, &name, &value)) {
            return false;
        }
        if (slice_equals_ignoring_case(name, SLICE("for"))) {
            if (has_node) {
                return false; /* RFC 7239 4: not more than once in each */
            }
            has_node = true;
            node = value;
        }
        has_pairs = true;
        *text = trimmed(*text);
        if (text->length > 0 && text->bytes[0] != ',' && text->bytes[0] != ';') {
            return false;
        }
    }
    if (has_pairs) {
        take_node(forwarded, node); /* without a node: from somebody it does not name */
    }
    return true;
}

void forwarded_read(struct forwarded *forwarded, struct slice value)
{
    while (value.length > 0) {
        if (!take_element(&value, forwarded)) {
            forwarded->is_malformed = true; /* where the next begins nobody can say */
            return;
        }
        value = value.length > 0 ? slice_after(value, 1) : value;
    }
}

/* ---- requests ---- */

/* Reads all lines of the field. False: there is none with an element. */
static bool read_field(const struct request_parser *parser, struct slice bytes,
                       uint32_t fields_count, struct slice name,
                       void (*read)(struct forwarded *forwarded, struct slice value),
                       struct forwarded *forwarded)
{
    for (uint32_t i = 0; i < fields_count; i++) {
        const struct field field = request_parser_field(parser, bytes, i);

        if (slice_equals_ignoring_case(field.name, name)) {
            read(forwarded, field.value);
        }
    }
    return forwarded->has_elements || forwarded->is_malformed;
}

const char *forwarded_client(const struct request_parser *parser, struct slice bytes,
                             uint32_t fields_count, const struct network_list *trusted,
                             const struct network_address *peer, struct network_address *out_client)
{
    static const struct network_address nobody;
    struct forwarded forwarded;

    forwarded_init(&forwarded, trusted);
    if (read_field(parser, bytes, fields_count, SLICE("forwarded"), forwarded_read, &forwarded)) {
        *out_client = forwarded.is_malformed ? nobody : forwarded.client;
        return "Forwarded";
    }
    if (read_field(parser, bytes, fields_count, SLICE("x-forwarded-for"), forwarded_read_older,
                   &forwarded)) {
        *out_client = forwarded.client;
        return "X-Forwarded-For";
    }
    *out_client = *peer;
    return NULL;
}
