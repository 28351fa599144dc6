/*
 * test_redis_store_changes.c - changes and records at a scripted server: what is asked, and what
 * becomes of it when answers are lost.
 */
#include "redis_changes_scene.h"

/* ---- changes ---- */

static void a_change_asks_decides_and_writes(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    check_added(&scene, 0, 5);
    assert_string_equal(scene.server.record, AFTER);
    assert_string_equal(asked_of(&scene), "CHANGE footfall:ns/key 1|"
                                          "CHANGE footfall:ns/key 1 " BEFORE ">" AFTER "|");
    end(&scene);
}

static void what_the_rules_refuse_and_what_only_reads_is_one_command(void **state)
{
    static const struct {
        const char *record;
        struct store_change change;
        bool may_not_make;
        int result;
    } cases[] = {
        {"-", {.kind = STORE_READ}, false, -ENOENT},
        {BEFORE, {.kind = STORE_READ}, false, 0},
        {BEFORE, {.kind = STORE_CREATE}, true, -EEXIST},
        {"-", {.kind = STORE_CREATE}, true, -EDQUOT},
        {"-", {.kind = STORE_SET, .right = STORE_AS_SERVER}, false, -ENOENT},
        {BEFORE, {.kind = STORE_SET}, false, -EPERM},
        {BEFORE, {.kind = STORE_SET, .right = STORE_AS_OWNER}, false, -EACCES},
        {BEFORE, {.kind = STORE_ADD, .value = 2}, false, -EPERM},
        {"9223372036854775807 0 0 0 0 1 0 -", {.kind = STORE_ADD, .value = 1}, false, -EOVERFLOW},
        {"-", {.kind = STORE_REMOVE, .right = STORE_AS_SERVER}, false, -ENOENT},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;

        begin_with(&scene, cases[i].record);
        scene.changes[0] = cases[i].change;
        (void)prepare(&scene, 0, "ns/key", 1);
        scene.batches[0].may_make = !cases[i].may_not_make;
        scene.hits[0][0] = (struct store_hit){.change = &scene.changes[0], .is_change = 1};
        send_prepared(&scene, 0);
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[0][0].result, cases[i].result);
        assert_int_equal(scene.changes[0].before.exists, cases[i].record[0] != '-');
        assert_true(scene.changes[0].before.value == scene.changes[0].after.value);
        assert_int_equal(scene.changes[0].before.exists, scene.changes[0].after.exists);
        assert_string_equal(scene.server.record, cases[i].record);
        assert_string_equal(asked_of(&scene), "CHANGE footfall:ns/key 1|");
        assert_string_equal(scene.notices, "");
        end(&scene);
    }
}

static void change_meanwhile(struct fake_connection *connection, const char *command)
{
    if (strchr(command, '>') != NULL) {
        connection->server->command = fake_answer;
        (void)snprintf(connection->server->record, FAKE_RECORD_BYTES, LATER);
    }
    fake_answer(connection, command);
}

static void what_has_changed_meanwhile_is_decided_anew(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.server.command = change_meanwhile;
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    check_added(&scene, 0, 7);
    assert_string_equal(scene.server.record, AFTER_LATER);
    assert_string_equal(asked_of(&scene), "CHANGE footfall:ns/key 1|"
                                          "CHANGE footfall:ns/key 1 " BEFORE ">" AFTER "|"
                                          "CHANGE footfall:ns/key 1 " LATER ">" AFTER_LATER "|");
    end(&scene);
}

static void a_change_that_is_given_up_is_not_decided_anew(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    scene.batches[0].is_given_up = true;
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -ETIMEDOUT);
    assert_string_equal(scene.server.record, BEFORE);
    end(&scene);
}

/* The link falls at each of its commands, before and after the server has done what it says. */
static void a_change_whose_answer_is_lost_is_made_once(void **state)
{
    (void)state;

    for (unsigned i = 0; i < 4; i++) {
        struct scene scene;

        begin_with(&scene, BEFORE);
        scene.server.command = close_at_one;
        commands_until_close = 1 + i / 2;
        closes_behind = i % 2 == 1;
        scene.changes[0] = add_4;
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_all_done, &scene);
        check_added(&scene, 0, 5);
        assert_string_equal(scene.server.record, AFTER);
        assert_int_equal(scene.status.batches_resent, i / 2); /* asking is not at stake */
        closes_behind = false;
        end(&scene);
    }
}

static void lose_and_let_others_change(struct fake_connection *connection, const char *command)
{
    fake_answer(connection, command);
    if (strchr(command, '>') != NULL && connection->server->command != fake_answer) {
        connection->server->command = fake_answer;
        (void)snprintf(connection->server->record, FAKE_RECORD_BYTES, LATER);
    }
}

