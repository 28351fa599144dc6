/*
 * test_loop.c - turning and stopping, deferred calls, wake-ups from threads, signals.
 */
#include "counted_descriptors.h"
#include "loop/signals.h"
#include "loop/wakeup.h"
#include "loop_backends.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ORDER_MAX = 32 };

static unsigned failing_allocation;
static int failing_epoll_create;
static int failing_eventfd;
static int failing_signalfd;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_signalfd(int fd, const sigset_t *set, int flags);
int __wrap_signalfd(int fd, const sigset_t *set, int flags);

static bool allocation_fails(void)
{
    return failing_allocation > 0 && --failing_allocation == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

/* The call fails when there is an error for it. */
static bool fails(int error)
{
    errno = error;
    return error != 0;
}

int __wrap_epoll_create1(int flags)
{
    return fails(failing_epoll_create) ? -1 : __real_epoll_create1(flags);
}

int __wrap_eventfd(unsigned count, int flags)
{
    return fails(failing_eventfd) ? -1 : __real_eventfd(count, flags);
}

int __wrap_signalfd(int fd, const sigset_t *set, int flags)
{
    return fails(failing_signalfd) ? -1 : __real_signalfd(fd, set, flags);
}

static struct turning_loop turning;
static char order[ORDER_MAX + 1];
static size_t order_count;

static void begin(void)
{
    backend_turning_init(&turning);
    memset(order, 0, sizeof order);
    order_count = 0;
}

static void finish(void)
{
    turning_finish(&turning);
}

/* ---- making, running, stopping ---- */

static void a_loop_that_cannot_be_made_leaves_nothing_behind(void)
{
    struct loop *untouched = NULL;
    unsigned before = descriptors_open_now();

    for (unsigned nth = 1; nth <= 2; nth++) {
        failing_allocation = nth;
        assert_int_equal(loop_create(LOOP_EPOLL, &untouched), -ENOMEM);
        assert_int_equal(failing_allocation, 0);
    }
    failing_epoll_create = EMFILE;
    assert_int_equal(loop_create(LOOP_EPOLL, &untouched), -EMFILE);
    failing_epoll_create = 0;
    assert_null(untouched);
    assert_int_equal(descriptors_open_now(), before);
    loop_destroy(NULL);
}

static void stopping_before_running_ends_the_run_and_only_that(void)
{
    begin();
    loop_stop(turning.loop);
    assert_int_equal(loop_run(turning.loop), 0);
    turn_for(&turning, 5); /* runs on */
    finish();
}

static void note_signal(int number)
{
    (void)number;
}

static void an_interrupted_wait_goes_on(void)
{
    struct sigaction action = {.sa_handler = note_signal}; /* no SA_RESTART */
    struct sigaction before;
    const struct itimerval soon = {.it_value.tv_usec = 5000, .it_interval.tv_usec = 5000};
    const struct itimerval never = {.it_value.tv_usec = 0};

    begin();
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    turn_for(&turning, 30); /* asserts that loop_run() is content */
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    finish();
}

/* ---- deferred ---- */

struct probe {
    struct deferred deferred;
    char name;
    struct probe *cancels;
    struct probe *starts;
    unsigned runs_count;
    unsigned again; /* how often it puts itself off once more */
};

static void probe_run(void *owner)
{
    struct probe *probe = owner;

    probe->runs_count++;
    if (order_count < ORDER_MAX) {
        order[order_count++] = probe->name;
    }
    if (probe->cancels != NULL) {
        deferred_cancel(&probe->cancels->deferred);
    }
    if (probe->starts != NULL) {
        deferred_start(&probe->starts->deferred, turning.loop);
    }
    if (probe->again > 0) {
        probe->again--;
        deferred_start(&probe->deferred, turning.loop);
    }
}

static void probe_init(struct probe *probe, char name)
{
    *probe = (struct probe){.name = name};
    deferred_init(&probe->deferred, probe_run, probe);
}

static void deferred_calls_come_once_in_order_and_not_at_once(void)
{
    struct probe a;
    struct probe b;
    struct probe c;

    begin();
    probe_init(&a, 'a');
    probe_init(&b, 'b');
    probe_init(&c, 'c');
    deferred_start(&b.deferred, turning.loop);
    deferred_start(&a.deferred, turning.loop);
    deferred_start(&b.deferred, turning.loop); /* put off already */
    deferred_start(&c.deferred, turning.loop);
    assert_string_equal(order, "");
    turn_for(&turning, 5);
    assert_string_equal(order, "bac");
    finish();
}

static void a_cancelled_call_does_not_come_wherever_it_stood(void)
{
    struct probe probes[4];

    begin();
    for (unsigned i = 0; i < 4; i++) {
        probe_init(&probes[i], (char)('a' + i));
        deferred_start(&probes[i].deferred, turning.loop);
    }
    probes[1].cancels = &probes[2]; /* while calls are being made */
    deferred_cancel(&probes[0].deferred);
    deferred_cancel(&probes[3].deferred);
    deferred_cancel(&probes[3].deferred);
    deferred_start(&probes[0].deferred, turning.loop); /* at the end now */
    turn_for(&turning, 5);
    assert_string_equal(order, "ba");
    finish();
}

static void what_a_deferred_call_puts_off_comes_in_the_same_turn(void)
{
    struct probe a;
    struct probe b;
    unsigned before;

    begin();
    probe_init(&a, 'a');
    probe_init(&b, 'b');
    a.starts = &b;
    deferred_start(&a.deferred, turning.loop);
    loop_stop(turning.loop); /* no turn but this one */
    before = turns_count;
    assert_int_equal(loop_run(turning.loop), 0);
    assert_string_equal(order, "ab");
    assert_int_equal(turns_count, before);
    finish();
}

static void calls_that_call_for_each_other_do_not_keep_a_turn_from_ending(void)
{
    struct probe a;
    unsigned before;

    begin();
    probe_init(&a, 'a');
    a.again = 1000000;
    deferred_start(&a.deferred, turning.loop);
    before = turns_count;
    turn_for(&turning, 10); /* the loop's timer gets its turn all the same */
    assert_true(a.runs_count > 10);
    assert_true(a.runs_count <= 100 * (turns_count - before + 1));
    deferred_cancel(&a.deferred);
    finish();
}

/* ---- wake-ups ---- */

static struct wakeup wakeup;
static unsigned woken_count;
static bool wakeup_is_closed;
static atomic_uint signals_sent;

static void note_woken(void *owner)
{
    assert_ptr_equal(owner, &wakeup);
    woken_count++;
}

static void note_closed(void *owner)
{
    assert_ptr_equal(owner, &wakeup);
    wakeup_is_closed = true;
}

static bool is_woken(void *test)
{
    return woken_count >= *(const unsigned *)test;
}

static bool is_closed(void *test)
{
    return *(const bool *)test;
}

static void open_wakeup(void)
{
    begin();
    woken_count = 0;
    wakeup_is_closed = false;
    assert_int_equal(wakeup_open(&wakeup, turning.loop, note_woken, note_closed, &wakeup), 0);
}

static void close_wakeup(void)
{
    wakeup_close(&wakeup);
    turn_until(&turning, is_closed, &wakeup_is_closed);
    finish();
}

static void *signal_often(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 1000; i++) {
        wakeup_signal(&wakeup);
        (void)atomic_fetch_add(&signals_sent, 1);
    }
    return NULL;
}

