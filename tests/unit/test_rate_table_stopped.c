/*
 * test_rate_table_stopped.c - a process that counts is stopped or killed at each instruction, and
 * others go on.
 *
 * Children are traced and run one instruction at a time. Of one that is killed others see nothing
 * but what it has left in the table: so once for each state of that is as good as each instruction.
 */
#include "base/hash.h"
#include "base/rate_table.h"
#include "rate_scene.h"
#include "test.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SET_BYTES = 512, /* a table of one set, whole */
    ALLOWED = 3,
    WINDOW_S = 10,
    STEPS_MAX = 40000, /* in one test, about: a sanitizer makes many instructions of one */
};

static const struct rate_limit limit = {1, ALLOWED, WINDOW_S};
static struct rate_table *table;
static bool stops_after_hash; /* in a child: what comes before changes nothing */

uint64_t __real_hash_of(struct slice bytes);
uint64_t __wrap_hash_of(struct slice bytes);

uint64_t __wrap_hash_of(struct slice bytes)
{
    const uint64_t hash = __real_hash_of(bytes);

    if (stops_after_hash) {
        (void)raise(SIGSTOP);
    }
    return hash;
}

static int open_table(void **state)
{
    (void)state;
    return rate_table_create(1, &table);
}

static int close_table(void **state)
{
    (void)state;
    rate_table_destroy(table);
    return 0;
}

/* A child that is about to count a hit of that client, and exits with the verdict. */
static pid_t start(uint32_t client, uint64_t now_s)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
            _exit(100);
        }
        stops_after_hash = true;
        _exit((int)take(table, client, limit, now_s).verdict);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status)) {
        assert_int_equal(WEXITSTATUS(status), 100);
        skip(); /* nobody may be traced here */
    }
    return child;
}

/* One instruction; false when it was the last. */
static bool step(pid_t child, int *out_status)
{
    assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
    assert_int_equal(waitpid(child, out_status, 0), child);
    assert_true(WIFSTOPPED(*out_status) || WIFEXITED(*out_status));
    return WIFSTOPPED(*out_status);
}

/* Until it has changed the table so often; false when it ended before. */
static bool step_until_changed(pid_t child, unsigned changes, int *out_status)
{
    char before[SET_BYTES];

    while (changes > 0) {
        memcpy(before, table, sizeof before);
        if (!step(child, out_status)) {
            return false;
        }
        changes -= memcmp(before, table, sizeof before) != 0;
    }
    return true;
}

static void kill_it(pid_t child)
{
    int status;

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

/* Lets it go on to its end. How many hits it was allowed: 1 or 0. */
static uint32_t allowed_to(pid_t child, bool is_stopped, int status)
{
    if (is_stopped) {
        assert_int_equal(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
    }
    assert_true(WIFEXITED(status));
    assert_true(WEXITSTATUS(status) == RATE_ALLOWED || WEXITSTATUS(status) == RATE_EXCEEDED);
    return WEXITSTATUS(status) == RATE_ALLOWED;
}

/* How many more hits that client is allowed. */
static uint32_t use_up(uint32_t client, uint64_t now_s)
{
    struct rate_answer answer;
    uint32_t allowed = 0;

    while ((answer = take(table, client, limit, now_s)).verdict == RATE_ALLOWED) {
        allowed++;
    }
    assert_int_equal(answer.verdict, RATE_EXCEEDED);
    return allowed;
}

/* In an empty table: clients 0 and 1, whose windows end now, and a second ago, and client 2. */
static void fill_a_little(uint64_t now_s)
{
    close_table(NULL);
    assert_int_equal(open_table(NULL), 0);
    (void)take(table, 0, limit, now_s - WINDOW_S);
    (void)take(table, 1, limit, now_s - WINDOW_S - 1);
    (void)take(table, 2, limit, now_s - 1);
}

/* At how many instructions apart a child is stopped: at each, if they are not too many. */
static unsigned long stride(uint64_t now_s)
{
    unsigned long instructions = 0;
    pid_t child;
    int status;

    fill_a_little(now_s);
    child = start(9, now_s);
    while (step(child, &status)) {
        instructions++;
    }
    return 1 + instructions * instructions / (2 * STEPS_MAX);
}

static void assert_one_hit_is_lost_at_most(uint32_t client, uint32_t counted, bool had_changed,
                                           uint64_t now_s)
{
    assert_int_equal(use_up(client, now_s), ALLOWED - counted - had_changed);
    /* Three places were taken, and perhaps another. All others are as good as before. */
    for (uint32_t other = 0; other < 27; other++) {
        assert_int_equal(use_up(1000 + other, now_s), ALLOWED);
    }
}

static void killed_at_any_instruction_a_process_takes_one_hit_with_it_at_most(void **state)
{
    static const struct {
        uint32_t client;
        uint32_t counted;
        unsigned changes;
    } cases[] = {
        {1, 0, 3}, /* its window has ended: announced, written, taken back */
        {9, 0, 3}, /* new */
        {2, 1, 1}, /* known */
    };
    const uint64_t now_s = 100;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned changes = 0; changes <= cases[i].changes + 1; changes++) {
            pid_t child;
            int status = 0;
            bool is_stopped;

            fill_a_little(now_s);
            child = start(cases[i].client, now_s);
            is_stopped = step_until_changed(child, changes, &status);
            assert_int_equal(is_stopped, changes <= cases[i].changes);
            if (is_stopped) {
                kill_it(child);
            }
            assert_one_hit_is_lost_at_most(cases[i].client, cases[i].counted, changes > 0, now_s);
        }
    }
}

