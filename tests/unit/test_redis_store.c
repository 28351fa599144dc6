/*
 * test_redis_store.c - batches to a scripted server, and what becomes of their hits.
 */
#include "redis_store_scene.h"
#include "store/redis_news.h"

/* ---- counting ---- */

static void a_batch_is_one_command_and_its_hits_get_their_numbers_in_order(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    assert_string_equal(scene.store->kind->name, "redis");
    assert_int_equal(scene.store->kind->layout, 1);
    scene.server.count = 41;
    apply_and_wait(&scene, 0, "counter", 1);
    check_numbers(&scene, 0, 42);
    apply_and_wait(&scene, 1, "counter", 4);
    check_numbers(&scene, 1, 43);
    assert_string_equal(scene.server.log, "PING|NAME|SCRIPT?|COUNT counter 1 1|COUNT counter 4 2|");
    end(&scene);
    assert_string_equal(scene.notices, "");
    assert_int_equal(scene.readies_count, 1);
}

static void batches_of_several_keys_travel_together(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    apply(&scene, 0, "a", 2);
    apply(&scene, 1, "b", 1);
    apply(&scene, 2, "c", 3);
    turn_until(&scene.turning, is_all_done, &scene);
    check_numbers(&scene, 0, 1);
    check_numbers(&scene, 1, 3);
    check_numbers(&scene, 2, 4);
    end(&scene);
}

static void apply_the_next(struct scene *scene, struct store_batch *batch)
{
    const unsigned next = (unsigned)(batch - scene->batches) + 1;

    if (next < BATCHES_MAX) {
        apply(scene, next, "counter", 2);
    }
}

static void a_batch_may_be_given_when_another_is_done(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.on_done = apply_the_next;
    apply_and_wait(&scene, 0, "counter", 2);
    assert_int_equal(scene.done_count, BATCHES_MAX);
    check_numbers(&scene, BATCHES_MAX - 1, 2 * BATCHES_MAX - 1);
    end(&scene);
}

static void the_last_numbers_are_exact(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.count = INT64_MAX - 4;
    apply_and_wait(&scene, 0, "counter", 4);
    check_numbers(&scene, 0, (uint64_t)INT64_MAX - 3);
    end(&scene);
}

/* ---- refusals ---- */

static void beyond_the_last_number_hits_fail_and_those_before_it_count(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = "$21\r\n9223372036854775807 2\r\n"; /* two of them fitted */
    apply_and_wait(&scene, 0, "counter", 3);
    assert_true(scene.hits[0][0].number == (uint64_t)INT64_MAX - 1);
    assert_true(scene.hits[0][1].number == (uint64_t)INT64_MAX);
    assert_int_equal(scene.hits[0][2].result, -EOVERFLOW);
    answer_to_count = "-ERR increment or decrement would overflow\r\n";
    apply_and_wait(&scene, 1, "counter", 3);
    apply_and_wait(&scene, 2, "counter", 1);
    check_failed(&scene, 1, -EOVERFLOW);
    check_failed(&scene, 2, -EOVERFLOW);
    assert_true(store_is_ready(scene.store));
    end(&scene);
    assert_string_equal(scene.notices, "redis_refused: ERR increment or decrement would overflow|");
}

static void what_the_server_refuses_is_told_once_until_it_changes(void **state)
{
    static const char wrong_type[] = "-WRONGTYPE Operation against a key\r\n";
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = wrong_type;
    apply_and_wait(&scene, 0, "counter", 2);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|");
    apply_and_wait(&scene, 0, "counter", 1); /* the same */
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|");
    answer_to_count = "-OOM command not allowed\r\n"; /* another */
    apply_and_wait(&scene, 0, "counter", 1);
    answer_to_count = "$1\r\n5\r\n"; /* it counts again */
    apply_and_wait(&scene, 0, "counter", 1);
    check_numbers(&scene, 0, 5);
    answer_to_count = "-OOM command not allowed\r\n"; /* news again */
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|"
                                       "redis_refused: OOM command not allowed|"
                                       "redis_counts_again: OOM|"
                                       "redis_refused: OOM command not allowed|");
    assert_true(store_is_ready(scene.store));
    end(&scene);
}

static void what_the_server_says_is_told_clean_and_short(void **state)
{
    static char answer[600] = "-ERR \x1b[31m\t\"";
    static char expected[REDIS_NEWS_BYTES + 40] = "redis_refused: ERR ?[31m?\"";
    struct scene scene;
    (void)state;

    memset(answer + strlen(answer), 'x', 400);
    memcpy(answer + strlen(answer), "\r\n", 3);
    memset(expected + strlen(expected), 'x', REDIS_NEWS_BYTES - 1 - strlen("ERR ?[31m?\""));
    memcpy(expected + strlen(expected), "|", 2);
    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = answer;
    apply_and_wait(&scene, 0, "counter", 1);
    assert_string_equal(scene.notices, expected);
    answer_to_count = "-\r\n"; /* a server with nothing to say */
    apply_and_wait(&scene, 0, "counter", 1);
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices + strlen(expected), "redis_refused: |");
    end(&scene);
}

static void a_key_that_somebody_set_below_zero_counts_on_from_there(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.count = -3;
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, -2);
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 0);
    assert_string_equal(scene.notices, "");
    end(&scene);
}

