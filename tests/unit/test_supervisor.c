/*
 * test_supervisor.c - tiny workers are born, say their words, die and are followed.
 */
#include "base/log.h"
#include "counted_descriptors.h"
#include "loop_backends.h"
#include "process/channel.h"
#include "process/supervisor.h"
#include "supervisor_scene.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { YOUNG_MS = 1000, BACK_OFF_MS = 100 };

static int failing_fork;
static int failing_pidfd_open;
static int failing_socketpair;
static bool calloc_fails;
static char last_event[32];

pid_t __real_fork(void);
pid_t __wrap_fork(void);
int __real_pidfd_open(pid_t pid, unsigned flags);
int __wrap_pidfd_open(pid_t pid, unsigned flags);
int __real_socketpair(int domain, int type, int protocol, int out_fds[2]);
int __wrap_socketpair(int domain, int type, int protocol, int out_fds[2]);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count);

pid_t __wrap_fork(void)
{
    errno = failing_fork;
    return failing_fork != 0 ? -1 : __real_fork();
}

int __wrap_pidfd_open(pid_t pid, unsigned flags)
{
    errno = failing_pidfd_open;
    return failing_pidfd_open != 0 ? -1 : __real_pidfd_open(pid, flags);
}

int __wrap_socketpair(int domain, int type, int protocol, int out_fds[2])
{
    errno = failing_socketpair;
    return failing_socketpair != 0 ? -1 : __real_socketpair(domain, type, protocol, out_fds);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count)
{
    (void)level;
    (void)fields;
    (void)fields_count;
    (void)snprintf(last_event, sizeof last_event, "%s", event);
}

/* ---- lives ---- */

static void every_slot_is_due_once_and_lives_when_it_is_forked(void **state)
{
    uint32_t slot;

    (void)state;
    begin(0);
    assert_int_equal(supervisor_living(supervisor), 0);
    assert_int_equal(supervisor_expected(supervisor), WORKERS);
    assert_int_equal(start(stay_silent), 0);
    assert_int_equal(start(stay_silent), 1);
    assert_false(supervisor_next_due(supervisor, &slot));
    assert_int_equal(supervisor_living(supervisor), WORKERS);
    assert_int_equal(supervisor_expected(supervisor), WORKERS);
    finish();
}

static void words_of_a_worker_name_its_slot_and_its_end_is_told(void **state)
{
    (void)state;
    begin(0);
    (void)start(stay_silent);
    turn_until_told(&ready_count);
    assert_int_equal(ready_slot, 0);
    assert_int_equal(start(leave_when_told), 1);
    turn_until_told(&ready_count);
    assert_int_equal(ready_slot, 1);
    supervisor_end_deals(supervisor, 1);
    turn_until_told(&leaving_count);
    assert_int_equal(leaving_slot, 1);
    turn_until_told(&ended_count);
    assert_int_equal(ended_slot, 1);
    assert_int_equal(last_end.signal, 0);
    assert_int_equal(last_end.exit_status, 0);
    assert_false(last_end.not_again);
    assert_int_equal(supervisor_living(supervisor), 1);
    assert_int_equal(supervisor_expected(supervisor), 2); /* somebody follows */
    supervisor_end_deals(supervisor, 1);                  /* there is nobody: no matter */
    finish();
}

static void a_killed_worker_is_told_with_its_signal(void **state)
{
    (void)state;
    begin(0);
    (void)start(stay_silent);
    turn_until_told(&ready_count);
    supervisor_signal_all(supervisor, SIGTERM);
    turn_until_told(&ended_count);
    assert_int_equal(last_end.signal, SIGTERM);
    assert_true(last_end.pid > 0);
    assert_int_equal(atomic_load(&scoreboard->slots[0].state), WORKER_ABSENT);
    finish();
}

static void a_new_life_begins_with_a_clean_slot_and_a_channel_of_its_own(void **state)
{
    (void)state;
    begin(0);
    (void)start(exit_with_1);
    atomic_store(&scoreboard->slots[0].taken, 77);
    scoreboard_slot_refuse(&scoreboard->slots[0], 5);
    turn_until_told(&due_count);
    assert_int_equal(atomic_load(&scoreboard->slots[0].taken), 77); /* to be read until then */
    assert_int_equal(start(leave_when_told), 0);
    assert_int_equal(atomic_load(&scoreboard->slots[0].taken), 0);
    assert_false(scoreboard_slot_forget_refused(&scoreboard->slots[0], 5));
    turn_until_told(&ready_count);
    finish();
}

/* ---- back-off ---- */

static void who_dies_young_is_followed_after_a_pause_that_doubles(void **state)
{
    uint64_t pause_ms = BACK_OFF_MS;
    uint32_t slot;

    (void)state;
    begin(0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(start(exit_with_1), 0);
        turn_until_told(&ended_count);
        assert_int_equal(last_end.exit_status, 1);
        assert_true(supervisor_next_due(supervisor, &slot));
        assert_int_equal(slot, 1); /* only the other one is due */
        turn_until_told(&due_count);
        assert_true(due_ms - ended_ms >= pause_ms);
        assert_true(due_ms - ended_ms < pause_ms + 1000); /* a busy machine may be late */
        pause_ms *= 2;
    }
    finish();
}

