/*
 * test_redis_news.c - what an operator is told of a link: each change once.
 */
#include "redis_news_scene.h"

static void the_first_link_is_told_and_no_later_one_without_trouble(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 100, "h:6379: a crash of it loses nothing");
    assert_told("info redis_link_up h:6379: a crash of it loses nothing\n");
    redis_news_up(&news, 200, "again");
    assert_told("");
}

static void a_link_that_falls_and_comes_back_is_two_lines(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 100, "h");
    assert_told("info redis_link_up h\n");
    redis_news_down(&news, 200, "reset");
    assert_told("error redis_link_down reset\n");
    redis_news_up(&news, 300, "h");
    assert_told("info redis_link_up h\n");
    redis_news_up(&news, 400, "h");
    assert_told("");
}

/* It was told every time: each kind of trouble forgot what had been told of the other. */
static void a_server_that_refuses_and_hangs_up_in_turn_is_told_once(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    for (uint64_t round = 0; round < 3; round++) {
        refuse("OOM x");
        redis_news_down(&news, 10 * round + 2, "reset");
        redis_news_up(&news, 10 * round + 3, "h");
    }
    assert_told("info redis_link_up h\nerror redis_refused OOM x\nerror redis_link_down reset\n"
                "info redis_link_up h\n");
}

static void a_server_that_is_away_is_one_line_for_each_reason(void **state)
{
    (void)state;

    begin();
    for (uint64_t i = 0; i < 1000; i++) {
        redis_news_down(&news, i * 1000, "refused");
        redis_news_down(&news, i * 1000, "timed out");
        redis_news_down(&news, i * 1000, "no such host");
    }
    assert_told("error redis_link_down refused\n"
                "error redis_link_down timed out\n"
                "error redis_link_down no such host\n");
    redis_news_up(&news, 2000000, "h");
    assert_told("info redis_link_up h\n");
}

/* A name server that gives the addresses in another order each time, say, or texts with a date. */
static void more_reasons_than_are_kept_are_told_from_time_to_time(void **state)
{
    static const char *const reasons[] = {"a", "b", "c", "d", "e", "f", "g"};

    (void)state;
    begin();
    for (size_t i = 0; i < 100; i++) {
        redis_news_down(&news, 1000 + i, reasons[i % 7]);
    }
    assert_told("error redis_link_down a\nerror redis_link_down b\n"
                "error redis_link_down c\nerror redis_link_down d\n");
    redis_news_down(&news, 1003 + REDIS_NEWS_AGAIN_MS - 1, "e");
    assert_told("");
    redis_news_down(&news, 1003 + REDIS_NEWS_AGAIN_MS, "f");
    assert_told("error redis_link_down f\n");
    redis_news_down(&news, 1003 + REDIS_NEWS_AGAIN_MS, "f");
    redis_news_down(&news, 1003 + REDIS_NEWS_AGAIN_MS, "b");
    assert_told("");
    redis_news_down(&news, 1003 + 2 * REDIS_NEWS_AGAIN_MS, "a"); /* the oldest: f took its place */
    assert_told("error redis_link_down a\n");
}

static void the_address_makes_no_other_reason(void **state)
{
    (void)state;

    begin();
    redis_news_down(&news, 1, "10.0.0.1:6379: Connection refused");
    redis_news_down(&news, 2, "[::1]:6379: Connection refused");
    redis_news_down(&news, 3, "10.0.0.2:6379: Connection refused");
    redis_news_down(&news, 4, "10.0.0.2:6379: Connection timed out");
    assert_told("error redis_link_down 10.0.0.1:6379: Connection refused\n"
                "error redis_link_down 10.0.0.2:6379: Connection timed out\n");
}

static void
a_server_that_lets_us_in_and_fails_again_and_again_is_two_lines_now_and_then(void **state)
{
    static const char two_lines[] = "error redis_link_down reset\ninfo redis_link_up h\n";
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    told[0] = '\0';
    for (uint64_t ms = 100; ms < REDIS_NEWS_AGAIN_MS + 100; ms += 100) {
        redis_news_down(&news, ms, "reset");
        redis_news_up(&news, ms + 50, "h");
    }
    assert_told(two_lines);
    for (uint64_t ms = REDIS_NEWS_AGAIN_MS + 100; ms < 2 * REDIS_NEWS_AGAIN_MS; ms += 100) {
        redis_news_down(&news, ms, "reset");
        redis_news_up(&news, ms + 50, "h");
    }
    assert_told(two_lines);
}