static void lose_the_change(struct fake_connection *connection, const char *command)
{
    if (strchr(command, '>') != NULL) {
        connection->is_silent = true;
        lose_and_let_others_change(connection, command);
        fake_close(connection);
    } else {
        fake_answer(connection, command);
    }
}

static void what_is_told_of_a_change_is_what_was_when_it_was_made(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.server.command = lose_the_change;
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    check_added(&scene, 0, 5);
    assert_string_equal(scene.server.record, LATER); /* and not added to again */
    end(&scene);
}

static void a_server_that_does_not_know_the_script_of_changes_is_given_it(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.server.forgets_script = true;
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    check_added(&scene, 0, 5);
    assert_string_equal(asked_of(&scene), "CHANGE footfall:ns/key 1|CHANGE! footfall:ns/key 1|"
                                          "CHANGE footfall:ns/key 1 " BEFORE ">" AFTER "|");
    end(&scene);
}

static void answer_changes_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "CHANGE", 6) == 0) {
        fake_send(connection, answer_to_count);
    } else {
        fake_answer(connection, command);
    }
}

static void what_cannot_be_read_is_refused(void **state)
{
    static const struct {
        const char *answer;
        const char *notices;
    } cases[] = {
        {"$15\r\nx 1 2 0 0 1 0 -\r\n",
         "redis_refused: ERR value is not an integer or out of range|"},
        {"$15\r\n5 1 x 0 0 1 0 -\r\n",
         "redis_refused: RECORD what is kept beside the counter cannot be read|"},
        /* Somebody has put the mark there: the connection is none the worse for it. */
        {"$17\r\n1>2 1 2 0 0 1 0 -\r\n",
         "redis_refused: ERR value is not an integer or out of range|"},
        {"$17\r\n5 1>2 2 0 0 1 0 -\r\n",
         "redis_refused: RECORD what is kept beside the counter cannot be read|"},
        {"-WRONGTYPE Operation\r\n", "redis_refused: WRONGTYPE Operation|"},
        {"-OOM command not allowed\r\n", "redis_refused: OOM command not allowed|"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;

        begin(&scene);
        scene.server.command = answer_changes_as_told;
        answer_to_count = cases[i].answer;
        scene.changes[0] = add_4;
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[0][0].result, -EIO);
        assert_string_equal(scene.notices, cases[i].notices);
        end(&scene);
    }
}

static void what_is_no_answer_to_a_change_ends_the_connection_and_it_is_asked_again(void **state)
{
    static const char *const answers[] = {
        "+OK\r\n",
        "$-1\r\n",
        ":1\r\n",
        "$0\r\n\r\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;

        begin_with(&scene, BEFORE);
        scene.server.command = answer_changes_as_told;
        answer_to_count = answers[i];
        scene.changes[0] = add_4;
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_not_ready, &scene);
        assert_non_null(strstr(scene.notices, "an answer that is no count|"));
        scene.server.command = fake_answer;
        turn_until(&scene.turning, is_all_done, &scene);
        check_added(&scene, 0, 5);
        end(&scene);
    }
}

static void refuse_changes_on_the_first_link(struct fake_connection *connection,
                                             const char *command)
{
    if (strchr(command, '>') != NULL && connection->server->accepted_count < 2) {
        fake_send(connection, "-READONLY You can't write against a read only replica.\r\n");
    } else {
        fake_answer(connection, command);
    }
}

static void a_change_that_another_server_may_make_is_sent_to_the_next(void **state)
{
    struct scene scene;
    (void)state;

    begin_with(&scene, BEFORE);
    scene.server.command = refuse_changes_on_the_first_link;
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    check_added(&scene, 0, 5);
    assert_int_equal(scene.server.accepted_count, 2);
    end(&scene);
}

/* ---- without scripts ---- */

static const char *hash_answer;

static void answer_plainly(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "SCRIPT", 6) == 0) {
        fake_send(connection, "-NOPERM\r\n");
    } else if (strncmp(command, "HGETALL", 7) == 0) {
        fake_send(connection, hash_answer);
    } else if (strncmp(command, "GET ", 4) == 0 && command[4] != '{' && answer_to_count != NULL) {
        fake_send(connection, answer_to_count);
    } else {
        fake_answer(connection, command);
    }
}

static void begin_plain(struct scene *scene)
{
    begin_not_ready(scene);
    hash_answer = "*0\r\n";
    answer_to_count = NULL;
    scene->server.command = answer_plainly;
    turn_until(&scene->turning, is_ready, scene);
}

