/*
 * test_redis_greeting.c - what is said on a new connection, and what the answers mean.
 */
#include "store/redis_error.h"
#include "store/redis_greeting.h"
#include "test.h"

#include <errno.h>

static struct redis_url url_of(const char *text)
{
    struct redis_url url;
    const char *problem;

    assert_int_equal(redis_url_parse(slice_of(text), &url, &problem), 0);
    return url;
}

/* All words of the greeting, "AUTH secret|PING|". */
static void write_greeting(const struct redis_url *url, char *out_text)
{
    enum redis_greeting_step step = redis_greeting_next(url, GREETING_AUTH);

    while (step != GREETING_OVER) {
        struct redis_greeting_words words;

        redis_greeting_words(url, step, &words);
        for (size_t i = 0; i < words.count; i++) {
            memcpy(out_text, words.words[i].bytes, words.words[i].length);
            out_text += words.words[i].length;
            *out_text++ = i + 1 < words.count ? ' ' : '|';
        }
        step = redis_greeting_next(url, step + 1);
    }
    *out_text = '\0';
}

static void only_what_the_url_needs_is_said_and_always_ping(void **state)
{
    static const struct {
        const char *url;
        const char *greeting;
    } cases[] = {
        {"redis://h", "PING|"},
        {"redis://h/0", "PING|"},
        {"redis://h/12", "SELECT 12|PING|"},
        {"redis://:secret@h", "AUTH secret|PING|"},
        {"redis://ann:secret@h/2147483647", "AUTH ann secret|SELECT 2147483647|PING|"},
        {"redis+unix://ann:se%20cret@/s?db=1", "AUTH ann se cret|SELECT 1|PING|"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct redis_url url = url_of(cases[i].url);
        char text[256];

        write_greeting(&url, text);
        assert_string_equal(text, cases[i].greeting);
    }
}

struct answer_case {
    enum redis_greeting_step step;
    enum resp_type type;
    const char *text;
    int result;
    const char *reason; /* NULL: none */
};

static const struct answer_case answer_cases[] = {
    {GREETING_AUTH, RESP_SIMPLE, "OK", 0, NULL},
    {GREETING_SELECT, RESP_SIMPLE, "OK", 0, NULL},
    {GREETING_PING, RESP_SIMPLE, "PONG", 0, NULL},
    {GREETING_AUTH, RESP_ERROR, "WRONGPASS invalid username-password pair or user is disabled.",
     -EACCES, "AUTH refused: WRONGPASS invalid username-password pair or user is disabled."},
    {GREETING_AUTH, RESP_ERROR, "ERR Client sent AUTH, but no password is set", -EACCES,
     "AUTH refused: ERR Client sent AUTH, but no password is set"},
    /* A server that repeats what it was sent must not bring the password into a log. */
    {GREETING_AUTH, RESP_ERROR,
     "ERR unknown command 'AUTH', with args beginning with: 'ann' 'hunter2' ", -EACCES,
     "AUTH refused: ERR unknown command "},
    {GREETING_AUTH, RESP_ERROR,
     "ERR unknown command `AUTH`, with args beginning with: `ann`, `hunt", -EACCES,
     "AUTH refused: ERR unknown command "},
    {GREETING_AUTH, RESP_ERROR, "ERR no such thing as \"hunter2\"", -EACCES,
     "AUTH refused: ERR no such thing as "},
    {GREETING_AUTH, RESP_ERROR, "hunter2 is wrong", -EACCES,
     "AUTH refused: (its text repeats the password)"},
    {GREETING_SELECT, RESP_ERROR, "ERR DB index is out of range", -EACCES,
     "SELECT refused: ERR DB index is out of range"},
    {GREETING_SELECT, RESP_ERROR, "NOPERM User ann has no permissions to run the 'select' command",
     -EACCES, "SELECT refused: NOPERM User ann has no permissions to run the 'select' command"},
    {GREETING_PING, RESP_ERROR, "NOAUTH Authentication required.", -EACCES,
     "PING refused: NOAUTH Authentication required."},
    {GREETING_PING, RESP_ERROR, "LOADING Redis is loading the dataset in memory", -EACCES,
     "PING refused: LOADING Redis is loading the dataset in memory"},
    {GREETING_PING, RESP_ERROR, "ERR max number of clients reached", -EACCES,
     "PING refused: ERR max number of clients reached"},
    {GREETING_PING, RESP_ERROR, "", -EACCES, "PING refused: "},
    {GREETING_PING, RESP_ERROR, "a\tb\x1b[1m\xc3\xa9", -EACCES, "PING refused: a?b?[1m??"},
    /* These answer the question all the same. */
    {GREETING_PING, RESP_ERROR, "NOPERM User ann has no permissions to run the 'ping' command", 0,
     NULL},
    {GREETING_PING, RESP_ERROR, "ERR unknown command 'PING'", 0, NULL},
    {GREETING_AUTH, RESP_INTEGER, "", -EPROTO, "AUTH got an answer of an unexpected type"},
    {GREETING_SELECT, RESP_ARRAY, "", -EPROTO, "SELECT got an answer of an unexpected type"},
    {GREETING_PING, RESP_BULK, "PONG", -EPROTO, "PING got an answer of an unexpected type"},
    {GREETING_PING, RESP_NULL, "", -EPROTO, "PING got an answer of an unexpected type"},
};

static void every_answer_lets_us_go_on_or_has_a_reason_without_the_password(void **state)
{
    const struct redis_url url = url_of("redis://ann:hunter2@h/3");
    (void)state;

    for (size_t i = 0; i < sizeof answer_cases / sizeof answer_cases[0]; i++) {
        const struct answer_case *expected = &answer_cases[i];
        const struct resp_reply reply = {.type = expected->type, .text = slice_of(expected->text)};
        char reason[200] = "none";

        assert_int_equal(redis_greeting_check(&url, expected->step, &reply, reason, sizeof reason),
                         expected->result);
        assert_string_equal(reason, expected->reason == NULL ? "none" : expected->reason);
        assert_null(strstr(reason, "hunter2"));
    }
}

static void an_empty_password_is_in_no_text(void **state)
{
    const struct redis_url url = url_of("redis://ann:@h");
    const struct resp_reply reply = {.type = RESP_ERROR, .text = SLICE("WRONGPASS no")};
    char reason[200];
    (void)state;

    assert_int_equal(redis_greeting_check(&url, GREETING_AUTH, &reply, reason, sizeof reason),
                     -EACCES);
    assert_string_equal(reason, "AUTH refused: WRONGPASS no");
}

static void the_kind_of_an_error_is_its_first_word(void **state)
{
    (void)state;

    assert_true(slice_is(redis_error_kind(SLICE("WRONGTYPE Operation against")), "WRONGTYPE"));
    assert_true(slice_is(redis_error_kind(SLICE("ERR")), "ERR"));
    assert_true(slice_is(redis_error_kind(SLICE("")), ""));
    assert_true(slice_is(redis_error_kind(SLICE(" x")), ""));
}

static void a_copied_error_is_cut_where_the_room_ends(void **state)
{
    char text[6];
    (void)state;

    redis_error_copy(SLICE("12345"), text, sizeof text);
    assert_string_equal(text, "12345");
    redis_error_copy(SLICE("123456"), text, sizeof text);
    assert_string_equal(text, "12345");
    redis_error_copy(SLICE(""), text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_url_needs_is_said_and_always_ping),
        cmocka_unit_test(every_answer_lets_us_go_on_or_has_a_reason_without_the_password),
        cmocka_unit_test(an_empty_password_is_in_no_text),
        cmocka_unit_test(the_kind_of_an_error_is_its_first_word),
        cmocka_unit_test(a_copied_error_is_cut_where_the_room_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
