/*
 * test_shared_intake.c - a worker accepts from listeners that others share. The other worker is a
 * slot of the scoreboard and a copy of the listening socket.
 */
#include "counted_descriptors.h"
#include "intake_scene.h"
#include "loop_backends.h"
#include "open_listeners.h"
#include "process/intake.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
    OWN_SLOT,
    OTHER_SLOT,
    SLOTS,
    CONNECTIONS_MAX = 1000,
};

static unsigned descriptors_before;
static struct turning_loop turning;
static struct scoreboard *board;
static struct fair_share share;
static struct sockaddr_in address;
static int others_fd; /* the listener, in the hands of the other worker */
static struct accept_intake *intake;

static void note_ended(void *owner)
{
    (void)owner;
    ended_count++;
}

static const struct intake_events events = {.took = note_took, .ended = note_ended};

static void have(uint32_t own, uint32_t other)
{
    atomic_store(&board->slots[OWN_SLOT].connections, own);
    atomic_store(&board->slots[OTHER_SLOT].connections, other);
}

static int begin(void **state)
{
    struct address wanted;
    static struct listeners listeners;
    char reason[LISTENER_REASON_BYTES];
    socklen_t length = sizeof address;

    (void)state;
    descriptors_before = descriptors_open_now();
    turning_init(&turning);
    assert_int_equal(scoreboard_create(&board), 0);
    atomic_store(&board->master.slots, SLOTS);
    for (unsigned i = 0; i < SLOTS; i++) {
        scoreboard_slot_clear(&board->slots[i], WORKER_SERVING, loop_now_ms(turning.loop));
    }
    share = (struct fair_share){board, true, OWN_SLOT, CONNECTIONS_MAX};
    assert_true(address_parse(SLICE("127.0.0.1:0"), &wanted));
    assert_int_equal(open_listeners(&wanted, 1, &listeners, reason), 0);
    assert_int_equal(getsockname(listeners.list[0].fd, (struct sockaddr *)&address, &length), 0);
    others_fd = fcntl(listeners.list[0].fd, F_DUPFD_CLOEXEC, 0);
    assert_true(others_fd >= 0);
    forget_clients();
    assert_int_equal(accept_intake_create(turning.loop, &listeners, &share, &events, &intake), 0);
    accept_intake_start(intake);
    turn_for(&turning, 2);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    accept_intake_destroy(intake);
    turn_for(&turning, 2);
    turning_finish(&turning);
    scoreboard_destroy(board);
    close_clients();
    assert_int_equal(close(others_fd), 0);
    assert_int_equal(descriptors_open_now(), descriptors_before);
    return 0;
}

static void connect_clients(unsigned count)
{
    connect_clients_to(&address, count);
}

