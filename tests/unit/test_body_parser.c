/*
 * test_body_parser.c - bodies by length and in chunks, in every number of pieces.
 */
#include "body_cases.h"
#include "guarded.h"

/* What one way of reading a body led to. */
struct reading {
    enum parse_result result;
    enum parse_fault fault;
    size_t consumed;
};

/* A parser for the body of a request with two fields in its head. */
static struct body_parser parser_for(enum body_framing framing, uint64_t content_length)
{
    const struct request request = {
        .framing = framing, .content_length = content_length, .fields_count = 2};
    struct body_parser parser;

    body_parser_init(&parser, &request);
    return parser;
}

/* Reads a body that comes up to `cut` first, and then `step` bytes at a time. Nothing that was
 * consumed is given a second time, and every piece ends before an unreadable page. */
static struct reading body_read(struct body_parser parser, struct slice bytes, size_t cut,
                                size_t step)
{
    struct reading reading = {PARSE_MORE, FAULT_NONE, 0};
    size_t length = cut;

    for (;;) {
        const struct slice piece =
            guarded((struct slice){bytes.bytes + reading.consumed, length - reading.consumed});
        size_t consumed = SIZE_MAX;

        reading.result =
            body_parser_read(&parser, &body_case_limits, piece, &consumed, &reading.fault);
        assert_true(consumed <= piece.length);
        reading.consumed += consumed;
        if (reading.result != PARSE_MORE) {
            return reading;
        }
        assert_int_equal(consumed, piece.length);
        if (length == bytes.length) {
            return reading;
        }
        length = bytes.length - length > step ? length + step : bytes.length;
    }
}

static void assert_reading(struct reading reading, const struct body_case *expected)
{
    if (expected->fault == FAULT_NONE) {
        if (reading.result != PARSE_DONE || reading.consumed != expected->bytes.length) {
            fail_msg("not accepted but %s after %zu bytes: %s",
                     reading.result == PARSE_BAD ? refusal_of(reading.fault)->name : "read on",
                     reading.consumed, expected->bytes.bytes);
        }
    } else if (reading.result != PARSE_BAD || reading.fault != expected->fault) {
        fail_msg("not refused with %s but %s: %s", refusal_of(expected->fault)->name,
                 reading.result == PARSE_BAD ? refusal_of(reading.fault)->name : "read on",
                 expected->bytes.bytes);
    }
}

static void every_chunked_body_is_read_or_refused_as_it_should_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        const struct slice bytes = chunked_cases[i].bytes;

        assert_reading(body_read(parser_for(BODY_CHUNKED, 0), bytes, bytes.length, 1),
                       &chunked_cases[i]);
    }
}

static void a_body_cut_at_any_byte_reads_as_if_it_came_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        const struct slice bytes = chunked_cases[i].bytes;

        for (size_t cut = 0; cut < bytes.length; cut++) {
            assert_reading(body_read(parser_for(BODY_CHUNKED, 0), bytes, cut, bytes.length),
                           &chunked_cases[i]);
        }
    }
}

static void a_body_that_comes_byte_by_byte_reads_as_if_it_came_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        assert_reading(body_read(parser_for(BODY_CHUNKED, 0), chunked_cases[i].bytes, 0, 1),
                       &chunked_cases[i]);
    }
}

static void what_follows_a_body_is_left_for_the_next_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        const struct slice bytes = chunked_cases[i].bytes;
        char longer[256];

        assert_true(bytes.length < sizeof longer);
        memset(longer, '\n', sizeof longer);
        memcpy(longer, bytes.bytes, bytes.length);
        assert_reading(body_read(parser_for(BODY_CHUNKED, 0), (struct slice){longer, sizeof longer},
                                 sizeof longer, 1),
                       &chunked_cases[i]);
    }
}

