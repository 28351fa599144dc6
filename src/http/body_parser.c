/*
 * body_parser.c - a table of states and characters for chunk lines and trailers; data is skipped.
 *
 * Pure, and byte by byte between the runs of data, since nothing that was consumed is kept.
 * Trailers are checked like fields and then forgotten: no trailer may say how the message is
 * framed or routed (RFC 9110 6.5.1), and one that nobody reads cannot.
 */
#include "http/body_parser.h"

#include "http/characters.h"

#include <assert.h>

enum body_state {
    BODY_REFUSED, /* where the table leads when it names no other state */

    /* the line of a chunk */
    BODY_SIZE_START,
    BODY_SIZE,
    BODY_SIZE_BLANK,      /* behind the size, so an extension must follow (RFC 9112 7.1.1, BWS) */
    BODY_EXTENSION_START, /* behind ";" */
    BODY_EXTENSION_NAME,
    BODY_EXTENSION_NAME_BLANK,
    BODY_EXTENSION_VALUE_START, /* behind "=" */
    BODY_EXTENSION_TOKEN,
    BODY_EXTENSION_QUOTED,
    BODY_EXTENSION_ESCAPED, /* behind a backslash in quotes */
    BODY_EXTENSION_QUOTED_END,
    BODY_EXTENSION_VALUE_BLANK,
    BODY_SIZE_LF,

    /* the end of a chunk's data */
    BODY_CHUNK_CR,
    BODY_CHUNK_LF,

    /* trailers */
    BODY_TRAILER_START,
    BODY_TRAILER_NAME,
    BODY_TRAILER_VALUE,
    BODY_TRAILER_LF,
    BODY_LAST_LF,

    /* without a row in the table */
    BODY_BY_LENGTH,
    BODY_CHUNK_DATA,
    BODY_DONE,
};

enum body_character {
    CLASS_CONTROL,
    CLASS_HEX,
    CLASS_TOKEN, /* of a token, but for those in CLASS_HEX */
    CLASS_BLANK,
    CLASS_COLON,
    CLASS_SEMICOLON,
    CLASS_EQUALS,
    CLASS_QUOTE,
    CLASS_BACKSLASH,
    CLASS_TEXT, /* anything else that may stand in a field value */
    CLASS_CR,
    CLASS_LF,
    CLASSES_COUNT,
};

