/*
 * field_meaning.c - Host, Content-Length, Transfer-Encoding, Connection, Expect.
 *
 * Pure. Most fields of a request are none of these: a look at length and first letter is all
 * that they cost.
 */
#include "http/field_meaning.h"

#include "http/authority.h"
#include "http/characters.h"

enum field_mark {
    MARK_HOST = 1,
    MARK_LENGTH = 2,
    MARK_CODING = 4,          /* a Transfer-Encoding, even an empty one */
    MARK_CHUNKED = 8,         /* chunked is the last coding so far */
    MARK_CODING_UNKNOWN = 16, /* there is another one */
    MARK_CLOSE = 32,
    MARK_KEEP_ALIVE = 64,
    MARK_CONTINUE = 128,
    MARK_EXPECTS_OTHER = 256,
};

void field_meaning_init(struct field_meaning *meaning)
{
    meaning->content_length = 0;
    meaning->marks = 0;
    meaning->host_index = 0;
}

static bool has(const struct field_meaning *meaning, enum field_mark mark)
{
    return (meaning->marks & mark) != 0;
}

static void mark(struct field_meaning *meaning, enum field_mark new_mark)
{
    meaning->marks = (uint16_t)(meaning->marks | new_mark);
}

/* Takes the next member off a comma-separated list, without the blanks around it. Empty members
 * are passed over (RFC 9110 5.6.1.2). False: there is none left. */
static bool list_take(struct slice *list, struct slice *out_member)
{
    size_t start = 0;
    size_t comma;
    size_t end;

    while (start < list->length &&
           (list->bytes[start] == ',' || character_is_blank(list->bytes[start]))) {
        start++;
    }
    if (start == list->length) {
        return false;
    }
    for (comma = start; comma < list->length && list->bytes[comma] != ','; comma++) {
    }
    for (end = comma; character_is_blank(list->bytes[end - 1]); end--) {
    }
    *out_member = (struct slice){list->bytes + start, end - start};
    *list = slice_after(*list, comma);
    return true;
}

static enum parse_fault note_host(struct field_meaning *meaning, struct slice value, uint32_t index)
{
    if (has(meaning, MARK_HOST)) {
        return FAULT_HOST_REPEATED;
    }
    if (value.length == 0) {
        return FAULT_HOST_EMPTY;
    }
    if (!authority_is_valid(value)) {
        return FAULT_HOST_MALFORMED;
    }
    meaning->host_index = (uint8_t)index;
    mark(meaning, MARK_HOST);
    return FAULT_NONE;
}

/* Digits only. A number that does not fit stays UINT64_MAX, above every limit. A list of equal
 * numbers may be refused like a repeated field (RFC 9110 8.6), and is: one who sends that has
 * something to hide from one of the two who read it. */
static enum parse_fault note_length(struct field_meaning *meaning, struct slice value)
{
    uint64_t length = 0;

    if (has(meaning, MARK_LENGTH)) {
        return FAULT_LENGTH_REPEATED;
    }
    if (value.length == 0 || characters_count(value, CHARACTER_DIGIT) != value.length) {
        return FAULT_LENGTH_MALFORMED;
    }
    for (size_t i = 0; i < value.length; i++) {
        if (__builtin_mul_overflow(length, 10, &length) ||
            __builtin_add_overflow(length, (uint64_t)(value.bytes[i] - '0'), &length)) {
            length = UINT64_MAX;
            break;
        }
    }
    meaning->content_length = length;
    mark(meaning, MARK_LENGTH);
    return FAULT_NONE;
}

/* A coding is a token, perhaps with parameters. Those of unknown codings are not read: the request
 * will be refused either way, and a quoted comma in them ends in a malformed member at worst. */
static enum parse_fault note_coding(struct field_meaning *meaning, struct slice member)
{
    const struct slice name = {member.bytes, characters_count(member, CHARACTER_TOKEN)};
    const struct slice rest = slice_after(member, name.length);
    const bool is_chunked = slice_equals_ignoring_case(name, SLICE("chunked"));

    if (name.length == 0 ||
        (rest.length > 0 && rest.bytes[0] != ';' && !character_is_blank(rest.bytes[0])) ||
        (rest.length > 0 && is_chunked)) {
        return FAULT_CODING_MALFORMED;
    }
    if (has(meaning, MARK_CHUNKED)) {
        return is_chunked ? FAULT_CHUNKED_TWICE : FAULT_CHUNKED_NOT_LAST;
    }
    mark(meaning, is_chunked ? MARK_CHUNKED : MARK_CODING_UNKNOWN);
    return FAULT_NONE;
}

static enum parse_fault note_codings(struct field_meaning *meaning, struct slice value)
{
    struct slice member;

