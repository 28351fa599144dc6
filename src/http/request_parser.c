/*
 * request_parser.c - a head line by line: empty lines, the request line, fields, the empty line.
 *
 * Pure. Every limit is a limit on the bytes that the parser looks at, so what is found does not
 * depend on how they were cut into pieces: a head that is wrong and too large is refused for
 * what comes first.
 */
#include "http/request_parser.h"

#include "http/characters.h"
#include "http/field_line.h"

#include <assert.h>

enum parser_state {
    STATE_REQUEST_LINE, /* or an empty line before it */
    STATE_FIELDS,       /* or the empty line behind them */
    STATE_ENDED,
};

void request_parser_init(struct request_parser *parser)
{
    /* Not the whole struct: clearing a hundred fields costs more than reading a short head. */
    parser->position = 0;
    parser->state = STATE_REQUEST_LINE;
    parser->line_start = 0;
    parser->head_start = 0;
    parser->empty_lines = 0;
    parser->fields_count = 0;
    field_meaning_init(&parser->meaning);
}

/* Finds the end of the line that begins at line_start, and moves behind it. */
static enum parse_result line_take(struct request_parser *parser, struct slice bytes,
                                   const struct request_limits *limits, struct slice *out_line,
                                   enum parse_fault *out_fault)
{
    const bool is_field = parser->state == STATE_FIELDS;
    const size_t line_bytes_max =
        is_field ? limits->field_line_bytes_max : limits->request_line_bytes_max;
    const size_t passed = parser->line_start + line_bytes_max + 1; /* the CR must be before */
    const size_t end = bytes.length < passed ? bytes.length : passed;
    size_t position = parser->position;

    position += characters_before_control((struct slice){bytes.bytes + position, end - position});
    parser->position = (uint32_t)position; /* a CR is looked at again, until its LF has come */
    if (position == passed) {
        *out_fault = is_field ? FAULT_FIELD_LINE_TOO_LONG : FAULT_REQUEST_LINE_TOO_LONG;
        return PARSE_BAD;
    }
    if (position == bytes.length) {
        return PARSE_MORE;
    }
    if (bytes.bytes[position] != '\r') {
        *out_fault = bytes.bytes[position] == '\n' ? FAULT_BARE_LF : FAULT_CONTROL_CHARACTER;
        return PARSE_BAD;
    }
    if (position + 1 == bytes.length) {
        return PARSE_MORE;
    }
    if (bytes.bytes[position + 1] != '\n') {
        *out_fault = FAULT_BARE_CR;
        return PARSE_BAD;
    }
    *out_line = (struct slice){bytes.bytes + parser->line_start, position - parser->line_start};
    parser->position = (uint32_t)position + 2;
    parser->line_start = parser->position;
    return PARSE_DONE;
}

static enum parse_fault first_line_read(struct request_parser *parser,
                                        const struct request_limits *limits, struct slice line)
{
    enum parse_fault fault = FAULT_NONE;

    if (line.length == 0) {
        if (parser->empty_lines == limits->empty_lines_max) {
            return FAULT_EMPTY_LINES;
        }
        parser->empty_lines++;
        parser->head_start = parser->line_start;
        return FAULT_NONE;
    }
    fault = request_line_read(line, &parser->line);
    if (fault == FAULT_NONE) {
        parser->state = STATE_FIELDS;
    }
    return fault;
}

/* `head` is where the head begins in the buffer that `line` is in. */
static enum parse_fault field_read(struct request_parser *parser, const char *head,
                                   struct slice line)
{
    const uint32_t index = parser->fields_count;
    struct field field;
    enum parse_fault fault = field_line_read(line, &field);

    if (fault == FAULT_FOLDED_LINE && index == 0) {
        return FAULT_BLANK_BEFORE_FIELDS;
    }
    if (fault != FAULT_NONE) {
        return fault;
    }
    parser->fields[index].name = span_of(head, field.name);
    parser->fields[index].value = span_of(head, field.value);
    parser->fields_count++;
    return field_meaning_note(&parser->meaning, &field, index);
}

