/*
 * test_request_limits.c - the limits of the contract, each at its value and one past.
 *
 * What is past a limit must be refused as soon as its first byte is there: a client that never
 * ends its line may not make us keep more of it.
 */
#include "guarded.h"

#include "http/body_parser.h"

#include <stdio.h>

static const struct request_limits limits = {
    .request_line_bytes_max = 8192,
    .field_line_bytes_max = 8192,
    .head_bytes_max = 32768,
    .fields_max = 100,
    .empty_lines_max = 2,
    .body_bytes_max = 65536,
    .chunk_line_bytes_max = 256,
};

/* A message under way to a parser. */
struct message {
    char bytes[GUARDED_BYTES_MAX];
    size_t length;
};

static struct message message;

static void message_add(const char *text)
{
    const size_t length = strlen(text);

    assert_true(length <= sizeof message.bytes - message.length);
    memcpy(message.bytes + message.length, text, length);
    message.length += length;
}

/* Adds `byte` so often that the message is `length` bytes long. */
static void message_fill(char byte, size_t length)
{
    assert_in_range(length, message.length, sizeof message.bytes);
    memset(message.bytes + message.length, byte, length - message.length);
    message.length = length;
}

static void message_begin(const char *text)
{
    message.length = 0;
    message_add(text);
}

/* Reads the head of the message, and the body when the head is whole. */
static enum parse_result message_read(enum parse_fault *out_fault)
{
    const struct slice bytes = guarded((struct slice){message.bytes, message.length});
    struct request_parser parser;
    struct body_parser body;
    struct request request;
    enum parse_result result;
    size_t consumed;

    request_parser_init(&parser);
    result = request_parser_read(&parser, &limits, bytes, &request, out_fault);
    if (result != PARSE_DONE) {
        return result;
    }
    body_parser_init(&body, &request);
    result = body_parser_read(&body, &limits, slice_after(bytes, request.head_bytes), &consumed,
                              out_fault);
    if (result == PARSE_DONE) {
        assert_int_equal(request.head_bytes + consumed, bytes.length);
    }
    return result;
}

static void assert_done(void)
{
    enum parse_fault fault = FAULT_NONE;

    assert_int_equal(message_read(&fault), PARSE_DONE);
}

static void assert_more(void)
{
    enum parse_fault fault = FAULT_NONE;

    assert_int_equal(message_read(&fault), PARSE_MORE);
}

static void assert_bad(enum parse_fault expected)
{
    enum parse_fault fault = FAULT_NONE;

    assert_int_equal(message_read(&fault), PARSE_BAD);
    assert_string_equal(refusal_of(fault)->name, refusal_of(expected)->name);
}

static void a_request_line_of_8192_bytes_is_read(void **state)
{
    (void)state;
    message_begin("GET /");
    message_fill('a', 8192 - strlen(" HTTP/1.0"));
    message_add(" HTTP/1.0\r\n\r\n");
    assert_done();
}

static void a_request_line_is_too_long_at_its_byte_8193(void **state)
{
    (void)state;
    message_begin("GET /");
    message_fill('a', 8192);
    assert_more();
    message_add("a");
    assert_bad(FAULT_REQUEST_LINE_TOO_LONG);
}

static void a_field_line_of_8192_bytes_is_read(void **state)
{
    (void)state;
    message_begin("GET / HTTP/1.0\r\nX: ");
    message_fill('a', strlen("GET / HTTP/1.0\r\n") + 8192);
    message_add("\r\n\r\n");
    assert_done();
}

static void a_field_line_is_too_long_at_its_byte_8193(void **state)
{
    (void)state;
    message_begin("GET / HTTP/1.0\r\nX: ");
    message_fill('a', strlen("GET / HTTP/1.0\r\n") + 8192);
    assert_more();
    message_add("a");
    assert_bad(FAULT_FIELD_LINE_TOO_LONG);
}

/* A head of `length` bytes, without the empty line at its end. */
static void message_begin_head(size_t length)
{
    message_begin("\r\n\r\nGET / HTTP/1.0\r\n");
    length += strlen("\r\n\r\n");
    while (length - message.length > 8194) {
        const size_t end = message.length + 8000;

        message_add("X: ");
        message_fill('a', end);
        message_add("\r\n");
    }
    message_add("X: ");
    message_fill('a', length - 2);
    message_add("\r\n");
}

static void a_head_of_32768_bytes_is_read_behind_two_empty_lines(void **state)
{
    (void)state;
    message_begin_head(32766);
    message_add("\r\n");
    assert_int_equal(message.length, 32768 + 4);
    assert_done();
}

static void a_head_is_too_large_at_its_byte_32769(void **state)
{
    (void)state;
    message_begin_head(32767);
    message_add("\r");
    assert_more();
    message_add("\n");
    assert_bad(FAULT_HEAD_TOO_LARGE);
}

static void message_add_fields(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        message_add("X: y\r\n");
    }
}

static void a_hundred_fields_are_read(void **state)
{
    (void)state;
    message_begin("GET / HTTP/1.0\r\n");
    message_add_fields(100);
    message_add("\r\n");
    assert_done();
}

static void fields_are_too_many_at_the_first_byte_of_number_101(void **state)
{
    (void)state;
    message_begin("GET / HTTP/1.0\r\n");
    message_add_fields(100);
    assert_more();
    message_add("X");
    assert_bad(FAULT_FIELDS_TOO_MANY);
}

