/*
 * test_accept_intake.c - the single process accepts by itself.
 */
#include "counted_descriptors.h"
#include "intake_scene.h"
#include "limited_descriptors.h"
#include "loop_backends.h"
#include "open_listeners.h"
#include "process/intake.h"
#include "process/listener.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

enum {
    LISTENERS = 2,
    AGAIN_MS = 100, /* between two attempts while descriptors are short */
    FEW = 30,       /* connections that may be open, where they are accepted one by one */
    AHEAD_MAX = 16384,
    MANY = 2 * AHEAD_MAX, /* the least with which they are accepted ahead */
};

static bool calloc_fails;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

static unsigned descriptors_before;
static struct turning_loop turning;
static struct sockaddr_in addresses[LISTENERS];
static struct accept_intake *intake;
static bool destroys_at_the_end;
static bool is_calling;
static struct scoreboard *board;

static void note_ended(void *owner)
{
    (void)owner;
    assert_false(is_calling);
    ended_count++;
    if (destroys_at_the_end) {
        accept_intake_destroy(intake);
        intake = NULL;
    }
}

static const struct intake_events events = {.took = note_took, .ended = note_ended};

static struct listeners listeners;

static int begin_with(uint32_t connections_max)
{
    struct fair_share share = {.connections_max = connections_max};
    struct address wanted[LISTENERS];
    char reason[LISTENER_REASON_BYTES];

    descriptors_before = descriptors_open_now();
    turning_init(&turning);
    assert_int_equal(scoreboard_create(&board), 0);
    share.scoreboard = board;
    for (unsigned i = 0; i < LISTENERS; i++) {
        assert_true(address_parse(SLICE("127.0.0.1:0"), &wanted[i]));
    }
    assert_int_equal(open_listeners(wanted, LISTENERS, &listeners, reason), 0);
    for (unsigned i = 0; i < LISTENERS; i++) {
        socklen_t length = sizeof addresses[i];

        assert_int_equal(
            getsockname(listeners.list[i].fd, (struct sockaddr *)&addresses[i], &length), 0);
    }
    forget_clients();
    destroys_at_the_end = false;
    assert_int_equal(accept_intake_create(turning.loop, &listeners, &share, &events, &intake), 0);
    return 0;
}

static int begin_with_many(void **state)
{
    (void)state;
    return begin_with(MANY);
}

static int begin_with_few(void **state)
{
    (void)state;
    return begin_with(FEW);
}

static int finish(void **state)
{
    (void)state;
    accept_intake_destroy(intake);
    turn_for(&turning, 2);
    for (unsigned i = 0; i < LISTENERS; i++) {
        assert_int_equal(listeners.list[i].fd, -1); /* it has closed them */
    }
    turning_finish(&turning);
    scoreboard_destroy(board);
    close_clients();
    assert_int_equal(descriptors_open_now(), descriptors_before);
    return 0;
}

static void connect_to(unsigned listener, unsigned count)
{
    connect_clients_to(&addresses[listener], count);
}

static void every_listeners_connections_are_taken_once_it_has_started(void **state)
{
    (void)state;
    connect_to(0, 2);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    accept_intake_start(intake);
    connect_to(1, 20);
    connect_to(0, 20);
    turn_until(&turning, all_are_taken, NULL);
    turn_quietly(&turning);
}

static void without_a_descriptor_left_it_waits_and_does_not_spin(void **state)
{
    struct rlimit before;
    uint64_t freed_ms;

    (void)state;
    connect_to(0, 3);
    connect_to(1, 1);
    before = descriptors_limit_to(0); /* the limit of this moment may be what counts */
    accept_intake_start(intake);
    turn_quietly(&turning);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    descriptors_allow_again(before);
    freed_ms = loop_now_ms(turning.loop);
    turn_until(&turning, all_are_taken, NULL); /* by itself, nothing was lost */
    assert_true(loop_now_ms(turning.loop) < freed_ms + 10 * AGAIN_MS);
    assert_int_equal(ended_count, 0);
}

static void a_descriptor_that_is_free_again_is_used_at_once(void **state)
{
    struct rlimit before;

    (void)state;
    accept_intake_retry(intake); /* it waits for none: no matter */
    connect_to(0, 2);
    before = descriptors_limit_to(0);
    accept_intake_start(intake);
    turn_for(&turning, 2);
    descriptors_allow_again(before);
    turns_count = 0;
    accept_intake_retry(intake);
    turn_for(&turning, 5); /* far less than the time between two attempts */
    assert_int_equal(took_count, 2);
    accept_intake_retry(intake);
    turn_quietly(&turning);
}

