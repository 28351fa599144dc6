/*
 * test_redis_link.c - a link that comes up, or says why it does not, and comes back.
 */
#include "redis_link_scene.h"

/* ---- coming up ---- */

static void a_link_greets_with_user_database_and_ping_and_is_up(void **state)
{
    struct scene scene;
    char address[64];
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    open_link(&scene, "redis://ann:se%20cret@127.0.0.1", "/3", TIMEOUT_MS);
    assert_false(redis_link_is_up(scene.link));
    assert_int_equal(send_command(&scene, 0), -ENOTCONN);
    turn_until(&scene.turning, is_up, &scene);
    assert_string_equal(scene.server.log, "AUTH ann se cret|SELECT 3|PING|NAME|");
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", (unsigned)scene.server.port);
    assert_string_equal(scene.up_detail, address);
    assert_int_equal(scene.ups_count, 1);
    assert_int_equal(scene.downs_count, 0);
    end(&scene);
}

static void a_link_over_a_unix_socket_is_up(void **state)
{
    struct scene scene;
    struct redis_url url;
    const char *problem;
    char folder[] = "/tmp/footfall-test-XXXXXX";
    char path[64];
    char text[128];
    (void)state;

    begin(&scene);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/redis\xff.sock", folder);
    (void)snprintf(text, sizeof text, "redis+unix://:secret@%s/redis%%ff.sock?db=1", folder);
    fake_listen_unix(&scene.server, path);
    assert_int_equal(redis_url_parse(slice_of(text), &url, &problem), 0);
    assert_int_equal(
        redis_link_open(scene.turning.loop, &url, TIMEOUT_MS, &link_events, &scene, &scene.link),
        0);
    turn_until(&scene.turning, is_up, &scene);
    assert_string_equal(scene.server.log, "AUTH secret|SELECT 1|PING|NAME|");
    (void)snprintf(text, sizeof text, "%s/redis?.sock", folder);
    assert_string_equal(scene.up_detail, text); /* a line in JSON holds no other bytes */
    send_commands(&scene, 3);
    turn_until(&scene.turning, has_answers, &scene);
    assert_int_equal(scene.answers[2].integer, 3);
    end(&scene);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void a_link_to_a_name_looks_it_up(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(atomic_load(&lookups_count), 1);
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, is_down, &scene);
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(atomic_load(&lookups_count), 2); /* again at each reconnect */
    end(&scene);
}

/* 127.0.0.2 is this host too, and nobody listens there. */
static void all_addresses_of_a_name_are_tried(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.2";
    lookup_addresses[1] = "127.0.0.3";
    lookup_addresses[2] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(scene.downs_count, 0);
    assert_int_equal(atomic_load(&lookups_count), 1);
    end(&scene);
}

static void skip_server(struct scene *scene)
{
    redis_link_skip(scene->link, -EAGAIN, "READONLY");
}

/* A name with a replica and its master, in whatever order they are found. */
static void an_address_that_is_skipped_leaves_the_link_to_the_next(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.1";
    lookup_addresses[1] = "127.0.0.2";
    lookup_addresses[2] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    skip_server(&scene);
    assert_int_equal(scene.downs_count, 1);
    assert_non_null(strstr(scene.down_detail, "READONLY"));
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(scene.downs_count, 1);
    assert_int_equal(atomic_load(&lookups_count), 1);
    assert_int_equal(scene.server.accepted_count, 2);
    skip_server(&scene); /* the last: the name is looked up anew */
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(scene.downs_count, 2);
    assert_int_equal(atomic_load(&lookups_count), 2);
    end(&scene);
}

static void what_falls_behind_a_skip_is_looked_up_anew(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = lookup_addresses[1] = lookup_addresses[2] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    skip_server(&scene);
    turn_until(&scene.turning, is_up, &scene);
    fake_close(fake_last(&scene.server)); /* not skipped, though one address is left */
    while (scene.downs_count < 2) {
        turn_for(&scene.turning, 1);
    }
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(atomic_load(&lookups_count), 2);
    end(&scene);
}

