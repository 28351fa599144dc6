/*
 * test_resp_reader.c - replies, whole and in pieces, good and bad.
 *
 * Every case lies against a page that cannot be read, and is read whole, cut in two at every
 * byte, and byte by byte.
 */
#include "guarded.h"
#include "store/resp_reader.h"
#include "test.h"

#include <stdio.h>

enum {
    REPLY_BYTES_MAX = 4096,
    LONG_REPLY_BYTES = RESP_TEXT_BYTES_MAX + 4096,
    DEPTH_MAX = 3,
};

struct good_case {
    const char *bytes;
    enum resp_type type;
    int64_t integer;
    const char *text;
};

static const struct good_case good_cases[] = {
    {"+OK\r\n", RESP_SIMPLE, 0, "OK"},
    {"+\r\n", RESP_SIMPLE, 0, ""},
    {"+\t \x01\x80\xff\r\n", RESP_SIMPLE, 0, "\t \x01\x80\xff"},
    {"-ERR no\r\n", RESP_ERROR, 0, "ERR no"},
    {"-\r\n", RESP_ERROR, 0, ""},
    {":0\r\n", RESP_INTEGER, 0, ""},
    {":-0\r\n", RESP_INTEGER, 0, ""},
    {":+7\r\n", RESP_INTEGER, 7, ""},
    {":-1\r\n", RESP_INTEGER, -1, ""},
    {":007\r\n", RESP_INTEGER, 7, ""},
    {":9007199254740993\r\n", RESP_INTEGER, 9007199254740993, ""}, /* 2^53 + 1: no double */
    {":9223372036854775806\r\n", RESP_INTEGER, INT64_MAX - 1, ""},
    {":9223372036854775807\r\n", RESP_INTEGER, INT64_MAX, ""},
    {":-9223372036854775807\r\n", RESP_INTEGER, -INT64_MAX, ""},
    {":-9223372036854775808\r\n", RESP_INTEGER, INT64_MIN, ""},
    {":-00009223372036854775808\r\n", RESP_INTEGER, INT64_MIN, ""},
    {"$0\r\n\r\n", RESP_BULK, 0, ""},
    {"$1\r\nx\r\n", RESP_BULK, 1, "x"},
    {"$12\r\nab\r\n:5\r\n\n\rcd\r\n", RESP_BULK, 12, "ab\r\n:5\r\n\n\rcd"},
    {"$-1\r\n", RESP_NULL, 0, ""},
    {"*-1\r\n", RESP_NULL, 0, ""},
    {"*0\r\n", RESP_ARRAY, 0, ""},
    {"*1\r\n:5\r\n", RESP_ARRAY, 1, ""},
    {"*3\r\n+a\r\n$-1\r\n-b\r\n", RESP_ARRAY, 3, "a\n\nb\n"},
    {"*2\r\n*2\r\n:1\r\n*0\r\n$2\r\nxy\r\n", RESP_ARRAY, 2, "xy\n"},
    {"*1\r\n*1\r\n*2\r\n$3\r\nabc\r\n*-1\r\n", RESP_ARRAY, 1, "abc\n"}, /* as deep as may be */
};

struct bad_case {
    const char *bytes;
    enum resp_fault fault;
};

