/*
 * test_counter_name.c - what a path names: lengths, characters, encodings, and words for a page.
 */
#include "visits/counter_name.h"

#include "guarded.h"
#include "test.h"

#include <stdio.h>

static const struct calling_page nobody;

static enum counter_name_result read_for(const char *path, const char *origin, const char *referer,
                                         struct counter_name *out_name)
{
    const struct calling_page page = {
        .origin = origin == NULL ? (struct slice){NULL, 0} : slice_of(origin),
        .referer = referer == NULL ? (struct slice){NULL, 0} : slice_of(referer),
    };

    return counter_name_read(guarded(slice_of(path)), &page, out_name);
}

static const char *text_of(const char *field)
{
    return field == NULL ? "nobody" : field;
}

/* Fails unless the path, asked for by that page, names `expected`; NULL: gives `result`. */
static void assert_named(const char *path, const char *origin, const char *referer,
                         enum counter_name_result result, const char *expected)
{
    struct counter_name name;
    const enum counter_name_result read = read_for(path, origin, referer, &name);

    if (read != result) {
        fail_msg("\"%s\" from %s, %s gives %d", path, text_of(origin), text_of(referer), (int)read);
    }
    if (expected != NULL && !slice_is(counter_name_text(&name), expected)) {
        fail_msg("\"%s\" from %s, %s is \"%.*s\"", path, text_of(origin), text_of(referer),
                 name.length, name.text);
    }
}

static void assert_name(const char *path, const char *expected)
{
    assert_named(path, NULL, NULL, COUNTER_NAME_GOOD, expected);
}

static void assert_no_name(const char *path, enum counter_name_result result)
{
    assert_named(path, NULL, NULL, result, NULL);
}

/* ---- names ---- */

static void a_name_has_two_parts_and_the_first_may_be_left_out(void **state)
{
    struct counter_name name;

    (void)state;
    assert_name("abc/def", "abc/def");
    assert_name("def", "default/def");
    assert_int_equal(read_for("a-1/b_2.", NULL, NULL, &name), COUNTER_NAME_GOOD);
    assert_true(slice_is(counter_name_namespace(&name), "a-1"));
    assert_true(slice_is(counter_name_key(&name), "b_2."));
}

static void each_part_has_3_to_64_characters(void **state)
{
    char part[COUNTER_NAME_PART_MAX + 2];
    char path[2 * sizeof part];

    (void)state;
    for (size_t length = 0; length <= COUNTER_NAME_PART_MAX + 1; length++) {
        const bool is_good = length >= COUNTER_NAME_PART_MIN && length <= COUNTER_NAME_PART_MAX;

        memset(part, 'x', length);
        part[length] = '\0';
        (void)snprintf(path, sizeof path, "%s/key", part);
        assert_no_name(path, is_good ? COUNTER_NAME_GOOD : COUNTER_NAME_BAD_NAMESPACE);
        if (length > 0) { /* else there is no such segment */
            (void)snprintf(path, sizeof path, "space/%s", part);
            assert_no_name(path, is_good ? COUNTER_NAME_GOOD : COUNTER_NAME_BAD_KEY);
            assert_no_name(part, is_good ? COUNTER_NAME_GOOD : COUNTER_NAME_BAD_KEY);
        }
    }
}

static void the_longest_name_of_all_fits(void **state)
{
    char path[COUNTER_NAME_BYTES_MAX + 1];
    struct counter_name name;

    (void)state;
    memset(path, 'n', COUNTER_NAME_PART_MAX);
    path[COUNTER_NAME_PART_MAX] = '/';
    memset(path + COUNTER_NAME_PART_MAX + 1, 'k', COUNTER_NAME_PART_MAX);
    path[COUNTER_NAME_BYTES_MAX] = '\0';
    assert_int_equal(read_for(path, NULL, NULL, &name), COUNTER_NAME_GOOD);
    assert_int_equal(name.length, 129);
    assert_true(slice_is(counter_name_text(&name), path));
}

