/*
 * test_reply.c - the bytes of an answer.
 */
#include "http/reply.h"
#include "test.h"

static char bytes[REPLY_BYTES_MAX + 64];

/* Writes and compares, and sees to it that nothing behind the reply is touched. */
static void assert_written(const struct reply *reply, struct reply_manner manner,
                           const char *expected)
{
    struct reply_head head;
    size_t length;

    memset(bytes, '#', sizeof bytes);
    manner.date = SLICE("Sun, 06 Nov 1994 08:49:37 GMT");
    reply_head_prepare(&head, manner.date);
    manner.prepared = &head;
    length = reply_write(bytes, reply, &manner);
    assert_true(length <= REPLY_BYTES_MAX);
    assert_int_equal(bytes[length], '#');
    bytes[length] = '\0';
    assert_string_equal(bytes, expected);
}

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define JSON "Content-Type: application/json\r\nCache-Control: no-store\r\n"

static struct reply make_reply(uint16_t status, const char *body)
{
    struct reply reply = {.status = status, .body_length = (uint8_t)strlen(body)};

    memcpy(reply.body, body, strlen(body));
    return reply;
}

static void an_answer_has_its_fields_and_its_body(void **state)
{
    struct reply reply = make_reply(200, "{\"counter\":1,\"pid\":2}");

    (void)state;
    assert_written(&reply, (struct reply_manner){.is_head = false},
                   "HTTP/1.1 200 OK\r\n" DATE JSON "Content-Length: 21\r\n\r\n"
                   "{\"counter\":1,\"pid\":2}");
    assert_written(&reply, (struct reply_manner){.closes = true},
                   "HTTP/1.1 200 OK\r\n" DATE JSON "Content-Length: 21\r\n"
                   "Connection: close\r\n\r\n{\"counter\":1,\"pid\":2}");
    assert_written(&reply, (struct reply_manner){.says_keep_alive = true},
                   "HTTP/1.1 200 OK\r\n" DATE JSON "Content-Length: 21\r\n"
                   "Connection: keep-alive\r\n\r\n{\"counter\":1,\"pid\":2}");
    assert_written(&reply, (struct reply_manner){.closes = true, .says_keep_alive = true},
                   "HTTP/1.1 200 OK\r\n" DATE JSON "Content-Length: 21\r\n"
                   "Connection: close\r\n\r\n{\"counter\":1,\"pid\":2}");
}

static void the_answer_to_head_has_no_body_and_no_length_it_cannot_know(void **state)
{
    struct reply reply = make_reply(200, "");

    (void)state;
    reply.has_no_length = true;
    assert_written(&reply, (struct reply_manner){.is_head = true},
                   "HTTP/1.1 200 OK\r\n" DATE JSON "\r\n");
    reply_set_error(&reply, 404, "There is nothing at this path.");
    assert_written(&reply, (struct reply_manner){.is_head = true},
                   "HTTP/1.1 404 Not Found\r\n" DATE JSON "Content-Length: 42\r\n\r\n");
}

static void no_content_has_neither_body_nor_length(void **state)
{
    struct reply reply = {.status = 204, .allow = "GET, OPTIONS"};

    (void)state;
    assert_written(&reply, (struct reply_manner){.is_head = false},
                   "HTTP/1.1 204 No Content\r\n" DATE "Cache-Control: no-store\r\n"
                   "Allow: GET, OPTIONS\r\n\r\n");
}

static void an_error_is_a_sentence_and_may_say_when_to_come_again(void **state)
{
    struct reply reply;

    (void)state;
    memset(&reply, 0xa5, sizeof reply);
    reply_set_error(&reply, 503, "Later.");
    reply.retry_after_s = 12;
    assert_written(&reply, (struct reply_manner){.closes = true},
                   "HTTP/1.1 503 Service Unavailable\r\n" DATE JSON "Content-Length: 18\r\n"
                   "Retry-After: 12\r\nConnection: close\r\n\r\n{\"error\":\"Later.\"}");
}

static void the_largest_answer_fits(void **state)
{
    char sentence[REPLY_BODY_BYTES_MAX];
    struct reply reply;
    const struct reply_manner manner = {
        .says_keep_alive = true,
        .date = SLICE("Sun, 06 Nov 1994 08:49:37 GMT"),
    };

    (void)state;
    memset(sentence, 's', sizeof sentence);
    sentence[REPLY_BODY_BYTES_MAX - sizeof "{\"error\":\"\"}"] = '\0';
    reply_set_error(&reply, 431, sentence); /* the longest reason phrase */
    assert_int_equal(reply.body_length, REPLY_BODY_BYTES_MAX - 1);
    reply.allow = "GET, HEAD, POST, OPTIONS";
    reply.retry_after_s = UINT16_MAX;
    assert_true(reply_write(bytes, &reply, &manner) <= REPLY_BYTES_MAX);
}

static void there_is_a_phrase_for_what_we_answer_and_for_nothing_else(void **state)
{
    static const uint16_t known[] = {200, 201, 204, 304, 400, 401, 403, 404, 405, 408,
                                     409, 413, 429, 507, 414, 417, 431, 501, 503, 505};

    (void)state;
    for (unsigned status = 0; status <= UINT16_MAX; status++) {
        bool is_known = false;

        for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || known[i] == status;
        }
        assert_int_equal(reply_has_status((uint16_t)status), is_known);
    }
}

static void going_on_is_an_answer_of_its_own(void **state)
{
    size_t length = reply_write_continue(bytes);

    (void)state;
    assert_int_equal(length, 25);
    assert_memory_equal(bytes, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_has_its_fields_and_its_body),
        cmocka_unit_test(the_answer_to_head_has_no_body_and_no_length_it_cannot_know),
        cmocka_unit_test(no_content_has_neither_body_nor_length),
        cmocka_unit_test(an_error_is_a_sentence_and_may_say_when_to_come_again),
        cmocka_unit_test(the_largest_answer_fits),
        cmocka_unit_test(there_is_a_phrase_for_what_we_answer_and_for_nothing_else),
        cmocka_unit_test(going_on_is_an_answer_of_its_own),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
