/*
 * test_redis_greeting.c - what is said on a new connection, and what the answers mean.
 */
#include "store/redis_greeting.h"
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

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

        redis_greeting_words(url, "footfall:h:1", step, &words);
        for (size_t i = 0; i < words.count; i++) {
            memcpy(out_text, words.words[i].bytes, words.words[i].length);
            out_text += words.words[i].length;
            *out_text++ = i + 1 < words.count ? ' ' : '|';
        }
        step = redis_greeting_next(url, step + 1);
    }
    *out_text = '\0';
}

#define PING_AND_NAME "PING|CLIENT SETNAME footfall:h:1|"

static void only_what_the_url_needs_is_said_and_always_ping_and_name(void **state)
{
    static const struct {
        const char *url;
        const char *greeting;
    } cases[] = {
        {"redis://h", PING_AND_NAME},
        {"redis://h/0", PING_AND_NAME},
        {"redis://h/12", "SELECT 12|" PING_AND_NAME},
        {"redis://:secret@h", "AUTH secret|" PING_AND_NAME},
        {"redis://ann:secret@h/2147483647", "AUTH ann secret|SELECT 2147483647|" PING_AND_NAME},
        {"redis+unix://ann:se%20cret@/s?db=1", "AUTH ann se cret|SELECT 1|" PING_AND_NAME},
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
     "AUTH refused: it was answered with an error"},
    {GREETING_AUTH, RESP_ERROR, "WRONGPASS it is not hunter2", -EACCES, "AUTH refused: WRONGPASS"},
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
    {GREETING_PING, RESP_ERROR, "MISCONF Redis is configured to save RDB snapshots", 0, NULL},
    {GREETING_PING, RESP_ERROR, "", -EACCES, "PING refused: "},
    {GREETING_PING, RESP_ERROR, "a\tb\x1b[1m\xc3\xa9", -EACCES, "PING refused: a?b?[1m??"},
    /* These answer the question all the same. */
    {GREETING_PING, RESP_ERROR, "NOPERM User ann has no permissions to run the 'ping' command", 0,
     NULL},
    {GREETING_PING, RESP_ERROR, "ERR unknown command 'PING'", 0, NULL},
    {GREETING_NAME, RESP_ERROR, "NOPERM User ann has no permissions to run the 'client' command", 0,
     NULL},
    {GREETING_NAME, RESP_ERROR, "ERR unknown subcommand 'SETNAME'", 0, NULL},
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

static void the_name_tells_host_and_process_and_holds_no_blank(void **state)
{
    char name[REDIS_CLIENT_NAME_BYTES];
    char end[32];
    (void)state;

    redis_client_name(name);
    (void)snprintf(end, sizeof end, ":%ld", (long)getpid());
    assert_int_equal(strncmp(name, "footfall:", 9), 0);
    assert_string_equal(strrchr(name, ':'), end);
    assert_true(strlen(name) > strlen("footfall:") + strlen(end));
    for (const char *byte = name; *byte != '\0'; byte++) {
        assert_true(*byte > ' ' && *byte <= '~');
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_the_url_needs_is_said_and_always_ping_and_name),
        cmocka_unit_test(every_answer_lets_us_go_on_or_has_a_reason_without_the_password),
        cmocka_unit_test(the_name_tells_host_and_process_and_holds_no_blank),
        cmocka_unit_test(an_empty_password_is_in_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