static bool is_of_a_name(unsigned byte)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";

    return byte != 0 && strchr(allowed, (int)byte) != NULL;
}

static void every_byte_is_allowed_or_not_encoded_or_not_at_every_place(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const enum counter_name_result key =
            is_of_a_name(byte) ? COUNTER_NAME_GOOD : COUNTER_NAME_BAD_KEY;

        for (unsigned place = 0; place < 3; place++) {
            char plain[3] = {'a', 'a', 'a'};
            char encoded[16];
            struct counter_name name;

            plain[place] = (char)byte;
            if (byte != '/' && byte != '%') {
                assert_int_equal(
                    counter_name_read(guarded((struct slice){plain, 3}), &nobody, &name), key);
            }
            (void)snprintf(encoded, sizeof encoded, "%.*s%%%02x%.*s", (int)place, "aaa", byte,
                           (int)(2 - place), "aaa");
            assert_no_name(encoded, key);
            (void)snprintf(encoded, sizeof encoded, "%.*s%%%02X%.*s/key", (int)place, "aaa", byte,
                           (int)(2 - place), "aaa");
            assert_no_name(encoded,
                           is_of_a_name(byte) ? COUNTER_NAME_GOOD : COUNTER_NAME_BAD_NAMESPACE);
        }
    }
}

static void names_are_decoded_once_and_then_looked_at(void **state)
{
    char path[3 * COUNTER_NAME_PART_MAX + 4] = "";

    (void)state;
    assert_name("%61bc/d%65%66", "abc/def");
    assert_name("%2e%2E%2e/%2d%5F%30", ".../-_0");
    assert_no_name("abc%2Fdef",
                   COUNTER_NAME_BAD_KEY); /* a slash in a segment is none between two */
    assert_no_name("abc/d%2Fef", COUNTER_NAME_BAD_KEY);
    assert_no_name("a%2fbc/def", COUNTER_NAME_BAD_NAMESPACE);
    assert_no_name("abc%252Fdef", COUNTER_NAME_BAD_KEY);
    assert_no_name("a%2562c", COUNTER_NAME_BAD_KEY); /* not "abc" */
    assert_no_name("abc%00", COUNTER_NAME_BAD_KEY);
    assert_no_name("abc%00def/key", COUNTER_NAME_BAD_NAMESPACE);
    assert_no_name("abc%", COUNTER_NAME_BAD_KEY);
    assert_no_name("abc%4", COUNTER_NAME_BAD_KEY);
    assert_no_name("abc%zz/key", COUNTER_NAME_BAD_NAMESPACE);
    assert_no_name("abc+def", COUNTER_NAME_BAD_KEY); /* no blank, and no plus */
    assert_no_name("abc%C3%A9", COUNTER_NAME_BAD_KEY);
    assert_no_name("abc%C0%AF", COUNTER_NAME_BAD_KEY); /* a slash in too many bytes */
    for (unsigned i = 0; i < COUNTER_NAME_PART_MAX; i++) {
        (void)strcat(path, "%61"); /* 192 bytes are 64 characters */
    }
    assert_no_name(path, COUNTER_NAME_GOOD);
    (void)strcat(path, "a");
    assert_no_name(path, COUNTER_NAME_BAD_KEY);
}

static void more_or_fewer_segments_are_no_path(void **state)
{
    static const char *const paths[] = {"",      "/",        "//",      "abc/",    "abc/def/",
                                        "abc//", "abc//def", "/abc/",   "a/b/c",   "abc/def/shield",
                                        "///",   "../abc/x", "%/%/abc", "a/b/c/d", ":HOST:/"};

    (void)state;
    for (unsigned i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_no_name(paths[i], COUNTER_NAME_NO_PATH);
    }
    assert_no_name("/abc", COUNTER_NAME_BAD_NAMESPACE); /* an empty one */
    assert_int_equal(
        counter_name_read((struct slice){NULL, 0}, &nobody, &(struct counter_name){.length = 0}),
        COUNTER_NAME_NO_PATH);
}

