/*
 * test_request_parser.c - heads as a client may send them, in every number of pieces.
 */
#include "guarded.h"
#include "head_cases.h"

#include <stdio.h>

enum { DESCRIPTION_BYTES = 256 };

/* What one way of reading a head led to. */
struct reading {
    enum parse_result result;
    enum parse_fault fault;
    uint32_t head_bytes;
    char description[DESCRIPTION_BYTES];
};

/* The request in one line, as the rows of head_cases say it. */
static void head_describe(const struct request *request, char out_text[DESCRIPTION_BYTES])
{
    static const char *const methods[] = {"OTHER", "GET", "HEAD", "POST", "OPTIONS"};
    static const char *const forms[] = {"origin", "absolute", "asterisk", "authority"};
    char other[64] = "";
    char length[32] = "";
    int written;

    if (request->method == METHOD_OTHER) {
        (void)snprintf(other, sizeof other, "(%.*s)", (int)request->method_name.length,
                       request->method_name.bytes); /* too short would fail the comparison */
    }
    if (request->framing == BODY_LENGTH) {
        (void)snprintf(length, sizeof length, " length=%llu",
                       (unsigned long long)request->content_length);
    }
    written = snprintf(
        out_text, DESCRIPTION_BYTES, "%s%s %s %.*s%s%.*s 1.%d%s%.*s%s%s %s%s%s",
        methods[request->method], other, forms[request->form], (int)request->path.length,
        request->path.bytes, request->query.length > 0 ? " ?" : "", (int)request->query.length,
        request->query.bytes, request->minor_version,
        request->host.bytes == NULL ? "" : " host=", (int)request->host.length,
        request->host.bytes == NULL ? "" : request->host.bytes, length,
        request->framing == BODY_CHUNKED ? " chunked" : "", request->keep_alive ? "keep" : "close",
        request->expects_continue ? " continue" : "", request->expects_other ? " other" : "");
    assert_in_range(written, 1, DESCRIPTION_BYTES - 1);
}

/* Gives the first `length` bytes of `bytes`, right before an unreadable page. */
static enum parse_result feed(struct request_parser *parser, const struct request_limits *limits,
                              struct slice bytes, size_t length, struct reading *out_reading)
{
    const struct slice given = guarded((struct slice){bytes.bytes, length});
    struct request request;

    memset(&request, 0xa5, sizeof request);
    out_reading->fault = FAULT_NONE;
    out_reading->result = request_parser_read(parser, limits, given, &request, &out_reading->fault);
    out_reading->head_bytes = 0;
    out_reading->description[0] = '\0';
    if (out_reading->result == PARSE_DONE) {
        out_reading->head_bytes = request.head_bytes;
        head_describe(&request, out_reading->description);
    }
    return out_reading->result;
}

/* Reads a head that comes up to `cut` first, and then `step` bytes at a time. */
static struct reading head_read(const struct request_limits *limits, struct slice bytes, size_t cut,
                                size_t step)
{
    struct request_parser parser;
    struct reading reading;
    size_t length = cut;

    request_parser_init(&parser);
    while (feed(&parser, limits, bytes, length, &reading) == PARSE_MORE && length < bytes.length) {
        length = bytes.length - length > step ? length + step : bytes.length;
    }
    return reading;
}

static void assert_reading(struct reading reading, const struct head_case *expected)
{
    if (expected->fault != FAULT_NONE) {
        if (reading.result != PARSE_BAD || reading.fault != expected->fault) {
            fail_msg("not refused with %s but %s: %s", refusal_of(expected->fault)->name,
                     reading.result == PARSE_BAD ? refusal_of(reading.fault)->name : "read on",
                     expected->bytes.bytes);
        }
        return;
    }
    if (reading.result != PARSE_DONE) {
        fail_msg("not accepted but %s: %s",
                 reading.result == PARSE_BAD ? refusal_of(reading.fault)->name : "read on",
                 expected->bytes.bytes);
    }
    assert_string_equal(reading.description, expected->description);
    assert_int_equal(reading.head_bytes, expected->bytes.length);
}

static void every_head_is_read_or_refused_as_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        const struct slice bytes = head_cases[i].bytes;

        assert_reading(head_read(&head_case_limits, bytes, bytes.length, 1), &head_cases[i]);
    }
}

static void a_head_cut_at_any_byte_reads_as_if_it_came_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        const struct slice bytes = head_cases[i].bytes;

        for (size_t cut = 0; cut < bytes.length; cut++) {
            assert_reading(head_read(&head_case_limits, bytes, cut, bytes.length), &head_cases[i]);
        }
    }
}

static void a_head_that_comes_byte_by_byte_reads_as_if_it_came_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        assert_reading(head_read(&head_case_limits, head_cases[i].bytes, 0, 1), &head_cases[i]);
    }
}

static void what_follows_a_head_does_not_matter_to_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        const struct slice bytes = head_cases[i].bytes;
        char longer[512];

        assert_true(bytes.length < sizeof longer);
        memset(longer, '\n', sizeof longer);
        memcpy(longer, bytes.bytes, bytes.length);
        assert_reading(
            head_read(&head_case_limits, (struct slice){longer, sizeof longer}, sizeof longer, 1),
            &head_cases[i]);
    }
}

static void no_beginning_of_a_good_head_is_refused_or_taken_for_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        const struct slice bytes = head_cases[i].bytes;

        for (size_t cut = 0; head_cases[i].fault == FAULT_NONE && cut < bytes.length; cut++) {
            const struct slice beginning = {bytes.bytes, cut};

            assert_int_equal(head_read(&head_case_limits, beginning, cut, 1).result, PARSE_MORE);
        }
    }
}

