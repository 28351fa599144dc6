/*
 * test_api_request.c - verbs, methods, names and numbers: which call a request is.
 */
#include "api_scene.h"

#include <limits.h>

static struct api_call call;

/* Reads it and compares how it is refused; status 0: not. */
static void assert_refused(const char *method, const char *target, unsigned status)
{
    api_call_read(&call, method, target);
    if (call.refused_status != status) {
        fail_msg("%s %s: %u, %s", method, target, call.refused_status,
                 call.refused_status == 0 ? "" : call.refused_sentence);
    }
}

/* ---- verbs and methods ---- */

static void a_path_is_a_call_when_its_first_segment_is_a_verb(void **state)
{
    static const struct {
        const char *path;
        const char *rest; /* NULL: without bytes */
        enum api_verb verb;
    } rows[] = {
        {"/hit/a/b", "a/b", API_HIT},   {"/get/a", "a", API_GET},
        {"/create", NULL, API_CREATE},  {"/create/", "", API_CREATE},
        {"/set/a/b/", "a/b/", API_SET}, {"/update//", "/", API_UPDATE},
        {"/reset", NULL, API_RESET},    {"/delete/", "", API_DELETE},
        {"/info/a", "a", API_INFO},     {"/stats", NULL, API_STATS},
    };
    static const char *const others[] = {
        "",       "/",        "*",     "//",         "//hit/a", "/Hit/a", "/HIT/a", "/hits/a",
        "/hi/a",  "/%68it/a", "/hit?", "/hit%2Fabc", "/./hit",  "/ hit",  "/hi",    "/favicon.ico",
        "/hit.x", "/hit;a",   "hi",    "/v1/hit/a",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum api_verb verb = API_VERBS_COUNT;
        struct slice rest = SLICE("?");

        assert_true(api_request_is_call(guarded(slice_of(rows[i].path)), &verb, &rest));
        assert_int_equal(verb, rows[i].verb);
        assert_int_equal(rest.bytes == NULL, rows[i].rest == NULL);
        assert_true(slice_is(rest, rows[i].rest == NULL ? "" : rows[i].rest));
    }
    for (unsigned i = 0; i < sizeof others / sizeof others[0]; i++) {
        enum api_verb verb;
        struct slice rest;

        if (api_request_is_call(guarded(slice_of(others[i])), &verb, &rest)) {
            fail_msg("\"%s\" is a call", others[i]);
        }
    }
}

static void each_verb_knows_its_methods_and_says_which(void **state)
{
    static const struct {
        const char *target;
        const char *allow;
    } rows[] = {
        {"/hit/abc", "GET, HEAD, POST, OPTIONS"},
        {"/get/abc", "GET, HEAD, OPTIONS"},
        {"/create/abc", "GET, HEAD, POST, OPTIONS"},
        {"/create", "GET, HEAD, POST, OPTIONS"},
        {"/set/abc?value=1&token=t", "GET, HEAD, POST, OPTIONS"},
        {"/update/abc?value=1&amount=1&token=t", "GET, HEAD, POST, OPTIONS"},
        {"/reset/abc?token=t", "POST, OPTIONS"},
        {"/delete/abc?token=t", "POST, OPTIONS"},
        {"/info/abc", "GET, HEAD, OPTIONS"},
    };
    static const char *const methods[] = {"GET",    "HEAD",  "POST",  "OPTIONS", "PUT",
                                          "DELETE", "PATCH", "TRACE", "get",     "GETX"};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned j = 0; j < sizeof methods / sizeof methods[0]; j++) {
            char word[16];

            (void)snprintf(word, sizeof word, "%s,", methods[j]);
            assert_refused(methods[j], rows[i].target,
                           strstr(rows[i].allow, word) != NULL || strcmp(methods[j], "OPTIONS") == 0
                               ? 0
                               : 405);
            assert_string_equal(call.allow, rows[i].allow);
        }
    }
}

static void nothing_of_the_call_before_is_left(void **state)
{
    (void)state;
    api_call_read(&call, "GET", "/hit/space/key");
    assert_int_equal(call.verb, API_HIT);
    assert_int_equal(call.method, METHOD_GET);
    assert_int_equal(call.refused_status, 0);
    assert_true(call.has_name);
    assert_true(slice_is(counter_name_text(&call.name), "space/key"));
    assert_false(call.is_image || call.is_list_form || call.has_amount || call.has_token);
    assert_int_equal(call.callback_length, 0);
    assert_int_equal(call.retry_after_s, 0);
    assert_true(call.amount == 0);
    assert_false(call.created.exists);
}

