/*
 * test_api_callers.c - callbacks, images and tokens: how a call wants to be answered, and whose it
 * is.
 */
#include "api_scene.h"
#include "visits/api_token.h"

static struct api_call call;

/* ---- callbacks ---- */

static void read_callback(const char *encoded)
{
    char target[1024];

    (void)snprintf(target, sizeof target, "/hit/abc?callback=%s", encoded);
    api_call_read(&call, "GET", target);
}

static void a_callback_is_a_name_of_a_script(void **state)
{
    static const char *const good[] = {
        "f",     "_",   "$",   "jQuery_1234", "a.b.c", "window.$._", "A1.2",           "%66",
        "a%2Eb", "%24", "a..", "Z",           "cb&",   "cb&x=(",     "cb&callback=%3C"};

    (void)state;
    for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
        read_callback(good[i]);
        if (call.refused_status != 0 || call.callback_length == 0) {
            fail_msg("\"%s\" is refused", good[i]);
        }
    }
    read_callback("a%2Eb");
    assert_true(slice_is((struct slice){call.callback, call.callback_length}, "a.b"));
}

static void a_callback_that_is_no_name_is_refused_before_all_else(void **state)
{
    static const char *const bad[] = {
        "",      "1a",         ".a",           "a(b)",         "a;b",     "a%28",
        "a%20b", "a+b",        "%3Cscript%3E", "a%0Ab",        "a%0D%0A", "a%00",
        "%00a",  "a%",         "a%zz",         "a[0]",         "a-b",     "a%22",
        "a%27",  "a%C3%A9",    "a/*",          "//",           "a%2Fb",   "a%5Cb",
        "a=b",   "a%E2%80%A8", "a%EF%BC%88",   "alert%281%29", "a%2528",  "%2461%28",
    };
    char target[128];

    (void)state;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        read_callback(bad[i]);
        if (call.refused_status != 400 || call.callback_length != 0) {
            fail_msg("\"%s\" is taken", bad[i]);
        }
        (void)snprintf(target, sizeof target, "/hit/a/b/c?callback=%s", bad[i]);
        api_call_read(&call, "PUT", target);
        assert_int_equal(call.refused_status, 400); /* and 404, and 405 */
    }
    api_call_read(&call, "GET", "/hit/abc?callback");
    assert_int_equal(call.refused_status, 400);
}

static void a_callback_has_at_most_128_characters(void **state)
{
    char name[3 * API_CALLBACK_BYTES_MAX + 2] = "";

    (void)state;
    memset(name, 'c', API_CALLBACK_BYTES_MAX);
    read_callback(name);
    assert_int_equal(call.refused_status, 0);
    assert_int_equal(call.callback_length, API_CALLBACK_BYTES_MAX);
    name[API_CALLBACK_BYTES_MAX] = 'c';
    read_callback(name);
    assert_int_equal(call.refused_status, 400);
    assert_int_equal(call.callback_length, 0);
    name[0] = '\0';
    for (unsigned i = 0; i < API_CALLBACK_BYTES_MAX; i++) {
        (void)strcat(name, "%63");
    }
    read_callback(name);
    assert_int_equal(call.refused_status, 0);
    assert_int_equal(call.callback_length, API_CALLBACK_BYTES_MAX);
}

/* Of a request that is wrong elsewhere the callback is kept: errors are JSONP as well. */
static void errors_have_their_callback(void **state)
{
    static const char *const targets[] = {"/hit/ab?callback=f", "/hit?callback=f",
                                          "/set/abc?callback=f", "/reset/abc?callback=f"};

    (void)state;
    for (unsigned i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        api_call_read(&call, "GET", targets[i]);
        assert_true(call.refused_status >= 400);
        assert_int_equal(call.callback_length, 1);
    }
}

static void an_image_is_asked_for_by_img_alone_or_with_anything(void **state)
{
    static const char *const yes[] = {"img", "img=", "img=1", "img=0", "a&img", "img&callback=f"};
    static const char *const no[] = {"", "image", "IMG", "a=img", "imgs=1"};
    char target[64];

    (void)state;
    for (unsigned i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        (void)snprintf(target, sizeof target, "/hit/abc?%s", yes[i]);
        api_call_read(&call, "GET", target);
        assert_true(call.is_image);
    }
    for (unsigned i = 0; i < sizeof no / sizeof no[0]; i++) {
        (void)snprintf(target, sizeof target, "/hit/abc?%s", no[i]);
        api_call_read(&call, "GET", target);
        assert_false(call.is_image);
    }
}

/* ---- tokens ---- */