static void a_thread_wakes_the_loop_after_its_last_signal_at_the_latest(void)
{
    unsigned expected = 1;
    pthread_t thread;

    open_wakeup();
    turn_quietly(&turning);
    assert_int_equal(woken_count, 0);
    assert_int_equal(pthread_create(&thread, NULL, signal_often, NULL), 0);
    turn_until(&turning, is_woken, &expected);
    assert_int_equal(pthread_join(thread, NULL), 0);
    turn_quietly(&turning); /* what was signalled meanwhile has been told */
    expected = woken_count;
    assert_true(expected <= 1000);
    wakeup_signal(&wakeup);
    expected++;
    turn_until(&turning, is_woken, &expected);
    turn_quietly(&turning);
    assert_int_equal(woken_count, expected);
    close_wakeup();
}

static void a_closed_wakeup_is_silent(void)
{
    open_wakeup();
    wakeup_signal(&wakeup);
    close_wakeup();
    assert_int_equal(woken_count, 0);
}

static void a_wakeup_that_cannot_be_opened_says_so(void)
{
    begin();
    failing_eventfd = EMFILE;
    assert_int_equal(wakeup_open(&wakeup, turning.loop, note_woken, NULL, NULL), -EMFILE);
    failing_eventfd = 0;
    finish();
}

/* ---- signals ---- */