/* The last byte is the one that makes each of them bad. */
static const struct bad_case bad_cases[] = {
    {"\r", RESP_FAULT_TYPE},
    {"H", RESP_FAULT_TYPE}, /* HTTP/1.1 400 Bad Request */
    {"_", RESP_FAULT_TYPE}, /* null of RESP3, which we do not ask for */
    {"%", RESP_FAULT_TYPE},
    {"*1\r\nx", RESP_FAULT_TYPE},
    {"+OK\n", RESP_FAULT_LINE_END},
    {"+OK\rx", RESP_FAULT_LINE_END},
    {"+OK\r\r", RESP_FAULT_LINE_END},
    {":1\r:", RESP_FAULT_LINE_END},
    {"$1\r\nxy", RESP_FAULT_LINE_END},
    {"$1\r\nx\n", RESP_FAULT_LINE_END},
    {"$1\r\nx\rx", RESP_FAULT_LINE_END},
    {"$0\r\nx", RESP_FAULT_LINE_END},
    {":\r", RESP_FAULT_INTEGER},
    {":-\r", RESP_FAULT_INTEGER},
    {":+\r", RESP_FAULT_INTEGER},
    {":--", RESP_FAULT_INTEGER},
    {":+-", RESP_FAULT_INTEGER},
    {":1\n", RESP_FAULT_INTEGER},
    {":1 ", RESP_FAULT_INTEGER},
    {":1.", RESP_FAULT_INTEGER},
    {": ", RESP_FAULT_INTEGER},
    {":x", RESP_FAULT_INTEGER},
    {":9223372036854775808", RESP_FAULT_INTEGER},
    {":-9223372036854775809", RESP_FAULT_INTEGER},
    {":10000000000000000000", RESP_FAULT_INTEGER},
    {":18446744073709551616", RESP_FAULT_INTEGER}, /* 2^64: would be 0 */
    {"$\r", RESP_FAULT_LENGTH},
    {"$+", RESP_FAULT_LENGTH},
    {"*+", RESP_FAULT_LENGTH},
    {"$-\r", RESP_FAULT_LENGTH},
    {"$x", RESP_FAULT_LENGTH},
    {"$-0\r\n", RESP_FAULT_LENGTH},
    {"$-2\r\n", RESP_FAULT_LENGTH},
    {"*-2\r\n", RESP_FAULT_LENGTH},
    {"$9223372036854775808", RESP_FAULT_LENGTH},
    {"*?", RESP_FAULT_LENGTH}, /* a stream of RESP3 */
    {"$536870913\r\n", RESP_FAULT_TOO_LARGE},
    {"$9223372036854775807\r\n", RESP_FAULT_TOO_LARGE},
    {"*9223372036854775807\r\n", RESP_FAULT_TOO_LARGE},
    {"*2000\r\n", RESP_FAULT_TOO_LARGE}, /* 2,000 elements of 3 bytes or more */
    {"*1\r\n*1\r\n*1\r\n*1\r\n", RESP_FAULT_TOO_DEEP},
    {"*1\r\n*1\r\n*1\r\n*0\r\n", RESP_FAULT_TOO_DEEP},
};

/* Feeds one piece, laid against the unreadable page, and checks that it is eaten up unless the
 * reply ends in it. */
static enum resp_result feed(struct resp_reader *reader, struct slice piece,
                             struct resp_reply *out_reply, size_t *out_taken)
{
    struct slice rest = guarded(piece);
    enum resp_result result = resp_reader_read(reader, &rest, out_reply);

    *out_taken = piece.length - rest.length;
    if (result == RESP_MORE) {
        assert_int_equal(rest.length, 0);
    }
    return result;
}

/* Feeds two pieces and returns the answer to the last one that was needed. */
static enum resp_result feed_cut(struct resp_reader *reader, struct slice bytes, size_t cut,
                                 struct resp_reply *out_reply, size_t *out_taken)
{
    enum resp_result result = feed(reader, (struct slice){bytes.bytes, cut}, out_reply, out_taken);

    if (result == RESP_MORE) {
        size_t taken;

        result = feed(reader, slice_after(bytes, cut), out_reply, &taken);
        *out_taken += taken;
    }
    return result;
}

static void check_reply(const struct good_case *expected, const struct resp_reply *reply)
{
    assert_int_equal(reply->type, expected->type);
    assert_true(reply->integer == expected->integer);
    assert_true(slice_is(reply->text, expected->text));
    assert_false(reply->text_is_cut);
}