/* It was told as up for ever: the same fall had been told before. */
static void the_last_line_is_not_up_for_long_while_the_server_is_down(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    redis_news_down(&news, 1000, "refused");
    redis_news_up(&news, 2000, "h");
    told[0] = '\0';
    for (uint64_t ms = 3000; ms < 10 * REDIS_NEWS_AGAIN_MS; ms += 1000) {
        redis_news_down(&news, ms, "refused");
    }
    assert_told("error redis_link_down refused\n");
}

static void the_link_is_up_again_is_told_behind_each_new_reason(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    redis_news_down(&news, 2, "reset");
    redis_news_up(&news, 3, "h");
    told[0] = '\0';
    redis_news_down(&news, 4, "timed out");
    redis_news_up(&news, 5, "h");
    assert_told("error redis_link_down timed out\ninfo redis_link_up h\n");
    redis_news_down(&news, 6, "reset");
    redis_news_up(&news, 7, "h");
    assert_told("");
}

/* Another server, whose fall and coming up were not told for being too soon. */
static void which_server_counts_is_told_in_the_end(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "a");
    redis_news_down(&news, 1000, "reset");
    redis_news_up(&news, 1100, "b");
    redis_news_down(&news, 1200, "reset");
    redis_news_up(&news, 1300, "a");
    told[0] = '\0';
    redis_news_counted(&news);
    assert_told("info redis_link_up a\n");
    redis_news_counted(&news);
    assert_told("");
}

static void a_count_proves_the_server_and_the_next_fall_is_told(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1, "h");
    redis_news_down(&news, 2, "reset");
    redis_news_up(&news, 3, "h");
    told[0] = '\0';
    redis_news_counted(&news);
    redis_news_counted(&news);
    assert_told(""); /* the link is up, nobody doubts that it counts */
    redis_news_down(&news, 4, "reset");
    redis_news_up(&news, 5, "h");
    assert_told("error redis_link_down reset\ninfo redis_link_up h\n");
}

static void five_seconds_up_prove_the_server_and_less_do_not(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1000, "h");
    redis_news_down(&news, 2000, "reset");
    redis_news_up(&news, 3000, "h");
    told[0] = '\0';
    redis_news_down(&news, 3000 + REDIS_NEWS_PROVEN_MS - 1, "reset");
    assert_told("");
    redis_news_up(&news, 10000, "h");
    assert_told("");
    redis_news_down(&news, 10000 + REDIS_NEWS_PROVEN_MS, "reset");
    assert_told("error redis_link_down reset\n");
}

static void time_in_which_the_link_is_down_proves_nothing(void **state)
{
    (void)state;

    begin();
    redis_news_up(&news, 1000, "h");
    redis_news_down(&news, 1001, "reset");
    told[0] = '\0';
    redis_news_down(&news, 1000 + 10 * REDIS_NEWS_PROVEN_MS, "reset");
    assert_told("");
    redis_news_down(&news, 1000 + 20 * REDIS_NEWS_PROVEN_MS, "reset");
    assert_told("");
}

static void a_server_that_was_never_there_is_told_when_it_comes(void **state)
{
    (void)state;

    begin();
    redis_news_down(&news, 0, "refused");
    redis_news_down(&news, 60000, "refused");
    assert_told("error redis_link_down refused\n");
    redis_news_up(&news, 60001, "h");
    assert_told("info redis_link_up h\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_link_is_told_and_no_later_one_without_trouble),
        cmocka_unit_test(a_link_that_falls_and_comes_back_is_two_lines),
        cmocka_unit_test(a_server_that_refuses_and_hangs_up_in_turn_is_told_once),
        cmocka_unit_test(a_server_that_is_away_is_one_line_for_each_reason),
        cmocka_unit_test(more_reasons_than_are_kept_are_told_from_time_to_time),
        cmocka_unit_test(the_address_makes_no_other_reason),
        cmocka_unit_test(
            a_server_that_lets_us_in_and_fails_again_and_again_is_two_lines_now_and_then),
        cmocka_unit_test(the_last_line_is_not_up_for_long_while_the_server_is_down),
        cmocka_unit_test(the_link_is_up_again_is_told_behind_each_new_reason),
        cmocka_unit_test(which_server_counts_is_told_in_the_end),
        cmocka_unit_test(a_count_proves_the_server_and_the_next_fall_is_told),
        cmocka_unit_test(five_seconds_up_prove_the_server_and_less_do_not),
        cmocka_unit_test(time_in_which_the_link_is_down_proves_nothing),
        cmocka_unit_test(a_server_that_was_never_there_is_told_when_it_comes),
    };

    return cmocka_run_group_tests_name("redis_news", tests, NULL, NULL);
}
