/*
 * test_page_url.c - what browsers name pages by, and what they do not. Against an unreadable page.
 */
#include "base/page_url.h"
#include "guarded.h"
#include "test.h"

static void a_url_has_an_origin_a_host_and_a_path(void **state)
{
    static const struct {
        const char *url;
        const char *origin;
        const char *host;
        const char *path;
    } rows[] = {
        {"https://mysite.com", "https://mysite.com", "mysite.com", ""},
        {"http://mysite.com:8080/", "http://mysite.com:8080", "mysite.com", "/"},
        {"HTTPS://MySite.com/a/b?c/d#e", "HTTPS://MySite.com", "MySite.com", "/a/b"},
        {"http://a?b/c", "http://a", "a", ""},
        {"http://a#b/c", "http://a", "a", ""},
        {"http://a/b#c?d", "http://a", "a", "/b"},
        {"http://a/@b", "http://a", "a", "/@b"},
        {"http://a/http://b", "http://a", "a", "/http://b"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct page_url url;

        assert_true(page_url_read(guarded(slice_of(rows[i].url)), &url));
        assert_true(slice_is(url.origin, rows[i].origin));
        assert_true(slice_is(url.host, rows[i].host));
        assert_true(slice_is(url.path, rows[i].path));
    }
}

static void what_names_no_page_is_none(void **state)
{
    static const char *const rows[] = {
        "",          "null",          "h",           "http:/",        "http://",
        "http://:1", "http:///a",     "https://?a",  "ftp://a",       "mysite.com",
        "//a/b",     "about:blank",   "file:///a/b", "http://b@a",    "http://b:c@a/d",
        "http://@a", "http://a@/b?c", "xhttp://a",   " https://a/b/", "https//a",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct page_url url;

        if (page_url_read(guarded(slice_of(rows[i])), &url)) {
            fail_msg("taken for a page: %s", rows[i]);
        }
    }
    assert_false(page_url_read((struct slice){NULL, 0}, &(struct page_url){.path = SLICE("")}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_has_an_origin_a_host_and_a_path),
        cmocka_unit_test(what_names_no_page_is_none),
    };

    return cmocka_run_group_tests_name("page_url", tests, NULL, NULL);
}