/* ---- names ---- */

static void what_is_wrong_with_a_name_is_said_as_both_dialects_do(void **state)
{
    (void)state;
    assert_refused("GET", "/hit/ab/key", 400);
    assert_true(strncmp(call.refused_sentence, "Invalid namespace: ", 19) == 0);
    assert_false(call.has_name);
    assert_refused("GET", "/hit/abc/ke", 400);
    assert_true(strncmp(call.refused_sentence, "Invalid key: ", 13) == 0);
    assert_refused("GET", "/hit/ke", 400);
    assert_true(strncmp(call.refused_sentence, "Invalid key: ", 13) == 0);
    assert_refused("GET", "/create?key=ab", 400);
    assert_string_equal(call.refused_sentence, "Malformed Namespace/Key");
    assert_refused("GET", "/hit/:HOST:/key", 400);
    assert_refused("GET", "/hit", 404);
    assert_refused("GET", "/hit/", 404);
    assert_refused("GET", "/hit/abc/", 404);
    assert_refused("GET", "/hit/abc/key/", 404);
    assert_refused("GET", "/hit/abc/key/shield", 404);
    assert_refused("GET", "/hit//key", 400);
    assert_refused("GET", "/hit/%zz", 400);
    assert_refused("GET", "/stats/abc", 404);
    assert_refused("GET", "/stats/", 404);
}

static void the_calling_page_is_found_in_any_case_and_the_first_field_counts(void **state)
{
    (void)state;
    api_call_read_with(&call, "GET", "/hit/:HOST:/:PATHNAME:",
                       "Accept: */*\r\norigin: https://one.org\r\nREFERER: https://two.org/a/bc\r\n"
                       "Origin: https://three.org\r\n");
    assert_int_equal(call.refused_status, 0);
    assert_true(slice_is(counter_name_text(&call.name), "one.org/abc"));
    api_call_read_with(&call, "GET", "/hit/:HOST:/key", "X-Origin: https://one.org\r\n");
    assert_int_equal(call.refused_status, 400);
}

static void a_field_is_found_by_its_whole_name(void **state)
{
    static struct api_head head;
    struct slice found;

    (void)state;
    api_head_read(&head, "GET", "/hit/abc",
                  "A: 1\r\nAb: 2\r\nEmpty:\r\nBlank:  \t x y \t \r\nAb: 3\r\n");
    assert_true(slice_is(request_fields_find(&head.fields, SLICE("A")), "1"));
    assert_true(slice_is(request_fields_find(&head.fields, SLICE("AB")), "2"));
    assert_true(slice_is(request_fields_find(&head.fields, SLICE("host")), "a"));
    assert_true(slice_is(request_fields_find(&head.fields, SLICE("Blank")), "x y"));
    found = request_fields_find(&head.fields, SLICE("Empty"));
    assert_non_null(found.bytes);
    assert_int_equal(found.length, 0);
    assert_null(request_fields_find(&head.fields, SLICE("Abc")).bytes);
    assert_null(request_fields_find(&head.fields, SLICE("")).bytes);
    assert_null(request_fields_find(&head.fields, SLICE("GET")).bytes);
    head.fields.count = 0;
    assert_null(request_fields_find(&head.fields, SLICE("A")).bytes);
}