/* Reads POST /reset/abc with that query and those fields; `token` is found, or NULL: none. */
static void assert_token(const char *query, const char *more, const char *token)
{
    uint8_t hash[STORE_OWNER_BYTES];
    char target[1024];

    (void)snprintf(target, sizeof target, "/reset/abc%s", query);
    api_call_read_with(&call, "POST", target, more);
    if (call.has_token != (token != NULL) || call.refused_status != (token == NULL ? 400 : 0)) {
        fail_msg("\"%s\", \"%s\": %u", query, more, call.refused_status);
    }
    if (token != NULL) {
        api_token_hash(slice_of(token), hash);
        assert_memory_equal(call.token, hash, sizeof hash);
    }
}

static void a_token_is_in_the_field_or_in_the_query(void **state)
{
    (void)state;
    assert_token("", "Authorization: Bearer secret\r\n", "secret");
    assert_token("", "authorization: bearer secret\r\n", "secret");
    assert_token("", "AUTHORIZATION: BEARER secret\r\n", "secret");
    assert_token("", "Authorization: Bearer a b\r\n", "a b");
    assert_token("?token=secret", "", "secret");
    assert_token("?a=b&token=se%63ret", "", "secret");
    assert_token("?token=a+b", "", "a b");
    assert_token("?token=one", "Authorization: Bearer other\r\n", "other"); /* the field first */
    assert_token("?token=one", "Authorization: Basic b3RoZXI=\r\n", "one");
    assert_token("?token=one", "Authorization: Bearer\r\n", "one");
    assert_token("?token=one&token=other", "", "one");
}

static void no_token_is_400(void **state)
{
    (void)state;
    assert_token("", "", NULL);
    assert_token("?token", "", NULL);
    assert_token("?token=", "", NULL);
    assert_token("?Token=secret", "", NULL);
    assert_token("", "Authorization: secret\r\n", NULL);
    assert_token("", "Authorization: Basic secret\r\n", NULL);
    assert_token("", "Authorization: Bearer\r\n", NULL);
    assert_token("", "Authorization: Bearersecret\r\n", NULL);
    assert_token("", "Proxy-Authorization: Bearer secret\r\n", NULL);
}

/* It is a wrong one, not none: 401 (api.md, Tokens). */
static void a_token_that_is_no_key_of_ours_is_a_token_all_the_same(void **state)
{
    char query[600];
    char field[700];

    (void)state;
    (void)snprintf(query, sizeof query, "?token=%0*d", API_TOKEN_BYTES_MAX, 7);
    assert_token(query, "", query + 7);
    (void)snprintf(query, sizeof query, "?token=%0*d", API_TOKEN_BYTES_MAX + 1, 7);
    (void)snprintf(field, sizeof field, "Authorization: Bearer %s\r\n", query + 7);
    assert_token("", field, query + 7);
    assert_token(query, "", query + 7);
    api_call_read(&call, "POST", "/reset/abc?token=%zz");
    assert_int_equal(call.refused_status, 0);
    assert_true(call.has_token);
}

static void only_owners_calls_want_a_token(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        unsigned status;
    } rows[] = {
        {"POST", "/set/abc?value=1", 400},
        {"POST", "/update/abc?value=1", 400},
        {"POST", "/reset/abc", 400},
        {"POST", "/delete/abc", 400},
        {"GET", "/set/abc?value=1", 0},
        {"GET", "/update/abc?amount=1", 0},
        {"POST", "/hit/abc", 0},
        {"POST", "/create/abc", 0},
        {"OPTIONS", "/set/abc?value=1", 0},
        {"OPTIONS", "/delete/abc", 0},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        api_call_read(&call, rows[i].method, rows[i].target);
        if (call.refused_status != rows[i].status) {
            fail_msg("%s %s: %u", rows[i].method, rows[i].target, call.refused_status);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_callback_is_a_name_of_a_script),
        cmocka_unit_test(a_callback_that_is_no_name_is_refused_before_all_else),
        cmocka_unit_test(a_callback_has_at_most_128_characters),
        cmocka_unit_test(errors_have_their_callback),
        cmocka_unit_test(an_image_is_asked_for_by_img_alone_or_with_anything),
        cmocka_unit_test(a_token_is_in_the_field_or_in_the_query),
        cmocka_unit_test(no_token_is_400),
        cmocka_unit_test(a_token_that_is_no_key_of_ours_is_a_token_all_the_same),
        cmocka_unit_test(only_owners_calls_want_a_token),
    };

    return cmocka_run_group_tests_name("api_callers", tests, NULL, NULL);
}
