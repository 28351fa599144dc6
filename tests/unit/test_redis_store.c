/*
 * test_redis_store.c - batches to a scripted server, and what becomes of their hits.
 */
#include "fake_redis.h"
#include "store/redis.h"
#include "test.h"
#include "turning_loop.h"

enum {
    BATCHES_MAX = 8,
    HITS_MAX = 4,
    NOTICES_BYTES = 2000,
    TIMEOUT_MS = 2000,
};

struct scene {
    struct turning_loop turning;
    struct fake_redis server;
    struct store *store;
    bool is_closing;
    bool is_closed;
    unsigned readies_count;
    size_t notices_length;
    char notices[NOTICES_BYTES]; /* "event: detail|" and so on, without links going up */
    struct store_batch batches[BATCHES_MAX];
    struct store_hit hits[BATCHES_MAX][HITS_MAX];
    bool is_done[BATCHES_MAX];
    unsigned done_count;
    unsigned wanted_done;
    void (*on_done)(struct scene *scene, struct store_batch *batch);
};

static unsigned failing_calloc;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    if (failing_calloc > 0 && --failing_calloc == 0) {
        return NULL;
    }
    return __real_calloc(count, size);
}

static void note_ready(void *owner)
{
    struct scene *scene = owner;

    assert_true(store_is_ready(scene->store));
    scene->readies_count++;
}

static void note_notice(void *owner, bool is_error, const char *event, const char *detail)
{
    struct scene *scene = owner;
    const bool is_up = strcmp(event, "redis_link_up") == 0;

    assert_int_equal(is_error, !is_up);
    if (!is_up) {
        scene->notices_length +=
            (size_t)snprintf(scene->notices + scene->notices_length,
                             NOTICES_BYTES - scene->notices_length, "%s: %s|", event, detail);
        assert_true(scene->notices_length < NOTICES_BYTES);
    }
}

static void note_done(struct store_batch *batch)
{
    struct scene *scene = batch->owner;
    const size_t i = (size_t)(batch - scene->batches);

    assert_false(scene->is_done[i]); /* exactly once */
    scene->is_done[i] = true;
    scene->done_count++;
    if (scene->on_done != NULL) {
        scene->on_done(scene, batch);
    }
}

static void note_closed(void *owner)
{
    struct scene *scene = owner;

    assert_false(scene->is_closed);
    scene->is_closed = true;
    scene->store = NULL;
}

static bool is_ready(void *test)
{
    return store_is_ready(((const struct scene *)test)->store);
}

static bool is_not_ready(void *test)
{
    return !is_ready(test);
}

static bool is_all_done(void *test)
{
    const struct scene *scene = test;

    return scene->done_count >= scene->wanted_done;
}

static bool is_all_closed(void *test)
{
    const struct scene *scene = test;

    return scene->is_closed && fake_is_closed(&scene->server);
}

/* Opens the store without waiting for it. */
static void begin_not_ready(struct scene *scene)
{
    struct redis_url url = {.host = "127.0.0.1"};
    const struct store_events events = {note_ready, note_notice, scene};

    *scene = (struct scene){.store = NULL};
    turning_init(&scene->turning);
    fake_init(&scene->server, scene->turning.loop, scene);
    fake_listen(&scene->server);
    url.port = scene->server.port;
    assert_int_equal(
        store_redis_open(scene->turning.loop, &url, TIMEOUT_MS, &events, &scene->store), 0);
}

static void begin(struct scene *scene)
{
    begin_not_ready(scene);
    turn_until(&scene->turning, is_ready, scene);
}

static void close_store(struct scene *scene)
{
    scene->is_closing = true;
    store_close(scene->store, note_closed, scene);
}

static void end(struct scene *scene)
{
    if (!scene->is_closing) {
        close_store(scene);
    }
    fake_close_all(&scene->server);
    turn_until(&scene->turning, is_all_closed, scene);
    fake_finish(&scene->server);
    turning_finish(&scene->turning);
}