/* All that is left of the attempt fails: the next one comes as after any other that failed. */
static void the_addresses_behind_one_that_is_skipped_may_fail_too(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.1";
    lookup_addresses[1] = "127.0.0.2";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    skip_server(&scene);
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(scene.downs_count, 2);
    assert_non_null(strstr(scene.down_detail, "127.0.0.2"));
    assert_int_equal(atomic_load(&lookups_count), 2);
    end(&scene);
}

static void an_address_that_swallows_everything_leaves_time_for_the_next(void **state)
{
    struct scene scene;
    int fds[3];
    uint64_t begin_ms;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    make_black_hole(&scene, fds);
    lookup_addresses[0] = black_hole_host();
    lookup_addresses[1] = "127.0.0.1";
    begin_ms = loop_now_ms(scene.turning.loop);
    open_link(&scene, "redis://redis.example", "", 1800);
    turn_until(&scene.turning, is_up, &scene);
    /* Half of it each, or less: TCP_USER_TIMEOUT is half too, and the kernel rounds it down. */
    assert_in_range(loop_now_ms(scene.turning.loop) - begin_ms, 450, 1800);
    assert_int_equal(scene.downs_count, 0);
    end(&scene);
    close_black_hole(fds);
}

/* It held everything up for half a minute, where the kernel gave up. */
static void a_dead_address_holds_nothing_up_for_long_whatever_the_timeout(void **state)
{
    struct scene scene;
    uint64_t begin_ms;
    int fds[3];
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    make_black_hole(&scene, fds);
    lookup_addresses[0] = black_hole_host();
    lookup_addresses[1] = "127.0.0.1";
    begin_ms = loop_now_ms(scene.turning.loop);
    open_link(&scene, "redis://redis.example", "", 0);
    turn_until(&scene.turning, is_up, &scene);
    assert_in_range(loop_now_ms(scene.turning.loop) - begin_ms, 5000, 15000);
    end(&scene);
    close_black_hole(fds);
}

static void a_connect_that_takes_too_long_is_given_up(void **state)
{
    struct scene scene;
    int fds[3];
    (void)state;

    begin(&scene);
    fake_listen(&scene.server); /* only for a port that is free */
    make_black_hole(&scene, fds);
    open_link(&scene, black_hole_url(), "", SHORT_TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "Connection timed out"));
    assert_int_equal(scene.ups_count, 0);
    end(&scene);
    close_black_hole(fds);
}

/* ---- not coming up ---- */

static bool has_made_five_sockets(void *test)
{
    (void)test;
    return sockets_count >= 5;
}

static bool has_made_four_lookups(void *test)
{
    (void)test;
    return atomic_load(&lookups_count) >= 4;
}

static bool has_three_connections(void *test)
{
    return ((const struct scene *)test)->server.accepted_count >= 3;
}

/* A socket that only binds: connections are refused, and nobody else is given the port meanwhile.
 */
static int hold_port(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void a_server_that_is_not_there_is_tried_again_and_found_when_it_comes(void **state)
{
    struct scene scene;
    int holder;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server); /* for a port */
    fake_close_all(&scene.server);
    turn_until(&scene.turning, is_server_closed, &scene);
    holder = hold_port(scene.server.port);
    sockets_count = 0;
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "127.0.0.1:"));
    assert_non_null(strstr(scene.down_detail, "Connection refused"));
    turn_until(&scene.turning, has_made_five_sockets, &scene);
    assert_int_equal(scene.downs_count, 5); /* one for each attempt */
    assert_int_equal(scene.reasons_count, 1);
    fake_listen(&scene.server);
    turn_until(&scene.turning, is_up, &scene);
    assert_int_equal(scene.ups_count, 1);
    end(&scene);
    assert_int_equal(close(holder), 0);
}

static void refuse_auth(struct fake_connection *connection, const char *command)
{
    fake_send(connection, strncmp(command, "AUTH", 4) == 0
                              ? "-WRONGPASS invalid username-password pair\r\n"
                              : "-NOAUTH Authentication required.\r\n");
}

