/*
 * test_redis_store_again.c - a batch whose answer was lost: sent again, counted once, or given up.
 */
#include "redis_store_scene.h"

/* The batches of the log, from the first on: "COUNT counter 1 1|" and so on. */
static const char *counts_of(const struct scene *scene)
{
    const char *first = strstr(scene->server.log, "COUNT");

    assert_non_null(first);
    return first;
}

/* ---- sent again ---- */

static void a_batch_whose_answer_is_lost_is_sent_again_and_counts_once(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply_and_wait(&scene, 0, "counter", 3);
    check_numbers(&scene, 0, 1);
    assert_int_equal(scene.server.count, 3);
    assert_string_equal(counts_of(&scene),
                        "COUNT counter 3 1|PING|NAME|SCRIPT?|COUNT counter 3 1|");
    assert_int_equal(scene.readies_count, 2);
    assert_int_equal(scene.status.batches_resent, 1);
    assert_int_equal(scene.status.reconnects, 1);
    apply_and_wait(&scene, 1, "counter", 2);
    check_numbers(&scene, 1, 4);
    end(&scene);
}

static void close_uncounted(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0) {
        connection->server->command = fake_answer;
        fake_close(connection);
    } else {
        fake_answer(connection, command);
    }
}

static void a_batch_that_was_lost_on_its_way_is_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = close_uncounted;
    apply(&scene, 0, "a", 2);
    apply(&scene, 1, "b", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    check_numbers(&scene, 0, 1);
    check_numbers(&scene, 1, 3);
    assert_int_equal(scene.server.count, 3);
    end(&scene);
}

static void a_batch_is_sent_as_often_as_the_link_falls(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_no_count;
    apply(&scene, 0, "counter", 2);
    for (uint64_t falls = 1; falls <= 4; falls++) {
        const unsigned commands_count = scene.server.commands_count;

        turn_until(&scene.turning, is_ready, &scene);
        while (scene.server.commands_count < commands_count + 1) {
            turn_for(&scene.turning, 1); /* it is on its way */
        }
        fake_close(fake_last(&scene.server));
        turn_until(&scene.turning, is_not_ready, &scene);
        assert_false(scene.is_done[0]);
        assert_int_equal(scene.status.batches_resent, falls - 1);
    }
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_all_done, &scene);
    check_numbers(&scene, 0, 1);
    assert_int_equal(scene.server.count, 2);
    end(&scene);
}

/* ---- given up ---- */

static void a_batch_that_nobody_waits_for_is_not_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply(&scene, 0, "counter", 2);
    turn_until(&scene.turning, is_not_ready, &scene);
    scene.batches[0].is_given_up = true;
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ETIMEDOUT);
    apply_and_wait(&scene, 1, "counter", 1);
    check_numbers(&scene, 1, 3); /* a gap of two, and no number for somebody else */
    assert_string_equal(counts_of(&scene),
                        "COUNT counter 2 1|PING|NAME|SCRIPT?|COUNT counter 1 2|");
    assert_int_equal(scene.status.batches_resent, 0);
    end(&scene);
}

/* A server that stood still goes on with what it had read, on a link that is long given up. */
static void a_batch_given_up_that_runs_behind_the_next_one_counts_nothing(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_no_count; /* it has read the batch, and stands still */
    apply(&scene, 0, "counter", 2);
    turn_for(&scene.turning, 5);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_not_ready, &scene);
    scene.batches[0].is_given_up = true;
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_all_done, &scene);
    apply_and_wait(&scene, 1, "counter", 1);
    check_numbers(&scene, 1, 1);
    fake_count(fake_last(&scene.server), "COUNT counter 2 1"); /* and here it runs */
    assert_int_equal(scene.server.count, 1);
    end(&scene);
}