static void draining_takes_what_is_queued_and_then_listens_no_more(void **state)
{
    int late;

    (void)state;
    accept_intake_start(intake);
    turn_for(&turning, 2);
    connect_to(0, 20);
    connect_to(1, 20);
    is_calling = true;
    accept_intake_drain(intake);
    accept_intake_drain(intake);
    is_calling = false;
    turn_until(&turning, has_ended, NULL);
    assert_int_equal(took_count, 40);
    late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(late, (struct sockaddr *)&addresses[1], sizeof addresses[1]), -1);
    assert_int_equal(errno, ECONNREFUSED);
    assert_int_equal(close(late), 0);
    accept_intake_retry(intake);
    turn_quietly(&turning);
    assert_int_equal(ended_count, 1);
}

static void an_intake_may_be_destroyed_when_it_has_ended(void **state)
{
    (void)state;
    destroys_at_the_end = true;
    accept_intake_drain(intake);
    turn_until(&turning, has_ended, NULL);
    turn_quietly(&turning);
}

static void destroying_while_it_waits_for_descriptors_tells_nothing(void **state)
{
    struct rlimit before;

    (void)state;
    connect_to(0, 1);
    before = descriptors_limit_to(0);
    accept_intake_start(intake);
    turn_for(&turning, 2);
    descriptors_allow_again(before);
    accept_intake_destroy(intake);
    intake = NULL;
    turn_for(&turning, 2 * AGAIN_MS);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
}

static void have(uint32_t connections)
{
    atomic_store(&board->slots[0].connections, connections);
}

static void goes_on_once_there_is_room(void)
{
    unsigned took_before = took_count;

    turn_quietly(&turning);
    turn_for(&turning, 3 * AGAIN_MS);
    assert_int_equal(took_count, took_before); /* though there are descriptors */
    have(0);
    turns_count = 0;
    accept_intake_retry(intake);
    turn_until(&turning, all_are_taken, NULL);
    turn_quietly(&turning);
}

static void a_full_process_leaves_the_last_descriptors_alone(void **state)
{
    (void)state;
    have(FEW);
    connect_to(0, 3);
    connect_to(1, 3);
    accept_intake_start(intake);
    turn_for(&turning, 2);
    assert_int_equal(took_count, 0);
    goes_on_once_there_is_room();
}

static void what_is_accepted_ahead_is_no_more_than_there_is_room_for(void **state)
{
    (void)state;
    accept_intake_start(intake);
    connect_to(0, 3);
    turn_until(&turning, all_are_taken, NULL);
    have(MANY - AHEAD_MAX);
    connect_to(0, 60);
    turn_for(&turning, 2);
    assert_int_equal(took_count, 4); /* and what else is accepted is held */
    goes_on_once_there_is_room();
}

static void a_full_process_that_drains_waits_for_room(void **state)
{
    (void)state;
    accept_intake_start(intake);
    turn_for(&turning, 2);
    have(MANY);
    connect_to(0, 3);
    accept_intake_drain(intake);
    turn_for(&turning, 2 * AGAIN_MS);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
    have(0);
    turn_until(&turning, has_ended, NULL);
    assert_int_equal(took_count, 3);
}

static void without_memory_no_intake_is_made(void **state)
{
    struct listeners none = {.count = 0};
    const struct fair_share share = {.scoreboard = board, .connections_max = FEW};
    struct accept_intake *untouched = NULL;

    (void)state;
    calloc_fails = true;
    assert_int_equal(accept_intake_create(turning.loop, &none, &share, &events, &untouched),
                     -ENOMEM);
    calloc_fails = false;
    assert_null(untouched);
}

int main(void)
{
#define AHEAD(test)                                                                                \
    {                                                                                              \
        "ahead: " #test, test, begin_with_many, finish, NULL                                       \
    }
#define ONE_BY_ONE(test)                                                                           \
    {                                                                                              \
        "one by one: " #test, test, begin_with_few, finish, NULL                                   \
    }
#define EITHER_WAY(test) AHEAD(test), ONE_BY_ONE(test)
    const struct CMUnitTest tests[] = {
        EITHER_WAY(every_listeners_connections_are_taken_once_it_has_started),
        EITHER_WAY(without_a_descriptor_left_it_waits_and_does_not_spin),
        EITHER_WAY(a_descriptor_that_is_free_again_is_used_at_once),
        EITHER_WAY(draining_takes_what_is_queued_and_then_listens_no_more),
        EITHER_WAY(an_intake_may_be_destroyed_when_it_has_ended),
        EITHER_WAY(destroying_while_it_waits_for_descriptors_tells_nothing),
        ONE_BY_ONE(a_full_process_leaves_the_last_descriptors_alone),
        AHEAD(what_is_accepted_ahead_is_no_more_than_there_is_room_for),
        EITHER_WAY(a_full_process_that_drains_waits_for_room),
        EITHER_WAY(without_memory_no_intake_is_made),
    };

    return cmocka_run_group_tests_name("accept_intake", tests, NULL, NULL);
}
