/*
 * test_redis_link_answers.c - what a link hands over, and what it says when it breaks.
 */
#include "redis_link_scene.h"
#include "store/redis_connection.h"

/* ---- answers ---- */

static void answers_come_in_the_order_of_the_commands(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    send_commands(&scene, ANSWERS_MAX);
    turn_until(&scene.turning, has_answers, &scene);
    for (unsigned i = 0; i < ANSWERS_MAX; i++) {
        assert_int_equal(scene.answers[i].result, 0);
        assert_int_equal(scene.answers[i].type, RESP_INTEGER);
        assert_int_equal(scene.answers[i].integer, i + 1);
    }
    end(&scene);
}

static void answers_are_read_however_they_are_cut(void **state)
{
    static const char bytes[] = ":9223372036854775807\r\n-ERR no\r\n$3\r\na\r\n\r\n:-4\r\n";
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.server.command = say_nothing;
    for (size_t cut = 0; cut <= sizeof bytes - 1; cut++) {
        memset(scene.answers, 0, sizeof scene.answers);
        scene.answers_count = 0;
        send_commands(&scene, 4);
        fake_send_bytes(fake_last(&scene.server), bytes, cut);
        turn_for(&scene.turning, SPLIT_PAUSE_MS);
        fake_send_bytes(fake_last(&scene.server), bytes + cut, sizeof bytes - 1 - cut);
        turn_until(&scene.turning, has_answers, &scene);
        assert_true(scene.answers[0].integer == INT64_MAX);
        assert_int_equal(scene.answers[1].type, RESP_ERROR);
        assert_int_equal(scene.answers[2].type, RESP_BULK);
        assert_int_equal(scene.answers[3].integer, -4);
    }
    assert_int_equal(scene.ups_count, 1);
    end(&scene);
}

static void send_the_next(struct scene *scene, struct answer *answer)
{
    unsigned next = (unsigned)(answer - scene->answers) + 1;

    if (next < ANSWERS_MAX) {
        assert_int_equal(send_command(scene, next), 0);
    }
}

static void a_command_may_be_sent_when_another_is_answered(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.on_answer = send_the_next;
    send_commands(&scene, 1);
    scene.wanted_answers = ANSWERS_MAX;
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.answers[ANSWERS_MAX - 1].integer, ANSWERS_MAX);
    end(&scene);
}

static void a_link_that_is_warm_allocates_nothing(void **state)
{
    struct scene scene;
    unsigned allocations_before = 0;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    for (int round = 0; round < 20; round++) {
        if (round == 2) { /* both buffers have been used */
            allocations_before = allocations_count;
        }
        memset(scene.answers, 0, sizeof scene.answers);
        scene.answers_count = 0;
        send_commands(&scene, ANSWERS_MAX);
        turn_until(&scene.turning, has_answers, &scene);
    }
    assert_int_equal(allocations_count, allocations_before);
    end(&scene);
}

static void slow_answers_in_time_are_no_trouble(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, 200);
    scene.server.command = say_nothing;
    send_commands(&scene, 1);
    for (unsigned i = 1; i < 6; i++) { /* always one that waits, none for too long */
        turn_for(&scene.turning, 60);
        assert_int_equal(send_command(&scene, i), 0);
        turn_for(&scene.turning, 60);
        fake_send(fake_last(&scene.server), ":1\r\n");
    }
    scene.wanted_answers = 5;
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.downs_count, 0);
    end(&scene);
}

/* ---- breaking ---- */

static void worst_is_to_close(struct fake_connection *connection)
{
    fake_close(connection);
}

static void worst_is_to_reset(struct fake_connection *connection)
{
    fake_reset(connection);
}

static void worst_is_half_an_answer_and_the_end(struct fake_connection *connection)
{
    fake_send(connection, ":4");
    fake_close(connection);
}

static void worst_is_an_endless_line(struct fake_connection *connection)
{
    static char bytes[REDIS_REPLY_BYTES_MAX + 2] = "+";

    memset(bytes + 1, 'x', sizeof bytes - 1);
    fake_send_bytes(connection, bytes, sizeof bytes);
}

static void worst_is_a_huge_answer(struct fake_connection *connection)
{
    fake_send(connection, "$536870913\r\n");
}

static void worst_is_silence(struct fake_connection *connection)
{
    (void)connection;
}

static void worst_is_half_an_answer(struct fake_connection *connection)
{
    fake_send(connection, ":4");
}