/* Its entry may be gone, and then it would count twice. */
static void a_batch_that_is_too_old_is_not_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply(&scene, 0, "counter", 2);
    turn_until(&scene.turning, is_not_ready, &scene);
    scene.batches[0].since_ms -= 30 * 1000; /* half of what an entry lives */
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ETIMEDOUT);
    assert_int_equal(scene.server.count, 2);
    end(&scene);
}

static void a_store_that_is_closed_cancels_what_it_holds(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply(&scene, 0, "counter", 2);
    turn_until(&scene.turning, is_not_ready, &scene);
    end(&scene);
    check_failed(&scene, 0, -ECANCELED);
}

/* ---- refused for now ---- */

static void count_on_the_third_link(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0 && connection->server->accepted_count < 3) {
        fake_send(connection, answer_to_count);
    } else {
        fake_answer(connection, command);
    }
}

static void what_another_server_may_count_is_asked_again_on_a_new_link(void **state)
{
    static const char *const answers[] = {
        "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-BUSY Redis is busy running a script.\r\n",
        "-MASTERDOWN Link with MASTER is down\r\n",
        "-CLUSTERDOWN The cluster is down\r\n",
        "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
        "-NOAUTH Authentication required.\r\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;
        char expected[400];
        const int length = (int)strlen(answers[i]) - 3;
        const int kind_length = (int)strcspn(answers[i] + 1, " ");

        begin(&scene);
        scene.server.command = count_on_the_third_link;
        answer_to_count = answers[i];
        apply_and_wait(&scene, 0, "counter", 2);
        check_numbers(&scene, 0, 1);
        assert_int_equal(scene.server.accepted_count, 3); /* refused on two links */
        (void)snprintf(expected, sizeof expected, "redis_refused: %.*s|redis_counts_again: %.*s|",
                       length, answers[i] + 1, kind_length, answers[i] + 1);
        assert_string_equal(scene.notices, expected); /* once, and the link's fall is no news */
        assert_int_equal(scene.ups_count, 1);
        end(&scene);
    }
}

/* ---- the script ---- */

static void a_server_that_does_not_know_the_script_is_given_it_before_anything_counts(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    scene.server.forgets_script = true;
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 0, "counter", 1);
    check_numbers(&scene, 0, 1);
    assert_string_equal(scene.server.log, "PING|NAME|SCRIPT?|SCRIPT!|COUNT counter 1 1|");
    end(&scene);
}

static void a_server_that_forgot_the_script_is_given_it_with_the_batch(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    apply_and_wait(&scene, 0, "counter", 1);
    scene.server.forgets_script = true; /* SCRIPT FLUSH */
    apply_and_wait(&scene, 1, "counter", 2);
    check_numbers(&scene, 1, 2);
    apply_and_wait(&scene, 2, "counter", 1);
    check_numbers(&scene, 2, 4);
    assert_string_equal(counts_of(&scene), "COUNT counter 1 1|COUNT counter 2 2|"
                                           "COUNT! counter 2 2|COUNT counter 1 3|");
    assert_string_equal(scene.notices, "");
    end(&scene);
}

/* It was asked again without end. */
static void a_server_that_never_learns_the_script_is_not_asked_for_ever(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = "-NOSCRIPT and never will be\r\n";
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(counts_of(&scene), "COUNT counter 1 1|COUNT! counter 1 1|");
    assert_string_equal(scene.notices, "redis_refused: NOSCRIPT and never will be|");
    end(&scene);
}

/* Of a server before version 7, which became a replica. */
static void a_refusal_from_within_the_script_of_an_old_server_is_understood(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count =
        "-@user_script: 13: -READONLY You can't write against a read only replica.  \r\n";
    apply(&scene, 0, "counter", 1);
    turn_until(&scene.turning, is_not_ready, &scene);
    assert_string_equal(scene.notices,
                        "redis_refused: READONLY You can't write against a read only replica.|");
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_all_done, &scene);
    check_numbers(&scene, 0, 1);
    end(&scene);
}

