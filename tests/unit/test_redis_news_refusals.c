/*
 * test_redis_news_refusals.c - what an operator is told of a server that refuses, and warnings.
 */
#include "redis_news_scene.h"

static void one_kind_of_refusal_is_told_once_until_a_batch_has_counted(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    told[0] = '\0';
    refuse("OOM command not allowed when used memory > 'maxmemory'.");
    refuse("OOM command not allowed, said otherwise");
    assert_told("error redis_refused OOM command not allowed when used memory > 'maxmemory'.\n");
    redis_news_counted(&news);
    assert_told("info redis_counts_again OOM\n");
    redis_news_counted(&news);
    assert_told("");
    refuse("OOM once more");
    assert_told("error redis_refused OOM once more\n");
}

static void refusals_without_a_kind_are_told_apart_by_their_text(void **state)
{
    (void)state;

    begin();
    for (unsigned i = 0; i < 10; i++) {
        refuse("ERR value is not an integer or out of range");
        refuse("ERR increment or decrement would overflow");
    }
    assert_told("error redis_refused ERR value is not an integer or out of range\n"
                "error redis_refused ERR increment or decrement would overflow\n");
    redis_news_counted(&news);
    assert_told("info redis_counts_again ERR increment or decrement would overflow\n");
}

static void kinds_in_turn_are_told_once_each(void **state)
{
    (void)state;

    begin();
    for (unsigned i = 0; i < 100; i++) {
        refuse("OOM x");
        refuse("MISCONF y");
        refuse("READONLY z");
        refuse("ERR a");
    }
    assert_told("error redis_refused OOM x\nerror redis_refused MISCONF y\n"
                "error redis_refused READONLY z\nerror redis_refused ERR a\n");
    refuse("ERR b"); /* a fifth in so short a time */
    assert_told("");
    redis_news_counted(&news);
    assert_told("info redis_counts_again ERR b\n");
}

/* Redis' own sentence for a command that the user of a script may not run. */
static void a_sentence_has_no_kind(void **state)
{
    (void)state;

    begin();
    refuse("The user executing the script can't run this command");
    redis_news_counted(&news);
    assert_told("error redis_refused The user executing the script can't run this command\n"
                "info redis_counts_again The user executing the script can't run this command\n");
}

static void a_kind_that_only_begins_like_another_is_another(void **state)
{
    (void)state;

    begin();
    refuse("ERRATIC a");
    refuse("ERRATIC b");
    refuse("ERR");
    refuse("");
    assert_told("error redis_refused ERRATIC a\nerror redis_refused ERR\nerror redis_refused \n");
}

static void a_new_link_to_a_server_that_refuses_is_not_told(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    refuse("OOM x");
    told[0] = '\0';
    redis_news_up(&news, 2, "h"); /* it was left on purpose */
    refuse("OOM x");
    redis_news_up(&news, 3, "h");
    refuse("OOM x");
    assert_told("");
    redis_news_counted(&news);
    assert_told("info redis_counts_again OOM\n"); /* says as much as a link that is up */
    redis_news_up(&news, 4, "h");
    assert_told("");
}

/* A failover: the address that refuses is left, and behind the name there is another. */
static void a_new_server_behind_a_refusal_is_told_once_it_has_counted(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "a");
    told[0] = '\0';
    refuse("READONLY x");
    redis_news_left(&news);
    redis_news_down(&news, 2, "READONLY x");
    redis_news_up(&news, 3, "b");
    assert_told("error redis_refused READONLY x\n");
    redis_news_counted(&news);
    assert_told("info redis_counts_again READONLY\ninfo redis_link_up b\n");
    redis_news_counted(&news);
    redis_news_up(&news, 4, "b");
    assert_told("");
}

static void a_server_that_refuses_from_the_start_is_told_once_it_counts(void **state)
{
    (void)state;

    begin();
    refuse("BUSY x");
    redis_news_up(&news, 1, "h");
    assert_told("error redis_refused BUSY x\n");
    redis_news_counted(&news);
    assert_told("info redis_counts_again BUSY\ninfo redis_link_up h\n");
}