static void no_beginning_of_a_good_body_is_refused_or_taken_for_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        const struct slice bytes = chunked_cases[i].bytes;

        for (size_t cut = 0; chunked_cases[i].fault == FAULT_NONE && cut < bytes.length; cut++) {
            const struct slice beginning = {bytes.bytes, cut};

            assert_int_equal(body_read(parser_for(BODY_CHUNKED, 0), beginning, cut, 1).result,
                             PARSE_MORE);
        }
    }
}

static void a_fault_leaves_the_byte_that_is_wrong_unconsumed(void **state)
{
    (void)state;
    assert_int_equal(body_read(parser_for(BODY_CHUNKED, 0), SLICE("1\r\nxy\r\n"), 7, 1).consumed,
                     4);
    assert_int_equal(body_read(parser_for(BODY_CHUNKED, 0), SLICE("zz"), 2, 1).consumed, 0);
}

static void a_body_by_length_ends_after_as_many_bytes_in_any_pieces(void **state)
{
    static const char bytes[] = "0\r\n\r\n\0\n\r89 GET / HTTP/1.1";
    (void)state;

    for (size_t length = 1; length < sizeof bytes; length++) {
        for (size_t cut = 0; cut < sizeof bytes; cut++) {
            const struct reading reading = body_read(
                parser_for(BODY_LENGTH, length), (struct slice){bytes, sizeof bytes - 1}, cut, 1);

            assert_int_equal(reading.result, PARSE_DONE);
            assert_int_equal(reading.consumed, length);
        }
    }
}

static void a_body_by_length_waits_for_its_last_byte(void **state)
{
    (void)state;
    assert_int_equal(body_read(parser_for(BODY_LENGTH, 6), SLICE("hello"), 0, 1).result,
                     PARSE_MORE);
}

static void a_request_without_a_body_is_done_before_any_byte(void **state)
{
    const struct reading reading = body_read(parser_for(BODY_NONE, 0), SLICE("GET /"), 5, 1);
    struct body_parser parser = parser_for(BODY_NONE, 0);
    size_t consumed;
    enum parse_fault fault;
    (void)state;

    assert_int_equal(reading.result, PARSE_DONE);
    assert_int_equal(reading.consumed, 0);
    assert_int_equal(
        body_parser_read(&parser, &body_case_limits, (struct slice){NULL, 0}, &consumed, &fault),
        PARSE_DONE);
    assert_int_equal(consumed, 0);
}

static void a_whole_body_stays_whole_when_it_is_asked_again(void **state)
{
    struct body_parser parser = parser_for(BODY_CHUNKED, 0);
    size_t consumed;
    enum parse_fault fault;
    (void)state;

    assert_int_equal(
        body_parser_read(&parser, &body_case_limits, SLICE("0\r\n\r\n"), &consumed, &fault),
        PARSE_DONE);
    assert_int_equal(
        body_parser_read(&parser, &body_case_limits, SLICE("0\r\n\r\n"), &consumed, &fault),
        PARSE_DONE);
    assert_int_equal(consumed, 0);
}

static void a_connection_can_afford_a_body_parser(void **state)
{
    (void)state;
    assert_true(sizeof(struct body_parser) < 48); /* an idle connection costs 512 bytes at most */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chunked_body_is_read_or_refused_as_it_should_be),
        cmocka_unit_test(a_body_cut_at_any_byte_reads_as_if_it_came_whole),
        cmocka_unit_test(a_body_that_comes_byte_by_byte_reads_as_if_it_came_whole),
        cmocka_unit_test(what_follows_a_body_is_left_for_the_next_request),
        cmocka_unit_test(no_beginning_of_a_good_body_is_refused_or_taken_for_whole),
        cmocka_unit_test(a_fault_leaves_the_byte_that_is_wrong_unconsumed),
        cmocka_unit_test(a_body_by_length_ends_after_as_many_bytes_in_any_pieces),
        cmocka_unit_test(a_body_by_length_waits_for_its_last_byte),
        cmocka_unit_test(a_request_without_a_body_is_done_before_any_byte),
        cmocka_unit_test(a_whole_body_stays_whole_when_it_is_asked_again),
        cmocka_unit_test(a_connection_can_afford_a_body_parser),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