static void every_kind_of_reply_is_read_however_it_is_cut(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof good_cases / sizeof good_cases[0]; i++) {
        const struct slice bytes = slice_of(good_cases[i].bytes);
        struct resp_reader reader;
        struct resp_reply reply;
        size_t taken;

        resp_reader_init(&reader, REPLY_BYTES_MAX, DEPTH_MAX);
        for (size_t cut = 0; cut <= bytes.length; cut++) {
            /* The same reader: the next reply must not see the one before. */
            assert_int_equal(feed_cut(&reader, bytes, cut, &reply, &taken), RESP_DONE);
            assert_int_equal(taken, bytes.length);
            check_reply(&good_cases[i], &reply);
        }
        for (size_t at = 0; at < bytes.length; at++) {
            const bool is_last = at == bytes.length - 1;

            assert_int_equal(feed(&reader, (struct slice){bytes.bytes + at, 1}, &reply, &taken),
                             is_last ? RESP_DONE : RESP_MORE);
        }
        check_reply(&good_cases[i], &reply);
        assert_int_equal(resp_reader_fault(&reader), RESP_FAULT_NONE);
    }
}

static void every_fault_is_found_at_its_byte_however_it_is_cut(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        const struct slice bytes = slice_of(bad_cases[i].bytes);

        for (size_t cut = 0; cut < bytes.length; cut++) {
            struct resp_reader reader;
            struct resp_reply reply;
            struct slice more = SLICE("+OK\r\n");
            size_t taken;

            resp_reader_init(&reader, REPLY_BYTES_MAX, DEPTH_MAX);
            if (feed_cut(&reader, bytes, cut, &reply, &taken) != RESP_BAD) {
                fail_msg("taken for good, cut at %zu: %s", cut, bad_cases[i].bytes);
            }
            assert_int_equal(resp_reader_fault(&reader), bad_cases[i].fault);
            assert_int_equal(taken, bytes.length);
            /* And it stays bad. */
            assert_int_equal(resp_reader_read(&reader, &more, &reply), RESP_BAD);
            assert_int_equal(resp_reader_fault(&reader), bad_cases[i].fault);
        }
    }
}

static void every_fault_has_a_text_of_its_own(void **state)
{
    (void)state;

    for (int fault = RESP_FAULT_NONE; fault <= RESP_FAULT_TOO_DEEP; fault++) {
        const char *text = resp_fault_text((enum resp_fault)fault);

        assert_non_null(text);
        for (int other = RESP_FAULT_NONE; other < fault; other++) {
            assert_string_not_equal(text, resp_fault_text((enum resp_fault)other));
        }
    }
}

static void replies_behind_each_other_come_one_by_one(void **state)
{
    static const char bytes[] = ":1\r\n+OK\r\n$2\r\nab\r\n:";
    struct slice rest = guarded(slice_of(bytes));
    struct resp_reader reader;
    struct resp_reply reply;
    (void)state;

    resp_reader_init(&reader, REPLY_BYTES_MAX, DEPTH_MAX);
    assert_int_equal(resp_reader_read(&reader, &rest, &reply), RESP_DONE);
    assert_int_equal(reply.integer, 1);
    assert_int_equal(resp_reader_read(&reader, &rest, &reply), RESP_DONE);
    assert_true(slice_is(reply.text, "OK"));
    assert_int_equal(resp_reader_read(&reader, &rest, &reply), RESP_DONE);
    assert_true(slice_is(reply.text, "ab"));
    assert_int_equal(resp_reader_read(&reader, &rest, &reply), RESP_MORE);
    assert_int_equal(rest.length, 0);
}

static void nothing_fed_is_no_reply(void **state)
{
    struct resp_reader reader;
    struct resp_reply reply;
    struct slice nothing = {NULL, 0};
    (void)state;

    resp_reader_init(&reader, REPLY_BYTES_MAX, DEPTH_MAX);
    assert_int_equal(resp_reader_read(&reader, &nothing, &reply), RESP_MORE);
}

/* Reads `bytes` with that limit, whole and byte by byte, and checks that both end alike. */
static enum resp_fault fault_with_limit(const char *bytes, uint64_t reply_bytes_max)
{
    struct resp_reader whole;
    struct resp_reader piecewise;
    struct resp_reply reply;
    struct slice rest = guarded(slice_of(bytes));
    enum resp_result result;

