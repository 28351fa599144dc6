/*
 * loop_backends.h - the same cases on every backend of the loop, and a count of its turns.
 *
 * The cases know the headers of src/loop and nothing of a backend. One that this machine does not
 * let us have is skipped aloud. The program wraps clock_monotonic_ms(), which a loop reads once a
 * turn.
 */
#ifndef FOOTFALL_TEST_LOOP_BACKENDS_H
#define FOOTFALL_TEST_LOOP_BACKENDS_H

#include "base/clock.h"
#include "test.h"
#include "turning_loop.h"

#include <stdio.h>

enum { BACKEND_CASES_MAX = 64 };

static const enum loop_kind loop_backends[] = {LOOP_EPOLL, LOOP_IO_URING};

enum { LOOP_BACKENDS_COUNT = sizeof loop_backends / sizeof loop_backends[0] };

static enum loop_kind backend_in_use;
static unsigned turns_count;

uint64_t __real_clock_monotonic_ms(void);
uint64_t __wrap_clock_monotonic_ms(void);

uint64_t __wrap_clock_monotonic_ms(void)
{
    turns_count++;
    return __real_clock_monotonic_ms();
}

/* A loop with the backend of this case. */
static inline void backend_turning_init(struct turning_loop *turning)
{
    turning_init_on(turning, backend_in_use);
    assert_string_equal(loop_backend_name(turning->loop), loop_kind_name(backend_in_use));
}

/* Turns for a while in which nothing happens: a loop that spins turns thousands of times. */
static inline void turn_quietly(struct turning_loop *turning)
{
    enum { QUIET_MS = 30 };

    turns_count = 0;
    turn_for(turning, QUIET_MS);
    assert_true(turns_count <= 3 * QUIET_MS); /* the tick itself is one a millisecond */
}

struct backend_case {
    const char *name;
    void (*run)(void);
};

struct backend_pairing {
    enum loop_kind backend;
    void (*run)(void);
    char name[160];
};

static inline void backend_run_case(void **state)
{
    const struct backend_pairing *pairing = *state;
    struct loop *loop;

    if (loop_create(pairing->backend, &loop) < 0) {
        (void)fprintf(stderr, "skipped: this machine has no %s\n",
                      loop_kind_name(pairing->backend));
        skip();
    }
    loop_destroy(loop);
    backend_in_use = pairing->backend;
    pairing->run();
}

static inline int backend_run_all(const char *group, const struct backend_case *cases, size_t count)
{
    static struct backend_pairing pairings[LOOP_BACKENDS_COUNT * BACKEND_CASES_MAX];
    static struct CMUnitTest tests[LOOP_BACKENDS_COUNT * BACKEND_CASES_MAX];
    size_t made = 0;

    for (unsigned i = 0; i < LOOP_BACKENDS_COUNT; i++) {
        for (size_t j = 0; j < count && j < BACKEND_CASES_MAX; j++) {
            struct backend_pairing *pairing = &pairings[made];

            *pairing = (struct backend_pairing){loop_backends[i], cases[j].run, ""};
            (void)snprintf(pairing->name, sizeof pairing->name, "%s: %s",
                           loop_kind_name(loop_backends[i]), cases[j].name);
            tests[made++] = (struct CMUnitTest){
                .name = pairing->name,
                .test_func = backend_run_case,
                .initial_state = pairing,
            };
        }
    }
    return _cmocka_run_group_tests(group, tests, made, NULL, NULL);
}

#define BACKEND_CASE(function)                                                                     \
    {                                                                                              \
#function, function                                                                        \
    }
#define BACKEND_RUN_ALL(group, cases)                                                              \
    backend_run_all((group), (cases), sizeof(cases) / sizeof((cases)[0]))

#endif