/* The first left its announcement, the second is killed while it ends that, or makes its own. */
static void a_process_that_ends_what_another_began_may_be_killed_as_well(void **state)
{
    const uint64_t now_s = 100;

    (void)state;
    for (unsigned first = 1; first <= 3; first++) {
        for (unsigned second = 0; second <= 5; second++) {
            pid_t child;
            int status = 0;
            bool has_begun; /* its own: after what was left to do of the other's */

            fill_a_little(now_s);
            child = start(9, now_s);
            assert_true(step_until_changed(child, first, &status));
            kill_it(child);
            child = start(10, now_s);
            if (step_until_changed(child, second, &status)) {
                kill_it(child);
            }
            has_begun = second > 3 - first;
            assert_int_equal(use_up(10, now_s), ALLOWED - has_begun);
            assert_int_equal(use_up(9, now_s), ALLOWED - 1);
            assert_int_equal(use_up(2, now_s), ALLOWED - 1);
            for (uint32_t other = 0; other < 28; other++) {
                assert_int_equal(use_up(1000 + other, now_s), ALLOWED);
            }
            assert_int_equal(take(table, 2000, limit, now_s).verdict, RATE_NO_PLACE);
        }
    }
}

/* One of the two finds another place free than the other, by its clock. */
static void two_that_come_with_the_same_client_get_what_one_would(void **state)
{
    const uint64_t now_s = 100;
    const unsigned long instructions_step = stride(now_s);

    (void)state;
    for (unsigned clock = 0; clock < 2; clock++) {
        bool is_stopped = true;

        for (unsigned long at = 0; is_stopped; at += instructions_step) {
            uint32_t allowed;
            pid_t child;
            int status = 0;

            fill_a_little(now_s);
            child = start(9, now_s - clock);
            for (unsigned long i = 0; is_stopped && i < at; i++) {
                is_stopped = step(child, &status);
            }
            allowed = take(table, 9, limit, now_s - 1 + clock).verdict == RATE_ALLOWED;
            allowed += take(table, 9, limit, now_s - 1 + clock).verdict == RATE_ALLOWED;
            allowed += allowed_to(child, is_stopped, status);
            allowed += use_up(9, now_s);
            assert_int_equal(allowed, ALLOWED);
            assert_int_equal(use_up(9, now_s - 1), 0);
            assert_int_equal(use_up(2, now_s), ALLOWED - 1);
        }
    }
}

/* Windows have ended and others have come to all places before it goes on. */
static void one_that_is_late_changes_nothing_of_what_came_after(void **state)
{
    const uint64_t now_s = 100;
    const unsigned long instructions_step = stride(now_s);
    bool is_stopped = true;

    (void)state;
    for (unsigned long at = 0; is_stopped; at += instructions_step) {
        const uint64_t later_s = now_s + WINDOW_S;
        pid_t child;
        int status = 0;

        fill_a_little(now_s);
        child = start(9, now_s);
        for (unsigned long i = 0; is_stopped && i < at; i++) {
            is_stopped = step(child, &status);
        }
        for (uint32_t other = 0; other < 20; other++) {
            assert_int_equal(take(table, 1000 + other, limit, later_s).verdict, RATE_ALLOWED);
        }
        (void)allowed_to(child, is_stopped, status);
        for (uint32_t other = 0; other < 30; other++) {
            assert_int_equal(use_up(1000 + other, later_s), ALLOWED - (other < 20));
        }
    }
}

/* The second has announced itself, or done more, when the first goes on. */
static void two_that_stop_each_other_get_what_they_were_told(void **state)
{
    const uint64_t now_s = 100;
    const unsigned long instructions_step = 2 * stride(now_s);
    bool is_stopped = true;

    (void)state;
    for (unsigned long at = 0; is_stopped; at += instructions_step) {
        for (unsigned changes = 1; changes <= 3; changes++) {
            pid_t children[2];
            int statuses[2] = {0};
            bool second_is_stopped;
            uint32_t allowed[2];

            is_stopped = true;
            fill_a_little(now_s);
            children[0] = start(9, now_s);
            for (unsigned long i = 0; is_stopped && i < at; i++) {
                is_stopped = step(children[0], &statuses[0]);
            }
            children[1] = start(10, now_s);
            second_is_stopped = step_until_changed(children[1], changes, &statuses[1]);
            allowed[0] = allowed_to(children[0], is_stopped, statuses[0]);
            allowed[1] = allowed_to(children[1], second_is_stopped, statuses[1]);
            assert_int_equal(use_up(9, now_s) + allowed[0], ALLOWED);
            assert_int_equal(use_up(10, now_s) + allowed[1], ALLOWED);
        }
    }
}

int main(void)
{
#define ON_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)
    const struct CMUnitTest tests[] = {
        ON_TABLE(killed_at_any_instruction_a_process_takes_one_hit_with_it_at_most),
        ON_TABLE(a_process_that_ends_what_another_began_may_be_killed_as_well),
        ON_TABLE(two_that_come_with_the_same_client_get_what_one_would),
        ON_TABLE(one_that_is_late_changes_nothing_of_what_came_after),
        ON_TABLE(two_that_stop_each_other_get_what_they_were_told),
    };

    if (hash_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("rate_table_stopped", tests, NULL, NULL);
}