static int received_number;
static bool received_from_process;
static unsigned received_count;

static void note_received(void *owner, int signal_number, bool from_process)
{
    (void)owner;
    received_number = signal_number;
    received_from_process = from_process;
    received_count++;
}

static bool is_received(void *test)
{
    return received_count >= *(const unsigned *)test;
}

static void signals_are_events_and_say_where_they_come_from(void)
{
    static struct signals signals;
    const union sigval value = {.sival_int = 0};
    const struct itimerval soon = {.it_value.tv_usec = 1000};
    unsigned expected = 1;
    sigset_t before;
    sigset_t set;

    begin();
    received_count = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGUSR1);
    (void)sigaddset(&set, SIGALRM);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(signals_block(&set), 0);
    assert_int_equal(kill(getpid(), SIGUSR1), 0); /* one that was there before */
    assert_int_equal(signals_open(&signals, turning.loop, &set, note_received, NULL), 0);
    turn_until(&turning, is_received, &expected);
    assert_int_equal(received_number, SIGUSR1);
    assert_true(received_from_process);
    turn_quietly(&turning);
    assert_int_equal(sigqueue(getpid(), SIGUSR1, value), 0);
    expected = 2;
    turn_until(&turning, is_received, &expected);
    assert_true(received_from_process);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0); /* the kernel's */
    expected = 3;
    turn_until(&turning, is_received, &expected);
    assert_int_equal(received_number, SIGALRM);
    assert_false(received_from_process);
    signals_close(&signals);
    turn_for(&turning, 2);
    assert_int_equal(received_count, 3);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    finish();
}

static void signals_that_cannot_be_opened_say_so(void)
{
    static struct signals signals;
    sigset_t set;

    begin();
    (void)sigemptyset(&set);
    failing_signalfd = EMFILE;
    assert_int_equal(signals_open(&signals, turning.loop, &set, note_received, NULL), -EMFILE);
    failing_signalfd = 0;
    finish();
}

static uint64_t told_now_ms;

static void note_the_time(void *owner)
{
    told_now_ms = loop_now_ms(owner);
    loop_stop(owner);
}

static void *signal_after_a_while(void *argument)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000000L};

    (void)nanosleep(&pause, NULL);
    wakeup_signal(argument);
    return NULL;
}

/* Timers that an event started were too short by all that the loop had slept before it. */
static void what_is_told_after_a_long_wait_is_told_with_the_time_it_happened(void)
{
    struct loop *loop;
    static struct wakeup alarm_bell;
    pthread_t thread;
    uint64_t began_ms;

    assert_int_equal(loop_create(LOOP_EPOLL, &loop), 0);
    began_ms = loop_now_ms(loop);
    assert_int_equal(wakeup_open(&alarm_bell, loop, note_the_time, NULL, loop), 0);
    assert_int_equal(pthread_create(&thread, NULL, signal_after_a_while, &alarm_bell), 0);
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(told_now_ms >= began_ms + 200);
    wakeup_close(&alarm_bell);
    loop_stop(loop);
    assert_int_equal(loop_run(loop), 0);
    loop_destroy(loop);
}

int main(void)
{
    static const struct backend_case cases[] = {
        BACKEND_CASE(a_loop_that_cannot_be_made_leaves_nothing_behind),
        BACKEND_CASE(stopping_before_running_ends_the_run_and_only_that),
        BACKEND_CASE(an_interrupted_wait_goes_on),
        BACKEND_CASE(what_is_told_after_a_long_wait_is_told_with_the_time_it_happened),
        BACKEND_CASE(deferred_calls_come_once_in_order_and_not_at_once),
        BACKEND_CASE(a_cancelled_call_does_not_come_wherever_it_stood),
        BACKEND_CASE(what_a_deferred_call_puts_off_comes_in_the_same_turn),
        BACKEND_CASE(calls_that_call_for_each_other_do_not_keep_a_turn_from_ending),
        BACKEND_CASE(a_thread_wakes_the_loop_after_its_last_signal_at_the_latest),
        BACKEND_CASE(a_closed_wakeup_is_silent),
        BACKEND_CASE(a_wakeup_that_cannot_be_opened_says_so),
        BACKEND_CASE(signals_are_events_and_say_where_they_come_from),
        BACKEND_CASE(signals_that_cannot_be_opened_say_so),
    };

    return BACKEND_RUN_ALL("loop", cases);
}
