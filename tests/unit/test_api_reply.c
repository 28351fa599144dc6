/*
 * test_api_reply.c - objects, callbacks, images and the fields beside them; the longest of each.
 */
#include "api_scene.h"
#include "http/reply.h"
#include "visits/api_reply.h"

#include <stdlib.h>

#define EXPOSED "X-Path, RateLimit, RateLimit-Policy, Retry-After"
#define USUAL_FIELDS "\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: " EXPOSED

enum { OBJECT_BYTES_MAX = 800 }; /* of any call */

static struct api_call call;
static struct reply reply;

static void assert_text(const char *expected)
{
    if (!slice_is(reply.text, expected)) {
        fail_msg("\"%.*s\"", (int)reply.text.length, reply.text.bytes);
    }
}

static void assert_fields(const char *expected)
{
    if (!slice_is(reply.fields, expected)) {
        fail_msg("\"%.*s\"", (int)reply.fields.length, reply.fields.bytes);
    }
}

/* What goes out, as one text. */
static const char *written(bool is_head)
{
    static char bytes[REPLY_BYTES_MAX + 1];
    static struct reply_head prepared;
    struct reply_manner manner = {
        .is_head = is_head,
        .closes = true,
        .prepared = &prepared,
        .date = SLICE("Thu, 01 Jan 1970 00:00:00 GMT"),
    };

    reply_head_prepare(&prepared, manner.date);
    bytes[reply_write(bytes, &reply, &manner)] = '\0';
    return bytes;
}

/* ---- objects ---- */

static void an_object_is_json_with_the_fields_for_other_hosts(void **state)
{
    (void)state;
    api_call_read(&call, "GET", "/hit/space/key");
    api_reply_make(&call, 200, SLICE("{\"a\":1}"), &reply);
    assert_int_equal(reply.status, 200);
    assert_null(reply.content_type);
    assert_null(reply.content);
    assert_null(reply.allow);
    assert_false(reply.has_no_length);
    assert_text("{\"a\":1}");
    assert_fields(USUAL_FIELDS "\r\nX-Path: space/key");
}

static void without_a_name_there_is_no_path(void **state)
{
    (void)state;
    api_call_read(&call, "GET", "/hit/x");
    api_reply_make_error(&call, 400, "no", &reply);
    assert_fields(USUAL_FIELDS);
    assert_text("{\"error\":\"no\"}");
}

static void a_value_is_told_to_the_log_too(void **state)
{
    (void)state;
    api_call_read(&call, "GET", "/hit/abc");
    api_reply_make_value(&call, INT64_MAX, &reply);
    assert_text("{\"value\":9223372036854775807}");
    assert_true(reply.number == INT64_MAX);
    api_reply_make_value(&call, INT64_MIN, &reply);
    assert_text("{\"value\":-9223372036854775808}");
    api_reply_make_value(&call, 0, &reply);
    assert_text("{\"value\":0}");
}

static void errors_have_the_members_of_both_dialects_where_there_is_nothing(void **state)
{
    static const struct {
        const char *target;
        const char *object;
    } rows[] = {
        {"/get/abc", "{\"value\":null,\"error\":\"E\"}"},
        {"/update/abc?amount=1", "{\"value\":null,\"error\":\"E\"}"},
        {"/set/abc?value=1", "{\"old_value\":null,\"value\":null,\"error\":\"E\"}"},
        {"/reset/abc", "{\"old_value\":null,\"value\":null,\"error\":\"E\"}"},
        {"/create/abc", "{\"namespace\":null,\"key\":null,\"value\":null,\"error\":\"E\"}"},
        {"/hit/abc", "{\"error\":\"E\"}"},
        {"/delete/abc", "{\"error\":\"E\"}"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        api_call_read(&call, "GET", rows[i].target);
        api_reply_make_error(&call, 404, "E", &reply);
        assert_text(rows[i].object);
        assert_int_equal(reply.status, 404);
        api_reply_make_error(&call, 409, "E", &reply);
        assert_text(rows[i].object);
        api_reply_make_error(&call, 400, "E", &reply);
        assert_text("{\"error\":\"E\"}");
    }
}

static void some_statuses_have_a_field_of_their_own(void **state)
{
    (void)state;
    api_call_read(&call, "PUT", "/hit/abc");
    api_reply_make_error(&call, 405, "E", &reply);
    assert_string_equal(reply.allow, "GET, HEAD, POST, OPTIONS");
    api_reply_make_error(&call, 401, "E", &reply);
    assert_null(reply.allow);
    assert_fields(USUAL_FIELDS "\r\nX-Path: default/abc\r\nWWW-Authenticate: Bearer");
    call.retry_after_s = 7;
    api_reply_make_error(&call, 503, "E", &reply);
    assert_int_equal(reply.retry_after_s, 7);
    assert_fields(USUAL_FIELDS "\r\nX-Path: default/abc");
}

/* ---- callbacks and images ---- */

static void a_callback_gets_the_object_with_its_status_and_200_on_the_line(void **state)
{
    (void)state;
    api_call_read(&call, "GET", "/get/abc?callback=a.f");
    api_reply_make_value(&call, 5, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply.content_type, "application/javascript; charset=utf-8");
    assert_text("a.f({\"value\":5,\"code\":200});");
    assert_fields(USUAL_FIELDS "\r\nX-Path: default/abc\r\nX-Content-Type-Options: nosniff");
    api_reply_make_error(&call, 404, "E", &reply);
    assert_int_equal(reply.status, 200);
    assert_text("a.f({\"value\":null,\"error\":\"E\",\"code\":404});");
    api_reply_make(&call, 200, SLICE("{}"), &reply);
    assert_text("a.f({\"code\":200});");
}

static void an_image_is_43_bytes_whatever_happened_and_says_its_status(void **state)
{
    static const char begin[] = "GIF89a\x01\x00\x01\x00";
    static const char *const targets[] = {"/get/abc?img", "/get/abc?img&callback=f"};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        api_call_read(&call, "GET", targets[i]);
        api_reply_make_value(&call, 5, &reply);
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.content_type, "image/gif");
        assert_int_equal(reply.text.length, 43);
        assert_memory_equal(reply.text.bytes, begin, sizeof begin - 1);
        assert_int_equal(reply.text.bytes[42], ';');
        assert_true(reply.number == 5);
        assert_fields(USUAL_FIELDS "\r\nX-Path: default/abc");
        api_reply_make_error(&call, 404, "E", &reply);
        assert_int_equal(reply.status, 404);
        assert_string_equal(reply.content_type, "image/gif");
    }
}

