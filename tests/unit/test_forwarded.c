/*
 * test_forwarded.c - whom Forwarded and X-Forwarded-For name, and who is believed.
 */
#include "guarded.h"
#include "http/forwarded.h"
#include "http/server.h"
#include "test.h"

#include <stdio.h>

/* 10.0.0.0/8 and 2001:db8:ffff::/48 are ours, and unix. */
static struct network_list trusted;

static int trust(void **state)
{
    (void)state;
    assert_true(network_list_add(&trusted, SLICE("10.0.0.0/8")));
    assert_true(network_list_add(&trusted, SLICE("2001:db8:ffff::/48")));
    assert_true(network_list_add(&trusted, SLICE("unix")));
    return 0;
}

static const char *const nodes[][2] = {
    {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.1:80", "192.0.2.1"},
    {"192.0.2.1:", "-"},
    {"192.0.2.1:_hidden", "192.0.2.1"},
    {"[2001:db8::1]", "2001:db8::1"},
    {"[2001:db8::1]:4711", "2001:db8::1"},
    {"[2001:db8::1]:_x", "2001:db8::1"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:db8:cafe::17:4711", "2001:db8:cafe::17:4711"}, /* no port: it would need brackets */
    {"[::ffff:192.0.2.1]:80", "192.0.2.1"},
    {"", "-"},
    {"unknown", "-"},
    {"unknown:80", "-"},
    {"_gazonk", "-"},
    {"_SEVKISEK:80", "-"},
    {"unix", "-"},
    {"unix:", "-"},
    {"localhost", "-"},
    {"192.0.2", "-"},
    {"192.0.2.1:65536", "-"},
    {"192.0.2.1:x", "-"},
    {"192.0.2.1:_", "-"},
    {"192.0.2.1:123456", "-"},
    {"[192.0.2.1]", "-"},
    {"[2001:db8::1", "-"},
    {"[2001:db8::1]80", "-"},
    {"[]", "-"},
    {"[", "-"},
    {":", "-"},
    {"[2001:db8::1%lo]", "-"},
    {"192.0.2.1 ", "-"},
};

static void assert_is(const struct network_address *address, const char *expected, const char *what)
{
    char text[NETWORK_ADDRESS_TEXT_BYTES];

    network_address_write(address, text);
    if (strcmp(text, expected) != 0) {
        fail_msg("\"%s\" is %s", what, text);
    }
}

static void a_node_is_an_address_or_nobody_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        const struct network_address address = forwarded_node(guarded(slice_of(nodes[i][0])));

        assert_is(&address, nodes[i][1], nodes[i][0]);
    }
}

/* Values of the fields, and the client; those of ours are 10.… */
static const char *const older[][2] = {
    {"192.0.2.1", "192.0.2.1"},
    {"192.0.2.1, 10.0.0.1", "192.0.2.1"},
    {"192.0.2.1,10.0.0.1,10.0.0.2", "192.0.2.1"},
    {"198.51.100.1, 192.0.2.1, 10.0.0.1", "192.0.2.1"}, /* whatever a stranger wrote before */
    {"10.0.0.9, 192.0.2.1", "192.0.2.1"},
    {"10.0.0.9, 192.0.2.1, 10.0.0.1", "192.0.2.1"},
    {"10.0.0.9, 10.0.0.1", "10.0.0.9"}, /* all are ours: the first of them */
    {"192.0.2.1, 2001:db8:ffff::1", "192.0.2.1"},
    {"[2001:db8::1]:80, 10.0.0.1:1234", "2001:db8::1"},
    {"unknown", "-"},
    {"192.0.2.1, unknown", "-"},
    {"192.0.2.1, _hidden, 10.0.0.1", "-"},
    {"nonsense, 192.0.2.1", "192.0.2.1"},
    {"192.0.2.1, nonsense", "-"},
    {"192.0.2.1, unix, 10.0.0.1", "-"}, /* trust in our own sockets is none in that word */
    {" ,, 192.0.2.1 ,\t, ", "192.0.2.1"},
    {"\"192.0.2.1\"", "-"},
};

