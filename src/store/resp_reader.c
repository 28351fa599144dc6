/*
 * resp_reader.c - replies of a Redis server, read as their bytes come (RESP2).
 *
 * A machine that moves one byte at a time; only the inside of a bulk string is taken in runs.
 * That is enough: the answer to a batch is some ten bytes.
 */
#include "store/resp_reader.h"

#include <assert.h>
#include <string.h>

enum resp_state {
    STATE_TYPE,    /* the byte that names a value's type */
    STATE_TEXT,    /* inside the line of a simple string or error */
    STATE_SIGN,    /* the first byte of a number */
    STATE_DIGITS,  /* the others */
    STATE_LINE_LF, /* CR was read, LF has to follow */
    STATE_BULK,    /* inside a bulk string */
    STATE_BULK_CR, /* after its last byte */
    STATE_BULK_LF, /* and after that CR */
    STATE_BAD,
};

/* An array's smallest element is "+\r\n". */
enum { ELEMENT_BYTES_MIN = 3 };

static const char *const fault_texts[] = {
    [RESP_FAULT_NONE] = "no fault",
    [RESP_FAULT_TYPE] = "an unknown type of value",
    [RESP_FAULT_LINE_END] = "a line without its end",
    [RESP_FAULT_INTEGER] = "an integer that is none of 64 bits",
    [RESP_FAULT_LENGTH] = "a length that is none",
    [RESP_FAULT_TOO_LARGE] = "a reply larger than expected",
    [RESP_FAULT_TOO_DEEP] = "arrays nested deeper than expected",
};

static void reader_begin_reply(struct resp_reader *reader)
{
    reader->bytes_left = reader->reply_bytes_max;
    reader->state = STATE_TYPE;
    reader->depth = 0;
    reader->integer = 0;
    reader->text_length = 0;
    reader->text_is_cut = false;
}

void resp_reader_init(struct resp_reader *reader, uint64_t reply_bytes_max, uint32_t depth_max)
{
    assert(depth_max <= RESP_DEPTH_MAX);
    /* Not the whole of it: the text need not be cleared. */
    reader->reply_bytes_max = reply_bytes_max;
    reader->depth_max = depth_max;
    reader->fault = RESP_FAULT_NONE;
    reader_begin_reply(reader);
}

enum resp_fault resp_reader_fault(const struct resp_reader *reader)
{
    return (enum resp_fault)reader->fault;
}

const char *resp_fault_text(enum resp_fault fault)
{
    return fault_texts[fault];
}

static enum resp_result reader_fail(struct resp_reader *reader, enum resp_fault fault)
{
    reader->state = STATE_BAD;
    reader->fault = (uint8_t)fault;
    return RESP_BAD;
}

/* Keeps what has room of the text. */
static void reader_keep(struct resp_reader *reader, const char *bytes, size_t count)
{
    size_t room = RESP_TEXT_BYTES_MAX - reader->text_length;

    if (count > room) {
        reader->text_is_cut = true;
        count = room;
    }
    memcpy(reader->text + reader->text_length, bytes, count);
    reader->text_length += count;
}

/* A value is whole: the reply is too, unless it was an element and others have to follow. */
static enum resp_result reader_end_value(struct resp_reader *reader)
{
    const bool is_number = reader->value_type == RESP_INTEGER || reader->value_type == RESP_ARRAY;

    reader->state = STATE_TYPE;
    if (reader->depth > 0 && !is_number) {
        reader_keep(reader, "\n", 1); /* behind an element that is a string */
    }
    while (reader->depth > 0) {
        reader->elements_left[reader->depth - 1]--;
        if (reader->elements_left[reader->depth - 1] > 0) {
            return RESP_MORE;
        }
        reader->depth--;
    }
    return RESP_DONE;
}