    resp_reader_init(&whole, reply_bytes_max, DEPTH_MAX);
    resp_reader_init(&piecewise, reply_bytes_max, DEPTH_MAX);
    result = resp_reader_read(&whole, &rest, &reply);
    for (size_t i = 0; bytes[i] != '\0'; i++) {
        struct slice piece = {&bytes[i], 1};

        if (resp_reader_read(&piecewise, &piece, &reply) != RESP_MORE) {
            break;
        }
    }
    assert_int_equal(resp_reader_fault(&piecewise), resp_reader_fault(&whole));
    assert_int_equal(result, resp_reader_fault(&whole) == RESP_FAULT_NONE ? RESP_DONE : RESP_BAD);
    return resp_reader_fault(&whole);
}

static void a_reply_as_large_as_the_limit_is_read_and_one_byte_more_is_not(void **state)
{
    static const char *const replies[] = {
        "+OK\r\n", "-ERR no\r\n",           ":1234\r\n",
        "$-1\r\n", "*3\r\n+\r\n+\r\n+\r\n", "*2\r\n$2\r\nab\r\n:1\r\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        const size_t length = strlen(replies[i]);

        assert_int_equal(fault_with_limit(replies[i], length), RESP_FAULT_NONE);
        for (size_t limit = 0; limit < length; limit++) {
            assert_int_equal(fault_with_limit(replies[i], limit), RESP_FAULT_TOO_LARGE);
        }
    }
}

static void a_large_element_passes_by_and_the_others_are_read(void **state)
{
    static const struct slice bytes =
        SLICE("*3\r\n$1\r\n1\r\n$12\r\nab\r\n:5\r\n\n\rcd\r\n$1\r\n2\r\n");
    (void)state;

    for (size_t cut = 0; cut < bytes.length; cut++) {
        struct resp_reader reader;
        struct resp_reply reply;
        size_t taken;

        resp_reader_init(&reader, 28, 1);
        assert_int_equal(feed_cut(&reader, bytes, cut, &reply, &taken), RESP_DONE);
        assert_int_equal(taken, bytes.length);
        assert_int_equal(reply.type, RESP_ARRAY);
        assert_int_equal(reply.integer, 3);
        assert_true(reply.text_is_cut);
    }
}

/* A value of 100 KB in one counter's key ended the link, and with it the commands of all others. */
static void a_bulk_string_larger_than_a_reply_passes_by_and_the_next_reply_is_read(void **state)
{
    static const struct slice bytes = SLICE("$12\r\nab\r\n:5\r\n\n\rcd\r\n:7\r\n");
    static const size_t first_length = 19;
    (void)state;

    for (uint64_t limit = 5; limit < first_length + 1; limit++) { /* the line itself has to fit */
        for (size_t cut = 0; cut < first_length; cut++) {
            struct resp_reader reader;
            struct resp_reply reply;
            struct slice next = slice_after(bytes, first_length);
            size_t taken;

            resp_reader_init(&reader, limit, 0);
            assert_int_equal(feed_cut(&reader, bytes, cut, &reply, &taken), RESP_DONE);
            assert_int_equal(taken, first_length);
            assert_int_equal(reply.type, RESP_BULK);
            assert_int_equal(reply.integer, 12);
            assert_int_equal(reply.text_is_cut, limit < first_length);
            assert_int_equal(resp_reader_read(&reader, &next, &reply), RESP_DONE);
            assert_int_equal(reply.integer, 7);
            assert_false(reply.text_is_cut);
        }
    }
}

static void a_bulk_string_as_large_as_redis_has_them_passes_by(void **state)
{
    static char zeros[1 << 20];
    struct resp_reader reader;
    struct resp_reply reply;
    struct slice piece = SLICE("$536870912\r\n");
    (void)state;

    resp_reader_init(&reader, REPLY_BYTES_MAX, DEPTH_MAX);
    assert_int_equal(resp_reader_read(&reader, &piece, &reply), RESP_MORE);
    for (size_t i = 0; i < RESP_BULK_BYTES_MAX / sizeof zeros; i++) {
        piece = (struct slice){zeros, sizeof zeros};
        assert_int_equal(resp_reader_read(&reader, &piece, &reply), RESP_MORE);
        assert_int_equal(piece.length, 0);
    }
    piece = SLICE("\r\n");
    assert_int_equal(resp_reader_read(&reader, &piece, &reply), RESP_DONE);
    assert_true(reply.text_is_cut);
    assert_int_equal(reply.text.length, RESP_TEXT_BYTES_MAX);
}