static void a_refusal_that_goes_on_at_the_next_link_is_one_trouble(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    told[0] = '\0';
    refuse("BUSY Redis is busy running a script.");
    redis_news_left(&news);
    redis_news_down(&news, 2, "BUSY Redis is busy running a script.");
    redis_news_down(&news, 3, "h: PING refused: BUSY Redis is busy running a script.");
    assert_told("error redis_refused BUSY Redis is busy running a script.\n");
    redis_news_down(&news, 4, "h: Connection refused");
    assert_told("error redis_link_down h: Connection refused\n");
    redis_news_up(&news, 5, "h");
    redis_news_counted(&news);
    assert_told("info redis_link_up h\n");
    refuse(""); /* says nothing, and stands in every reason */
    redis_news_down(&news, 6, "reset");
    assert_told("error redis_refused \nerror redis_link_down reset\n");
}

/* The link that was left had been up for long; that proves nothing of what comes behind it. */
static void a_link_that_is_left_is_no_news_and_its_time_proves_nothing(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    refuse("READONLY x");
    redis_news_left(&news);
    redis_news_down(&news, 2 * REDIS_NEWS_PROVEN_MS, "READONLY x");
    told[0] = '\0';
    redis_news_down(&news, 3 * REDIS_NEWS_PROVEN_MS, "refused");
    redis_news_up(&news, 3 * REDIS_NEWS_PROVEN_MS + 1, "h");
    refuse("READONLY x");
    assert_told("error redis_link_down refused\ninfo redis_link_up h\n");
}

static void without_trouble_a_count_is_no_news(void **state)
{
    (void)state;

    begin();
    redis_news_counted(&news);
    redis_news_up(&news, 1, "h");
    told[0] = '\0';
    redis_news_counted(&news);
    assert_told("");
}

static void a_refusing_server_that_goes_away_is_told_as_down_and_up(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    refuse("OOM x");
    told[0] = '\0';
    redis_news_down(&news, 2, "reset");
    redis_news_up(&news, 3, "h");
    redis_news_counted(&news);
    assert_told("error redis_link_down reset\ninfo redis_link_up h\n");
}

static void what_a_server_sends_is_cleaned_before_it_is_told(void **state)
{
    static const char dirty[] = "OOM a\tb\x1b[1m\0\xc3\xa9\n";

    (void)state;
    begin();
    redis_news_refused(&news, 1, (struct slice){dirty, sizeof dirty - 1});
    assert_told("error redis_refused OOM a?b?[1m????\n");
}

static void texts_that_are_too_long_are_cut_and_told_once(void **state)
{
    char longer[3 * REDIS_NEWS_BYTES];
    char expected[4 * REDIS_NEWS_BYTES];

    (void)state;
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    begin();
    redis_news_down(&news, 1, longer);
    (void)snprintf(expected, sizeof expected, "error redis_link_down %s\n", longer);
    assert_told(expected);
    redis_news_down(&news, 2, longer);
    assert_told("");

    (void)snprintf(expected, sizeof expected, "error redis_refused %.*s\n", REDIS_NEWS_BYTES - 1,
                   longer);
    refuse(longer); /* one endless word: its kind is as long as its text */
    refuse(longer);
    assert_told(expected);
    memcpy(longer, "ERR ", 4);
    (void)snprintf(expected, sizeof expected, "error redis_refused %.*s\n", REDIS_NEWS_BYTES - 1,
                   longer);
    refuse(longer);
    longer[REDIS_NEWS_BYTES] = 'y'; /* behind what is kept: taken for the same */
    refuse(longer);
    assert_told(expected);

    memset(longer, 'w', sizeof longer - 1);
    redis_news_warn(&news, longer);
    (void)snprintf(expected, sizeof expected, "warning redis_may_forget %s\n", longer);
    assert_told(expected);
    redis_news_warn(&news, longer);
    assert_told("");
}

static void the_last_line_is_not_up_for_long_while_the_server_refuses(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    refuse("OOM x");
    redis_news_down(&news, 10, "reset");
    redis_news_up(&news, 20, "h");
    told[0] = '\0';
    for (now_ms = 1000; now_ms < 10 * REDIS_NEWS_AGAIN_MS; now_ms += 1000) {
        refuse("OOM x");
    }
    assert_told("error redis_refused OOM x\n");
    redis_news_counted(&news);
    assert_told("info redis_counts_again OOM\n");
}

