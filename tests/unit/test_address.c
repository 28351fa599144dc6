/*
 * test_address.c - the forms of --listen.
 */
#include "base/address.h"
#include "guarded.h"
#include "test.h"

#include <stdio.h>

struct row {
    const char *text;
    const char *host; /* NULL: the text is refused */
    uint16_t port;
};

static const struct row rows[] = {
    {"127.0.0.1:9999", "127.0.0.1", 9999},
    {"localhost:0", "localhost", 0},
    {":65535", "", 65535},
    {":0009999", "", 9999},
    {"[::1]:80", "::1", 80},
    {"[fe80::1%eth0]:80", "fe80::1%eth0", 80},
    {"[name]:80", "name", 80},
    {"a.b-c:1", "a.b-c", 1},
    {"unix", NULL, 0},
    {"unix:", NULL, 0},
    {"", NULL, 0},
    {":", NULL, 0},
    {"9999", NULL, 0},
    {"127.0.0.1", NULL, 0},
    {"127.0.0.1:", NULL, 0},
    {"127.0.0.1:65536", NULL, 0},
    {"127.0.0.1:99999999999999999999", NULL, 0},
    {"127.0.0.1:-1", NULL, 0},
    {"127.0.0.1:+1", NULL, 0},
    {"127.0.0.1: 80", NULL, 0},
    {"127.0.0.1:80 ", NULL, 0},
    {"127.0.0.1:80x", NULL, 0},
    {"::1:80", NULL, 0}, /* where would the port begin? */
    {"[::1]80", NULL, 0},
    {"[::1]", NULL, 0},
    {"[::1:80", NULL, 0},
    {"::1]:80", NULL, 0},
    {"[]:80", NULL, 0},
    {"[:80", NULL, 0},
    {"a b:80", NULL, 0},
    {"http://a:80", NULL, 0},
    {"a/b:80", NULL, 0},
    {"a\n:80", NULL, 0},
    {"a\x7f:80", NULL, 0},
};

static void each_form_is_read_and_everything_else_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct address address = {.port = 4242};
        bool is_read = address_parse(guarded(slice_of(rows[i].text)), &address);

        if (is_read != (rows[i].host != NULL)) {
            fail_msg("\"%s\" is %s", rows[i].text, is_read ? "read" : "refused");
        }
        if (is_read) {
            assert_false(address.is_unix);
            assert_string_equal(address.host, rows[i].host);
            assert_int_equal(address.port, rows[i].port);
        } else {
            assert_int_equal(address.port, 4242); /* untouched */
        }
    }
}

static void a_host_and_a_path_may_be_so_long_and_no_longer(void **state)
{
    char text[400];
    struct address address;

    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        memset(text, 'h', sizeof text);
        (void)snprintf(text + ADDRESS_HOST_BYTES_MAX + extra, 4, ":80");
        assert_int_equal(address_parse(slice_of(text), &address), extra == 0);
        memset(text, 'p', sizeof text);
        memcpy(text, "unix:", 5);
        text[5 + ADDRESS_PATH_BYTES_MAX + extra] = '\0';
        assert_int_equal(address_parse(slice_of(text), &address), extra == 0);
        if (extra == 0) {
            assert_int_equal(strlen(address.path), ADDRESS_PATH_BYTES_MAX);
        }
    }
}

static void a_unix_path_may_hold_what_a_host_may_not(void **state)
{
    struct address address;

    (void)state;
    assert_true(address_parse(SLICE("unix:/a b/[c]:80"), &address));
    assert_true(address.is_unix);
    assert_string_equal(address.path, "/a b/[c]:80");
    assert_true(address_parse(SLICE("unix:relative"), &address));
    assert_string_equal(address.path, "relative");
    assert_false(address_parse(SLICE("unix:/a\0b"), &address)); /* it would end there */
    assert_false(address_parse(SLICE("unix:/a\tb"), &address));
    assert_false(address_parse(SLICE("a\0b:80"), &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read_and_everything_else_refused),
        cmocka_unit_test(a_host_and_a_path_may_be_so_long_and_no_longer),
        cmocka_unit_test(a_unix_path_may_hold_what_a_host_may_not),
    };

    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