static void dots_are_characters_like_others(void **state)
{
    (void)state;
    assert_name(".../...", ".../...");
    assert_name("page.svg", "default/page.svg");
    assert_name("abc/shield", "abc/shield");
    assert_no_name("./abc", COUNTER_NAME_BAD_NAMESPACE);
    assert_no_name("../abc", COUNTER_NAME_BAD_NAMESPACE);
    assert_no_name("abc/..", COUNTER_NAME_BAD_KEY);
    assert_no_name("abc/%2e%2e", COUNTER_NAME_BAD_KEY);
}

static void a_name_of_two_parts_is_made_as_it_stands(void **state)
{
    static const char longer[] =
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    struct counter_name name;

    (void)state;
    assert_int_equal(counter_name_make(SLICE("abc"), SLICE("d.f"), &name), COUNTER_NAME_GOOD);
    assert_true(slice_is(counter_name_text(&name), "abc/d.f"));
    assert_int_equal(counter_name_make(SLICE("%61bc"), SLICE("def"), &name),
                     COUNTER_NAME_BAD_NAMESPACE);
    assert_int_equal(counter_name_make(SLICE(":HOST:"), SLICE("def"), &name),
                     COUNTER_NAME_BAD_NAMESPACE);
    assert_int_equal(counter_name_make(SLICE("ab"), SLICE("def"), &name),
                     COUNTER_NAME_BAD_NAMESPACE);
    assert_int_equal(counter_name_make(SLICE("abc"), SLICE("de"), &name), COUNTER_NAME_BAD_KEY);
    assert_int_equal(counter_name_make(SLICE("abc"), SLICE("d/f"), &name), COUNTER_NAME_BAD_KEY);
    assert_int_equal(counter_name_make(SLICE("abc"), SLICE("d\0f"), &name), COUNTER_NAME_BAD_KEY);
    assert_int_equal(strlen(longer), COUNTER_NAME_PART_MAX + 1);
    assert_int_equal(counter_name_make(slice_of(longer), SLICE("def"), &name),
                     COUNTER_NAME_BAD_NAMESPACE);
    assert_int_equal(counter_name_make(SLICE("abc"), slice_of(longer), &name),
                     COUNTER_NAME_BAD_KEY);
    assert_int_equal(counter_name_make(slice_of(longer + 1), slice_of(longer + 1), &name),
                     COUNTER_NAME_GOOD);
}

/* ---- words ---- */

struct page_row {
    const char *path;
    const char *origin;
    const char *referer;
    const char *name; /* NULL: 400 */
};