/* Whether one field more than allowed begins where the parser stands. */
static bool fields_are_too_many(const struct request_parser *parser,
                                const struct request_limits *limits, struct slice bytes)
{
    return parser->fields_count == limits->fields_max && parser->line_start < bytes.length &&
           bytes.bytes[parser->line_start] != '\r' && bytes.bytes[parser->line_start] != '\n';
}

static enum parse_result head_conclude(struct request_parser *parser,
                                       const struct request_limits *limits, struct slice bytes,
                                       struct request *out_request, enum parse_fault *out_fault)
{
    const char *head = bytes.bytes + parser->head_start;
    struct request request = {
        .method = (enum method)parser->line.method,
        .form = (enum target_form)parser->line.form,
        .minor_version = parser->line.minor_version,
        .method_name = {head, parser->line.method_length},
        .target = span_slice(head, parser->line.target),
        .path = request_line_path(&parser->line, head),
        .query = span_slice(head, parser->line.query),
        .head_bytes = parser->position,
        .fields_count = parser->fields_count,
    };
    const enum parse_fault fault =
        field_meaning_conclude(&parser->meaning, limits->body_bytes_max, &request);
    uint32_t host_index;

    parser->state = STATE_ENDED;
    if (fault != FAULT_NONE) {
        *out_fault = fault;
        return PARSE_BAD;
    }
    if (field_meaning_host(&parser->meaning, &host_index)) {
        request.host = span_slice(head, parser->fields[host_index].value);
    }
    *out_request = request;
    return PARSE_DONE;
}

/* All of the head that its limit lets be seen. */
static struct slice head_seen(const struct request_parser *parser,
                              const struct request_limits *limits, struct slice bytes)
{
    const size_t limit = (size_t)parser->head_start + limits->head_bytes_max;

    return (struct slice){bytes.bytes, bytes.length < limit ? bytes.length : limit};
}

enum parse_result request_parser_read(struct request_parser *parser,
                                      const struct request_limits *limits, struct slice bytes,
                                      struct request *out_request, enum parse_fault *out_fault)
{
    assert(parser->state != STATE_ENDED && bytes.length >= parser->position);
    assert(limits->head_bytes_max <= UINT16_MAX && limits->fields_max <= REQUEST_FIELDS_MAX);
    if (bytes.length == 0) {
        return PARSE_MORE; /* NULL + 0 is undefined in C17 */
    }
    for (;;) {
        const struct slice seen = head_seen(parser, limits, bytes);
        enum parse_fault fault;
        enum parse_result result;
        struct slice line;

        if (parser->state == STATE_FIELDS && fields_are_too_many(parser, limits, seen)) {
            *out_fault = FAULT_FIELDS_TOO_MANY;
            return PARSE_BAD;
        }
        result = line_take(parser, seen, limits, &line, out_fault);
        if (result == PARSE_MORE && seen.length < bytes.length) {
            *out_fault = FAULT_HEAD_TOO_LARGE;
            return PARSE_BAD;
        }
        if (result != PARSE_DONE) {
            return result;
        }
        if (parser->state == STATE_FIELDS && line.length == 0) {
            return head_conclude(parser, limits, seen, out_request, out_fault);
        }
        fault = parser->state == STATE_FIELDS
                    ? field_read(parser, bytes.bytes + parser->head_start, line)
                    : first_line_read(parser, limits, line);
        if (fault != FAULT_NONE) {
            *out_fault = fault;
            return PARSE_BAD;
        }
    }
}

struct field request_parser_field(const struct request_parser *parser, struct slice bytes,
                                  uint32_t index)
{
    const char *head = bytes.bytes + parser->head_start;

    assert(index < parser->fields_count);
    return (struct field){
        .name = span_slice(head, parser->fields[index].name),
        .value = span_slice(head, parser->fields[index].value),
    };
}

struct slice request_fields_find(const struct request_fields *fields, struct slice name)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field field = request_parser_field(fields->parser, fields->bytes, i);

        if (slice_equals_ignoring_case(field.name, name)) {
            return field.value;
        }
    }
    return (struct slice){NULL, 0};
}
