/*
 * test_network.c - networks as text, and who is in them.
 */
#include "base/network.h"
#include "guarded.h"
#include "test.h"

#include <stdio.h>

static struct network_address address_of(const char *text)
{
    struct network_address address = {{0}};

    assert_true(strcmp(text, "-") == 0 || network_address_parse(slice_of(text), &address));
    return address;
}

static const struct {
    const char *network;
    const char *address; /* "-": not known */
    bool is_in;
} rows[] = {
    {"10.0.0.0/8", "10.255.255.255", true},
    {"10.0.0.0/8", "11.0.0.0", false},
    {"10.0.0.0/8", "::ffff:10.1.2.3", true},
    {"10.0.0.0/8", "a00::", false},
    {"192.0.2.128/25", "192.0.2.128", true},
    {"192.0.2.128/25", "192.0.2.127", false},
    {"192.0.2.4/31", "192.0.2.5", true},
    {"192.0.2.4/31", "192.0.2.6", false},
    {"192.0.2.5/32", "192.0.2.5", true},
    {"192.0.2.5", "192.0.2.5", true},
    {"192.0.2.5", "192.0.2.4", false},
    {"0.0.0.0/0", "255.255.255.255", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"0.0.0.0/0", "-", false},
    {"2001:db8::/32", "2001:db8:ffff::1", true},
    {"2001:db8::/32", "2001:db9::1", false},
    {"2001:db8::/33", "2001:db8:8000::", false},
    {"2001:db8::1", "2001:db8::1", true},
    {"2001:db8::1", "2001:db8::2", false},
    {"2001:db8::1/128", "2001:db8::1", true},
    {"::/0", "2001:db8::1", true},
    {"::/0", "192.0.2.1", false}, /* who says IPv6 does not mean IPv4 */
    {"::/0", "-", false},
    {"::ffff:0:0/96", "192.0.2.1", true},
    {"::ffff:192.0.2.0/120", "192.0.2.77", true},
    {"unix", "-", true},
    {"unix", "127.0.0.1", false},
    {"127.0.0.1", "-", false},
};

static void each_network_holds_its_addresses_and_no_other(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct network_address address = address_of(rows[i].address);
        struct network network;

        assert_true(network_parse(guarded(slice_of(rows[i].network)), &network));
        if (network_contains(&network, &address) != rows[i].is_in) {
            fail_msg("%s in %s", rows[i].address, rows[i].network);
        }
    }
}

static void what_is_no_network_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",           "/",          "/8",          "10.0.0.0/",    "10.0.0.0/33",
        "10.0.0.1/8", "10/8",       "10.0.0.0/-1", "10.0.0.0/8 ",  "10.0.0.0/8/8",
        "::/129",     "::1/127",    "[::1]",       "::/00000",     "unix:",
        "Unix",       "unix:/path", "example.org", "10.0.0.0/0x8", "2001:db8::/",
        " 10.0.0.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct network network = {.prefix_bits = 42};

        if (network_parse(guarded(slice_of(wrong[i])), &network)) {
            fail_msg("\"%s\" is read", wrong[i]);
        }
        assert_int_equal(network.prefix_bits, 42);
    }
}

static void a_list_holds_so_many_and_asks_each(void **state)
{
    static struct network_list list;
    const struct network_address first = address_of("192.0.2.0");
    const struct network_address last = address_of("192.0.2.63");
    const struct network_address beyond = address_of("192.0.2.64");
    char text[32];

    (void)state;
    assert_false(network_list_contains(&list, &first));
    assert_false(network_list_add(&list, SLICE("nobody")));
    assert_int_equal(list.count, 0);
    for (unsigned i = 0; i < NETWORKS_MAX; i++) {
        (void)snprintf(text, sizeof text, "192.0.2.%u", i);
        assert_true(network_list_add(&list, slice_of(text)));
    }
    assert_false(network_list_add(&list, SLICE("192.0.2.64")));
    assert_int_equal(list.count, NETWORKS_MAX);
    assert_true(network_list_contains(&list, &first));
    assert_true(network_list_contains(&list, &last));
    assert_false(network_list_contains(&list, &beyond));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_network_holds_its_addresses_and_no_other),
        cmocka_unit_test(what_is_no_network_is_refused),
        cmocka_unit_test(a_list_holds_so_many_and_asks_each),
    };

    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