static void plainly_nothing_is_changed(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.changes[0] = add_4;
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -EOPNOTSUPP);
    assert_string_equal(asked_of(&scene), "");
    end(&scene);
}

static void plainly_a_counter_is_read_by_two_commands(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    scene.server.count = 42;
    hash_answer = "*4\r\n$7\r\ncounted\r\n$1\r\n5\r\n$3\r\nlow\r\n$2\r\n-2\r\n";
    scene.changes[0] = (struct store_change){.kind = STORE_READ};
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, 0);
    assert_int_equal(scene.changes[0].before.value, 42);
    assert_int_equal(scene.changes[0].before.counted_ms, 5);
    assert_int_equal(scene.changes[0].after.low, -2);
    assert_int_equal(scene.changes[0].after.high, 1);
    assert_string_equal(asked_of(&scene), "GET {footfall:ns/key}:footfall:layout|"
                                          "HGETALL {footfall:ns/key}:footfall:1:about|"
                                          "GET footfall:ns/key|");
    answer_to_count = "$-1\r\n";
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -ENOENT);
    assert_false(scene.changes[0].after.exists);
    hash_answer = "*2\r\n$7\r\ncounted\r\n$1\r\nx\r\n";
    apply_change(&scene, 0, "ns/key");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -EIO);
    assert_string_equal(strstr(scene.notices, "redis_refused: RECORD"),
                        "redis_refused: RECORD what is kept beside the counter cannot be read|");
    end(&scene);
}

static void close_at_one_plainly(struct fake_connection *connection, const char *command)
{
    const bool is_ours = strncmp(command, "GET", 3) == 0 || strncmp(command, "HGET", 4) == 0;

    if (is_ours && commands_until_close > 0 && --commands_until_close == 0) {
        fake_close(connection);
    } else {
        answer_plainly(connection, command);
    }
}

static void plainly_a_lost_look_or_read_is_sent_again(void **state)
{
    (void)state;

    for (unsigned lost = 1; lost <= 3; lost++) {
        struct scene scene;

        begin_plain(&scene);
        scene.server.count = 42;
        scene.server.command = close_at_one_plainly;
        commands_until_close = lost;
        scene.changes[0] = (struct store_change){.kind = STORE_READ};
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[0][0].result, 0);
        assert_int_equal(scene.changes[0].after.value, 42);
        commands_until_close = lost;
        apply_looks(&scene, 1, "ns/key", 1);
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[1][0].number, 42);
        end(&scene);
    }
}

static void plainly_what_must_not_be_made_is_looked_at_first(void **state)
{
    struct scene scene;
    (void)state;

    begin_plain(&scene);
    answer_to_count = "$-1\r\n";
    for (unsigned i = 0; i < 2; i++) {
        prepare(&scene, 0, "ns/key", 2)->may_make = false;
        send_prepared(&scene, 0);
        turn_until(&scene.turning, is_all_done, &scene);
        if (i == 0) {
            check_failed(&scene, 0, -EDQUOT);
        }
        answer_to_count = NULL;
    }
    check_numbers(&scene, 0, 1);
    assert_string_equal(asked_of(&scene),
                        "GET {footfall:ns/key}:footfall:layout|GET footfall:ns/key|"
                        "GET footfall:ns/key|INCRBY footfall:ns/key 2|");
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_asks_decides_and_writes),
        cmocka_unit_test(what_the_rules_refuse_and_what_only_reads_is_one_command),
        cmocka_unit_test(what_has_changed_meanwhile_is_decided_anew),
        cmocka_unit_test(a_change_that_is_given_up_is_not_decided_anew),
        cmocka_unit_test(a_change_whose_answer_is_lost_is_made_once),
        cmocka_unit_test(what_is_told_of_a_change_is_what_was_when_it_was_made),
        cmocka_unit_test(a_server_that_does_not_know_the_script_of_changes_is_given_it),
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(what_is_no_answer_to_a_change_ends_the_connection_and_it_is_asked_again),
        cmocka_unit_test(a_change_that_another_server_may_make_is_sent_to_the_next),
        cmocka_unit_test(plainly_nothing_is_changed),
        cmocka_unit_test(plainly_a_counter_is_read_by_two_commands),
        cmocka_unit_test(plainly_a_lost_look_or_read_is_sent_again),
        cmocka_unit_test(plainly_what_must_not_be_made_is_looked_at_first),
    };

    return cmocka_run_group_tests_name("redis_store_changes", tests, NULL, NULL);
}