/* Known to be refused, it was never told again: the log ended with "up". */
static void nor_while_it_does_not_let_us_in_for_the_same_reason(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    refuse("BUSY x");
    redis_news_left(&news);
    redis_news_down(&news, 2, "BUSY x");
    redis_news_down(&news, 100, "h: refused");
    redis_news_up(&news, 1000, "h");
    now_ms = 1100;
    refuse("BUSY x");
    told[0] = '\0';
    for (uint64_t ms = 2000; ms < 10 * REDIS_NEWS_AGAIN_MS; ms += 2000) {
        redis_news_down(&news, ms, "h: PING refused: BUSY x");
    }
    assert_told("error redis_refused h: PING refused: BUSY x\n");
}

/* ---- warnings ---- */

static void a_warning_is_told_once_per_change(void **state)
{
    (void)state;

    begin();
    redis_news_warn(&news, "");
    assert_told("");
    redis_news_warn(&news, "it is a replica");
    redis_news_warn(&news, "it is a replica");
    assert_told("warning redis_may_forget it is a replica\n");
    redis_news_warn(&news, "it is a replica; the last write to disk failed");
    assert_told("warning redis_may_forget it is a replica; the last write to disk failed\n");
    redis_news_warn(&news, ""); /* all is well: nothing to say, and the next is a change */
    assert_told("");
    redis_news_warn(&news, "it is a replica");
    assert_told("warning redis_may_forget it is a replica\n");
}

static void counting_plainly_is_told_once_per_change(void **state)
{
    (void)state;

    begin();
    redis_news_plain(&news, "");
    assert_told("");
    redis_news_plain(&news, "NOPERM a");
    redis_news_down(&news, 2, "reset");
    told[0] = '\0';
    redis_news_plain(&news, "NOPERM a");
    assert_told("");
    redis_news_plain(&news, "ERR b");
    assert_told("warning redis_plain ERR b\n");
    redis_news_plain(&news, ""); /* the script is there */
    redis_news_plain(&news, "ERR b");
    assert_told("warning redis_plain ERR b\n");
}

static void a_warning_goes_with_no_trouble(void **state)
{
    (void)state;

    begin();
    redis_news_warn(&news, "w");
    redis_news_up(&news, 1, "h");
    redis_news_down(&news, 2, "reset");
    redis_news_up(&news, 3, "h");
    told[0] = '\0';
    redis_news_warn(&news, "w");
    redis_news_counted(&news);
    assert_told("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_kind_of_refusal_is_told_once_until_a_batch_has_counted),
        cmocka_unit_test(refusals_without_a_kind_are_told_apart_by_their_text),
        cmocka_unit_test(kinds_in_turn_are_told_once_each),
        cmocka_unit_test(a_sentence_has_no_kind),
        cmocka_unit_test(a_kind_that_only_begins_like_another_is_another),
        cmocka_unit_test(a_new_link_to_a_server_that_refuses_is_not_told),
        cmocka_unit_test(a_new_server_behind_a_refusal_is_told_once_it_has_counted),
        cmocka_unit_test(a_server_that_refuses_from_the_start_is_told_once_it_counts),
        cmocka_unit_test(a_refusal_that_goes_on_at_the_next_link_is_one_trouble),
        cmocka_unit_test(a_link_that_is_left_is_no_news_and_its_time_proves_nothing),
        cmocka_unit_test(without_trouble_a_count_is_no_news),
        cmocka_unit_test(a_refusing_server_that_goes_away_is_told_as_down_and_up),
        cmocka_unit_test(what_a_server_sends_is_cleaned_before_it_is_told),
        cmocka_unit_test(texts_that_are_too_long_are_cut_and_told_once),
        cmocka_unit_test(the_last_line_is_not_up_for_long_while_the_server_refuses),
        cmocka_unit_test(nor_while_it_does_not_let_us_in_for_the_same_reason),
        cmocka_unit_test(a_warning_is_told_once_per_change),
        cmocka_unit_test(counting_plainly_is_told_once_per_change),
        cmocka_unit_test(a_warning_goes_with_no_trouble),
    };

    return cmocka_run_group_tests_name("redis_news_refusals", tests, NULL, NULL);
}