static const uint8_t transitions[BODY_LAST_LF + 1][CLASSES_COUNT] = {
    [BODY_SIZE_START] = {[CLASS_HEX] = BODY_SIZE},
    [BODY_SIZE] = {[CLASS_HEX] = BODY_SIZE,
                   [CLASS_BLANK] = BODY_SIZE_BLANK,
                   [CLASS_SEMICOLON] = BODY_EXTENSION_START,
                   [CLASS_CR] = BODY_SIZE_LF},
    [BODY_SIZE_BLANK] = {[CLASS_BLANK] = BODY_SIZE_BLANK, [CLASS_SEMICOLON] = BODY_EXTENSION_START},
    [BODY_EXTENSION_START] = {[CLASS_BLANK] = BODY_EXTENSION_START,
                              [CLASS_HEX] = BODY_EXTENSION_NAME,
                              [CLASS_TOKEN] = BODY_EXTENSION_NAME},
    [BODY_EXTENSION_NAME] = {[CLASS_HEX] = BODY_EXTENSION_NAME,
                             [CLASS_TOKEN] = BODY_EXTENSION_NAME,
                             [CLASS_BLANK] = BODY_EXTENSION_NAME_BLANK,
                             [CLASS_EQUALS] = BODY_EXTENSION_VALUE_START,
                             [CLASS_SEMICOLON] = BODY_EXTENSION_START,
                             [CLASS_CR] = BODY_SIZE_LF},
    [BODY_EXTENSION_NAME_BLANK] = {[CLASS_BLANK] = BODY_EXTENSION_NAME_BLANK,
                                   [CLASS_EQUALS] = BODY_EXTENSION_VALUE_START,
                                   [CLASS_SEMICOLON] = BODY_EXTENSION_START},
    [BODY_EXTENSION_VALUE_START] = {[CLASS_BLANK] = BODY_EXTENSION_VALUE_START,
                                    [CLASS_HEX] = BODY_EXTENSION_TOKEN,
                                    [CLASS_TOKEN] = BODY_EXTENSION_TOKEN,
                                    [CLASS_QUOTE] = BODY_EXTENSION_QUOTED},
    [BODY_EXTENSION_TOKEN] = {[CLASS_HEX] = BODY_EXTENSION_TOKEN,
                              [CLASS_TOKEN] = BODY_EXTENSION_TOKEN,
                              [CLASS_BLANK] = BODY_EXTENSION_VALUE_BLANK,
                              [CLASS_SEMICOLON] = BODY_EXTENSION_START,
                              [CLASS_CR] = BODY_SIZE_LF},
    [BODY_EXTENSION_QUOTED] = {[CLASS_HEX] = BODY_EXTENSION_QUOTED,
                               [CLASS_TOKEN] = BODY_EXTENSION_QUOTED,
                               [CLASS_BLANK] = BODY_EXTENSION_QUOTED,
                               [CLASS_COLON] = BODY_EXTENSION_QUOTED,
                               [CLASS_SEMICOLON] = BODY_EXTENSION_QUOTED,
                               [CLASS_EQUALS] = BODY_EXTENSION_QUOTED,
                               [CLASS_TEXT] = BODY_EXTENSION_QUOTED,
                               [CLASS_BACKSLASH] = BODY_EXTENSION_ESCAPED,
                               [CLASS_QUOTE] = BODY_EXTENSION_QUOTED_END},
    [BODY_EXTENSION_ESCAPED] = {[CLASS_HEX] = BODY_EXTENSION_QUOTED,
                                [CLASS_TOKEN] = BODY_EXTENSION_QUOTED,
                                [CLASS_BLANK] = BODY_EXTENSION_QUOTED,
                                [CLASS_COLON] = BODY_EXTENSION_QUOTED,
                                [CLASS_SEMICOLON] = BODY_EXTENSION_QUOTED,
                                [CLASS_EQUALS] = BODY_EXTENSION_QUOTED,
                                [CLASS_TEXT] = BODY_EXTENSION_QUOTED,
                                [CLASS_BACKSLASH] = BODY_EXTENSION_QUOTED,
                                [CLASS_QUOTE] = BODY_EXTENSION_QUOTED},
    [BODY_EXTENSION_QUOTED_END] = {[CLASS_BLANK] = BODY_EXTENSION_VALUE_BLANK,
                                   [CLASS_SEMICOLON] = BODY_EXTENSION_START,
                                   [CLASS_CR] = BODY_SIZE_LF},
    [BODY_EXTENSION_VALUE_BLANK] =
        {[CLASS_BLANK] = BODY_EXTENSION_VALUE_BLANK, [CLASS_SEMICOLON] = BODY_EXTENSION_START},
    [BODY_SIZE_LF] = {[CLASS_LF] = BODY_CHUNK_DATA}, /* or trailers, when the size is 0 */

    [BODY_CHUNK_CR] = {[CLASS_CR] = BODY_CHUNK_LF},
    [BODY_CHUNK_LF] = {[CLASS_LF] = BODY_SIZE_START},

    [BODY_TRAILER_START] = {[CLASS_HEX] = BODY_TRAILER_NAME,
                            [CLASS_TOKEN] = BODY_TRAILER_NAME,
                            [CLASS_CR] = BODY_LAST_LF},
    [BODY_TRAILER_NAME] = {[CLASS_HEX] = BODY_TRAILER_NAME,
                           [CLASS_TOKEN] = BODY_TRAILER_NAME,
                           [CLASS_COLON] = BODY_TRAILER_VALUE},
    [BODY_TRAILER_VALUE] = {[CLASS_HEX] = BODY_TRAILER_VALUE,
                            [CLASS_TOKEN] = BODY_TRAILER_VALUE,
                            [CLASS_BLANK] = BODY_TRAILER_VALUE,
                            [CLASS_COLON] = BODY_TRAILER_VALUE,
                            [CLASS_SEMICOLON] = BODY_TRAILER_VALUE,
                            [CLASS_EQUALS] = BODY_TRAILER_VALUE,
                            [CLASS_QUOTE] = BODY_TRAILER_VALUE,
                            [CLASS_BACKSLASH] = BODY_TRAILER_VALUE,
                            [CLASS_TEXT] = BODY_TRAILER_VALUE,
                            [CLASS_CR] = BODY_TRAILER_LF},
    [BODY_TRAILER_LF] = {[CLASS_LF] = BODY_TRAILER_START},
    [BODY_LAST_LF] = {[CLASS_LF] = BODY_DONE},
};