static void two_empty_lines_are_passed_over(void **state)
{
    (void)state;
    message_begin("\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    assert_done();
}

static void a_third_empty_line_is_one_too_many(void **state)
{
    (void)state;
    message_begin("\r\n\r\n\r");
    assert_more();
    message_add("\n");
    assert_bad(FAULT_EMPTY_LINES);
}

static void a_body_of_65536_bytes_is_read(void **state)
{
    (void)state;
    message_begin("POST / HTTP/1.0\r\nContent-Length: 65536\r\n\r\n");
    message_fill('a', message.length + 65536);
    assert_done();
}

static void a_content_length_of_65537_is_too_large_before_any_byte_of_it(void **state)
{
    (void)state;
    message_begin("POST / HTTP/1.0\r\nContent-Length: 65537\r\n\r\n");
    assert_bad(FAULT_BODY_TOO_LARGE);
}

static void message_begin_chunked(void)
{
    message_begin("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void chunks_of_65536_bytes_together_are_read(void **state)
{
    (void)state;
    message_begin_chunked();
    message_add("1\r\na\r\nffff\r\n");
    message_fill('a', message.length + 65535);
    message_add("\r\n0\r\n\r\n");
    assert_done();
}

static void chunks_are_too_large_at_the_digit_that_announces_byte_65537(void **state)
{
    (void)state;
    message_begin_chunked();
    message_add("10000");
    assert_more();
    message_begin_chunked();
    message_add("10001");
    assert_bad(FAULT_BODY_TOO_LARGE);
    message_begin_chunked();
    message_add("1\r\na\r\n1000");
    assert_more();
    message_add("0");
    assert_bad(FAULT_BODY_TOO_LARGE);
}

static void a_chunk_line_of_256_bytes_is_read(void **state)
{
    (void)state;
    message_begin_chunked();
    message_add("0;");
    message_fill('a', message.length + 254);
    message_add("\r\n\r\n");
    assert_done();
}

static void a_chunk_line_is_too_long_at_its_byte_257(void **state)
{
    (void)state;
    message_begin_chunked();
    message_fill('0', message.length + 256);
    assert_more();
    message_add("0");
    assert_bad(FAULT_CHUNK_LINE_TOO_LONG);
}

static void trailers_count_as_fields_with_those_of_the_head(void **state)
{
    (void)state;
    message_begin_chunked(); /* two fields */
    message_add("0\r\n");
    message_add_fields(98);
    assert_more();
    message_add("\r\n");
    assert_done();
    message.length -= 2;
    message_add("X");
    assert_bad(FAULT_FIELDS_TOO_MANY);
}

static void a_trailer_is_limited_like_a_field_line(void **state)
{
    size_t start;
    (void)state;

    message_begin_chunked();
    message_add("0\r\n");
    start = message.length;
    message_add("X: ");
    message_fill('a', start + 8192);
    message_add("\r\n\r\n");
    assert_done();
    message.length = start + 8192;
    message_add("a");
    assert_bad(FAULT_FIELD_LINE_TOO_LONG);
}

static void trailers_are_limited_like_a_head(void **state)
{
    size_t start;
    (void)state;

    message_begin_chunked();
    message_add("0\r\n");
    start = message.length;
    while (message.length - start < 32000) {
        const size_t end = message.length + 7998;

        message_add("X: ");
        message_fill('a', end);
        message_add("\r\n");
    }
    message_add("X: ");
    message_fill('a', start + 32768 - 4);
    message_add("\r\n\r\n");
    assert_int_equal(message.length, start + 32768);
    assert_done();
    message.length -= 4;
    message_add("a\r\n\r");
    assert_more();
    message_add("\n");
    assert_bad(FAULT_HEAD_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_line_of_8192_bytes_is_read),
        cmocka_unit_test(a_request_line_is_too_long_at_its_byte_8193),
        cmocka_unit_test(a_field_line_of_8192_bytes_is_read),
        cmocka_unit_test(a_field_line_is_too_long_at_its_byte_8193),
        cmocka_unit_test(a_head_of_32768_bytes_is_read_behind_two_empty_lines),
        cmocka_unit_test(a_head_is_too_large_at_its_byte_32769),
        cmocka_unit_test(a_hundred_fields_are_read),
        cmocka_unit_test(fields_are_too_many_at_the_first_byte_of_number_101),
        cmocka_unit_test(two_empty_lines_are_passed_over),
        cmocka_unit_test(a_third_empty_line_is_one_too_many),
        cmocka_unit_test(a_body_of_65536_bytes_is_read),
        cmocka_unit_test(a_content_length_of_65537_is_too_large_before_any_byte_of_it),
        cmocka_unit_test(chunks_of_65536_bytes_together_are_read),
        cmocka_unit_test(chunks_are_too_large_at_the_digit_that_announces_byte_65537),
        cmocka_unit_test(a_chunk_line_of_256_bytes_is_read),
        cmocka_unit_test(a_chunk_line_is_too_long_at_its_byte_257),
        cmocka_unit_test(trailers_count_as_fields_with_those_of_the_head),
        cmocka_unit_test(a_trailer_is_limited_like_a_field_line),
        cmocka_unit_test(trailers_are_limited_like_a_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