    mark(meaning, MARK_CODING);
    while (list_take(&value, &member)) {
        const enum parse_fault fault = note_coding(meaning, member);

        if (fault != FAULT_NONE) {
            return fault;
        }
    }
    return FAULT_NONE;
}

static enum parse_fault note_connection(struct field_meaning *meaning, struct slice value)
{
    struct slice member;

    while (list_take(&value, &member)) {
        if (characters_count(member, CHARACTER_TOKEN) != member.length) {
            return FAULT_CONNECTION_MALFORMED;
        }
        if (slice_equals_ignoring_case(member, SLICE("close"))) {
            mark(meaning, MARK_CLOSE);
        } else if (slice_equals_ignoring_case(member, SLICE("keep-alive"))) {
            mark(meaning, MARK_KEEP_ALIVE);
        }
    }
    return FAULT_NONE;
}

static enum parse_fault note_expect(struct field_meaning *meaning, struct slice value)
{
    struct slice member;

    while (list_take(&value, &member)) {
        mark(meaning, slice_equals_ignoring_case(member, SLICE("100-continue"))
                          ? MARK_CONTINUE
                          : MARK_EXPECTS_OTHER);
    }
    return FAULT_NONE;
}

/* Compares behind a look at the first letter, which spares most fields the call. */
static inline bool named(struct slice name, struct slice lower_case)
{
    return (name.bytes[0] | 0x20) == lower_case.bytes[0] &&
           slice_equals_ignoring_case(name, lower_case);
}

enum parse_fault field_meaning_note(struct field_meaning *meaning, const struct field *field,
                                    uint32_t index)
{
    switch (field->name.length) {
    case sizeof "host" - 1:
        if (named(field->name, SLICE("host"))) {
            return note_host(meaning, field->value, index);
        }
        break;
    case sizeof "expect" - 1:
        if (named(field->name, SLICE("expect"))) {
            return note_expect(meaning, field->value);
        }
        break;
    case sizeof "connection" - 1:
        if (named(field->name, SLICE("connection"))) {
            return note_connection(meaning, field->value);
        }
        break;
    case sizeof "content-length" - 1:
        if (named(field->name, SLICE("content-length"))) {
            return note_length(meaning, field->value);
        }
        break;
    case sizeof "transfer-encoding" - 1:
        if (named(field->name, SLICE("transfer-encoding"))) {
            return note_codings(meaning, field->value);
        }
        break;
    default:
        break;
    }
    return FAULT_NONE;
}

bool field_meaning_host(const struct field_meaning *meaning, uint32_t *out_index)
{
    if (!has(meaning, MARK_HOST)) {
        return false;
    }
    *out_index = meaning->host_index;
    return true;
}

/* RFC 9112 6.3, the order of its items */
static enum parse_fault framing_conclude(const struct field_meaning *meaning,
                                         uint32_t body_bytes_max, struct request *out_request)
{
    out_request->framing = BODY_NONE;
    out_request->content_length = 0;
    if (has(meaning, MARK_CODING)) {
        if (out_request->minor_version == 0) {
            return FAULT_CODING_IN_HTTP_1_0;
        }
        if (has(meaning, MARK_LENGTH)) {
            return FAULT_LENGTH_AND_CODING;
        }
        if (!has(meaning, MARK_CHUNKED)) {
            return FAULT_CHUNKED_NOT_LAST;
        }
        if (has(meaning, MARK_CODING_UNKNOWN)) {
            return FAULT_CODING_UNKNOWN;
        }
        out_request->framing = BODY_CHUNKED;
    } else if (meaning->content_length > 0) {
        if (meaning->content_length > body_bytes_max) {
            return FAULT_BODY_TOO_LARGE;
        }
        out_request->framing = BODY_LENGTH;
        out_request->content_length = meaning->content_length;
    }
    return FAULT_NONE;
}

enum parse_fault field_meaning_conclude(const struct field_meaning *meaning,
                                        uint32_t body_bytes_max, struct request *out_request)
{
    const bool is_1_1 = out_request->minor_version > 0;
    enum parse_fault fault;

    if (is_1_1 && !has(meaning, MARK_HOST)) {
        return FAULT_HOST_MISSING;
    }
    fault = framing_conclude(meaning, body_bytes_max, out_request);
    out_request->keep_alive =
        !has(meaning, MARK_CLOSE) && (is_1_1 || has(meaning, MARK_KEEP_ALIVE));
    /* RFC 9110 10.1.1: in HTTP/1.0 it MUST be ignored, and without a body there is nothing to
     * continue with */
    out_request->expects_continue =
        is_1_1 && has(meaning, MARK_CONTINUE) && out_request->framing != BODY_NONE;
    out_request->expects_other = is_1_1 && has(meaning, MARK_EXPECTS_OTHER);
    return fault;
}