static void create_takes_its_name_from_the_query_or_draws_one(void **state)
{
    char first[COUNTER_NAME_BYTES_MAX];

    (void)state;
    assert_refused("GET", "/create?namespace=space&key=my%2Dkey", 0);
    assert_true(call.is_list_form);
    assert_true(slice_is(counter_name_text(&call.name), "space/my-key"));
    assert_refused("GET", "/create?key=mykey", 0);
    assert_true(slice_is(counter_name_text(&call.name), "default/mykey"));
    assert_refused("GET", "/create?namespace=&key=mykey", 0);
    assert_true(slice_is(counter_name_text(&call.name), "default/mykey"));
    assert_refused("GET", "/create?namespace=space", 0); /* a UUID */
    assert_int_equal(call.name.namespace_length, 5);
    assert_int_equal(counter_name_key(&call.name).length, 36);
    memcpy(first, call.name.text, call.name.length);
    assert_refused("GET", "/create?namespace=space", 0);
    assert_memory_not_equal(first, call.name.text, call.name.length);
    assert_refused("GET", "/create/", 0);
    assert_false(call.is_list_form);
    assert_int_equal(call.name.namespace_length, 16);
    assert_int_equal(call.name.length, 16 + 1 + 16);
    assert_refused("POST", "/create/space/mykey", 0);
    assert_false(call.is_list_form);
    assert_true(slice_is(counter_name_text(&call.name), "space/mykey"));
    assert_refused("GET", "/create?namespace=a%2Fb&key=mykey", 400);
    assert_refused("GET", "/create?namespace=:HOST:&key=mykey", 400);
    assert_refused("GET", "/create?namespace=abc&key=a+key", 400);
    assert_refused("GET", "/create?namespace=abc&key=%", 400);
    assert_refused("GET", "/create?key=%00%00%00", 400);
}

/* ---- numbers ---- */

/* A query's number: how it is refused, and the number where it is not. */
static const struct {
    const char *text;
    unsigned status;
    int64_t number;
} numbers[] = {
    {"0", 0, 0},
    {"1", 0, 1},
    {"-1", 0, -1},
    {"-0", 0, 0},
    {"007", 0, 7},
    {"%31", 0, 1},
    {"%2D5", 0, -5},
    {"9223372036854775807", 0, INT64_MAX},
    {"-9223372036854775808", 0, INT64_MIN},
    {"00000000000009223372036854775807", 0, INT64_MAX}, /* 32 characters */
    {"9223372036854775808", 400, 0},
    {"-9223372036854775809", 400, 0},
    {"18446744073709551616", 400, 0},
    {"99999999999999999999999999999999", 400, 0},
    {"000000000000009223372036854775807", 400, 0}, /* 33 */
    {"+1", 400, 0},
    {"%2B1", 400, 0},
    {"--1", 400, 0},
    {"-", 400, 0},
    {"1.0", 400, 0},
    {"1e3", 400, 0},
    {"0x1", 400, 0},
    {"1%20", 400, 0},
    {"%201", 400, 0},
    {"1%00", 400, 0},
    {"%", 400, 0},
    {"abc", 400, 0},
    {"NaN", 400, 0},
    {"1,000", 400, 0},
};

static void a_number_is_whole_and_of_64_bits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const bool is_zero = numbers[i].status == 0 && numbers[i].number == 0;
        char target[256];

        (void)snprintf(target, sizeof target, "/set/abc?value=%s", numbers[i].text);
        assert_refused("GET", target, numbers[i].status);
        assert_true(call.amount == numbers[i].number);
        assert_int_equal(call.has_amount, numbers[i].status == 0);
        (void)snprintf(target, sizeof target, "/set/abc?token=t&value=%s", numbers[i].text);
        assert_refused("POST", target, numbers[i].status);
        (void)snprintf(target, sizeof target, "/update/abc?amount=%s", numbers[i].text);
        assert_refused("GET", target, numbers[i].status);
        assert_true(call.amount == numbers[i].number);
        (void)snprintf(target, sizeof target, "/update/abc?token=t&value=%s", numbers[i].text);
        assert_refused("POST", target, is_zero ? 400 : numbers[i].status);
        (void)snprintf(target, sizeof target, "/create/abc?initializer=%s", numbers[i].text);
        assert_refused("GET", target, numbers[i].status);
        assert_true(call.created.value == numbers[i].number);
        (void)snprintf(target, sizeof target, "/create?key=abc&value=%s", numbers[i].text);
        assert_refused("GET", target, numbers[i].status);
        assert_true(call.created.value == numbers[i].number);
    }
}

static void a_number_that_is_due_is_not_left_out(void **state)
{
    (void)state;
    assert_refused("GET", "/set/abc", 400);
    assert_refused("GET", "/set/abc?value", 400);
    assert_refused("GET", "/set/abc?value=", 400);
    assert_refused("GET", "/set/abc?Value=1", 400);
    assert_refused("GET", "/set/abc?amount=1", 400);
    assert_refused("GET", "/update/abc", 400);
    assert_refused("GET", "/update/abc?value=1", 400);
    assert_refused("POST", "/update/abc?token=t", 400);
    assert_refused("POST", "/update/abc?token=t&amount=1", 400);
    assert_refused("GET", "/create/abc?initializer=", 0); /* not due */
    assert_true(call.created.value == 0);
    assert_refused("GET", "/create/abc?value=5", 0); /* of the other form */
    assert_true(call.created.value == 5);
}