static void who_has_lived_a_second_is_followed_at_once_and_the_pause_begins_anew(void **state)
{
    (void)state;
    begin(0);
    for (unsigned i = 0; i < 2; i++) { /* the pause is 200 by then */
        (void)start(exit_with_1);
        turn_until_told(&due_count);
    }
    (void)start(stay_silent);
    turn_for(&turning, YOUNG_MS + 50);
    supervisor_signal_all(supervisor, SIGKILL);
    turn_until_told(&due_count);
    assert_true(last_end.lived_ms >= YOUNG_MS);
    assert_true(due_ms - ended_ms < BACK_OFF_MS / 2);
    ended_count = 0;
    (void)start(exit_with_1);
    turn_until_told(&due_count);
    assert_true(due_ms - ended_ms >= BACK_OFF_MS);
    assert_true(due_ms - ended_ms < 4 * BACK_OFF_MS); /* what it would have been */
    finish();
}

static void who_says_not_again_is_not_followed(void **state)
{
    (void)state;
    begin(0);
    (void)start(exit_with_2);
    turn_until_told(&ended_count);
    assert_true(last_end.not_again);
    assert_int_equal(last_end.exit_status, 2);
    turn_for(&turning, 2 * BACK_OFF_MS);
    assert_int_equal(due_count, 0);
    assert_int_equal(supervisor_expected(supervisor), WORKERS - 1);
    finish();
}

static void nobody_is_followed_once_that_is_over(void **state)
{
    uint32_t slot;

    (void)state;
    begin(0);
    (void)start(exit_with_1);
    turn_until_told(&ended_count);
    turn_for(&turning, 5); /* its pause runs, the other slot is still due */
    supervisor_stop_replacing(supervisor);
    assert_int_equal(supervisor_expected(supervisor), 0);
    turn_for(&turning, 2 * BACK_OFF_MS);
    assert_int_equal(due_count, 0);
    assert_false(supervisor_next_due(supervisor, &slot));
    finish();
}

/* ---- silence ---- */

static void a_worker_without_a_sign_of_life_is_killed_and_one_with_is_not(void **state)
{
    enum { TIMEOUT_MS = 400 };
    uint64_t started_ms;

    (void)state;
    begin(TIMEOUT_MS);
    turn_for(&turning, 1);
    started_ms = loop_now_ms(turning.loop);
    assert_int_equal(start(beat_and_stay), 0);
    assert_int_equal(start(stay_silent), 1);
    turn_until_told(&ended_count);
    assert_int_equal(ended_slot, 1);
    assert_int_equal(last_end.signal, SIGKILL);
    assert_true(ended_ms - started_ms >= TIMEOUT_MS);
    assert_string_equal(last_event, "worker_silent");
    turn_for(&turning, TIMEOUT_MS);
    assert_int_equal(ended_count, 0);
    finish();
}

/* ---- what the kernel refuses ---- */

static void a_worker_that_cannot_be_started_is_tried_again_after_a_pause(void **state)
{
    static int *const failing[] = {&failing_fork, &failing_pidfd_open, &failing_socketpair};

    (void)state;
    begin(0);
    supervisor_stop_replacing(supervisor);
    finish();
    for (unsigned i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        int channel_fd = -1;
        unsigned before;
        uint64_t failed_ms;

        begin(0);
        before = descriptors_open_now();
        turn_for(&turning, 1);
        failed_ms = loop_now_ms(turning.loop);
        *failing[i] = EAGAIN;
        if (supervisor_fork(supervisor, 0, &channel_fd) == FORK_CHILD) {
            _exit(0);
        }
        *failing[i] = 0;
        assert_int_equal(supervisor_living(supervisor), 0);
        assert_string_equal(last_event, "worker_not_started");
        assert_int_equal(descriptors_open_now(), before);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* who cannot be watched may not live */
        turn_until_told(&due_count);
        assert_true(due_ms - failed_ms >= BACK_OFF_MS);
        assert_int_equal(start(stay_silent), 0);
        finish();
    }
}

static void without_memory_no_supervisor_is_made(void **state)
{
    const struct supervisor_settings settings = {.workers = 1};
    const struct supervisor_events events = {.fork_due = note_due};
    struct supervisor *untouched = NULL;

    (void)state;
    turning_init(&turning);
    calloc_fails = true;
    assert_int_equal(supervisor_create(turning.loop, &settings, &events, &untouched), -ENOMEM);
    calloc_fails = false;
    assert_null(untouched);
    supervisor_destroy(NULL);
    turning_finish(&turning);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_slot_is_due_once_and_lives_when_it_is_forked),
        cmocka_unit_test(words_of_a_worker_name_its_slot_and_its_end_is_told),
        cmocka_unit_test(a_killed_worker_is_told_with_its_signal),
        cmocka_unit_test(a_new_life_begins_with_a_clean_slot_and_a_channel_of_its_own),
        cmocka_unit_test(who_dies_young_is_followed_after_a_pause_that_doubles),
        cmocka_unit_test(who_has_lived_a_second_is_followed_at_once_and_the_pause_begins_anew),
        cmocka_unit_test(who_says_not_again_is_not_followed),
        cmocka_unit_test(nobody_is_followed_once_that_is_over),
        cmocka_unit_test(a_worker_without_a_sign_of_life_is_killed_and_one_with_is_not),
        cmocka_unit_test(a_worker_that_cannot_be_started_is_tried_again_after_a_pause),
        cmocka_unit_test(without_memory_no_supervisor_is_made),
    };

    return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