static const char *const standard[][2] = {
    {"for=192.0.2.1", "192.0.2.1"},
    {"For=\"192.0.2.1\"", "192.0.2.1"},
    {"FOR=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
    {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"},
    {"proto=http;host=\"a,b;c\";for=192.0.2.60", "192.0.2.60"},
    {"for=192.0.2.43, for=198.51.100.17", "198.51.100.17"},
    {"for=192.0.2.43, for=10.0.0.1", "192.0.2.43"},
    {"for=192.0.2.43, for=\"10.0.0.1:80\";by=10.0.0.2 , for=10.0.0.3", "192.0.2.43"},
    {"for=192.0.2.43:80", "192.0.2.43"}, /* not quoted, as many write it */
    {"for=192.0.2.43; proto=http ; by=10.0.0.1", "192.0.2.43"},
    {"for=10.0.0.9", "10.0.0.9"},
    {"for=unknown", "-"},
    {"for=\"_gazonk\"", "-"},
    {"for=192.0.2.1, for=_hidden", "-"},
    {"for=192.0.2.1, proto=https", "-"}, /* the last does not say from whom */
    {"for=192.0.2.1, by=10.0.0.1, for=10.0.0.2", "-"},
    {"for=\"\"", "-"},
    {"for=\"192.0.2.\\1\"", "-"}, /* nobody needs that in an address */
    {"x=\"\\\"\", for=192.0.2.1", "192.0.2.1"},
    {", ;, for=192.0.2.1;, ,", "192.0.2.1"},
    {"for=198.51.100.1, for=192.0.2.1;secret=\"a\\\\\"", "192.0.2.1"},
    /* malformed: nobody can say where the next begins */
    {"192.0.2.1", "-"},
    {"for=192.0.2.1, for", "-"},
    {"for=192.0.2.1, for=", "-"},
    {"for=192.0.2.1, =192.0.2.1", "-"},
    {"for=192.0.2.1 for=192.0.2.2", "-"},
    {"for=192.0.2.1;for=192.0.2.2", "-"},
    {"for=\"192.0.2.1\"x, for=192.0.2.2", "-"},
    {"for =192.0.2.1", "-"},
    {"for=\"192.0.2.1", "-"},
    {"for=\"192.0.2.1\\", "-"},
    {"for=\"192.0.2.1\\\"", "-"},
    /* a stranger opens what the proxy behind closes: it hides them, and names nobody else */
    {"for=198.51.100.1;x=\", for=192.0.2.1", "-"},
    {"for=198.51.100.1;x=\", for=\"[2001:db8::1]:80\"", "-"},
    {"for=198.51.100.1;x=\", for=\"192.0.2.1\";by=\"10.0.0.1\"", "-"},
};

static void each_list_names_the_last_that_is_not_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof older / sizeof older[0]; i++) {
        struct forwarded forwarded;

        forwarded_init(&forwarded, &trusted);
        forwarded_read_older(&forwarded, guarded(slice_of(older[i][0])));
        assert_is(&forwarded.client, older[i][1], older[i][0]);
    }
    for (size_t i = 0; i < sizeof standard / sizeof standard[0]; i++) {
        static const struct network_address nobody;
        struct forwarded forwarded;

        forwarded_init(&forwarded, &trusted);
        forwarded_read(&forwarded, guarded(slice_of(standard[i][0])));
        assert_is(forwarded.is_malformed ? &nobody : &forwarded.client, standard[i][1],
                  standard[i][0]);
    }
}

static const struct {
    const char *fields;
    const char *client;
    const char *by; /* NULL: no field tells */
} heads[] = {
    {"", "10.0.0.1", NULL},
    {"X-Other: 192.0.2.1\r\n", "10.0.0.1", NULL},
    {"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1", "X-Forwarded-For"},
    {"x-forwarded-FOR: 192.0.2.1, 10.0.0.2\r\n", "192.0.2.1", "X-Forwarded-For"},
    {"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.0.0.2\r\n", "192.0.2.1", "X-Forwarded-For"},
    {"X-Forwarded-For: 192.0.2.1\r\nA: b\r\nX-Forwarded-For: 192.0.2.2\r\n", "192.0.2.2",
     "X-Forwarded-For"},
    {"X-Forwarded-For:\r\n", "10.0.0.1", NULL},
    {"Forwarded: for=192.0.2.1\r\n", "192.0.2.1", "Forwarded"},
    {"Forwarded: for=192.0.2.1\r\nForwarded: for=10.0.0.2\r\n", "192.0.2.1", "Forwarded"},
    {"Forwarded: for=192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n", "192.0.2.1", "Forwarded"},
    {"X-Forwarded-For: 192.0.2.2\r\nForwarded: for=192.0.2.1\r\n", "192.0.2.1", "Forwarded"},
    {"Forwarded:\r\nX-Forwarded-For: 192.0.2.2\r\n", "192.0.2.2", "X-Forwarded-For"},
    {"Forwarded: for\r\nX-Forwarded-For: 192.0.2.2\r\n", "-", "Forwarded"},
    {"Forwarded: for\r\nForwarded: for=192.0.2.1\r\n", "-", "Forwarded"},
    {"Forwarded: for=unknown\r\n", "-", "Forwarded"},
};

static void the_fields_of_a_request_name_its_client(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const struct network_address peer = forwarded_node(SLICE("10.0.0.1"));
        struct network_address client;
        struct request_parser parser;
        struct request request;
        enum parse_fault fault;
        struct slice bytes;
        const char *by;
        char head[512];

        (void)snprintf(head, sizeof head, "\r\nGET / HTTP/1.1\r\nHost: a\r\n%s\r\n",
                       heads[i].fields);
        bytes = guarded(slice_of(head));
        request_parser_init(&parser);
        assert_int_equal(
            request_parser_read(&parser, &http_default_limits, bytes, &request, &fault),
            PARSE_DONE);
        by = forwarded_client(&parser, bytes, request.fields_count, &trusted, &peer, &client);
        assert_is(&client, heads[i].client, heads[i].fields);
        assert_int_equal(by == NULL, heads[i].by == NULL);
        if (by != NULL) {
            assert_string_equal(by, heads[i].by);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_an_address_or_nobody_known),
        cmocka_unit_test(each_list_names_the_last_that_is_not_ours),
        cmocka_unit_test(the_fields_of_a_request_name_its_client),
    };

    return cmocka_run_group_tests_name("forwarded", tests, trust, NULL);
}
