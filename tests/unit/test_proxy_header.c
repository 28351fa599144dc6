/*
 * test_proxy_header.c - both versions of the PROXY header, whole, cut at every byte, and too long.
 */
#include "guarded.h"
#include "http/proxy_header.h"
#include "test.h"

#include <stdio.h>

enum { STREAM_BYTES_MAX = 8192 };

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define PORTS "\x12\x34\x00\x50"
#define FOUR "\xc0\x00\x02\x01\xc6\x33\x64\x02" PORTS /* 192.0.2.1, 198.51.100.2 */
#define SIX_ADDRESS "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
#define SIX SIX_ADDRESS SIX_ADDRESS PORTS
#define TLV_NOOP                                                                                   \
    "\x04\x00\x03"                                                                                 \
    "abc"
#define ROW(text, ...)                                                                             \
    {                                                                                              \
        {(text), sizeof(text) - 1}, __VA_ARGS__                                                    \
    }

struct row {
    struct slice header;
    const char *client; /* NULL: nobody is named; "-": not known */
};

static const struct row right[] = {
    ROW("PROXY TCP4 192.0.2.1 198.51.100.2 4660 80\r\n", "192.0.2.1"),
    ROW("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.1 0 0\r\n", "192.0.2.1"),
    ROW("PROXY TCP6 2001:db8::1 2001:db8::2 4660 80\r\n", "2001:db8::1"),
    ROW("PROXY TCP6 ::ffff:192.0.2.1 ::1 4660 80\r\n", "192.0.2.1"),
    ROW("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ROW("PROXY UNKNOWN\r\n", NULL),
    ROW("PROXY UNKNOWN \r\n", NULL),
    ROW("PROXY UNKNOWN whatever stands here, and more\r\n", NULL),
    /* the longest of section 2.1, 107 bytes */
    ROW("PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
        NULL),
    ROW(SIGNATURE "\x21\x11\x00\x0c" FOUR, "192.0.2.1"),
    ROW(SIGNATURE "\x21\x12\x00\x0c" FOUR, "192.0.2.1"),
    ROW(SIGNATURE "\x21\x11\x00\x12" FOUR TLV_NOOP, "192.0.2.1"),
    ROW(SIGNATURE "\x21\x11\x00\x0e" FOUR "\r\n", "192.0.2.1"), /* no whole TLV: skipped */
    ROW(SIGNATURE "\x21\x21\x00\x24" SIX, "2001:db8::1"),
    ROW(SIGNATURE "\x21\x22\x00\x2a" SIX TLV_NOOP, "2001:db8::1"),
    ROW(SIGNATURE "\x21\x00\x00\x00", NULL),
    ROW(SIGNATURE "\x21\x00\x00\x06" TLV_NOOP, NULL),
    ROW(SIGNATURE "\x20\x00\x00\x00", NULL),
    ROW(SIGNATURE "\x20\x11\x00\x0c" FOUR, NULL),     /* LOCAL: whatever the rest says */
    ROW(SIGNATURE "\x20\xff\x00\x06" TLV_NOOP, NULL), /* "the receiver must ignore" the family */
    ROW(SIGNATURE "\x20\x21\x00\x03"
                  "abc",
        NULL),
};

static const struct {
    struct slice bytes;
    enum proxy_fault fault;
} wrong[] = {
    ROW("GET / HTTP/1.1\r\n\r\n", PROXY_ABSENT),
    ROW("PUT / HTTP/1.1\r\n", PROXY_ABSENT),
    ROW("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_ABSENT),
    ROW("PROXY\tTCP4 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_ABSENT),
    ROW("PROXY\r\n", PROXY_ABSENT),
    ROW("\n", PROXY_ABSENT),
    ROW("\0", PROXY_ABSENT),
    ROW("\r\n\r\nGET / HTTP/1.1\r\n", PROXY_ABSENT),
    ROW("\x16\x03\x01", PROXY_ABSENT), /* TLS */
    ROW("PROXY \r\n", PROXY_MALFORMED),
    ROW("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1  192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 00 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP6 2001:db8::1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP6 [2001:db8::1] [2001:db8::2] 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n", PROXY_MALFORMED),
    ROW("PROXY UNKNOWN2\r\n", PROXY_MALFORMED),
    ROW("PROXY unknown\r\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rG", PROXY_MALFORMED),
    ROW("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\0\r\n", PROXY_MALFORMED),
    ROW(SIGNATURE "\x11", PROXY_MALFORMED),
    ROW(SIGNATURE "\x31", PROXY_MALFORMED),
    ROW(SIGNATURE "\x22", PROXY_MALFORMED),
    ROW(SIGNATURE "\x2f", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x01", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x10", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x13", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x41", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\xff", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x11\x00\x0b", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x11\x00\x00", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x21\x00\x23", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x31\x00\xd7", PROXY_MALFORMED),
    ROW(SIGNATURE "\x21\x11\xff\xff", PROXY_TOO_LONG),
    ROW(SIGNATURE "\x20\x00\x10\x00", PROXY_TOO_LONG),
};

/* Joins both, in memory that the next call writes over. */
static struct slice joined(struct slice one, struct slice other)
{
    static char bytes[STREAM_BYTES_MAX];

    assert_true(one.length + other.length <= sizeof bytes);
    memcpy(bytes, one.bytes, one.length);
    memcpy(bytes + one.length, other.bytes, other.length);
    return (struct slice){bytes, one.length + other.length};
}

static void assert_named(const struct proxy_header *header, const char *client)
{
    char text[NETWORK_ADDRESS_TEXT_BYTES];

    assert_int_equal(header->names_client, client != NULL);
    if (client != NULL) {
        network_address_write(&header->client, text);
        assert_string_equal(text, client);
    }
}

/* Reads `stream`, whose first bytes are a header, after each byte that comes. */
static void assert_read_at_every_byte(struct slice stream, size_t header_bytes, const char *client)
{
    const enum proxy_fault untouched = PROXY_FAULTS_COUNT;

    for (size_t length = 0; length <= stream.length; length++) {
        struct proxy_header header = {.bytes = 4242};
        enum proxy_fault fault = untouched;
        const enum parse_result result =
            proxy_header_read(guarded((struct slice){stream.bytes, length}), &header, &fault);

        assert_int_equal(fault, untouched);
        if (length < header_bytes) {
            assert_int_equal(result, PARSE_MORE);
            assert_int_equal(header.bytes, 4242);
        } else {
            assert_int_equal(result, PARSE_DONE);
            assert_int_equal(header.bytes, header_bytes);
            assert_named(&header, client);
        }
    }
}

static void a_right_one_is_read_wherever_it_is_cut_and_ends_where_it_ends(void **state)
{
    static const struct slice behind[] = {
        {"", 0}, {"GET / HTTP/1.1\r\n\r\n", 18}, {"\r\n\r\n\0\r\nQUIT\n", 12}, {"PROXY ", 6}};

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        for (size_t j = 0; j < sizeof behind / sizeof behind[0]; j++) {
            assert_read_at_every_byte(joined(right[i].header, behind[j]), right[i].header.length,
                                      right[i].client);
        }
    }
}

static void a_unix_socket_is_nobody_known(void **state)
{
    static char addresses[216] = "/run/balancer.sock";
    const struct slice header = joined((struct slice){SIGNATURE "\x21\x31\x00\xd8", 16},
                                       (struct slice){addresses, sizeof addresses});

    (void)state;
    assert_read_at_every_byte(header, 16 + sizeof addresses, "-");
}

static void a_wrong_one_is_refused_as_soon_as_it_is_and_stays_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        bool is_bad = false;

        for (size_t length = 1; length <= wrong[i].bytes.length; length++) {
            struct proxy_header header = {.bytes = 4242};
            enum proxy_fault fault = PROXY_FAULTS_COUNT;
            const enum parse_result result = proxy_header_read(
                guarded((struct slice){wrong[i].bytes.bytes, length}), &header, &fault);

            assert_int_equal(header.bytes, 4242);
            assert_true(result == PARSE_BAD || (result == PARSE_MORE && !is_bad));
            is_bad = result == PARSE_BAD;
            if (is_bad && fault != wrong[i].fault) {
                fail_msg("row %zu is %s", i, proxy_fault_name(fault));
            }
        }
        if (!is_bad) {
            fail_msg("row %zu is read", i);
        }
    }
}

static void a_line_has_107_bytes_and_no_more(void **state)
{
    char line[PROXY_TEXT_BYTES_MAX + 2];

    (void)state;
    for (unsigned length = PROXY_TEXT_BYTES_MAX; length <= PROXY_TEXT_BYTES_MAX + 1; length++) {
        struct proxy_header header;
        enum proxy_fault fault = PROXY_FAULTS_COUNT;

        memset(line, 'x', sizeof line);
        memcpy(line, "PROXY UNKNOWN ", 14);
        memcpy(line + length - 2, "\r\n", 2);
        if (length == PROXY_TEXT_BYTES_MAX) {
            assert_read_at_every_byte((struct slice){line, length}, length, NULL);
            continue;
        }
        for (unsigned seen = 1; seen <= length; seen++) { /* 106 without a CR are too many */
            assert_int_equal(
                proxy_header_read(guarded((struct slice){line, seen}), &header, &fault),
                seen < PROXY_TEXT_BYTES_MAX - 1 ? PARSE_MORE : PARSE_BAD);
        }
        assert_int_equal(fault, PROXY_TOO_LONG);
    }
}

static void a_binary_one_has_4096_bytes_and_no_more(void **state)
{
    static char bytes[PROXY_BINARY_BYTES_MAX + 1] = SIGNATURE "\x21\x11\x0f\xf0" FOUR;
    struct proxy_header header;
    enum proxy_fault fault = PROXY_FAULTS_COUNT;

    (void)state;
    assert_read_at_every_byte((struct slice){bytes, PROXY_BINARY_BYTES_MAX}, PROXY_BINARY_BYTES_MAX,
                              "192.0.2.1");
    bytes[15]++;
    assert_int_equal(proxy_header_read(guarded((struct slice){bytes, 15}), &header, &fault),
                     PARSE_MORE);
    assert_int_equal(proxy_header_read(guarded((struct slice){bytes, 16}), &header, &fault),
                     PARSE_BAD);
    assert_int_equal(fault, PROXY_TOO_LONG);
}

static void each_fault_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PROXY_FAULTS_COUNT; i++) {
        assert_non_null(proxy_fault_name(i));
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(proxy_fault_name(i), proxy_fault_name(j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_one_is_read_wherever_it_is_cut_and_ends_where_it_ends),
        cmocka_unit_test(a_unix_socket_is_nobody_known),
        cmocka_unit_test(a_wrong_one_is_refused_as_soon_as_it_is_and_stays_so),
        cmocka_unit_test(a_line_has_107_bytes_and_no_more),
        cmocka_unit_test(a_binary_one_has_4096_bytes_and_no_more),
        cmocka_unit_test(each_fault_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests_name("proxy_header", tests, NULL, NULL);
}
