/*
 * test_timer.c - timers on a turning loop: in order, not too early, and stoppable from anywhere.
 */
#include "loop_backends.h"

#include "loop/signals.h"
#include "loop/timer.h"

#include <sys/time.h>

enum { TIMERS = 8 };

struct probe {
    struct timer timer;
    unsigned index;
    unsigned expired_count;
    uint64_t started_ms;
    uint64_t delay_ms;
    void (*then)(struct probe *probe);
};

static struct turning_loop turning;
static struct timer_queue queue;
static struct timer_queue other_queue;
static struct probe probes[TIMERS];
static unsigned order[64];
static unsigned order_count;

static void probe_expired(void *owner)
{
    struct probe *probe = owner;

    assert_false(timer_is_running(&probe->timer));
    assert_true(loop_now_ms(turning.loop) >= probe->started_ms + probe->delay_ms);
    probe->expired_count++;
    assert_true(order_count < sizeof order / sizeof order[0]);
    order[order_count++] = probe->index;
    if (probe->then != NULL) {
        probe->then(probe);
    }
}

static void begin(void)
{
    backend_turning_init(&turning);
    timer_queue_init(&queue, turning.loop);
    timer_queue_init(&other_queue, turning.loop);
    order_count = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        probes[i] = (struct probe){.index = i};
        timer_init(&probes[i].timer, probe_expired, &probes[i]);
    }
    turn_for(&turning, 1); /* the loop's time is the present one */
}

static void finish(void)
{
    timer_queue_finish(&queue);
    timer_queue_finish(&other_queue);
    turning_finish(&turning);
}

static void start_in(struct timer_queue *in, unsigned index, uint64_t delay_ms)
{
    probes[index].started_ms = loop_now_ms(turning.loop);
    probes[index].delay_ms = delay_ms;
    timer_start(&probes[index].timer, in, delay_ms);
    assert_true(timer_is_running(&probes[index].timer));
}

static bool so_many_have_expired(void *test)
{
    return order_count >= *(const unsigned *)test;
}

static void turn_until_expired(unsigned count)
{
    turn_until(&turning, so_many_have_expired, &count);
}

static void assert_order(const unsigned *expected, unsigned count)
{
    assert_int_equal(order_count, count);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(order[i], expected[i]);
    }
}

static void timers_of_a_queue_expire_in_order_of_their_deadlines(void)
{
    begin();
    start_in(&queue, 0, 20);
    start_in(&queue, 1, 20); /* of equal ones the first started is first */
    start_in(&queue, 2, 5);
    start_in(&queue, 3, 30);
    start_in(&queue, 4, 10);
    start_in(&queue, 5, 10);
    turn_until_expired(6);
    assert_order((const unsigned[]){2, 4, 5, 0, 1, 3}, 6);
    finish();
}

static void queues_expire_in_order_among_each_other(void)
{
    begin();
    start_in(&queue, 0, 15);
    start_in(&other_queue, 1, 10);
    start_in(&queue, 2, 25);
    start_in(&other_queue, 3, 20);
    start_in(&other_queue, 4, 5);
    turn_until_expired(5);
    assert_order((const unsigned[]){4, 1, 0, 3, 2}, 5);
    finish();
}

static void a_timer_expires_once_and_can_be_started_again(void)
{
    begin();
    start_in(&queue, 0, 3);
    turn_for(&turning, 20);
    assert_int_equal(probes[0].expired_count, 1);
    start_in(&other_queue, 0, 3);
    turn_for(&turning, 20);
    assert_int_equal(probes[0].expired_count, 2);
    finish();
}

static void starting_a_running_timer_moves_its_deadline(void)
{
    begin();
    start_in(&queue, 0, 5);
    start_in(&queue, 1, 10);
    start_in(&queue, 0, 20);
    start_in(&queue, 2, 30);
    start_in(&other_queue, 2, 1); /* to another queue, and to an earlier time */
    turn_until_expired(3);
    assert_order((const unsigned[]){2, 1, 0}, 3);
    finish();
}

static void a_stopped_timer_is_silent_wherever_it_stood(void)
{
    begin();
    for (unsigned i = 0; i < 5; i++) {
        start_in(&queue, i, 5);
    }
    timer_stop(&probes[0].timer);
    timer_stop(&probes[2].timer);
    timer_stop(&probes[4].timer);
    timer_stop(&probes[4].timer);
    timer_stop(&probes[5].timer); /* never started */
    assert_false(timer_is_running(&probes[0].timer));
    start_in(&queue, 6, 5);
    turn_until_expired(3);
    turn_for(&turning, 10);
    assert_order((const unsigned[]){1, 3, 6}, 3);
    finish();
}

