/*
 * test_redis_catalogue.c - what is asked of the directory of names, and what becomes of answers.
 */
#include "redis_changes_scene.h"

#include "store/redis_directory.h"

static const char *answer_to_names; /* to what is asked of the directory but for ZADD and ZREM */

static void answer_names_as_told(struct fake_connection *connection, const char *command)
{
    const bool is_question =
        strncmp(command, "ZCARD", 5) == 0 || strncmp(command, "ZLEXCOUNT", 9) == 0 ||
        strncmp(command, "ZRANGE", 6) == 0 || strncmp(command, "EXISTS", 6) == 0;

    if (is_question) {
        fake_send(connection, answer_to_names);
    } else {
        fake_answer(connection, command);
    }
}

static void answer_without_names(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZADD", 4) == 0) {
        fake_send(connection, "-NOPERM this user has no permissions to run the 'zadd' command\r\n");
    } else {
        fake_answer(connection, command);
    }
}

static void begin_logging(struct scene *scene)
{
    begin(scene);
    scene->server.logs_names = true;
    scene->server.command = answer_names_as_told;
    answer_to_names = ":0\r\n";
}

static void check_asked(const struct scene *scene, const char *expected)
{
    assert_string_equal(asked_of(scene), expected);
}

/* What was sent lately is waited for: the answer to a hit comes behind it. */
static void settle(struct scene *scene)
{
    turn_for(&scene->turning, 5);
}

/* ---- noting ---- */

static bool is_ready_again(void *test)
{
    return ((const struct scene *)test)->server.accepted_count == 2 && is_ready(test);
}

static void a_name_is_noted_once_on_each_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.count = 5;
    apply_and_wait(&scene, 0, "ns/key", 1);
    apply_and_wait(&scene, 0, "ns/key", 1);
    settle(&scene);
    check_asked(&scene, "COUNT footfall:ns/key 1 1  1234 1|CLAIM|ZADD footfall:1:counters 0 ns/key|"
                        "COUNT footfall:ns/key 1 2  1234 1|");
    fake_close(scene.server.connections[0]);
    turn_until(&scene.turning, is_ready_again, &scene);
    scene.server.log_length = 0;
    apply_and_wait(&scene, 0, "ns/key", 1);
    settle(&scene);
    scene.server.log[scene.server.log_length] = '\0';
    assert_string_equal(
        scene.server.log,
        "COUNT footfall:ns/key 1 3  1234 1|CLAIM|ZADD footfall:1:counters 0 ns/key|");
    end(&scene);
}

static void one_that_was_made_anew_is_noted_again(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    apply_and_wait(&scene, 0, "ns/key", 1);
    settle(&scene);
    answer_to_count = "$5\r\n2 new\r\n"; /* somebody had removed it */
    scene.server.command = answer_as_told;
    scene.server.log_length = 0;
    apply_and_wait(&scene, 0, "ns/key", 2);
    settle(&scene);
    scene.server.log[scene.server.log_length] = '\0';
    assert_string_equal(scene.server.log, "COUNT footfall:ns/key 2 2  1234 1|"
                                          "ZADD footfall:1:counters 0 ns/key|");
    end(&scene);
}

static void the_front_counter_and_looks_are_not_noted(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    apply_and_wait(&scene, 0, "front", 1);
    apply_looks(&scene, 1, "ns/key", 1);
    turn_until(&scene.turning, is_all_done, &scene);
    settle(&scene);
    check_asked(&scene,
                "COUNT front 1 1|GET {footfall:ns/key}:footfall:layout|GET footfall:ns/key|");
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
    settle(&scene);
    assert_non_null(
        strstr(scene.server.log, "|ZADD footfall:1:counters 0 ns/one 0 ns/two 0 other/one|"));
    end(&scene);
}

static void a_removed_name_is_looked_for_once_more(void **state)
{
    static const char *const answers[] = {":0\r\n", ":1\r\n"};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;

        begin_logging(&scene);
        answer_to_names = answers[i];
        (void)snprintf(scene.server.record, sizeof scene.server.record, "%s", BEFORE);
        scene.changes[0] = (struct store_change){.kind = STORE_REMOVE, .right = STORE_AS_SERVER};
        apply_change(&scene, 0, "ns/key");
        turn_until(&scene.turning, is_all_done, &scene);
        settle(&scene);
        assert_non_null(
            strstr(scene.server.log, "|ZREM footfall:1:counters ns/key|EXISTS footfall:ns/key|"));
        assert_int_equal(strstr(scene.server.log, "|ZADD footfall:1:counters 0 ns/key|") != NULL,
                         i == 1);
        end(&scene);
    }
}