static void an_answer_of_another_type_ends_the_connection_and_the_batch_is_sent_again(void **state)
{
    static const char *const answers[] = {
        "+OK\r\n",       "$1\r\nx\r\n",
        "$-1\r\n",       "*1\r\n:5\r\n",
        "$3\r\n5 0\r\n", "$20\r\n-9223372036854775808\r\n", /* it has counted up to there */
        "$3\r\n5 2\r\n", "$5\r\n5 1 2\r\n",
        "$2\r\n5 \r\n",  "$2\r\n 5\r\n",
        "$2\r\n+5\r\n",  "$0\r\n\r\n",
        "$1\r\n-\r\n",   "$19\r\n9223372036854775808\r\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;

        begin(&scene);
        scene.server.command = answer_as_told;
        answer_to_count = answers[i];
        apply(&scene, 0, "a", 2);
        apply(&scene, 1, "b", 1);
        turn_until(&scene.turning, is_not_ready, &scene);
        assert_non_null(strstr(scene.notices, "redis_link_down: "));
        assert_non_null(strstr(scene.notices, "an answer that is no count|"));
        assert_non_null(strstr(scene.last_error, "an answer that is no count"));
        scene.server.command = fake_answer;
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.readies_count, 2);
        assert_int_equal(scene.status.batches_resent, 2);
        assert_int_equal(scene.server.count, 3);
        end(&scene);
    }
}

/* ---- the link ---- */

static void a_batch_for_a_store_that_is_not_ready_fails_later(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    assert_false(store_is_ready(scene.store));
    apply(&scene, 0, "a", 2);
    apply(&scene, 1, "b", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ENOTCONN);
    check_failed(&scene, 1, -ENOTCONN);
    turn_until(&scene.turning, is_ready, &scene);
    end(&scene);
}

static bool was_refused(void *test)
{
    return strstr(((const struct scene *)test)->notices, "Connection refused|") != NULL;
}

static void the_link_going_up_and_down_is_told(void **state)
{
    struct scene scene;
    char expected[128];
    (void)state;

    begin(&scene);
    fake_stop_listening(&scene.server);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_not_ready, &scene);
    turn_until(&scene.turning, was_refused, &scene);
    turn_for(&scene.turning, 150); /* and is not told again */
    (void)snprintf(expected, sizeof expected,
                   "redis_link_down: 127.0.0.1:%u: the server closed the connection|"
                   "redis_link_down: 127.0.0.1:%u: Connection refused|",
                   (unsigned)scene.server.port, (unsigned)scene.server.port);
    assert_string_equal(scene.notices, expected);
    fake_listen(&scene.server);
    turn_until(&scene.turning, is_ready, &scene);
    assert_int_equal(scene.readies_count, 2);
    end(&scene);
    assert_string_equal(scene.notices, expected);
}

/* ---- the end ---- */

static void a_store_that_is_closed_cancels_its_batches(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_no_count;
    apply(&scene, 0, "a", 3);
    turn_for(&scene.turning, 5); /* on its way */
    apply(&scene, 1, "b", 1);    /* not yet */
    end(&scene);
    check_failed(&scene, 0, -ECANCELED);
    check_failed(&scene, 1, -ECANCELED);
    assert_string_equal(scene.notices, "");
}

static void a_store_may_be_closed_before_it_was_ready(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    apply(&scene, 0, "a", 1);
    end(&scene);
    check_failed(&scene, 0, -ENOTCONN);
    assert_int_equal(scene.readies_count, 0);
}

static void close_from_inside(struct scene *scene, struct store_batch *batch)
{
    (void)batch;
    scene->on_done = NULL;
    close_store(scene);
}

static void a_store_may_be_closed_when_a_batch_is_done(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.on_done = close_from_inside;
    apply(&scene, 0, "a", 1);
    apply(&scene, 1, "b", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    end(&scene);
    check_numbers(&scene, 0, 1);
    check_failed(&scene, 1, -ECANCELED);
}

static void without_memory_there_is_no_store(void **state)
{
    struct turning_loop turning;
    struct store *store = NULL;
    const struct redis_url url = {.host = "127.0.0.1", .port = 1};
    const struct store_events events = {note_ready, note_notice, note_status, NULL};
    (void)state;

    turning_init(&turning);
    for (unsigned nth = 1; nth <= 2; nth++) { /* the store's own, and its link's */
        failing_calloc = nth;
        assert_int_equal(store_redis_open(turning.loop, &url, TIMEOUT_MS, &events, &store),
                         -ENOMEM);
        assert_null(store);
        assert_int_equal(failing_calloc, 0);
    }
    turning_finish(&turning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_one_command_and_its_hits_get_their_numbers_in_order),
        cmocka_unit_test(batches_of_several_keys_travel_together),
        cmocka_unit_test(a_batch_may_be_given_when_another_is_done),
        cmocka_unit_test(the_last_numbers_are_exact),
        cmocka_unit_test(beyond_the_last_number_hits_fail_and_those_before_it_count),
        cmocka_unit_test(what_the_server_refuses_is_told_once_until_it_changes),
        cmocka_unit_test(what_the_server_says_is_told_clean_and_short),
        cmocka_unit_test(a_key_that_somebody_set_below_zero_counts_on_from_there),
        cmocka_unit_test(an_answer_of_another_type_ends_the_connection_and_the_batch_is_sent_again),
        cmocka_unit_test(a_batch_for_a_store_that_is_not_ready_fails_later),
        cmocka_unit_test(the_link_going_up_and_down_is_told),
        cmocka_unit_test(a_store_that_is_closed_cancels_its_batches),
        cmocka_unit_test(a_store_may_be_closed_before_it_was_ready),
        cmocka_unit_test(a_store_may_be_closed_when_a_batch_is_done),
        cmocka_unit_test(without_memory_there_is_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
