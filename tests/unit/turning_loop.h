/*
 * turning_loop.h - a loop that turns until something has happened, and not for ever.
 */
#ifndef FOOTFALL_TEST_TURNING_LOOP_H
#define FOOTFALL_TEST_TURNING_LOOP_H

#include "loop/loop.h"
#include "loop/timer.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Far beyond what any test needs, below what the runner allows. */
enum { TURNING_MS_MAX = 20000 };

struct turning_loop {
    struct loop *loop;
    struct timer_queue timers;
    struct timer tick;
    bool (*until)(void *test); /* NULL: until the time is over */
    void *test;
    uint64_t end_ms;
    bool happened;
};

/* Looks every millisecond. */
static inline void turning_tick(void *owner)
{
    struct turning_loop *turning = owner;

    turning->happened = turning->until != NULL && turning->until(turning->test);
    if (turning->happened || loop_now_ms(turning->loop) >= turning->end_ms) {
        loop_stop(turning->loop);
    } else {
        timer_start(&turning->tick, &turning->timers, 1);
    }
}

/* On which backend: what FOOTFALL_TEST_LOOP says, or epoll. */
static inline enum loop_kind turning_kind(void)
{
    const char *name = getenv("FOOTFALL_TEST_LOOP");

    if (name == NULL || strcmp(name, loop_kind_name(LOOP_EPOLL)) == 0) {
        return LOOP_EPOLL;
    }
    assert_string_equal(name, loop_kind_name(LOOP_IO_URING));
    return LOOP_IO_URING;
}

static inline void turning_init_on(struct turning_loop *turning, enum loop_kind kind)
{
    *turning = (struct turning_loop){.loop = NULL};
    assert_int_equal(loop_create(kind, &turning->loop), 0);
    timer_queue_init(&turning->timers, turning->loop);
    timer_init(&turning->tick, turning_tick, turning);
}

static inline void turning_init(struct turning_loop *turning)
{
    struct loop *loop;

    if (turning_kind() == LOOP_IO_URING && loop_create(LOOP_IO_URING, &loop) == 0) {
        loop_destroy(loop);
    } else if (turning_kind() == LOOP_IO_URING) {
        (void)fprintf(stderr, "skipped: this machine has no io_uring for us\n");
        skip();
    }
    turning_init_on(turning, turning_kind());
}

static inline void turning_finish(struct turning_loop *turning)
{
    timer_queue_finish(&turning->timers);
    loop_destroy(turning->loop);
}

/* Turns until `until(test)` holds, or fails the test. */
static inline void turn_until(struct turning_loop *turning, bool (*until)(void *test), void *test)
{
    turning->until = until;
    turning->test = test;
    turning->end_ms = loop_now_ms(turning->loop) + TURNING_MS_MAX;
    timer_start(&turning->tick, &turning->timers, 1);
    assert_int_equal(loop_run(turning->loop), 0);
    assert_true(turning->happened);
}

/* Turns for a while, for what is not to happen. */
static inline void turn_for(struct turning_loop *turning, uint64_t duration_ms)
{
    turning->until = NULL;
    turning->end_ms = loop_now_ms(turning->loop) + duration_ms;
    timer_start(&turning->tick, &turning->timers, 1);
    assert_int_equal(loop_run(turning->loop), 0);
}

#endif