/* Gives the i-th batch, of so many hits, to the store. */
static void apply(struct scene *scene, unsigned i, const char *key, uint32_t hits_count)
{
    struct store_batch *batch = &scene->batches[i];

    *batch = (struct store_batch){
        .key = slice_of(key),
        .hits = scene->hits[i],
        .hits_count = hits_count,
        .done = note_done,
        .owner = scene,
    };
    for (uint32_t hit = 0; hit < hits_count; hit++) {
        batch->hits[hit] = (struct store_hit){.ticket = 100 + hit, .number = 77, .result = 77};
    }
    scene->is_done[i] = false;
    scene->wanted_done++;
    store_apply(scene->store, batch);
    assert_false(scene->is_done[i]); /* never from inside */
}

static void apply_and_wait(struct scene *scene, unsigned i, const char *key, uint32_t hits_count)
{
    apply(scene, i, key, hits_count);
    turn_until(&scene->turning, is_all_done, scene);
}

/* Expects the i-th batch to have got the numbers from `first` on. */
static void check_numbers(const struct scene *scene, unsigned i, uint64_t first)
{
    assert_true(scene->is_done[i]);
    for (uint32_t hit = 0; hit < scene->batches[i].hits_count; hit++) {
        assert_int_equal(scene->hits[i][hit].result, 0);
        assert_true(scene->hits[i][hit].number == first + hit);
        assert_int_equal(scene->hits[i][hit].ticket, 100 + hit);
    }
}

static void check_failed(const struct scene *scene, unsigned i, int result)
{
    assert_true(scene->is_done[i]);
    for (uint32_t hit = 0; hit < scene->batches[i].hits_count; hit++) {
        assert_int_equal(scene->hits[i][hit].result, result);
        assert_int_equal(scene->hits[i][hit].number, 0);
    }
}

static const char *answer_to_incrby;

static void answer_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) == 0) {
        fake_send(connection, answer_to_incrby);
    } else {
        fake_answer(connection, command);
    }
}

static void answer_no_incrby(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) != 0) {
        fake_answer(connection, command);
    }
}

/* Counts and closes: the answer is lost. */
static void count_and_close(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "INCRBY", 6) == 0) {
        connection->server->count++;
        connection->server->command = fake_answer;
        fake_close(connection);
    } else {
        fake_answer(connection, command);
    }
}

/* ---- counting ---- */

static void a_batch_is_one_incrby_and_its_hits_get_their_numbers_in_order(void **state)
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
    assert_string_equal(scene.server.log, "PING|INCRBY counter 1|INCRBY counter 4|");
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

static void beyond_the_last_number_a_batch_fails_as_a_whole_and_quietly(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_incrby = "-ERR increment or decrement would overflow\r\n";
    apply_and_wait(&scene, 0, "counter", 3);
    check_failed(&scene, 0, -EOVERFLOW);
    assert_true(store_is_ready(scene.store));
    end(&scene);
    assert_string_equal(scene.notices, "");
}

static void what_the_server_refuses_is_told_once_until_it_changes(void **state)
{
    static const char wrong_type[] = "-WRONGTYPE Operation against a key\r\n";
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_incrby = wrong_type;
    apply_and_wait(&scene, 0, "counter", 2);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|");
    apply_and_wait(&scene, 0, "counter", 1); /* the same */
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|");
    answer_to_incrby = "-OOM command not allowed\r\n"; /* another */
    apply_and_wait(&scene, 0, "counter", 1);
    answer_to_incrby = ":5\r\n"; /* it counts again */
    apply_and_wait(&scene, 0, "counter", 1);
    check_numbers(&scene, 0, 5);
    answer_to_incrby = "-OOM command not allowed\r\n"; /* news again */
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices, "redis_refused: WRONGTYPE Operation against a key|"
                                       "redis_refused: OOM command not allowed|"
                                       "redis_refused: OOM command not allowed|");
    assert_true(store_is_ready(scene.store));
    end(&scene);
}

static void what_the_server_says_is_told_clean_and_short(void **state)
{
    static char answer[600] = "-ERR \x1b[31m\t\"";
    static char expected[200] = "redis_refused: ERR ?[31m?\"";
    struct scene scene;
    (void)state;

    memset(answer + strlen(answer), 'x', 400);
    memcpy(answer + strlen(answer), "\r\n", 3);
    memset(expected + strlen(expected), 'x', 127 - strlen("ERR ?[31m?\""));
    memcpy(expected + strlen(expected), "|", 2);
    begin(&scene);
    scene.server.command = answer_as_told;
    answer_to_incrby = answer;
    apply_and_wait(&scene, 0, "counter", 1);
    assert_string_equal(scene.notices, expected);
    answer_to_incrby = "-\r\n"; /* a server with nothing to say */
    apply_and_wait(&scene, 0, "counter", 1);
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -EIO);
    assert_string_equal(scene.notices + strlen(expected), "redis_refused: |");
    end(&scene);
}