static void echo_auth(struct fake_connection *connection, const char *command)
{
    char answer[200];

    (void)snprintf(answer, sizeof answer, "-ERR unknown command, with args: %s\r\n", command);
    fake_send(connection, answer);
}

static void a_refused_password_is_told_without_the_password(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = refuse_auth;
    fake_listen(&scene.server);
    open_link(&scene, "redis://ann:hunter2@127.0.0.1", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "AUTH refused: WRONGPASS invalid"));
    turn_until(&scene.turning, has_three_connections, &scene);
    assert_int_equal(scene.reasons_count, 1);
    assert_int_equal(scene.ups_count, 0);
    scene.server.command = echo_auth;
    scene.downs_count = 0;
    turn_until(&scene.turning, is_down, &scene); /* the reason has changed */
    assert_null(strstr(scene.down_detail, "hunter2"));
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

static const char *greeting_answer;
static const char *greeting_question;

static void answer_one_question_otherwise(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, greeting_question, strlen(greeting_question)) == 0) {
        fake_send(connection, greeting_answer);
    } else {
        fake_answer(connection, command);
    }
}

static void whatever_the_greeting_is_refused_with_is_told(void **state)
{
    static const struct {
        const char *question;
        const char *answer;
        const char *detail;
    } cases[] = {
        {"SELECT", "-ERR DB index is out of range\r\n", "SELECT refused: ERR DB index"},
        {"PING", "-LOADING Redis is loading\r\n", "PING refused: LOADING Redis"},
        {"PING", "-NOAUTH Authentication required.\r\n", "PING refused: NOAUTH"},
        {"PING", ":1\r\n", "PING got an answer of an unexpected type"},
        {"AUTH", "$-1\r\n", "AUTH got an answer of an unexpected type"},
        {"AUTH", "HTTP/1.1 400 Bad Request\r\n", "an unknown type of value"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene scene;

        begin(&scene);
        greeting_question = cases[i].question;
        greeting_answer = cases[i].answer;
        scene.server.command = answer_one_question_otherwise;
        fake_listen(&scene.server);
        open_link(&scene, "redis://:secret@127.0.0.1", "/1", TIMEOUT_MS);
        turn_until(&scene.turning, is_down, &scene);
        if (strstr(scene.down_detail, cases[i].detail) == NULL) {
            fail_msg("%s: %s", cases[i].detail, scene.down_detail);
        }
        assert_int_equal(scene.ups_count, 0);
        scene.server.command = fake_answer;
        turn_until(&scene.turning, is_up, &scene);
        end(&scene);
    }
}

static void a_user_who_may_not_ping_is_let_in(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    greeting_question = "PING";
    greeting_answer = "-NOPERM User ann has no permissions to run the 'ping' command\r\n";
    scene.server.command = answer_one_question_otherwise;
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

static void close_at_once(struct fake_connection *connection)
{
    fake_send(connection, "-ERR max number of clients reached\r\n");
    fake_close(connection);
}

static void a_server_that_closes_with_a_reason_is_quoted(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.accepted = close_at_once;
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "ERR max number of clients reached"));
    end(&scene);
}

static void a_server_that_says_nothing_is_not_up_and_given_up(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = say_nothing;
    fake_listen(&scene.server);
    open_link(&scene, "redis://127.0.0.1", "", SHORT_TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "no answer within 100 ms"));
    assert_int_equal(scene.ups_count, 0);
    scene.server.command = fake_answer;
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