static const struct page_row page_rows[] = {
    {":HOST:/key", "https://mysite.com", NULL, "mysite.com/key"},
    {"%3AHOST%3A/key", "https://mysite.com", NULL, "mysite.com/key"},
    {"%3aHOST%3a/key", "https://mysite.com", NULL, "mysite.com/key"},
    {":%48OST:/key", "https://mysite.com", NULL, "mysite.com/key"},
    {":HOST:/:PATHNAME:", "https://mysite.com", "https://mysite.com/example/page",
     "mysite.com/examplepage"},
    {":HOST:/:PATHNAME:", NULL, "https://mysite.com/example/page", "mysite.com/examplepage"},
    {"%3AHOST%3A/%3APATHNAME%3A", NULL, "https://mysite.com/a/b/c", "mysite.com/abc"},
    {":HOST:/:PATH:", NULL, "https://mysite.com/a/b/c", "mysite.com/abc"},
    {":PATH:", NULL, "https://mysite.com/a/b/c", "default/abc"},
    {":HOST:", "https://mysite.com", NULL, "default/mysite.com"},
    {":PATHNAME:/:HOST:", NULL, "https://mysite.com/a/b/c", "abc/mysite.com"},
    /* the host without its port */
    {":HOST:/key", "http://mysite.com:8080", NULL, "mysite.com/key"},
    {":HOST:/key", NULL, "http://localhost:3000/a?b", "localhost/key"},
    {":HOST:/key", "http://127.0.0.1:80", NULL, "127.0.0.1/key"},
    {":HOST:/key", NULL, "http://mysite.com?a/b", "mysite.com/key"},
    {":HOST:/key", NULL, "http://mysite.com#a/b", "mysite.com/key"},
    {":HOST:/key", "HTTPS://mysite.com", NULL, "mysite.com/key"},
    {":HOST:/key", "https://one.org", "https://other.org/", "one.org/key"}, /* Origin first */
    /* no page, or none that is known */
    {":HOST:/key", NULL, NULL, NULL},
    {":HOST:/key", "", "", NULL},
    {":HOST:/key", "null", NULL, NULL},
    {":HOST:/key", "null", "https://mysite.com/a", "mysite.com/key"},
    {":HOST:/key", "file://", NULL, NULL},
    {":HOST:/key", "https://", NULL, NULL},
    {":HOST:/key", "https:///path", NULL, NULL},
    {":HOST:/key", "https://:443", NULL, NULL},
    {":HOST:/key", "http:/mysite.com", NULL, NULL},
    {":HOST:/key", "mysite.com", NULL, NULL},
    {":HOST:/key", "ftp://mysite.com", NULL, NULL},
    {":HOST:/key", "chrome-extension://abcdef", NULL, NULL},
    {":PATH:", "https://mysite.com", NULL, NULL}, /* an Origin has no path */
    {":PATHNAME:", NULL, NULL, NULL},
    {":PATHNAME:", NULL, "null", NULL},
    {":PATHNAME:", NULL, "about:blank", NULL},
    {":PATHNAME:", NULL, "/a/b/c", NULL},
    /* hosts that are no names */
    {":HOST:/key", "http://[::1]:80", NULL, NULL},
    {":HOST:/key", "http://[2001:db8::1]", NULL, NULL},
    {":HOST:/key", "http://m\xc3\xbcller.example", NULL, NULL},
    {":HOST:/key", "http://a b", NULL, NULL},
    {":HOST:/key", "http://mysite%2Ecom", NULL, NULL},
    /* no browser says who its user is */
    {":HOST:/key", "http://user@mysite.com", NULL, NULL},
    {":HOST:/key", "http://user:secret@mysite.com", NULL, NULL},
    {":HOST:/key", NULL, "http://user:secret@mysite.com/a", NULL},
    {":HOST:/key", NULL, "http://mysite.com/@a", "mysite.com/key"},
    /* padded on the left */
    {":HOST:/key", "http://a", NULL, "..a/key"},
    {":HOST:/key", "http://ab", NULL, ".ab/key"},
    {":HOST:/key", "http://abc", NULL, "abc/key"},
    {":PATHNAME:", NULL, "http://mysite.com", "default/..."},
    {":PATHNAME:", NULL, "http://mysite.com/", "default/..."},
    {":PATHNAME:", NULL, "http://mysite.com//", "default/..."},
    {":PATHNAME:", NULL, "http://mysite.com/a", "default/..a"},
    {":PATHNAME:", NULL, "http://mysite.com/a/b/", "default/.ab"},
    {":PATHNAME:", NULL, "http://mysite.com:80/a/b/c/", "default/abc"},
    {":PATHNAME:", NULL, "http://[::1]/abc", "default/abc"},
    /* without query and fragment */
    {":PATHNAME:", NULL, "http://mysite.com/abc?d=/e", "default/abc"},
    {":PATHNAME:", NULL, "http://mysite.com/abc#d/e", "default/abc"},
    {":PATHNAME:", NULL, "http://mysite.com?abc", "default/..."},
    {":PATHNAME:", NULL, "http://mysite.com/index.html", "default/index.html"},
    /* other characters */
    {":PATHNAME:", NULL, "http://mysite.com/a%20b", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/abc+d", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/~user", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/a:b", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/a\\b", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/\xc3\xa9t\xc3\xa9", NULL},
    {":PATHNAME:", NULL, "http://mysite.com/:PATHNAME:", NULL}, /* no word in a word */
};

static void words_stand_for_host_and_path_of_the_calling_page(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof page_rows / sizeof page_rows[0]; i++) {
        const struct page_row *row = &page_rows[i];

        assert_named(row->path, row->origin, row->referer,
                     row->name == NULL ? COUNTER_NAME_NO_PAGE : COUNTER_NAME_GOOD, row->name);
    }
}