static void what_redis_refuses_is_told_once_and_counting_goes_on(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(1);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_without_names;
    apply_and_wait(&scene, 0, "ns/one", 1);
    settle(&scene);
    apply_and_wait(&scene, 1, "ns/two", 1);
    settle(&scene);
    check_numbers(&scene, 1, 2);
    assert_string_equal(scene.notices,
                        "redis_unlisted: counters are neither listed nor limited in number: "
                        "NOPERM this user has no permissions to run the 'zadd' command|");
    assert_null(strstr(scene.server.log, "ns/two|ZADD"));
    scene.changes[2] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(&scene, 2, "ns/");
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[2][0].result, -EOPNOTSUPP);
    free(page);
    end(&scene);
}

/* ---- limits ---- */

static void send_limited(struct scene *scene, unsigned i, const char *key, uint32_t keys_max)
{
    prepare(scene, i, key, 1)->keys_max = keys_max;
    send_prepared(scene, i);
    turn_until(&scene->turning, is_all_done, scene);
}

#define ASKED "ZCARD footfall:1:counters|ZLEXCOUNT footfall:1:counters [ns/ (ns0|"

static void far_from_the_limit_an_answer_is_good_for_a_moment(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.count = 3;
    answer_to_names = ":872\r\n";
    send_limited(&scene, 0, "ns/one", 1000);
    send_limited(&scene, 1, "ns/two", 1000);
    settle(&scene);
    check_asked(&scene, "CLAIM|" ASKED "COUNT footfall:ns/one 1 1  1234 1|"
                        "ZADD footfall:1:counters 0 ns/one|COUNT footfall:ns/two 1 2  1234 1|"
                        "ZADD footfall:1:counters 0 ns/two|");
    scene.server.log_length = 0;
    turn_for(&scene.turning, 110);
    send_limited(&scene, 2, "ns/three", 1000);
    scene.server.log[scene.server.log_length] = '\0';
    assert_non_null(strstr(scene.server.log, ASKED));
    end(&scene);
}

static void near_the_limit_each_asks(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    scene.server.count = 3;
    answer_to_names = ":90\r\n";
    send_limited(&scene, 0, "ns/one", 100);
    scene.server.log_length = 0;
    send_limited(&scene, 1, "ns/two", 100);
    scene.server.log[scene.server.log_length] = '\0';
    assert_non_null(strstr(scene.server.log, ASKED "COUNT footfall:ns/two 1 2  1234 1|"));
    scene.server.log_length = 0;
    send_limited(&scene, 1, "ns/two", 100); /* it is there, and asks nothing */
    scene.server.log[scene.server.log_length] = '\0';
    assert_null(strstr(scene.server.log, ASKED));
    end(&scene);
}

static void at_the_limit_only_what_is_there_is_counted(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    answer_to_names = ":100\r\n";
    send_limited(&scene, 0, "ns/one", 100);
    assert_non_null(strstr(scene.server.log, ASKED "COUNT footfall:ns/one 1 1  1234 0|"));
    scene.server.log_length = 0;
    send_limited(&scene, 1, "ns/two", 100);
    scene.server.log[scene.server.log_length] = '\0';
    assert_null(strstr(scene.server.log, ASKED)); /* full is full for a moment */
    assert_non_null(strstr(scene.server.log, "COUNT footfall:ns/two 1 2  1234 0|"));
    end(&scene);
}

static void close_at_the_question(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZLEXCOUNT", 9) == 0) {
        connection->server->command = answer_names_as_told;
        fake_close(connection);
    } else {
        answer_names_as_told(connection, command);
    }
}

static void an_answer_that_is_lost_is_asked_for_again(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    answer_to_names = ":1\r\n";
    scene.server.command = close_at_the_question;
    send_limited(&scene, 0, "ns/one", 2);
    check_numbers(&scene, 0, 1);
    assert_int_equal(scene.server.accepted_count, 2);
    assert_int_equal(scene.status.batches_resent, 0); /* it had not been sent */
    end(&scene);
}

/* ---- lists ---- */

static const char *answer_to_range;
static const char *answer_to_mget;

static void answer_lists_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZRANGEBYLEX", 11) == 0) {
        fake_send(connection, answer_to_range);
    } else if (strncmp(command, "MGET", 4) == 0) {
        fake_send(connection, answer_to_mget);
    } else {
        fake_answer(connection, command);
    }
}

/* Lists "ns/" and returns what came of it. */
static int list(struct scene *scene, struct store_listing *page)
{
    scene->changes[0] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(scene, 0, "ns/");
    turn_until(&scene->turning, is_all_done, scene);
    return scene->hits[0][0].result;
}

#define TWO_NAMES "*2\r\n$6\r\nns/one\r\n$6\r\nns/two\r\n"