static void an_answer_that_is_not_the_scripts_ends_the_connection(void **state)
{
    struct scene scene;
    (void)state;

    begin_not_ready(&scene);
    scene.server.command = answer_script_as_told;
    answer_to_script = "$1\r\n2\r\n";
    while (strstr(scene.notices, "an answer that is not the script's|") == NULL) {
        turn_for(&scene.turning, 1);
    }
    assert_false(store_is_ready(scene.store));
    answer_to_script = "-LOADING the dataset\r\n"; /* it says so as well */
    while (strstr(scene.notices, "redis_refused: LOADING the dataset|") == NULL) {
        turn_for(&scene.turning, 1);
    }
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_ready, &scene);
    end(&scene);
}

/* ---- what is told ---- */

static void a_server_that_fails_again_and_again_is_told_once(void **state)
{
    struct scene scene;
    char expected[200];
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = "+OK\r\n";
    apply(&scene, 0, "counter", 1);
    while (scene.server.accepted_count < 4) {
        turn_for(&scene.turning, 1);
    }
    (void)snprintf(expected, sizeof expected,
                   "redis_link_down: 127.0.0.1:%u: an answer that is no count|",
                   (unsigned)scene.server.port);
    assert_string_equal(scene.notices, expected);
    assert_int_equal(scene.ups_count, 2); /* at the start, and behind the trouble */
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_all_done, &scene);
    fake_close(fake_last(&scene.server)); /* it has counted since: another change */
    turn_until(&scene.turning, is_not_ready, &scene);
    assert_non_null(strstr(scene.notices, "the server closed the connection|"));
    turn_until(&scene.turning, is_ready, &scene);
    end(&scene);
}

static void the_status_follows_the_link(void **state)
{
    struct scene scene;
    uint64_t up_ms;
    (void)state;

    begin_not_ready(&scene);
    assert_false(scene.status.is_up);
    turn_until(&scene.turning, is_ready, &scene);
    assert_true(scene.status.is_up);
    assert_int_equal(scene.status.reconnects, 0);
    assert_string_equal(scene.status.last_error, "");
    up_ms = scene.status.since_ms;
    assert_true(up_ms > 0);
    turn_for(&scene.turning, 20);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_not_ready, &scene);
    assert_false(scene.status.is_up);
    assert_true(scene.status.since_ms > up_ms);
    assert_non_null(strstr(scene.status.last_error, "the server closed the connection"));
    turn_until(&scene.turning, is_ready, &scene);
    assert_true(scene.status.is_up);
    assert_int_equal(scene.status.reconnects, 1);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_whose_answer_is_lost_is_sent_again_and_counts_once),
        cmocka_unit_test(a_batch_that_was_lost_on_its_way_is_sent_again),
        cmocka_unit_test(a_batch_is_sent_as_often_as_the_link_falls),
        cmocka_unit_test(a_batch_that_nobody_waits_for_is_not_sent_again),
        cmocka_unit_test(a_batch_given_up_that_runs_behind_the_next_one_counts_nothing),
        cmocka_unit_test(a_batch_that_is_too_old_is_not_sent_again),
        cmocka_unit_test(a_store_that_is_closed_cancels_what_it_holds),
        cmocka_unit_test(what_another_server_may_count_is_asked_again_on_a_new_link),
        cmocka_unit_test(a_server_that_does_not_know_the_script_is_given_it_before_anything_counts),
        cmocka_unit_test(a_server_that_forgot_the_script_is_given_it_with_the_batch),
        cmocka_unit_test(a_server_that_never_learns_the_script_is_not_asked_for_ever),
        cmocka_unit_test(a_refusal_from_within_the_script_of_an_old_server_is_understood),
        cmocka_unit_test(an_answer_that_is_not_the_scripts_ends_the_connection),
        cmocka_unit_test(a_server_that_fails_again_and_again_is_told_once),
        cmocka_unit_test(the_status_follows_the_link),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