/* What is wrong where the table leads nowhere, unless the character says it. */
static const uint8_t faults[BODY_LAST_LF + 1] = {
    [BODY_SIZE_START] = FAULT_CHUNK_SIZE_MALFORMED,
    [BODY_SIZE] = FAULT_CHUNK_SIZE_MALFORMED,
    [BODY_SIZE_BLANK] = FAULT_CHUNK_SIZE_MALFORMED,
    [BODY_EXTENSION_START] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_NAME] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_NAME_BLANK] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_VALUE_START] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_TOKEN] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_QUOTED] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_ESCAPED] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_QUOTED_END] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_EXTENSION_VALUE_BLANK] = FAULT_CHUNK_EXTENSION_MALFORMED,
    [BODY_SIZE_LF] = FAULT_BARE_CR,
    [BODY_CHUNK_CR] = FAULT_CHUNK_END_MISSING,
    [BODY_CHUNK_LF] = FAULT_CHUNK_END_MISSING,
    [BODY_TRAILER_START] = FAULT_NAME_MALFORMED,
    [BODY_TRAILER_NAME] = FAULT_NAME_MALFORMED,
    [BODY_TRAILER_LF] = FAULT_BARE_CR,
    [BODY_LAST_LF] = FAULT_BARE_CR,
};

static enum body_character class_of(char byte)
{
    switch (byte) {
    case '\r':
        return CLASS_CR;
    case '\n':
        return CLASS_LF;
    case ' ':
    case '\t':
        return CLASS_BLANK;
    case ':':
        return CLASS_COLON;
    case ';':
        return CLASS_SEMICOLON;
    case '=':
        return CLASS_EQUALS;
    case '"':
        return CLASS_QUOTE;
    case '\\':
        return CLASS_BACKSLASH;
    default:
        break;
    }
    if (character_is(byte, CHARACTER_HEX)) {
        return CLASS_HEX;
    }
    if (character_is(byte, CHARACTER_TOKEN)) {
        return CLASS_TOKEN;
    }
    return character_is(byte, CHARACTER_CONTROL) ? CLASS_CONTROL : CLASS_TEXT;
}

static enum parse_fault fault_of(enum body_state state, enum body_character character)
{
    const bool is_behind_cr =
        state == BODY_SIZE_LF || state == BODY_TRAILER_LF || state == BODY_LAST_LF;
    const bool is_data = state == BODY_CHUNK_CR || state == BODY_CHUNK_LF;

    if (!is_behind_cr && !is_data) {
        if (character == CLASS_LF) {
            return FAULT_BARE_LF;
        }
        if (character == CLASS_CONTROL) {
            return FAULT_CONTROL_CHARACTER;
        }
    }
    if (state == BODY_TRAILER_START && character == CLASS_COLON) {
        return FAULT_NAME_EMPTY;
    }
    if (state == BODY_TRAILER_START && character == CLASS_BLANK) {
        return FAULT_FOLDED_LINE;
    }
    if (state == BODY_TRAILER_NAME && character == CLASS_BLANK) {
        return FAULT_SPACE_BEFORE_COLON;
    }
    if (state == BODY_TRAILER_NAME && character == CLASS_CR) {
        return FAULT_COLON_MISSING;
    }
    return (enum parse_fault)faults[state];
}

void body_parser_init(struct body_parser *parser, const struct request *request)
{
    *parser = (struct body_parser){.fields_count = request->fields_count};
    switch (request->framing) {
    case BODY_NONE:
        parser->state = BODY_DONE;
        break;
    case BODY_LENGTH:
        parser->state = BODY_BY_LENGTH;
        parser->remaining = request->content_length;
        break;
    case BODY_CHUNKED:
        parser->state = BODY_SIZE_START;
        break;
    }
}

