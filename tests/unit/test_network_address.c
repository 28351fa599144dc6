/*
 * test_network_address.c - addresses as text and as sockets have them.
 */
#include "base/network_address.h"
#include "guarded.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char *const right[][2] = {
    {"192.0.2.1", "192.0.2.1"},
    {"255.255.255.255", "255.255.255.255"},
    {"2001:db8::1", "2001:db8::1"},
    {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
    {"::ffff:192.0.2.1", "192.0.2.1"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

static const char *const wrong[] = {
    "",
    "192.0.2",
    "192.0.2.256",
    "192.0.2.1:80",
    "192.0.2.01x",
    "::1%lo0",
    "[::1]",
    " 192.0.2.1",
    "192.0.2.1 ",
    "example.org",
    ":::",
    "192.0.2.1/24",
    "1:2:3:4:5:6:7:8:9",
    "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550",
};

static void test_reads_and_writes_what_is_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        struct network_address address = {{0}};
        char text[NETWORK_ADDRESS_TEXT_BYTES];

        assert_true(network_address_parse(guarded(slice_of(right[i][0])), &address));
        network_address_write(&address, text);
        assert_string_equal(text, right[i][1]);
        assert_true(network_address_is_known(&address));
    }
}

static void test_leaves_all_as_it_was_when_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct network_address address = {{7}};
        const struct network_address before = address;

        assert_false(network_address_parse(slice_of(wrong[i]), &address));
        assert_memory_equal(&address, &before, sizeof before);
    }
    {
        struct network_address address = {{7}};

        assert_false(network_address_parse((struct slice){"192.0.2.1\0", 10}, &address));
    }
}

static void test_a_mapped_socket_is_its_ipv4_one(void **state)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = 80};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = 81};
    struct network_address first;
    struct network_address second;

    (void)state;
    assert_int_equal(inet_pton(AF_INET, "192.0.2.7", &ipv4.sin_addr), 1);
    assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7", &ipv6.sin6_addr), 1);
    first = network_address_of((const struct sockaddr *)&ipv4);
    second = network_address_of((const struct sockaddr *)&ipv6);
    assert_memory_equal(&first, &second, sizeof first);
}

static void test_a_unix_socket_has_none(void **state)
{
    const struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct network_address address = network_address_of((const struct sockaddr *)&name);
    char text[NETWORK_ADDRESS_TEXT_BYTES];

    (void)state;
    assert_false(network_address_is_known(&address));
    network_address_write(&address, text);
    assert_string_equal(text, "-");
}

static void test_of_ipv6_a_network_of_64_bits_is_counted_as_one(void **state)
{
    static const char *const counted[][2] = {
        {"192.0.2.1", "192.0.2.1"},
        {"2001:db8:0:1::1", "2001:db8:0:1::"},
        {"2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:1::"},
        {"2001:db8:0:2::", "2001:db8:0:2::"},
        {"::fffe:192.0.2.1", "-"}, /* in the network of all zeros */
    };

    (void)state;
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        struct network_address address;
        char text[NETWORK_ADDRESS_TEXT_BYTES];

        assert_true(network_address_parse(slice_of(counted[i][0]), &address));
        address = network_address_counted(&address);
        network_address_write(&address, text);
        assert_string_equal(text, counted[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_and_writes_what_is_right),
        cmocka_unit_test(test_leaves_all_as_it_was_when_wrong),
        cmocka_unit_test(test_a_mapped_socket_is_its_ipv4_one),
        cmocka_unit_test(test_a_unix_socket_has_none),
        cmocka_unit_test(test_of_ipv6_a_network_of_64_bits_is_counted_as_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
