/*
 * test_authority.c - hosts and ports by themselves, each right before an unreadable page.
 */
#include "http/authority.h"

#include "guarded.h"

static const char *const well_formed[] = {
    "a",
    "a:",
    "a:0",
    "a:00080",
    "a:65535",
    "%7e",
    "a%2Fb",
    "-._~!$&'()*+,;=",
    "1.2.3",
    "[::]",
    "[::1]:80",
    "[1:2:3:4:5:6:7:8]",
    "[1::8]",
    "[::192.0.2.1]",
    "[v1.a]",
    "[Vff.:]:1",
    "[0000:0000:0000:0000:0000:ffff:192.168.100.228]",
};

static const char *const malformed[] = {
    "",
    ":",
    ":80",
    "a:b",
    "a:-1",
    "a:+1",
    "a:65536",
    "a:99999999999",
    "a::",
    "a:80:",
    "a b",
    "a/",
    "a@b",
    "a?",
    "a#",
    "a\"",
    "a\\",
    "%",
    "%2",
    "a%2",
    "%2g",
    "%g2",
    "\xc3\xa9",
    "::1",
    "[",
    "]",
    "[]",
    "[::1",
    "::1]",
    "[::1]]",
    "[[::1]]",
    "[::1]80",
    "[:::]",
    "[1:2:3:4:5:6:7]",
    "[1::2::3]",
    "[12345::]",
    "[::1.2.3]",
    "[::1.2.3.256]",
    "[::1%25lo]",
    "[v]",
    "[v1]",
    "[v1.]",
    "[v.a]",
    "[vg.a]",
    "[v1.a b]",
    "[v1.a/]",
    "[1111:2222:3333:4444:5555:6666:7777:8888:9999:1]",
};

static void an_authority_is_a_host_with_or_without_a_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof well_formed / sizeof *well_formed; i++) {
        if (!authority_is_valid(guarded(slice_of(well_formed[i])))) {
            fail_msg("refused: %s", well_formed[i]);
        }
    }
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        if (authority_is_valid(guarded(slice_of(malformed[i])))) {
            fail_msg("accepted: %s", malformed[i]);
        }
        assert_false(authority_with_port_is_valid(guarded(slice_of(malformed[i]))));
    }
}

static void a_port_that_must_be_there_is_neither_empty_nor_0(void **state)
{
    static const char *const good[] = {"a:1", "a:65535", "[::1]:00443"};
    static const char *const bad[] = {"a", "a:", "a:0", "a:65536", "[::1]", "[::1]:", ":443"};
    (void)state;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(authority_with_port_is_valid(guarded(slice_of(good[i]))));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(authority_with_port_is_valid(guarded(slice_of(bad[i]))));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authority_is_a_host_with_or_without_a_port),
        cmocka_unit_test(a_port_that_must_be_there_is_neither_empty_nor_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