static enum resp_result reader_begin_value(struct resp_reader *reader, char byte)
{
    static const struct {
        char byte;
        uint8_t type;
        uint8_t state;
    } types[] = {
        {':', RESP_INTEGER, STATE_SIGN}, {'+', RESP_SIMPLE, STATE_TEXT},
        {'-', RESP_ERROR, STATE_TEXT},   {'$', RESP_BULK, STATE_SIGN},
        {'*', RESP_ARRAY, STATE_SIGN},
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].byte != byte) {
            continue;
        }
        reader->state = types[i].state;
        reader->value_type = types[i].type;
        reader->magnitude = 0;
        reader->is_negative = false;
        reader->has_digits = false;
        if (reader->depth == 0) {
            reader->reply_type = reader->value_type;
        }
        return RESP_MORE;
    }
    return reader_fail(reader, RESP_FAULT_TYPE);
}

static enum resp_fault reader_number_fault(const struct resp_reader *reader)
{
    return reader->value_type == RESP_INTEGER ? RESP_FAULT_INTEGER : RESP_FAULT_LENGTH;
}

/* The specification allows a plus before an integer, not before a length. */
static enum resp_result reader_read_sign(struct resp_reader *reader, char byte, bool *out_is_sign)
{
    *out_is_sign = byte == '-' || byte == '+';
    if (byte == '+' && reader->value_type != RESP_INTEGER) {
        return reader_fail(reader, RESP_FAULT_LENGTH);
    }
    reader->is_negative = byte == '-';
    reader->state = STATE_DIGITS;
    return RESP_MORE;
}

static enum resp_result reader_read_digit(struct resp_reader *reader, char byte)
{
    const uint64_t magnitude_max = (uint64_t)INT64_MAX + (reader->is_negative ? 1 : 0);
    uint64_t digit;

    if (byte == '\r' && reader->has_digits) {
        reader->state = STATE_LINE_LF;
        return RESP_MORE;
    }
    if (byte < '0' || byte > '9') {
        return reader_fail(reader, reader_number_fault(reader));
    }
    digit = (uint64_t)(byte - '0');
    if (reader->magnitude > (magnitude_max - digit) / 10) {
        return reader_fail(reader, reader_number_fault(reader));
    }
    reader->magnitude = reader->magnitude * 10 + digit;
    reader->has_digits = true;
    return RESP_MORE;
}

/* A bulk string is announced. One that is too large is let pass by, or the value of one key would
 * end the link of all. */
static enum resp_result reader_begin_bulk(struct resp_reader *reader, uint64_t length)
{
    if (reader->bytes_left < 2 || length > reader->bytes_left - 2) {
        if (length > RESP_BULK_BYTES_MAX) {
            return reader_fail(reader, RESP_FAULT_TOO_LARGE);
        }
        reader->bytes_left += length + 2;
        reader->text_is_cut = true;
    }
    /* Of an array the elements are kept whole or not at all, so that each is a line. */
    reader->is_left_out = reader->depth > 0 && length > RESP_TEXT_BYTES_MAX - reader->text_length;
    reader->text_is_cut = reader->text_is_cut || reader->is_left_out;
    reader->state = length > 0 ? STATE_BULK : STATE_BULK_CR;
    return RESP_MORE;
}

/* The line "$12" or "*2" is whole. */
static enum resp_result reader_end_length(struct resp_reader *reader)
{
    const bool is_bulk = reader->value_type == RESP_BULK;
    const uint64_t length = reader->magnitude;

    if (reader->is_negative) {
        if (length != 1) {
            return reader_fail(reader, RESP_FAULT_LENGTH);
        }
        if (reader->depth == 0) {
            reader->reply_type = RESP_NULL;
        }
        return reader_end_value(reader);
    }
    if (reader->depth == 0) {
        reader->integer = (int64_t)length;
    }
    if (is_bulk) {
        return reader_begin_bulk(reader, length);
    }
    if (length > reader->bytes_left / ELEMENT_BYTES_MIN) {
        return reader_fail(reader, RESP_FAULT_TOO_LARGE);
    }
    if (reader->depth == reader->depth_max) {
        return reader_fail(reader, RESP_FAULT_TOO_DEEP);
    }
    if (length == 0) {
        return reader_end_value(reader);
    }
    reader->elements_left[reader->depth] = length;
    reader->depth++;
    reader->state = STATE_TYPE;
    return RESP_MORE;
}