/* Of several addresses, the one that got furthest says why. */
static void the_reason_that_is_told_is_the_most_telling_one(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = refuse_auth;
    fake_listen(&scene.server);
    lookup_addresses[0] = "127.0.0.1";
    lookup_addresses[1] = "127.0.0.2";
    open_link(&scene, "redis://:secret@redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_non_null(strstr(scene.down_detail, "WRONGPASS"));
    end(&scene);
}

static void a_name_that_is_not_found_is_looked_up_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    atomic_store(&lookup_error, EAI_NONAME);
    lookup_addresses[0] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_string_equal(scene.down_detail, "redis.example: Name or service not known");
    turn_until(&scene.turning, has_made_four_lookups, &scene);
    assert_int_equal(scene.reasons_count, 1);
    atomic_store(&lookup_error, 0);
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

static void a_lookup_that_hangs_is_given_up_and_gone_on_with(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    fake_listen(&scene.server);
    atomic_store(&lookup_hangs, true);
    lookup_addresses[0] = "127.0.0.1";
    open_link(&scene, "redis://redis.example", "", SHORT_TIMEOUT_MS);
    turn_until(&scene.turning, is_down, &scene);
    assert_string_equal(scene.down_detail, "redis.example: not looked up within 100 ms");
    turn_for(&scene.turning, 3 * SHORT_TIMEOUT_MS);
    assert_int_equal(atomic_load(&lookups_count), 1);
    assert_int_equal(scene.reasons_count, 1);
    assert_int_equal(sem_post(&let_go), 0);
    turn_until(&scene.turning, is_up, &scene);
    end(&scene);
}

/* ---- coming back ---- */

static bool has_six_connections(void *test)
{
    return ((const struct scene *)test)->server.accepted_count >= 6;
}

static void a_link_that_fell_comes_back_at_once_and_then_ever_later(void **state)
{
    struct scene scene;
    const uint64_t *accepted_ms = scene.server.accepted_ms;
    uint64_t begin_ms;
    (void)state;

    begin_up(&scene, TIMEOUT_MS);
    turn_for(&scene.turning, 20);
    begin_ms = loop_now_ms(scene.turning.loop);
    scene.server.command = close_behind_the_greeting;
    fake_close(fake_last(&scene.server));
    turn_until(&scene.turning, has_six_connections, &scene);
    assert_in_range(accepted_ms[1] - begin_ms, 0, 24); /* at once: less than any delay */
    assert_true(accepted_ms[2] - accepted_ms[1] >= 25);
    assert_true(accepted_ms[3] - accepted_ms[2] >= 50);
    assert_true(accepted_ms[4] - accepted_ms[3] >= 100);
    assert_true(accepted_ms[5] - accepted_ms[4] >= 200);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_greets_with_user_database_and_ping_and_is_up),
        cmocka_unit_test(a_link_over_a_unix_socket_is_up),
        cmocka_unit_test(a_link_to_a_name_looks_it_up),
        cmocka_unit_test(all_addresses_of_a_name_are_tried),
        cmocka_unit_test(an_address_that_is_skipped_leaves_the_link_to_the_next),
        cmocka_unit_test(what_falls_behind_a_skip_is_looked_up_anew),
        cmocka_unit_test(the_addresses_behind_one_that_is_skipped_may_fail_too),
        cmocka_unit_test(an_address_that_swallows_everything_leaves_time_for_the_next),
        cmocka_unit_test(a_dead_address_holds_nothing_up_for_long_whatever_the_timeout),
        cmocka_unit_test(a_connect_that_takes_too_long_is_given_up),
        cmocka_unit_test(a_server_that_is_not_there_is_tried_again_and_found_when_it_comes),
        cmocka_unit_test(a_refused_password_is_told_without_the_password),
        cmocka_unit_test(whatever_the_greeting_is_refused_with_is_told),
        cmocka_unit_test(a_user_who_may_not_ping_is_let_in),
        cmocka_unit_test(a_server_that_closes_with_a_reason_is_quoted),
        cmocka_unit_test(a_server_that_says_nothing_is_not_up_and_given_up),
        cmocka_unit_test(the_reason_that_is_told_is_the_most_telling_one),
        cmocka_unit_test(a_name_that_is_not_found_is_looked_up_again),
        cmocka_unit_test(a_lookup_that_hangs_is_given_up_and_gone_on_with),
        cmocka_unit_test(a_link_that_fell_comes_back_at_once_and_then_ever_later),
    };

    assert_int_equal(sem_init(&let_go, 0, 0), 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