static void whatever_breaks_the_link_each_unanswered_command_is_told_once(void **state)
{
    static const struct {
        void (*worst)(struct fake_connection *connection);
        uint32_t timeout_ms;
        int result;
        const char *detail;
    } cases[] = {
        {worst_is_to_close, TIMEOUT_MS, -ECONNRESET, "the server closed the connection"},
        {worst_is_to_reset, TIMEOUT_MS, -ECONNRESET, "Connection reset by peer"},
        {worst_is_half_an_answer_and_the_end, TIMEOUT_MS, -ECONNRESET, "the server closed"},
        {worst_is_garbage, TIMEOUT_MS, -EPROTO, "an unknown type of value"},
        {worst_is_an_endless_line, TIMEOUT_MS, -EPROTO, "a reply larger than expected"},
        {worst_is_a_huge_answer, TIMEOUT_MS, -EPROTO, "a reply larger than expected"},
        {worst_is_silence, SHORT_TIMEOUT_MS, -ETIMEDOUT, "no answer within 100 ms"},
        {worst_is_half_an_answer, SHORT_TIMEOUT_MS, -ETIMEDOUT, "no answer within 100 ms"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;

        begin_up(&scene, cases[i].timeout_ms);
        worst = cases[i].worst;
        scene.server.command = answer_one_and_then_the_worst;
        send_commands(&scene, 5);
        turn_until(&scene.turning, has_answers, &scene);
        /* A reset may take the answer before it along. */
        if (cases[i].worst != worst_is_to_reset) {
            assert_int_equal(scene.answers[0].result, 0);
            assert_int_equal(scene.answers[0].integer, 1);
        }
        check_lost(&scene, 1, 5, cases[i].result);
        turn_until(&scene.turning, is_down, &scene);
        if (strstr(scene.down_detail, cases[i].detail) == NULL) {
            fail_msg("%s: %s", cases[i].detail, scene.down_detail);
        }
        turn_until(&scene.turning, is_up, &scene);
        scene.server.command = fake_answer;
        /* Nothing is sent twice, and nothing of the old connection is taken for an answer. */
        assert_int_equal(scene.server.count, 1);
        memset(&scene.answers[0], 0, sizeof scene.answers[0]);
        assert_int_equal(send_command(&scene, 0), 0);
        scene.wanted_answers = 6;
        turn_until(&scene.turning, has_answers, &scene);
        assert_int_equal(scene.answers[0].integer, 2);
        end(&scene);
    }
}

static void an_answer_that_nobody_asked_for_breaks_the_link(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    fake_send(fake_last(&scene.server), ":1\r\n");
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "an answer to no command"));
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

static void cut_at_the_first_answer(struct scene *scene, struct answer *answer)
{
    if (answer == &scene->answers[0]) {
        redis_link_cut(scene->link, -EPROTO, "not to be believed");
        assert_false(redis_link_is_up(scene->link));
        assert_int_equal(send_command(scene, 5), -ENOTCONN);
        redis_link_cut(scene->link, -EIO, "twice"); /* does nothing */
    }
}

static void a_link_may_be_cut_from_inside_an_answer(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    scene.on_answer = cut_at_the_first_answer;
    send_commands(&scene, 3);
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.answers[0].integer, 1);
    check_lost(&scene, 1, 3, -EPROTO);
    assert_non_null(strstr(scene.down_detail, "not to be believed"));
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

/* The server has answered and gone; our next send finds that out before our next receive. */
static void send_into_the_closed_connection(struct fake_connection *connection, const char *command)
{
    struct scene *scene = connection->server->test;

    fake_answer(connection, command);
    if (strncmp(command, "INCRBY", 6) == 0) {
        fake_close(connection);
        assert_int_equal(send_command(scene, 1), 0);
    }
}

static void an_answer_is_not_lost_because_a_later_send_failed(void **state)
{
    struct scene scene;
    struct redis_url url = {.is_unix = true};
    (void)state;

    begin(&scene);
    (void)snprintf(url.path, sizeof url.path, "/tmp/footfall-test-%d.sock", (int)getpid());
    fake_listen_unix(&scene.server, url.path);
    assert_int_equal(
        redis_link_open(scene.turning.loop, &url, TIMEOUT_MS, &link_events, &scene, &scene.link),
        0);
    turn_until(&scene.turning, is_up, &scene);
    scene.server.command = send_into_the_closed_connection;
    send_commands(&scene, 1);
    scene.wanted_answers = 2;
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.answers[0].result, 0);
    assert_int_equal(scene.answers[0].integer, 1);
    assert_int_equal(scene.answers[1].result, -EPIPE);
    end(&scene);
    assert_int_equal(unlink(url.path), 0);
}

/* ---- limits and failures ---- */

static unsigned many_told;

static void count_told(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    (void)owner;
    (void)subject;
    (void)result;
    (void)reply;
    many_told++;
}

static bool are_many_told(void *test)
{
    (void)test;
    return many_told == REDIS_COMMANDS_MAX;
}

