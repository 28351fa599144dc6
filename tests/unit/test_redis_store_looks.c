/*
 * test_redis_store_looks.c - looks, and hits on counters with a record, at a server that is played.
 */
#include "redis_changes_scene.h"

/* ---- looks ---- */

static void looks_are_a_get_behind_a_look_at_the_layout_once_a_link(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.count = 42;
    for (unsigned i = 0; i < 2; i++) {
        apply_looks(&scene, 0, "counter", 3);
        turn_until(&scene.turning, is_all_done, &scene);
        for (unsigned hit = 0; hit < 3; hit++) {
            assert_int_equal(scene.hits[0][hit].result, 0);
            assert_int_equal(scene.hits[0][hit].number, 42);
        }
    }
    apply_looks(&scene, 1, "ns/key", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_not_ready, &scene);
    turn_until(&scene.turning, is_ready, &scene);
    apply_looks(&scene, 0, "counter", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_string_equal(asked_of(&scene),
                        "GET {counter}:footfall:layout|GET counter|GET counter|"
                        "GET {footfall:ns/key}:footfall:layout|GET footfall:ns/key|"
                        "PING|NAME|SCRIPT?|GET {counter}:footfall:layout|GET counter|");
    end(&scene);
}

/* The script has looked at the layout already. */
static void a_look_at_what_has_just_been_counted_is_one_command(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    apply_and_wait(&scene, 0, "counter", 2);
    apply_looks(&scene, 0, "counter", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].number, 2);
    assert_string_equal(asked_of(&scene), "COUNT counter 2 1|GET counter|");
    end(&scene);
}

static void answer_looks_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "GET ", 4) == 0 && command[4] != '{') {
        fake_send(connection, answer_to_count);
    } else {
        fake_answer(connection, command);
    }
}

static void a_look_is_told_what_is_wrong_with_its_key(void **state)
{
    static const struct {
        const char *answer;
        int result;
        const char *notices;
    } cases[] = {
        {"$-1\r\n", -ENOENT, ""},
        {"$1\r\nx\r\n", -EIO, "redis_refused: ERR value is not an integer or out of range|"},
        {"$2\r\n05\r\n", -EIO, "redis_refused: ERR value is not an integer or out of range|"},
        {"-WRONGTYPE Operation\r\n", -EIO, "redis_refused: WRONGTYPE Operation|"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;

        begin(&scene);
        scene.server.command = answer_looks_as_told;
        answer_to_count = cases[i].answer;
        apply_looks(&scene, 0, "ns/key", 2);
        turn_until(&scene.turning, is_all_done, &scene);
        check_failed(&scene, 0, cases[i].result);
        assert_string_equal(scene.notices, cases[i].notices);
        assert_true(store_is_ready(scene.store));
        end(&scene);
    }
}

static void a_look_at_another_layout_is_refused(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.layout = "$1\r\n2\r\n";
    apply_looks(&scene, 0, "ns/key", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -EIO);
    assert_non_null(strstr(scene.notices, "redis_refused: LAYOUT "));
    end(&scene);
}

static void a_look_whose_answer_is_lost_looks_again(void **state)
{
    (void)state;

    for (unsigned lost = 1; lost <= 2; lost++) {
        struct scene scene;

        begin(&scene);
        scene.server.count = 42;
        scene.server.command = close_at_one;
        commands_until_close = lost;
        apply_looks(&scene, 0, "ns/key", 2);
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[0][1].result, 0);
        assert_int_equal(scene.hits[0][1].number, 42);
        assert_int_equal(scene.status.batches_resent, 0); /* nothing was at stake */
        assert_int_equal(scene.server.accepted_count, 2);
        end(&scene);
    }
}

static void a_look_that_nobody_waits_for_is_not_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = close_at_one;
    commands_until_close = 2;
    apply_looks(&scene, 0, "ns/key", 1);
    turn_until(&scene.turning, is_not_ready, &scene);
    scene.batches[0].is_given_up = true;
    turn_until(&scene.turning, is_all_done, &scene);
    check_failed(&scene, 0, -ETIMEDOUT);
    end(&scene);
}