static void what_only_looks_like_a_word_is_a_bad_name(void **state)
{
    static const char *const words[] = {
        ":host:", ":HOST",   "HOST:",   ":HOST::",    "::HOST:", ":PATHNAME", ":Path:",
        ":URL:",  ":HOST:x", "x:HOST:", "%253AHOST:", "::",      ":PATHS:",   ":HOSTNAME:"};
    const char *const page = "https://mysite.com/abc";

    (void)state;
    for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_named(words[i], page, page, COUNTER_NAME_BAD_KEY, NULL);
    }
}

static void hosts_and_paths_have_at_most_64_characters(void **state)
{
    char url[300];
    const int fit = COUNTER_NAME_PART_MAX;

    (void)state;
    for (int length = fit; length <= fit + 1; length++) {
        const enum counter_name_result result =
            length == fit ? COUNTER_NAME_GOOD : COUNTER_NAME_NO_PAGE;

        (void)snprintf(url, sizeof url, "http://%0*d:80/", length, 0);
        assert_named(":HOST:/key", url, NULL, result, NULL);
        assert_named(":HOST:/key", NULL, url, result, NULL);
        (void)snprintf(url, sizeof url, "http://a.b/%0*d/?%0*d", length, 0, fit, 0);
        assert_named(":PATHNAME:", NULL, url, result, NULL);
        (void)snprintf(url, sizeof url, "http://a.b/%0*d/%0*d/", length - 10, 0, 10, 0);
        assert_named(":PATHNAME:", NULL, url, result, NULL); /* slashes are not counted */
    }
}

/* Nor is a host put together of two fields. */
static void a_host_that_is_too_long_is_not_looked_for_elsewhere(void **state)
{
    char origin[200];

    (void)state;
    (void)snprintf(origin, sizeof origin, "http://%0*d", COUNTER_NAME_PART_MAX + 1, 0);
    assert_named(":HOST:/key", origin, "http://other.org/", COUNTER_NAME_NO_PAGE, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_has_two_parts_and_the_first_may_be_left_out),
        cmocka_unit_test(each_part_has_3_to_64_characters),
        cmocka_unit_test(the_longest_name_of_all_fits),
        cmocka_unit_test(every_byte_is_allowed_or_not_encoded_or_not_at_every_place),
        cmocka_unit_test(names_are_decoded_once_and_then_looked_at),
        cmocka_unit_test(more_or_fewer_segments_are_no_path),
        cmocka_unit_test(dots_are_characters_like_others),
        cmocka_unit_test(a_name_of_two_parts_is_made_as_it_stands),
        cmocka_unit_test(words_stand_for_host_and_path_of_the_calling_page),
        cmocka_unit_test(what_only_looks_like_a_word_is_a_bad_name),
        cmocka_unit_test(hosts_and_paths_have_at_most_64_characters),
        cmocka_unit_test(a_host_that_is_too_long_is_not_looked_for_elsewhere),
    };

    return cmocka_run_group_tests_name("counter_name", tests, NULL, NULL);
}