static void a_page_is_names_and_then_counts(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$1\r\n7\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 2);
    assert_true(page->list[0].value == 7 && page->list[1].value == -3);
    check_asked(&scene, "CLAIM|ZRANGEBYLEX footfall:1:counters [ns/ (ns0 LIMIT 0 400|"
                        "MGET footfall:ns/one footfall:ns/two|");
    free(page);
    end(&scene);
}

static void a_name_without_a_counter_is_on_no_page_and_taken_out(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$-1\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 1);
    assert_true(page->list[0].value == -3);
    settle(&scene);
    assert_non_null(strstr(scene.server.log, "|ZREM footfall:1:counters ns/one|"));
    free(page);
    end(&scene);
}

static void what_no_counter_can_be_is_left_out_or_refused(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = TWO_NAMES;
    answer_to_mget = "*2\r\n$1\r\nx\r\n$2\r\n-3\r\n";
    assert_int_equal(list(&scene, page), 0);
    assert_int_equal(page->count, 1);
    answer_to_mget = "*2\r\n$3\r\n1\n2\r\n$2\r\n-3\r\n"; /* whose is which? */
    assert_int_equal(list(&scene, page), -EIO);
    answer_to_range = "*1\r\n$0\r\n\r\n";
    assert_int_equal(list(&scene, page), -EIO);
    assert_string_equal(scene.notices,
                        "redis_refused: ERR a counter that is several lines|"
                        "redis_refused: ERR a name in footfall:1:counters that is none|");
    assert_int_equal(scene.server.accepted_count, 1);
    free(page);
    end(&scene);
}

static void answer_garbage_once(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "MGET", 4) == 0) {
        connection->server->command = answer_lists_as_told;
        fake_send(connection, "*1\r\n$1\r\n5\r\n");
    } else {
        answer_lists_as_told(connection, command);
    }
}

static void close_once(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "MGET", 4) == 0) {
        connection->server->command = answer_lists_as_told;
        fake_close(connection);
    } else {
        answer_lists_as_told(connection, command);
    }
}

static void a_list_that_is_lost_begins_anew(void **state)
{
    static void (*const losing[])(struct fake_connection * connection,
                                  const char *command) = {answer_garbage_once, close_once};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct scene scene;
        struct store_listing *page = store_listing_create(5);

        begin_logging(&scene);
        answer_to_range = TWO_NAMES;
        answer_to_mget = "*2\r\n$1\r\n7\r\n$2\r\n-3\r\n";
        scene.server.command = losing[i];
        assert_int_equal(list(&scene, page), 0);
        assert_int_equal(page->count, 2);
        assert_int_equal(scene.server.accepted_count, 2);
        free(page);
        end(&scene);
    }
}

static void a_list_that_redis_refuses_is_not_to_be_had(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = "-NOPERM no\r\n";
    assert_int_equal(list(&scene, page), -EOPNOTSUPP);
    assert_int_equal(list(&scene, page), -EOPNOTSUPP);
    assert_string_equal(scene.notices, "redis_unlisted: counters are neither listed nor limited in "
                                       "number: NOPERM no|");
    free(page);
    end(&scene);
}

static void a_list_under_way_ends_with_the_store(void **state)
{
    struct scene scene;
    struct store_listing *page = store_listing_create(5);
    (void)state;

    begin_logging(&scene);
    scene.server.command = answer_lists_as_told;
    answer_to_range = "";
    scene.changes[0] = (struct store_change){.kind = STORE_LIST, .listing = page};
    apply_change(&scene, 0, "ns/");
    settle(&scene);
    close_store(&scene);
    turn_until(&scene.turning, is_all_done, &scene);
    assert_int_equal(scene.hits[0][0].result, -ECANCELED);
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
    settle(&scene);
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
        cmocka_unit_test(what_redis_refuses_is_told_once_and_counting_goes_on),
        cmocka_unit_test(far_from_the_limit_an_answer_is_good_for_a_moment),
        cmocka_unit_test(near_the_limit_each_asks),
        cmocka_unit_test(at_the_limit_only_what_is_there_is_counted),
        cmocka_unit_test(an_answer_that_is_lost_is_asked_for_again),
        cmocka_unit_test(a_page_is_names_and_then_counts),
        cmocka_unit_test(a_name_without_a_counter_is_on_no_page_and_taken_out),
        cmocka_unit_test(what_no_counter_can_be_is_left_out_or_refused),
        cmocka_unit_test(a_list_that_is_lost_begins_anew),
        cmocka_unit_test(a_list_that_redis_refuses_is_not_to_be_had),
        cmocka_unit_test(a_list_under_way_ends_with_the_store),
        cmocka_unit_test(whoever_claims_it_puts_the_directory_right),
        cmocka_unit_test(a_survey_that_is_forbidden_or_lost_is_let_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
