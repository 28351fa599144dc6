/*
 * turning_loop.h - a loop that turns until something has happened, and not for ever.
 */
#ifndef FOOTFALL_TEST_TURNING_LOOP_H
#define FOOTFALL_TEST_TURNING_LOOP_H

#include "loop/loop.h"
#include "loop/timer.h"
#include "test.h"

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

static inline void turning_init(struct turning_loop *turning)
{
    *turning = (struct turning_loop){.loop = NULL};
    assert_int_equal(loop_create(&turning->loop), 0);
    timer_queue_init(&turning->timers, turning->loop);
    timer_init(&turning->tick, turning_tick, turning);
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
