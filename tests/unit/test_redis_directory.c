/*
 * test_redis_directory.c - which names of counters are written down, and put right.
 */
#include "redis_catalogue_scene.h"

/* ---- noting ---- */

static void answer_without_names(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZADD", 4) == 0) {
        fake_send(connection, "-NOPERM this user has no permissions to run the 'zadd' command\r\n");
    } else {
        fake_answer(connection, command);
    }
}

static void answer_out_of_memory(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZADD", 4) == 0) {
        fake_send(connection, "-OOM command not allowed when used memory > 'maxmemory'.\r\n");
    } else {
        fake_answer(connection, command);
    }
}

static void a_name_is_noted_once_on_each_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    scene.server.count = 5;
    apply_and_wait(&scene, 0, "ns/key", 1);
    await_all(&scene, "CLAIM|COUNT footfall:ns/key 1 1  1234 1|ZADD footfall:1:counters 0 ns/key|");
    apply_and_wait(&scene, 0, "ns/key", 1);
    apply_and_wait(&scene, 0, "ns/key", 1);
    await_all(&scene, "CLAIM|COUNT footfall:ns/key 1 1  1234 1|ZADD footfall:1:counters 0 ns/key|"
                      "COUNT footfall:ns/key 1 2  1234 1|COUNT footfall:ns/key 1 3  1234 1|");
    fake_close(scene.server.connections[0]);
    turn_until(&scene.turning, is_ready_again, &scene);
    forget(&scene);
    apply_and_wait(&scene, 0, "ns/key", 1);
    await_all(&scene, "CLAIM|COUNT footfall:ns/key 1 4  1234 1|ZADD footfall:1:counters 0 ns/key|");
    end(&scene);
}

static void one_that_was_made_anew_is_noted_again(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    apply_and_wait(&scene, 0, "ns/key", 1);
    await(&scene, "|ZADD footfall:1:counters 0 ns/key|");
    answer_to_count = "$5\r\n2 new\r\n"; /* somebody had removed it */
    scene.server.command = answer_as_told;
    forget(&scene);
    apply_and_wait(&scene, 0, "ns/key", 2);
    await_all(&scene, "COUNT footfall:ns/key 2 2  1234 1|ZADD footfall:1:counters 0 ns/key|");
    end(&scene);
}

static void the_front_counter_and_looks_are_not_noted(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    answer_to_get = "$1\r\n7\r\n";
    apply_and_wait(&scene, 0, "front", 1);
    apply_looks(&scene, 1, "ns/key", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    apply_and_wait(&scene, 0, "front", 1);
    await_all(&scene, "COUNT front 1 1|GET {footfall:ns/key}:footfall:layout|GET footfall:ns/key|"
                      "COUNT front 1 3|");
    end(&scene);
}

static void names_of_one_turn_are_one_command(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    apply(&scene, 0, "ns/one", 1);
    apply(&scene, 1, "ns/two", 1);
    apply(&scene, 2, "other/one", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    await(&scene, "|ZADD footfall:1:counters 0 ns/one 0 ns/two 0 other/one|");
    end(&scene);
}

static void a_removed_name_is_looked_for_once_more(void **state)
{
    static const char *const answers[] = {"$-1\r\n", "$1\r\n1\r\n", "-WRONGTYPE\r\n"};
    (void)state;

    for (unsigned i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;

        begin_logging(&scene);
        answer_to_get = answers[i];
        (void)snprintf(scene.server.record, sizeof scene.server.record, "%s", BEFORE);
        scene.changes[0] = (struct store_change){.kind = STORE_REMOVE, .right = STORE_AS_SERVER};
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_all_done, &scene);
        await(&scene, "|ZREM footfall:1:counters ns/key|GET footfall:ns/key|");
        apply_and_wait(&scene, 1, "ns/other", 1);
        await(&scene, "ns/other|");
        assert_int_equal(strstr(scene.server.log, "|ZADD footfall:1:counters 0 ns/key") != NULL,
                         i == 1);
        end(&scene);
    }
}

/* With memory full for a moment lists and limits were off until the link fell. */
static void what_is_refused_for_a_while_is_not_forbidden(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_out_of_memory;
    apply_and_wait(&scene, 0, "ns/one", 1);
    await(&scene, "|ZADD footfall:1:counters 0 ns/one|");
    scene.server.command = answer_names_as_told;
    apply_and_wait(&scene, 1, "ns/two", 1);
    await(&scene, "|ZADD footfall:1:counters 0 ns/two|");
    assert_string_equal(scene.notices, "");
    end(&scene);
}

static void names_that_were_written_are_waited_for_at_the_end(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    apply_and_wait(&scene, 0, "ns/one", 1);
    close_store(&scene); /* before the turn ends, in which the name is sent */
    await(&scene, "|ZADD footfall:1:counters 0 ns/one|");
    end(&scene);
}

static void what_redis_refuses_is_told_once_and_counting_goes_on(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(1);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_without_names;
    apply_and_wait(&scene, 0, "ns/one", 1);
    await(&scene, "|ZADD footfall:1:counters 0 ns/one|");
    apply_and_wait(&scene, 1, "ns/two", 1);
    apply_and_wait(&scene, 1, "ns/two", 1);
    check_numbers(&scene, 1, 3);
    assert_string_equal(scene.notices,
                        "redis_unlisted: counters are neither listed nor limited in number: "
                        "NOPERM this user has no permissions to run the 'zadd' command|");
    assert_null(strstr(scene.server.log, "0 ns/two|"));
    scene.changes[2] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(&scene, 2, "ns/");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[2][0].result, -EOPNOTSUPP);
    free(page);
    end(&scene);
}