/* The other worker accepts what is queued. Returns how many. */
static unsigned other_accepts(void)
{
    unsigned count = 0;
    int fd;

    while ((fd = accept4(others_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        assert_int_equal(close(fd), 0);
        count++;
    }
    assert_int_equal(errno, EAGAIN);
    return count;
}

/* Runs `call` in the turn in which the intake is told of what is queued, before a pause is over. */
static void in_the_same_turn(void (*call)(void *test))
{
    const struct timespec longer_than_the_timer = {.tv_nsec = 3 * 1000000L};
    struct timer timer;

    timer_init(&timer, call, NULL);
    timer_start(&timer, &turning.timers, 1);
    assert_int_equal(nanosleep(&longer_than_the_timer, NULL), 0); /* it is due at once */
    turn_quietly(&turning);
    assert_false(timer_is_running(&timer));
}

static void let_other_accept(void *test)
{
    (void)test;
    assert_int_equal(took_count, 0);
    assert_int_equal(other_accepts(), clients_count);
}

static void destroy(void *test)
{
    (void)test;
    accept_intake_destroy(intake);
    intake = NULL;
}

static bool one_is_taken(void *test)
{
    (void)test;
    return took_count == 1;
}

static void what_comes_is_taken_and_waiting_costs_nothing(void **state)
{
    (void)state;
    turn_quietly(&turning);
    connect_clients(20);
    turn_until(&turning, all_are_taken, NULL);
    turn_quietly(&turning);
}

static void what_another_has_taken_first_is_not_missed(void **state)
{
    (void)state;
    connect_clients(3);
    assert_int_equal(other_accepts(), 3);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    connect_clients(1);
    turn_until(&turning, one_is_taken, NULL);
}

static void above_its_share_it_lets_others_go_first(void **state)
{
    (void)state;
    have(10, 0);
    connect_clients(3);
    in_the_same_turn(let_other_accept);
    assert_int_equal(took_count, 0);
}

static void what_others_leave_lying_it_takes_after_a_pause_one_at_a_time(void **state)
{
    uint64_t began_ms;

    (void)state;
    have(10, 0);
    began_ms = loop_now_ms(turning.loop);
    connect_clients(5);
    turn_until(&turning, all_are_taken, NULL);
    assert_true(loop_now_ms(turning.loop) >= began_ms + 5);
    turn_quietly(&turning);
}

static void look_that_all_are_taken(void *test)
{
    assert_true(all_are_taken(test));
}

static void nobody_waits_long_for_a_worker_that_never_comes(void **state)
{
    (void)state;
    have(10, 0);
    connect_clients(50); /* more than it waits for in vain */
    turn_until(&turning, all_are_taken, NULL);
    connect_clients(3);
    in_the_same_turn(look_that_all_are_taken);
}

static void at_its_limit_it_takes_nothing_until_a_connection_has_ended(void **state)
{
    (void)state;
    have(CONNECTIONS_MAX, CONNECTIONS_MAX);
    connect_clients(2);
    turn_quietly(&turning);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    have(CONNECTIONS_MAX - 1, CONNECTIONS_MAX);
    accept_intake_retry(intake);
    turn_until(&turning, all_are_taken, NULL);
}

static void held_it_takes_nothing_and_left_to_others_the_queue_lives_on(void **state)
{
    (void)state;
    accept_intake_hold(intake);
    connect_clients(3);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
    accept_intake_leave(intake);
    turn_until(&turning, has_ended, NULL);
    connect_clients(1);
    assert_int_equal(other_accepts(), 4);
    assert_int_equal(took_count, 0);
}

static void held_and_then_drained_it_takes_what_is_queued(void **state)
{
    (void)state;
    have(10, 0); /* nobody goes first any more */
    accept_intake_hold(intake);
    connect_clients(20);
    accept_intake_drain(intake);
    accept_intake_hold(intake);
    turn_until(&turning, has_ended, NULL);
    assert_int_equal(took_count, 20);
    assert_int_equal(ended_count, 1);
}

static void draining_at_its_limit_it_waits_for_room(void **state)
{
    (void)state;
    have(CONNECTIONS_MAX, 0);
    connect_clients(2);
    accept_intake_drain(intake);
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
    have(0, 0);
    turn_until(&turning, has_ended, NULL);
    assert_int_equal(took_count, 2);
}

static void destroyed_in_a_pause_it_tells_nothing(void **state)
{
    (void)state;
    have(10, 0);
    connect_clients(1);
    in_the_same_turn(destroy);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(what_comes_is_taken_and_waiting_costs_nothing),
        IN_SCENE(what_another_has_taken_first_is_not_missed),
        IN_SCENE(above_its_share_it_lets_others_go_first),
        IN_SCENE(what_others_leave_lying_it_takes_after_a_pause_one_at_a_time),
        IN_SCENE(nobody_waits_long_for_a_worker_that_never_comes),
        IN_SCENE(at_its_limit_it_takes_nothing_until_a_connection_has_ended),
        IN_SCENE(held_it_takes_nothing_and_left_to_others_the_queue_lives_on),
        IN_SCENE(held_and_then_drained_it_takes_what_is_queued),
        IN_SCENE(draining_at_its_limit_it_waits_for_room),
        IN_SCENE(destroyed_in_a_pause_it_tells_nothing),
    };

    return cmocka_run_group_tests_name("shared_intake", tests, NULL, NULL);
}