static void stop_the_next(struct probe *probe)
{
    timer_stop(&probes[probe->index + 1].timer);
    timer_stop(&probes[probe->index + 2].timer);
}

static void a_timer_may_stop_others_that_are_due_with_it(void)
{
    begin();
    probes[0].then = stop_the_next;
    start_in(&queue, 0, 5);
    start_in(&queue, 1, 5);
    start_in(&other_queue, 2, 5);
    start_in(&queue, 3, 5);
    turn_for(&turning, 20);
    /* 2 is of another queue: it may have been first, but not come after */
    assert_int_equal(probes[1].expired_count, 0);
    assert_int_equal(probes[3].expired_count, 1);
    if (probes[2].expired_count > 0) {
        assert_int_equal(order[0], 2);
    }
    finish();
}

static void finish_the_other_queue(struct probe *probe)
{
    (void)probe;
    timer_queue_finish(&other_queue);
}

static void finishing_a_queue_stops_its_timers_even_from_inside_one(void)
{
    begin();
    probes[0].then = finish_the_other_queue;
    start_in(&queue, 0, 5);
    start_in(&other_queue, 1, 10);
    start_in(&other_queue, 2, 12);
    start_in(&queue, 3, 15);
    turn_until_expired(2);
    turn_for(&turning, 10);
    assert_order((const unsigned[]){0, 3}, 2);
    assert_false(timer_is_running(&probes[1].timer));
    finish();
}

static void start_again_at_once(struct probe *probe)
{
    if (probe->expired_count < 20) {
        start_in(&queue, probe->index, 0);
    }
}

static void one_that_starts_itself_for_at_once_lets_others_go_ahead(void)
{
    begin();
    probes[0].then = start_again_at_once;
    start_in(&queue, 0, 0);
    start_in(&other_queue, 1, 5);
    turn_until_expired(21);
    assert_int_equal(probes[0].expired_count, 20);
    assert_int_not_equal(order[20], 1); /* it did not have to wait for all twenty */
    finish();
}

static void stop_turning(void *owner, int signal_number, bool from_process)
{
    (void)owner;
    (void)signal_number;
    (void)from_process;
    loop_stop(turning.loop);
}

/* With nothing else to wait for: 2^33 ms are no int. */
static void delays_of_any_length_wait_and_do_not_spin(void)
{
    static const uint64_t delays_ms[] = {(uint64_t)1 << 33, ((uint64_t)1 << 33) - 1,
                                         UINT64_MAX / 2};
    static struct signals signals;
    const struct itimerval soon = {.it_value.tv_usec = 20000};
    sigset_t before;
    sigset_t set;

    begin();
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGALRM);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &before), 0);
    assert_int_equal(signals_open(&signals, turning.loop, &set, stop_turning, NULL), 0);
    for (unsigned i = 0; i < sizeof delays_ms / sizeof delays_ms[0]; i++) {
        start_in(&queue, 0, delays_ms[i]);
        turns_count = 0;
        assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
        assert_int_equal(loop_run(turning.loop), 0);
        assert_true(turns_count <= 3);
    }
    assert_int_equal(order_count, 0);
    signals_close(&signals);
    turn_for(&turning, 1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    finish();
}

static void finishing_what_was_never_begun_or_is_finished_is_fine(void)
{
    struct timer_queue zeroed = {0};

    begin();
    timer_queue_finish(&zeroed);
    timer_queue_finish(&other_queue);
    timer_queue_finish(&other_queue);
    start_in(&queue, 0, 1);
    turn_until_expired(1);
    finish();
}

int main(void)
{
    static const struct backend_case cases[] = {
        BACKEND_CASE(timers_of_a_queue_expire_in_order_of_their_deadlines),
        BACKEND_CASE(queues_expire_in_order_among_each_other),
        BACKEND_CASE(a_timer_expires_once_and_can_be_started_again),
        BACKEND_CASE(starting_a_running_timer_moves_its_deadline),
        BACKEND_CASE(a_stopped_timer_is_silent_wherever_it_stood),
        BACKEND_CASE(a_timer_may_stop_others_that_are_due_with_it),
        BACKEND_CASE(finishing_a_queue_stops_its_timers_even_from_inside_one),
        BACKEND_CASE(one_that_starts_itself_for_at_once_lets_others_go_ahead),
        BACKEND_CASE(delays_of_any_length_wait_and_do_not_spin),
        BACKEND_CASE(finishing_what_was_never_begun_or_is_finished_is_fine),
    };

    return BACKEND_RUN_ALL("timer", cases);
}