static void a_key_that_somebody_set_below_zero_gives_no_numbers(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.count = -3;
    apply_and_wait(&scene, 0, "counter", 2); /* -2, -1 */
    check_failed(&scene, 0, -ERANGE);
    apply_and_wait(&scene, 0, "counter", 2); /* 0, 1 */
    check_failed(&scene, 0, -ERANGE);
    apply_and_wait(&scene, 0, "counter", 2);
    check_numbers(&scene, 0, 2);
    assert_string_equal(scene.notices, "redis_refused: NEGATIVE the key held a number below zero|");
    end(&scene);
}

static void an_answer_of_another_type_ends_the_connection(void **state)
{
    static const char *const answers[] = {"+OK\r\n", "$1\r\n5\r\n", "$-1\r\n", "*1\r\n:5\r\n"};
    (void)state;

    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct scene scene;

        begin(&scene);
        scene.server.command = answer_as_told;
        answer_to_incrby = answers[i];
        apply(&scene, 0, "a", 2);
        apply(&scene, 1, "b", 1);
        turn_until(&scene.turning, is_all_done, &scene);
        check_failed(&scene, 0, -EPROTO);
        check_failed(&scene, 1, -EPROTO);
        assert_non_null(strstr(scene.notices, "redis_link_down: "));
        assert_non_null(strstr(scene.notices, "an answer to INCRBY that is no integer|"));
        scene.server.command = fake_answer;
        turn_until(&scene.turning, is_ready, &scene);
        assert_int_equal(scene.readies_count, 2);
        apply_and_wait(&scene, 0, "a", 1);
        check_numbers(&scene, 0, 1);
        end(&scene);
    }
}

/* ---- the link ---- */

static void a_batch_whose_answer_is_lost_fails_and_is_not_sent_again(void **state)
{
    struct scene scene;
    (void)state;

    begin(&scene);
    scene.server.command = count_and_close;
    apply_and_wait(&scene, 0, "counter", 1);
    check_failed(&scene, 0, -ECONNRESET);
    assert_false(store_is_ready(scene.store));
    turn_until(&scene.turning, is_ready, &scene);
    apply_and_wait(&scene, 1, "counter", 1);
    check_numbers(&scene, 1, 2); /* a gap, and no number twice */
    assert_string_equal(scene.server.log, "PING|INCRBY counter 1|PING|INCRBY counter 1|");
    assert_int_equal(scene.readies_count, 2);
    end(&scene);
}

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
    scene.server.command = answer_no_incrby;
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
    const struct store_events events = {note_ready, note_notice, NULL};
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
        cmocka_unit_test(a_batch_is_one_incrby_and_its_hits_get_their_numbers_in_order),
        cmocka_unit_test(batches_of_several_keys_travel_together),
        cmocka_unit_test(a_batch_may_be_given_when_another_is_done),
        cmocka_unit_test(the_last_numbers_are_exact),
        cmocka_unit_test(beyond_the_last_number_a_batch_fails_as_a_whole_and_quietly),
        cmocka_unit_test(what_the_server_refuses_is_told_once_until_it_changes),
        cmocka_unit_test(what_the_server_says_is_told_clean_and_short),
        cmocka_unit_test(a_key_that_somebody_set_below_zero_gives_no_numbers),
        cmocka_unit_test(an_answer_of_another_type_ends_the_connection),
        cmocka_unit_test(a_batch_whose_answer_is_lost_fails_and_is_not_sent_again),
        cmocka_unit_test(a_batch_for_a_store_that_is_not_ready_fails_later),
        cmocka_unit_test(the_link_going_up_and_down_is_told),
        cmocka_unit_test(a_store_that_is_closed_cancels_its_batches),
        cmocka_unit_test(a_store_may_be_closed_before_it_was_ready),
        cmocka_unit_test(a_store_may_be_closed_when_a_batch_is_done),
        cmocka_unit_test(without_memory_there_is_no_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