/* Counts the byte that comes next against the limits of its line. */
static enum parse_fault byte_count(struct body_parser *parser, const struct request_limits *limits,
                                   char byte)
{
    const bool is_trailer = parser->state >= BODY_TRAILER_START;

    if (is_trailer) {
        if (parser->trailer_bytes == limits->head_bytes_max) {
            return FAULT_HEAD_TOO_LARGE;
        }
        parser->trailer_bytes++;
    }
    if (byte == '\n') {
        parser->line_bytes = 0;
    } else if (byte != '\r') {
        if (parser->line_bytes ==
            (is_trailer ? limits->field_line_bytes_max : limits->chunk_line_bytes_max)) {
            return is_trailer ? FAULT_FIELD_LINE_TOO_LONG : FAULT_CHUNK_LINE_TOO_LONG;
        }
        parser->line_bytes++;
    }
    return FAULT_NONE;
}

/* Takes one more digit of a chunk's size, and looks at once whether the body has room for it. */
static enum parse_fault size_digit(struct body_parser *parser, const struct request_limits *limits,
                                   char digit)
{
    const unsigned value = character_is(digit, CHARACTER_DIGIT)
                               ? (unsigned)(digit - '0')
                               : (unsigned)((digit | 0x20) - 'a') + 10;

    parser->remaining = parser->remaining * 16 + value;
    return parser->chunks_bytes + parser->remaining > limits->body_bytes_max ? FAULT_BODY_TOO_LARGE
                                                                             : FAULT_NONE;
}

/* Reads a byte that is no data. Nothing but this and the end of a run of data moves the state. */
static enum parse_fault body_parser_step(struct body_parser *parser,
                                         const struct request_limits *limits, char byte)
{
    const enum body_state state = (enum body_state)parser->state;
    const enum body_character character = class_of(byte);
    enum body_state next = (enum body_state)transitions[state][character];
    enum parse_fault fault = byte_count(parser, limits, byte);

    if (fault == FAULT_NONE && next == BODY_REFUSED) {
        fault = fault_of(state, character);
    }
    if (fault == FAULT_NONE && next == BODY_SIZE) {
        fault = size_digit(parser, limits, byte);
    }
    if (fault == FAULT_NONE && state == BODY_TRAILER_START && next == BODY_TRAILER_NAME) {
        fault = parser->fields_count == limits->fields_max ? FAULT_FIELDS_TOO_MANY : FAULT_NONE;
        parser->fields_count++;
    }
    if (next == BODY_CHUNK_DATA) {
        parser->chunks_bytes += parser->remaining;
        next = parser->remaining > 0 ? BODY_CHUNK_DATA : BODY_TRAILER_START;
    }
    parser->state = (uint8_t)(fault == FAULT_NONE ? next : BODY_REFUSED);
    return fault;
}

/* Passes over a run of data, and returns how much of `available` it took. */
static size_t data_skip(struct body_parser *parser, size_t available)
{
    const size_t taken = parser->remaining < available ? (size_t)parser->remaining : available;

    parser->remaining -= taken;
    if (parser->remaining == 0) {
        parser->state = parser->state == BODY_BY_LENGTH ? BODY_DONE : BODY_CHUNK_CR;
    }
    return taken;
}

enum parse_result body_parser_read(struct body_parser *parser, const struct request_limits *limits,
                                   struct slice bytes, size_t *out_consumed,
                                   enum parse_fault *out_fault)
{
    size_t position = 0;
    enum parse_fault fault = FAULT_NONE;

    assert(parser->state != BODY_REFUSED);
    while (position < bytes.length && parser->state != BODY_DONE && fault == FAULT_NONE) {
        if (parser->state == BODY_BY_LENGTH || parser->state == BODY_CHUNK_DATA) {
            position += data_skip(parser, bytes.length - position);
        } else {
            fault = body_parser_step(parser, limits, bytes.bytes[position]);
            position += fault == FAULT_NONE;
        }
    }
    *out_consumed = position;
    if (fault != FAULT_NONE) {
        *out_fault = fault;
        return PARSE_BAD;
    }
    return parser->state == BODY_DONE ? PARSE_DONE : PARSE_MORE;
}

uint64_t body_parser_data(const struct body_parser *parser)
{
    return parser->state == BODY_BY_LENGTH || parser->state == BODY_CHUNK_DATA ? parser->remaining
                                                                               : 0;
}