/* ---- the survey ---- */

static unsigned pages_scanned;

static void answer_to_a_survey(struct fake_connection *connection, const char *command)
{
    if (strcmp(command, "CLAIM") == 0) {
        fake_send(connection, "+OK\r\n");
    } else if (strncmp(command, "SCAN 0 ", 7) == 0) {
        pages_scanned++;
        fake_send(connection, "*2\r\n$2\r\n17\r\n*2\r\n$15\r\nfootfall:ns/one\r\n"
                              "$13\r\nfootfall:a b/\r\n");
    } else if (strncmp(command, "SCAN 17 ", 8) == 0) {
        pages_scanned++;
        fake_send(connection, "*2\r\n$1\r\n0\r\n*0\r\n");
    } else {
        answer_lists_as_told(connection, command);
    }
}

static bool is_surveyed(void *test)
{
    const struct scene *scene = test;

    return strstr(scene->server.log, "|MARK|") != NULL;
}

static void whoever_claims_it_puts_the_directory_right(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_to_a_survey;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$1\r\n7\r\n$-1\r\n";
    pages_scanned = 0;
    apply_and_wait(&scene, 0, "ns/key", 1);
    turn_until(&scene.turning, is_surveyed, &scene);
    assert_int_equal(pages_scanned, 2);
    assert_non_null(strstr(scene.server.log, "SCAN 0 MATCH footfall:*/* COUNT 128|"));
    assert_non_null(strstr(scene.server.log, "|ZADD footfall:1:counters 0 ns/one|"));
    assert_null(strstr(scene.server.log, "a b"));
    assert_non_null(strstr(scene.server.log, "|ZRANGEBYLEX footfall:1:counters - + LIMIT 0 400|"));
    assert_non_null(strstr(scene.server.log, "|ZREM footfall:1:counters ns/two|"));
    end(&scene);
}

static void close_at_scan(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "SCAN", 4) == 0) {
        fake_close(connection);
    } else {
        answer_to_a_survey(connection, command);
    }
}

static void refuse_scan(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "SCAN", 4) == 0) {
        fake_send(connection, "-NOPERM no\r\n");
    } else {
        answer_to_a_survey(connection, command);
    }
}

static void a_survey_that_is_forbidden_or_lost_is_let_be(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.command = close_at_scan;
    apply_and_wait(&scene, 0, "ns/key", 1);
    turn_until(&scene.turning, is_ready_again, &scene);
    scene.server.command = refuse_scan;
    apply_and_wait(&scene, 0, "ns/key", 1);
    await(&scene, "|SCAN");
    apply_and_wait(&scene, 0, "ns/key", 1);
    check_numbers(&scene, 0, 3);
    assert_false(is_surveyed(&scene));
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_noted_once_on_each_link),
        cmocka_unit_test(one_that_was_made_anew_is_noted_again),
        cmocka_unit_test(the_front_counter_and_looks_are_not_noted),
        cmocka_unit_test(names_of_one_turn_are_one_command),
        cmocka_unit_test(a_removed_name_is_looked_for_once_more),
        cmocka_unit_test(what_is_refused_for_a_while_is_not_forbidden),
        cmocka_unit_test(names_that_were_written_are_waited_for_at_the_end),
        cmocka_unit_test(what_redis_refuses_is_told_once_and_counting_goes_on),
        cmocka_unit_test(whoever_claims_it_puts_the_directory_right),
        cmocka_unit_test(a_survey_that_is_forbidden_or_lost_is_let_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