/* The line of any value is whole. */
static enum resp_result reader_end_line(struct resp_reader *reader)
{
    switch ((enum resp_type)reader->value_type) {
    case RESP_BULK:
    case RESP_ARRAY:
        return reader_end_length(reader);
    case RESP_INTEGER:
        if (reader->depth == 0) {
            /* In two's complement the conversion back is exact for 2^63 as well. */
            reader->integer =
                (int64_t)(reader->is_negative ? 0 - reader->magnitude : reader->magnitude);
        }
        return reader_end_value(reader);
    case RESP_SIMPLE:
    case RESP_ERROR:
    case RESP_NULL:
        break;
    }
    return reader_end_value(reader);
}

static enum resp_result reader_read_text(struct resp_reader *reader, char byte)
{
    if (byte == '\r') {
        reader->state = STATE_LINE_LF;
        return RESP_MORE;
    }
    if (byte == '\n') {
        return reader_fail(reader, RESP_FAULT_LINE_END);
    }
    reader_keep(reader, &byte, 1);
    return RESP_MORE;
}

static enum resp_result reader_read_byte(struct resp_reader *reader, char byte)
{
    enum resp_result result;
    bool is_sign = false;

    switch ((enum resp_state)reader->state) {
    case STATE_TYPE:
        return reader_begin_value(reader, byte);
    case STATE_TEXT:
        return reader_read_text(reader, byte);
    case STATE_SIGN:
        result = reader_read_sign(reader, byte, &is_sign);
        return is_sign || result == RESP_BAD ? result : reader_read_digit(reader, byte);
    case STATE_DIGITS:
        return reader_read_digit(reader, byte);
    case STATE_LINE_LF:
        return byte == '\n' ? reader_end_line(reader) : reader_fail(reader, RESP_FAULT_LINE_END);
    case STATE_BULK_CR:
        if (byte != '\r') {
            break;
        }
        reader->state = STATE_BULK_LF;
        return RESP_MORE;
    case STATE_BULK_LF:
        return byte == '\n' ? reader_end_value(reader) : reader_fail(reader, RESP_FAULT_LINE_END);
    case STATE_BULK: /* taken in runs by the caller */
    case STATE_BAD:
        break;
    }
    return reader_fail(reader, RESP_FAULT_LINE_END);
}

/* Takes what there is of a bulk string's inside. */
static void reader_read_bulk(struct resp_reader *reader, struct slice *input)
{
    size_t count = input->length;

    if (count > reader->magnitude) {
        count = (size_t)reader->magnitude;
    }
    if (!reader->is_left_out) {
        reader_keep(reader, input->bytes, count);
    }
    reader->magnitude -= count;
    reader->bytes_left -= count;
    *input = slice_after(*input, count);
    if (reader->magnitude == 0) {
        reader->state = STATE_BULK_CR;
    }
}

enum resp_result resp_reader_read(struct resp_reader *reader, struct slice *input,
                                  struct resp_reply *out_reply)
{
    enum resp_result result = reader->state == STATE_BAD ? RESP_BAD : RESP_MORE;

    while (result == RESP_MORE && input->length > 0) {
        if (reader->state == STATE_BULK) {
            reader_read_bulk(reader, input);
            continue;
        }
        if (reader->bytes_left == 0) {
            return reader_fail(reader, RESP_FAULT_TOO_LARGE);
        }
        reader->bytes_left--;
        result = reader_read_byte(reader, input->bytes[0]);
        *input = slice_after(*input, 1);
    }
    if (result == RESP_DONE) {
        out_reply->type = (enum resp_type)reader->reply_type;
        out_reply->integer = reader->integer;
        out_reply->text = (struct slice){reader->text, reader->text_length};
        out_reply->text_is_cut = reader->text_is_cut;
        reader_begin_reply(reader); /* leaves the text itself alone */
    }
    return result;
}
