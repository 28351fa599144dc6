/*
 * test_redis_store_plain.c - batches that are INCRBY, because no script may be run.
 */
#include "redis_store_scene.h"

static void begin_plain(struct scene *scene)
{
    begin_not_ready(scene);
    answer_to_script = "-NOPERM\r\n";
    scene->server.command = answer_script_as_told;
    turn_until(&scene->turning, is_ready, scene);
}

static void answer_script_and_count_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0) {
        fake_send(connection, answer_to_count);
    } else {
        answer_script_as_told(connection, command);
    }
}

/* What was sent from the first question for the layout on. */
static const char *asked_of(const struct scene *scene)
{
    const char *first = strstr(scene->server.log, "GET ");

    assert_non_null(first);
    return first;
}

static void where_scripts_are_forbidden_it_counts_plainly_and_says_so(void **state)
{
    static const char *const answers[] = {
        "-NOPERM this user has no permissions to run the 'evalsha' command\r\n",
        "-ERR unknown command 'EVALSHA'\r\n",
        "-ERR scripts are switched off\r\n",
        "-NOSCRIPT and never will be\r\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;

        begin_not_ready(&scene);
        scene.server.command = answer_script_as_told;
        answer_to_script = answers[i];
        turn_until(&scene.turning, is_ready, &scene);
        apply_and_wait(&scene, 0, "counter", 2);
        check_numbers(&scene, 0, 1);
        assert_non_null(strstr(scene.server.log, "|INCRBY counter 2|"));
        assert_non_null(strstr(scene.notices, "redis_plain: "));
        end(&scene);
    }
}

static void lose_the_answer(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) == 0) {
        connection->is_silent = true;
        fake_answer(connection, command);
        connection->server->command = answer_script_as_told;
        fake_close(connection);
    } else {
        answer_script_as_told(connection, command);
    }
}

static void counted_plainly_a_batch_whose_answer_is_lost_fails(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    scene.server.command = lose_the_answer;
    answer_to_script = "-NOPERM\r\n";
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 0, "counter", 2);
    check_failed(&scene, 0, -ECONNRESET);
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 1, "counter", 1);
    check_numbers(&scene, 1, 3); /* a gap of two */
    end(&scene);
}

/* What was sent by the script may have counted, and INCRBY would count it again. */
static void what_was_sent_by_the_script_is_not_sent_again_plainly(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply(&scene, 0, "counter", 2);
    turn_until(&scene.turning, is_not_ready, &scene);
    answer_to_script = "-NOPERM\r\n";
    scene.server.command = answer_script_as_told; /* its rights have been taken away meanwhile */
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ETIMEDOUT);
    assert_int_equal(scene.server.count, 2);
    end(&scene);
}

static void that_no_script_may_be_run_is_told_once(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    for (unsigned falls = 0; falls < 3; falls++) {
        fake_close(fake_last(&scene.server));
        turn_until(&scene.turning, is_not_ready, &scene);
        turn_until(&scene.turning, is_ready, &scene);
    }
    assert_non_null(strstr(scene.notices, "redis_plain: "));
    assert_null(strstr(strstr(scene.notices, "redis_plain: ") + 1, "redis_plain: "));
    end(&scene);
}

/* It was 503 until the link fell. */
static void a_right_to_run_scripts_that_is_taken_away_is_noticed(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    answer_to_script = "-NOPERM this user has no permissions to run the 'evalsha' command\r\n";
    answer_to_count = answer_to_script;
    scene.server.command = answer_script_and_count_as_told;
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    assert_non_null(strstr(scene.server.log, "|INCRBY counter 2|"));
    assert_non_null(strstr(scene.notices, "redis_plain: "));
    assert_non_null(strstr(scene.notices, "redis_counts_again: NOPERM|"));
    end(&scene);
}

/* It was plain for as long as the link lasted, though scripts are not forbidden. */
static void an_error_that_says_nothing_of_scripts_forbids_none(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    answer_to_script = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    scene.server.command = answer_script_as_told;
    while (strstr(scene.notices, "redis_refused: OOM command not allowed") == NULL) {
        turn_for(&scene.turning, 1);
    }
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    assert_null(strstr(scene.server.log, "INCRBY"));
    assert_null(strstr(scene.notices, "redis_plain"));
    end(&scene);
}

/* ---- not now ---- */

static void refuse_once(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) == 0) {
        connection->server->command = answer_script_as_told;
        fake_send(connection, "-LOADING the dataset\r\n");
    } else {
        answer_script_as_told(connection, command);
    }
}

/* It has not counted, so it may be sent again; it was refused at once. */
static void what_the_server_does_not_count_now_waits_for_a_new_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.command = refuse_once;
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    assert_int_equal(scene.server.count, 2);
    assert_int_equal(scene.server.accepted_count, 2);
    assert_int_equal(scene.status.batches_resent, 0); /* no answer was lost */
    assert_non_null(strstr(scene.notices, "redis_refused: LOADING the dataset|"));
    end(&scene);
}

static void refuse_and_then_lose(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) == 0) {
        connection->server->command = lose_the_answer;
        fake_send(connection, "-LOADING the dataset\r\n");
    } else {
        answer_script_as_told(connection, command);
    }
}

static void what_was_refused_and_then_lost_fails(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.command = refuse_and_then_lose;
    apply_and_wait(&scene, 0, "counter", 2);
    check_failed(&scene, 0, -ECONNRESET);
    assert_int_equal(scene.server.count, 2); /* once */
    end(&scene);
}

/* ---- the layout ---- */

