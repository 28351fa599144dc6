/*
 * test_redis_quota.c - when the directory is asked whether there is room for a counter.
 */
#include "redis_catalogue_scene.h"
#include "store/redis_quota.h"

static void send_limited(struct scene *scene, unsigned i, const char *key, uint32_t keys_max)
{
    prepare(scene, i, key, 1)->keys_max = keys_max;
    send_prepared(scene, i);
    turn_until(&scene->turning, is_all_done, scene);
}

#define ASKED "ZCARD footfall:1:counters|ZLEXCOUNT footfall:1:counters [ns/ (ns0|"

static void a_counter_that_is_there_asks_nothing(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    scene.server.count = 3;
    send_limited(&scene, 0, "ns/one", 2);
    send_limited(&scene, 0, "ns/one", 2);
    check_numbers(&scene, 0, 5);
    await_all(&scene, "CLAIM|COUNT footfall:ns/one 1 1  1234 0|"
                      "ZADD footfall:1:counters 0 ns/one|COUNT footfall:ns/one 1 2  1234 1|");
    end(&scene);
}

static void a_new_one_asks_and_is_made_where_there_is_room(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    is_absent = true;
    answer_to_names = ":9\r\n";
    send_limited(&scene, 0, "ns/one", 10);
    check_numbers(&scene, 0, 1);
    await_all(&scene, "CLAIM|COUNT footfall:ns/one 1 1  1234 0|" ASKED
                      "COUNT footfall:ns/one 1 1  1234 1|ZADD footfall:1:counters 0 ns/one|");
    forget(&scene);
    send_limited(&scene, 1, "ns/two", 10); /* near the limit the answer before is no use */
    await(&scene, "COUNT footfall:ns/two 1 2  1234 0|" ASKED "COUNT footfall:ns/two 1 2  1234 1|");
    end(&scene);
}

/* Hits on two keys, the second within the time for which an answer is good. What was sent for it.
 */
static const char *two_within_a_moment(struct scene *scene, uint32_t keys_max)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        uint64_t began_ms;

        turn_for(&scene->turning, REDIS_QUOTA_GOOD_MS + 10);
        began_ms = loop_now_ms(scene->turning.loop);
        scene->batches[0].key_note = 0;
        send_limited(scene, 0, "ns/one", keys_max);
        forget(scene);
        scene->batches[1].key_note = 0;
        send_limited(scene, 1, "ns/two", keys_max);
        if (loop_now_ms(scene->turning.loop) - began_ms < REDIS_QUOTA_GOOD_MS / 2) {
            return scene->server.log;
        }
    }
    fail_msg("this machine is too busy");
    return NULL;
}

static void far_from_the_limit_an_answer_is_good_for_a_moment(void **state)
{
    struct scene scene;
    const char *sent;
    (void)state;

    begin_logging(&scene);
    is_absent = true;
    answer_to_names = ":872\r\n";
    sent = two_within_a_moment(&scene, 1000);
    assert_null(strstr(sent, ASKED));
    assert_non_null(strstr(sent, " 1234 1|")); /* it may make it at once */
    assert_int_equal(scene.hits[1][0].result, 0);
    end(&scene);
}

static void at_the_limit_only_what_is_there_is_counted(void **state)
{
    struct scene scene;
    const char *sent;
    (void)state;

    begin_logging(&scene);
    is_absent = true;
    answer_to_names = ":100\r\n";
    sent = two_within_a_moment(&scene, 100);
    assert_null(strstr(sent, ASKED)); /* full is full for a moment */
    check_failed(&scene, 0, -EDQUOT);
    check_failed(&scene, 1, -EDQUOT);
    is_absent = false;
    scene.server.count = 4;
    send_limited(&scene, 0, "ns/one", 100);
    check_numbers(&scene, 0, 5);
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
    is_absent = true;
    answer_to_names = ":1\r\n";
    scene.server.command = close_at_the_question;
    send_limited(&scene, 0, "ns/one", 2);
    check_numbers(&scene, 0, 1);
    assert_int_equal(scene.server.accepted_count, 2);
    assert_int_equal(scene.status.batches_resent, 0); /* nothing had been counted */
    end(&scene);
}

static void one_that_is_created_asks_once_it_is_known_to_be_new(void **state)
{
    struct scene scene;
    (void)state;

    begin_logging(&scene);
    forget(&scene);
    (void)snprintf(scene.server.record, sizeof scene.server.record, "-");
    answer_to_names = ":1\r\n";
    for (unsigned i = 0; i < 2; i++) {
        scene.changes[0] = (struct store_change){.kind = STORE_CREATE, .created = {.value = 7}};
        prepare(&scene, 0, "ns/key", 1)->keys_max = 2 - i;
        scene.hits[0][0] =
            (struct store_hit){.change = &scene.changes[0], .result = 77, .is_change = 1};
        send_prepared(&scene, 0);
        turn_until(&scene.turning, is_all_done, &scene);
        assert_int_equal(scene.hits[0][0].result, i == 0 ? 0 : -EEXIST);
    }
    await(&scene, "CLAIM|CHANGE footfall:ns/key 1|" ASKED "CHANGE footfall:ns/key 1|"
                  "CHANGE footfall:ns/key 1 ->7 1234 0 7 0 0 0 -|");
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_that_is_there_asks_nothing),
        cmocka_unit_test(a_new_one_asks_and_is_made_where_there_is_room),
        cmocka_unit_test(far_from_the_limit_an_answer_is_good_for_a_moment),
        cmocka_unit_test(at_the_limit_only_what_is_there_is_counted),
        cmocka_unit_test(an_answer_that_is_lost_is_asked_for_again),
        cmocka_unit_test(one_that_is_created_asks_once_it_is_known_to_be_new),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