/* They are no sign that hits count again. */
static void looks_do_not_end_a_refusal_of_hits(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_count = "-OOM command not allowed\r\n";
    apply_and_wait(&scene, 0, "counter", 1);
    apply_looks(&scene, 1, "counter", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    apply_and_wait(&scene, 0, "counter", 1);
    assert_string_equal(scene.notices, "redis_refused: OOM command not allowed|");
    end(&scene);
}

/* ---- hits ---- */

static void hits_of_a_counter_with_a_record_say_when_and_whether_to_make_it(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    apply_and_wait(&scene, 0, "ns/key", 2);
    check_numbers(&scene, 0, 1);
    prepare(&scene, 1, "ns/key", 1)->may_make = false;
    scene.hits[1][0].amount = 40;
    send_prepared(&scene, 1);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[1][0].number, 42);
    assert_string_equal(asked_of(&scene),
                        "COUNT footfall:ns/key 2 1  1234 1|COUNT footfall:ns/key 40 2  1234 0|");
    scene.server.command = answer_as_told;
    answer_to_count = "$4\r\nnone\r\n";
    apply_and_wait(&scene, 0, "ns/other", 3);
    check_failed(&scene, 0, -EDQUOT);
    assert_string_equal(scene.notices, "");
    end(&scene);
}

static const char *answers_at_end[2]; /* to the first command, and to the one with amounts */

static void answer_at_end(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "COUNT", 5) == 0) {
        fake_send(connection, answers_at_end[strchr(command, 'x') != NULL]);
    } else {
        fake_answer(connection, command);
    }
}

static void at_the_end_of_the_numbers_hits_are_sent_again_with_what_each_adds(void **state)
{
    static const uint32_t amounts[] = {3, 0, 3, 2};
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_at_end;
    answers_at_end[0] = "-ERR increment or decrement would overflow\r\n";
    answers_at_end[1] = "$21\r\n9223372036854775807 5\r\n";
    (void)prepare(&scene, 0, "counter", 4);
    for (unsigned i = 0; i < 4; i++) {
        scene.hits[0][i].amount = amounts[i] & STORE_AMOUNT_MAX;
    }
    send_prepared(&scene, 0);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_true(scene.hits[0][0].number == INT64_MAX - 2);
    assert_true(scene.hits[0][1].number == INT64_MAX - 2);
    assert_int_equal(scene.hits[0][2].result, -EOVERFLOW);
    assert_true(scene.hits[0][3].number == INT64_MAX);
    assert_string_equal(asked_of(&scene), "COUNT counter 8 1|COUNT counter 8 1 1x3 1x3 1x2 |");
    assert_string_equal(scene.notices, "");
    answers_at_end[1] = "$21\r\n9223372036854775807 0\r\n";
    apply_and_wait(&scene, 1, "counter", 2);
    check_failed(&scene, 1, -EOVERFLOW);
    assert_string_equal(scene.notices, "redis_refused: ERR increment or decrement would overflow|");
    end(&scene);
}

/* Five were counted, but no five of these hits add up to that. */
static void what_no_hits_can_have_added_is_garbage(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_at_end;
    answers_at_end[0] = "-ERR increment or decrement would overflow\r\n";
    answers_at_end[1] = "$21\r\n9223372036854775807 5\r\n";
    (void)prepare(&scene, 0, "counter", 2);
    scene.hits[0][0].amount = 4;
    scene.hits[0][1].amount = 4;
    send_prepared(&scene, 0);
    turn_until(&scene.turning, is_not_ready, &scene);
    assert_non_null(strstr(scene.notices, "an answer that is no count|"));
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][1].number, 8);
    end(&scene);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_are_a_get_behind_a_look_at_the_layout_once_a_link),
        cmocka_unit_test(a_look_at_what_has_just_been_counted_is_one_command),
        cmocka_unit_test(a_look_is_told_what_is_wrong_with_its_key),
        cmocka_unit_test(a_look_at_another_layout_is_refused),
        cmocka_unit_test(a_look_whose_answer_is_lost_looks_again),
        cmocka_unit_test(a_look_that_nobody_waits_for_is_not_sent_again),
        cmocka_unit_test(looks_do_not_end_a_refusal_of_hits),
        cmocka_unit_test(hits_of_a_counter_with_a_record_say_when_and_whether_to_make_it),
        cmocka_unit_test(at_the_end_of_the_numbers_hits_are_sent_again_with_what_each_adds),
        cmocka_unit_test(what_no_hits_can_have_added_is_garbage),
    };

    return cmocka_run_group_tests_name("redis_store_looks", tests, NULL, NULL);
}