static void no_bytes_at_all_are_the_beginning_of_a_head(void **state)
{
    struct request_parser parser;
    struct request request;
    enum parse_fault fault;
    (void)state;

    request_parser_init(&parser);
    assert_int_equal(
        request_parser_read(&parser, &head_case_limits, (struct slice){NULL, 0}, &request, &fault),
        PARSE_MORE);
}

static void results_are_untouched_until_there_are_any(void **state)
{
    static const char *const heads[] = {"GET / HTTP/1.1\r\n", "GET  HTTP/1.1\r\n"};
    struct request untouched;
    (void)state;

    memset(&untouched, 0xa5, sizeof untouched);
    for (size_t i = 0; i < 2; i++) {
        struct request_parser parser;
        struct request request = untouched;
        enum parse_fault fault = FAULTS_COUNT;
        enum parse_result result;

        request_parser_init(&parser);
        result =
            request_parser_read(&parser, &head_case_limits, slice_of(heads[i]), &request, &fault);
        assert_int_equal(result, i == 0 ? PARSE_MORE : PARSE_BAD);
        assert_int_equal(fault, i == 0 ? FAULTS_COUNT : FAULT_TARGET_MISSING);
        assert_memory_equal(&request, &untouched, sizeof request);
    }
}

static void assert_field(struct field field, const char *name, const char *value)
{
    assert_true(slice_is(field.name, name));
    assert_true(slice_is(field.value, value));
}

static void fields_are_found_in_their_order_wherever_the_bytes_are_by_then(void **state)
{
    static const char head[] = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX-Tags:\t one, two \r\n"
                               "X-Empty: \r\nx-tags:three\r\n\r\n";
    struct request_parser parser;
    struct reading reading;
    struct slice moved;
    (void)state;

    request_parser_init(&parser);
    for (size_t length = 1; length < sizeof head; length++) {
        (void)feed(&parser, &head_case_limits, (struct slice){head, sizeof head - 1}, length,
                   &reading); /* only the last one matters */
    }
    assert_int_equal(reading.result, PARSE_DONE);
    moved = guarded((struct slice){head, sizeof head - 1});
    assert_field(request_parser_field(&parser, moved, 0), "Host", "a");
    assert_field(request_parser_field(&parser, moved, 1), "X-Tags", "one, two");
    assert_field(request_parser_field(&parser, moved, 2), "X-Empty", "");
    assert_field(request_parser_field(&parser, moved, 3), "x-tags", "three");
}

static void a_request_is_slices_of_the_bytes_that_were_given_last(void **state)
{
    static const char head[] = "GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n";
    char first[sizeof head];
    char second[sizeof head];
    struct request_parser parser;
    struct request_parser copy;
    struct request request;
    enum parse_fault fault;
    (void)state;

    memcpy(first, head, sizeof head);
    memcpy(second, head, sizeof head);
    request_parser_init(&parser);
    assert_int_equal(request_parser_read(&parser, &head_case_limits,
                                         (struct slice){first, sizeof head - 2}, &request, &fault),
                     PARSE_MORE);
    copy = parser;
    memset(first, '#', sizeof first);
    memset(&parser, '#', sizeof parser);
    assert_int_equal(request_parser_read(&copy, &head_case_limits,
                                         (struct slice){second, sizeof head - 1}, &request, &fault),
                     PARSE_DONE);
    assert_ptr_equal(request.method_name.bytes, second);
    assert_true(slice_is(request.method_name, "GET"));
    assert_ptr_equal(request.target.bytes, second + 4);
    assert_true(slice_is(request.target, "http://b/c?d"));
    assert_ptr_equal(request.path.bytes, second + 12);
    assert_ptr_equal(request.query.bytes, second + 15);
    assert_ptr_equal(request.host.bytes, second + 33);
    assert_int_equal(request.fields_count, 1);
}

static void pipelined_heads_are_read_one_after_the_other(void **state)
{
    static const char heads[] = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
                                "HEAD /2 HTTP/1.0\r\n\r\n"
                                "\r\nPOST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
                                "GET /4 HTTP/1.1\r\nHo";
    static const char *const paths[] = {"/1", "/2", "/3"};
    struct slice rest = {heads, sizeof heads - 1};
    struct request_parser parser;
    struct request request;
    enum parse_fault fault;
    (void)state;

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        request_parser_init(&parser);
        assert_int_equal(request_parser_read(&parser, &head_case_limits, rest, &request, &fault),
                         PARSE_DONE);
        assert_true(slice_is(request.path, paths[i]));
        rest = slice_after(rest, request.head_bytes);
    }
    request_parser_init(&parser);
    assert_int_equal(request_parser_read(&parser, &head_case_limits, rest, &request, &fault),
                     PARSE_MORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_head_is_read_or_refused_as_it_should_be),
        cmocka_unit_test(a_head_cut_at_any_byte_reads_as_if_it_came_whole),
        cmocka_unit_test(a_head_that_comes_byte_by_byte_reads_as_if_it_came_whole),
        cmocka_unit_test(what_follows_a_head_does_not_matter_to_it),
        cmocka_unit_test(no_beginning_of_a_good_head_is_refused_or_taken_for_whole),
        cmocka_unit_test(no_bytes_at_all_are_the_beginning_of_a_head),
        cmocka_unit_test(results_are_untouched_until_there_are_any),
        cmocka_unit_test(fields_are_found_in_their_order_wherever_the_bytes_are_by_then),
        cmocka_unit_test(a_request_is_slices_of_the_bytes_that_were_given_last),
        cmocka_unit_test(pipelined_heads_are_read_one_after_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