static void bounds_stand_on_their_own_side_of_0(void **state)
{
    (void)state;
    assert_refused("GET", "/create?key=abc", 0);
    assert_true(call.created.exists && call.created.low == -1 && call.created.high == 1);
    assert_false(call.created.may_be_set);
    assert_refused("GET", "/create?update_lowerbound=0&update_upperbound=0", 0);
    assert_true(call.created.low == 0 && call.created.high == 0);
    assert_refused("GET",
                   "/create?update_lowerbound=-9223372036854775808"
                   "&update_upperbound=9223372036854775807",
                   0);
    assert_true(call.created.low == INT64_MIN && call.created.high == INT64_MAX);
    assert_refused("GET", "/create?update_lowerbound=1", 400);
    assert_string_equal(call.refused_sentence, "update_lowerbound must be negative");
    assert_refused("GET", "/create?update_upperbound=-1", 400);
    assert_string_equal(call.refused_sentence, "update_upperbound must be positive");
    assert_refused("GET", "/create?update_lowerbound=x", 400);
    assert_string_equal(call.refused_sentence, "update_lowerbound must be negative");
    assert_refused("GET", "/create?update_upperbound=9223372036854775808", 400);
    assert_string_equal(call.refused_sentence, "update_upperbound must be positive");
    assert_refused("GET", "/create/abc?update_upperbound=-1&update_lowerbound=1", 0);
    assert_true(call.created.low == 0 && call.created.high == 0); /* Abacus has none */
}

static void enable_reset_is_1_or_true(void **state)
{
    static const char *const yes[] = {"1", "true", "True", "TRUE"};
    static const char *const no[] = {"", "0", "2", "01", "11", "yes", "false", "true1", "%31"};
    char target[64];

    (void)state;
    for (unsigned i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        (void)snprintf(target, sizeof target, "/create?enable_reset=%s", yes[i]);
        assert_refused("GET", target, 0);
        assert_true(call.created.may_be_set);
    }
    for (unsigned i = 0; i < sizeof no / sizeof no[0]; i++) {
        (void)snprintf(target, sizeof target, "/create?enable_reset=%s", no[i]);
        assert_refused("GET", target, 0);
        assert_false(call.created.may_be_set);
    }
    assert_refused("GET", "/create/abc?enable_reset=1", 0);
    assert_false(call.created.may_be_set);
}

static void what_is_not_asked_for_is_ignored(void **state)
{
    (void)state;
    assert_refused("GET", "/create?key=abc&expiration=60&name=x&&=&%=%", 0);
    assert_refused("GET", "/hit/abc?value=x&amount=y&initializer=z&_=1", 0);
    assert_refused("POST", "/hit/abc?update_lowerbound=5", 0);
    assert_refused("HEAD", "/set/abc", 0); /* nothing is done, nothing is due */
    assert_refused("OPTIONS", "/set/abc", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_a_call_when_its_first_segment_is_a_verb),
        cmocka_unit_test(each_verb_knows_its_methods_and_says_which),
        cmocka_unit_test(nothing_of_the_call_before_is_left),
        cmocka_unit_test(what_is_wrong_with_a_name_is_said_as_both_dialects_do),
        cmocka_unit_test(the_calling_page_is_found_in_any_case_and_the_first_field_counts),
        cmocka_unit_test(a_field_is_found_by_its_whole_name),
        cmocka_unit_test(create_takes_its_name_from_the_query_or_draws_one),
        cmocka_unit_test(a_number_is_whole_and_of_64_bits),
        cmocka_unit_test(a_number_that_is_due_is_not_left_out),
        cmocka_unit_test(bounds_stand_on_their_own_side_of_0),
        cmocka_unit_test(enable_reset_is_1_or_true),
        cmocka_unit_test(what_is_not_asked_for_is_ignored),
    };

    return cmocka_run_group_tests_name("api_request", tests, NULL, NULL);
}