static void the_layout_is_looked_at_once_for_each_key_and_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    apply_and_wait(&scene, 0, "counter", 2);
    apply_and_wait(&scene, 0, "counter", 1);
    apply_and_wait(&scene, 1, "other", 1);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_not_ready, &scene);
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 0, "counter", 1);
    apply_and_wait(&scene, 0, "counter", 1);
    assert_string_equal(asked_of(&scene),
                        "GET {counter}:footfall:layout|INCRBY counter 2|INCRBY counter 1|"
                        "GET {other}:footfall:layout|INCRBY other 1|PING|NAME|SCRIPT?|"
                        "GET {counter}:footfall:layout|INCRBY counter 1|INCRBY counter 1|");
    end(&scene);
}

static void a_counter_of_another_layout_is_not_counted_on(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.layout = "$1\r\n2\r\n";
    apply_and_wait(&scene, 0, "counter", 2);
    check_failed(&scene, 0, -EIO);
    assert_int_equal(scene.server.count, 0);
    assert_non_null(
        strstr(scene.notices, "redis_refused: LAYOUT the counter is kept in layout 2, this is 1|"));
    scene.server.layout = "$1\r\n1\r\n";
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    end(&scene);
}

/* Whoever may count and nothing else does so. */
static void where_the_layout_may_not_be_read_there_is_none(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.layout = "-NOPERM this user has no permissions\r\n";
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    assert_null(strstr(scene.notices, "redis_refused"));
    end(&scene);
}

static void a_layout_that_is_not_told_now_is_waited_for(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.layout = "-MASTERDOWN x\r\n";
    apply(&scene, 0, "counter", 2);
    turn_until(&scene.turning, is_not_ready, &scene);
    scene.server.layout = NULL;
    turn_until(&scene.turning, is_all_done, &scene);
    check_numbers(&scene, 0, 1);
    end(&scene);
}

static void close_at_the_layout(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "GET", 3) == 0) {
        connection->server->command = answer_script_as_told;
        fake_close(connection);
    } else {
        answer_script_as_told(connection, command);
    }
}

static void a_batch_whose_layout_was_not_told_is_sent_on_the_next_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.command = close_at_the_layout;
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 1);
    end(&scene);
}

static void close_when_plain_is_told(struct scene *scene)
{
    close_store(scene);
}

/* An owner may close the store when it is told. */
static void a_store_that_is_closed_by_what_it_tells_is_never_ready(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    answer_to_script = "-NOPERM\r\n";
    scene.server.command = answer_script_as_told;
    scene.on_plain = close_when_plain_is_told;
    while (!scene.is_closed) {
        turn_for(&scene.turning, 1);
    }
    assert_int_equal(scene.readies_count, 0);
    end(&scene);
}

/* What nobody waits for any more would be a gap. */
static void a_batch_that_is_given_up_while_the_layout_is_asked_for_is_not_counted(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    apply(&scene, 0, "counter", 2);
    scene.batches[0].is_given_up = true;
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ETIMEDOUT);
    assert_int_equal(scene.server.count, 0);
    end(&scene);
}

static void that_the_script_is_to_be_had_again_makes_plain_news_again(void **state)
{
    const char *first;
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    for (unsigned falls = 0; falls < 2; falls++) {
        scene.server.command = falls == 0 ? fake_answer : answer_script_as_told;
        fake_close(fake_last(&scene.server));
        turn_until(&scene.turning, is_not_ready, &scene);
        turn_until(&scene.turning, is_ready, &scene);
    }
    first = strstr(scene.notices, "redis_plain: ");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "redis_plain: "));
    end(&scene);
}

static void a_store_that_is_closed_while_the_layout_is_asked_for_cancels_the_batch(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    fake_last(&scene.server)->is_silent = true;
    apply(&scene, 0, "counter", 2);
    turn_for(&scene.turning, 5);
    close_store(&scene);
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ECANCELED);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_scripts_are_forbidden_it_counts_plainly_and_says_so),
        cmocka_unit_test(counted_plainly_a_batch_whose_answer_is_lost_fails),
        cmocka_unit_test(what_was_sent_by_the_script_is_not_sent_again_plainly),
        cmocka_unit_test(that_no_script_may_be_run_is_told_once),
        cmocka_unit_test(a_right_to_run_scripts_that_is_taken_away_is_noticed),
        cmocka_unit_test(an_error_that_says_nothing_of_scripts_forbids_none),
        cmocka_unit_test(what_the_server_does_not_count_now_waits_for_a_new_link),
        cmocka_unit_test(what_was_refused_and_then_lost_fails),
        cmocka_unit_test(the_layout_is_looked_at_once_for_each_key_and_link),
        cmocka_unit_test(a_counter_of_another_layout_is_not_counted_on),
        cmocka_unit_test(where_the_layout_may_not_be_read_there_is_none),
        cmocka_unit_test(a_layout_that_is_not_told_now_is_waited_for),
        cmocka_unit_test(a_batch_whose_layout_was_not_told_is_sent_on_the_next_link),
        cmocka_unit_test(a_store_that_is_closed_by_what_it_tells_is_never_ready),
        cmocka_unit_test(a_batch_that_is_given_up_while_the_layout_is_asked_for_is_not_counted),
        cmocka_unit_test(that_the_script_is_to_be_had_again_makes_plain_news_again),
        cmocka_unit_test(a_store_that_is_closed_while_the_layout_is_asked_for_cancels_the_batch),
    };

    return cmocka_run_group_tests_name("redis_store_plain", tests, NULL, NULL);
}