/* ---- HEAD, OPTIONS, content ---- */

static void head_has_no_body_and_no_length(void **state)
{
    static const char *const targets[] = {"/hit/abc", "/hit/abc?callback=f", "/hit/abc?img"};

    (void)state;
    for (unsigned i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        const char *bytes;

        api_call_read(&call, "HEAD", targets[i]);
        api_reply_make(&call, 200, SLICE("{}"), &reply);
        bytes = written(true);
        assert_null(strstr(bytes, "Content-Length"));
        assert_non_null(strstr(bytes, "Access-Control-Allow-Origin: *\r\n"));
        assert_string_equal(bytes + strlen(bytes) - 4, "\r\n\r\n");
    }
}

static void a_preflight_says_what_may_be_asked_for(void **state)
{
    (void)state;
    api_call_read(&call, "OPTIONS", "/reset/space/key");
    api_reply_make_preflight(&call, call.allow, &reply);
    assert_int_equal(reply.status, 204);
    assert_string_equal(reply.allow, "POST, OPTIONS");
    assert_fields(USUAL_FIELDS "\r\nX-Path: space/key"
                               "\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, OPTIONS"
                               "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type"
                               "\r\nAccess-Control-Max-Age: 43200");
    assert_null(strstr(written(false), "\r\nContent-"));
}

static void content_is_handed_on(void **state)
{
    struct content *content = malloc(sizeof *content + 3);

    (void)state;
    assert_non_null(content);
    content->length = 3;
    memcpy(content->bytes, "abc", 3);
    api_call_read(&call, "GET", "/get/abc");
    api_reply_make_content(&call, 200, "text/csv", content, &reply);
    assert_ptr_equal(reply.content, content);
    assert_string_equal(reply.content_type, "text/csv");
    assert_fields(USUAL_FIELDS "\r\nX-Path: default/abc");
    assert_non_null(strstr(written(false), "\r\nContent-Length: 3\r\n"));
    free(content);
}

/* ---- the longest ---- */

static void the_longest_of_everything_fits(void **state)
{
    static char target[1024];
    static char object[OBJECT_BYTES_MAX];
    const char *bytes;

    (void)state;
    (void)snprintf(target, sizeof target, "/hit/%0*d/%0*d?callback=c%0*d", COUNTER_NAME_PART_MAX, 0,
                   COUNTER_NAME_PART_MAX, 0, API_CALLBACK_BYTES_MAX - 1, 0);
    api_call_read(&call, "GET", target);
    assert_int_equal(call.refused_status, 0);
    memset(object, 'x', sizeof object);
    object[0] = '{';
    object[sizeof object - 1] = '}';
    call.retry_after_s = UINT16_MAX;
    api_reply_make(&call, 401, (struct slice){object, sizeof object}, &reply);
    bytes = written(false);
    assert_int_equal(reply.text.length,
                     API_CALLBACK_BYTES_MAX + 1 + OBJECT_BYTES_MAX + strlen(",\"code\":401);"));
    assert_string_equal(bytes + strlen(bytes) - strlen("x,\"code\":401});"), "x,\"code\":401});");
    call.callback_length = 0;
    api_reply_make(&call, 405, (struct slice){object, sizeof object}, &reply);
    assert_non_null(strstr(written(false), "\r\nRetry-After: 65535\r\n"));
    call.method = METHOD_OPTIONS;
    api_reply_make_preflight(&call, call.allow, &reply);
    assert_non_null(strstr(written(false), "\r\nAccess-Control-Max-Age: 43200\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_json_with_the_fields_for_other_hosts),
        cmocka_unit_test(without_a_name_there_is_no_path),
        cmocka_unit_test(a_value_is_told_to_the_log_too),
        cmocka_unit_test(errors_have_the_members_of_both_dialects_where_there_is_nothing),
        cmocka_unit_test(some_statuses_have_a_field_of_their_own),
        cmocka_unit_test(a_callback_gets_the_object_with_its_status_and_200_on_the_line),
        cmocka_unit_test(an_image_is_43_bytes_whatever_happened_and_says_its_status),
        cmocka_unit_test(head_has_no_body_and_no_length),
        cmocka_unit_test(a_preflight_says_what_may_be_asked_for),
        cmocka_unit_test(content_is_handed_on),
        cmocka_unit_test(the_longest_of_everything_fits),
    };

    return cmocka_run_group_tests_name("api_reply", tests, NULL, NULL);
}