static void arrays_may_be_nested_up_to_the_limit_and_no_deeper(void **state)
{
    (void)state;

    for (uint32_t depth_max = 0; depth_max <= RESP_DEPTH_MAX; depth_max++) {
        for (uint32_t depth = 0; depth <= depth_max + 1; depth++) {
            struct resp_reader reader;
            struct resp_reply reply;
            enum resp_result result = RESP_MORE;

            resp_reader_init(&reader, REPLY_BYTES_MAX, depth_max);
            for (uint32_t i = 0; i < depth && result == RESP_MORE; i++) {
                struct slice opening = SLICE("*1\r\n");

                result = resp_reader_read(&reader, &opening, &reply);
            }
            if (result == RESP_MORE) {
                struct slice inside = SLICE(":1\r\n");

                result = resp_reader_read(&reader, &inside, &reply);
            }
            assert_int_equal(result, depth <= depth_max ? RESP_DONE : RESP_BAD);
        }
    }
}

/* Makes "+xxx...\r\n" or "$n\r\nxxx...\r\n" with `length` bytes of text. */
static struct slice long_reply(char *bytes, bool is_bulk, size_t length)
{
    char header[32] = "+";
    size_t header_length = 1;

    if (is_bulk) {
        header_length = (size_t)snprintf(header, sizeof header, "$%zu\r\n", length);
    }
    memcpy(bytes, header, header_length);
    memset(bytes + header_length, 'x', length);
    memcpy(bytes + header_length + length, "\r\n", 2);
    return (struct slice){bytes, header_length + length + 2};
}

static void of_a_long_text_the_beginning_is_kept(void **state)
{
    static const size_t lengths[] = {0,
                                     1,
                                     RESP_TEXT_BYTES_MAX - 1,
                                     RESP_TEXT_BYTES_MAX,
                                     RESP_TEXT_BYTES_MAX + 1,
                                     RESP_TEXT_BYTES_MAX + 2000};
    static char bytes[LONG_REPLY_BYTES];
    (void)state;

    for (size_t i = 0; i < 2 * sizeof lengths / sizeof lengths[0]; i++) {
        const size_t length = lengths[i / 2];
        const struct slice whole = long_reply(bytes, i % 2 == 1, length);
        struct resp_reader reader;
        struct resp_reply reply;
        size_t taken;

        resp_reader_init(&reader, sizeof bytes, 0);
        for (size_t cut = 0; cut <= whole.length; cut += 4093) {
            assert_int_equal(feed_cut(&reader, whole, cut, &reply, &taken), RESP_DONE);
            assert_int_equal(taken, whole.length);
            assert_int_equal(reply.text_is_cut, length > RESP_TEXT_BYTES_MAX);
            assert_int_equal(reply.text.length,
                             length < RESP_TEXT_BYTES_MAX ? length : RESP_TEXT_BYTES_MAX);
            for (size_t at = 0; at < reply.text.length; at++) {
                assert_int_equal(reply.text.bytes[at], 'x');
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_reply_is_read_however_it_is_cut),
        cmocka_unit_test(every_fault_is_found_at_its_byte_however_it_is_cut),
        cmocka_unit_test(every_fault_has_a_text_of_its_own),
        cmocka_unit_test(replies_behind_each_other_come_one_by_one),
        cmocka_unit_test(nothing_fed_is_no_reply),
        cmocka_unit_test(a_reply_as_large_as_the_limit_is_read_and_one_byte_more_is_not),
        cmocka_unit_test(a_large_element_passes_by_and_the_others_are_read),
        cmocka_unit_test(a_bulk_string_larger_than_a_reply_passes_by_and_the_next_reply_is_read),
        cmocka_unit_test(a_bulk_string_as_large_as_redis_has_them_passes_by),
        cmocka_unit_test(arrays_may_be_nested_up_to_the_limit_and_no_deeper),
        cmocka_unit_test(of_a_long_text_the_beginning_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