static void a_link_takes_so_many_commands_and_not_one_more(void **state)
{
    const struct slice words[] = {SLICE("INCRBY"), SLICE("key"), SLICE("1")};
    struct scene scene;
    (void)state;

    begin_up(&scene, 0);
    for (int round = 0; round < 2; round++) {
        many_told = 0;
        for (int i = 0; i < REDIS_COMMANDS_MAX; i++) {
            assert_int_equal(redis_link_send(scene.link, words, 3, count_told, NULL, NULL), 0);
        }
        assert_int_equal(redis_link_send(scene.link, words, 3, count_told, NULL, NULL), -EAGAIN);
        if (round == 0) {
            turn_until(&scene.turning, are_many_told, &scene);
            assert_int_equal(scene.server.count, REDIS_COMMANDS_MAX);
        } else {
            end(&scene);
            assert_true(are_many_told(&scene));
        }
    }
}

static void a_link_holds_so_many_bytes_and_not_one_more(void **state)
{
    static char big[1 << 20];
    const struct slice words[] = {SLICE("SET"), SLICE("key"), {big, sizeof big}};
    struct scene scene;
    int result = 0;
    unsigned taken = 0;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    while (result == 0 && taken < 100) {
        result = redis_link_send(scene.link, words, 3, count_told, NULL, NULL);
        taken += result == 0;
    }
    assert_int_equal(result, -EAGAIN);
    assert_int_equal(taken, REDIS_OUTPUT_BYTES_MAX / sizeof big - 1);
    end(&scene); /* nothing of it is sent */
}

static void without_memory_a_command_is_not_taken_and_the_link_goes_on(void **state)
{
    struct scene scene;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    send_commands(&scene, 64); /* as many as the pipeline begins with */
    failing_malloc = 1;
    {
        const struct slice words[] = {SLICE("INCRBY"), SLICE("key"), SLICE("1")};
        static char big[10000];
        const struct slice more_words[] = {SLICE("INCRBY"), {big, sizeof big}};

        assert_int_equal(redis_link_send(scene.link, words, 3, count_told, NULL, NULL), -ENOMEM);
        failing_realloc = 1;
        assert_int_equal(redis_link_send(scene.link, more_words, 2, count_told, NULL, NULL),
                         -ENOMEM);
    }
    failing_malloc = 0;
    failing_realloc = 0;
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.answers[63].integer, 64);
    assert_int_equal(scene.downs_count, 0);
    end(&scene);
}

static void without_memory_for_the_greeting_it_tries_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    failing_realloc = 1;
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "Cannot allocate memory"));
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

static void without_memory_or_descriptors_there_is_no_link(void **state)
{
    struct scene scene;
    const struct redis_url url = {.host = "127.0.0.1", .port = 1};
    (void)state;

    begin(&scene);
    failing_calloc = 1;
    assert_int_equal(
        redis_link_open(scene.turning.loop, &url, TIMEOUT_MS, &link_events, &scene, &scene.link),
        -ENOMEM);
    failing_eventfd = EMFILE;
    assert_int_equal(
        redis_link_open(scene.turning.loop, &url, TIMEOUT_MS, &link_events, &scene, &scene.link),
        -EMFILE);
    failing_eventfd = 0;
    assert_null(scene.link);
    scene.link_is_closed = true;
    end(&scene);
}

static void an_attempt_that_cannot_begin_is_told_and_made_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.1";
    failing_pthread_create = EAGAIN;
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_string_equal(scene.down_detail,
                        "redis.example: no lookup: Resource temporarily unavailable");
    failing_pthread_create = 0;
    scene.downs_count = 0;
    failing_socket = EMFILE;
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "no socket: Too many open files"));
    failing_socket = 0;
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_come_in_the_order_of_the_commands),
        cmocka_unit_test(answers_are_read_however_they_are_cut),
        cmocka_unit_test(a_command_may_be_sent_when_another_is_answered),
        cmocka_unit_test(a_link_that_is_warm_allocates_nothing),
        cmocka_unit_test(slow_answers_in_time_are_no_trouble),
        cmocka_unit_test(whatever_breaks_the_link_each_unanswered_command_is_told_once),
        cmocka_unit_test(an_answer_that_nobody_asked_for_breaks_the_link),
        cmocka_unit_test(a_link_may_be_cut_from_inside_an_answer),
        cmocka_unit_test(an_answer_is_not_lost_because_a_later_send_failed),
        cmocka_unit_test(a_link_takes_so_many_commands_and_not_one_more),
        cmocka_unit_test(a_link_holds_so_many_bytes_and_not_one_more),
        cmocka_unit_test(without_memory_a_command_is_not_taken_and_the_link_goes_on),
        cmocka_unit_test(without_memory_for_the_greeting_it_tries_again),
        cmocka_unit_test(without_memory_or_descriptors_there_is_no_link),
        cmocka_unit_test(an_attempt_that_cannot_begin_is_told_and_made_again),
    };

    assert_int_equal(sem_init(&let_go, 0, 0), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
