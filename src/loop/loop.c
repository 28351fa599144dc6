/*
 * loop.c - turns of the event loop: settle what was started, wait, tell what completed.
 */
#include "loop/loop.h"

#include "base/clock.h"
#include "loop/backend.h"

#include <errno.h>
#include <stdlib.h>

/* How often deferred calls and submissions that call for each other are gone through before the
 * kernel is asked for news again, so that nobody can keep a turn from ending. */
enum { SETTLE_ROUNDS_MAX = 8 };

static const struct loop_backend *const backends[] = {
    [LOOP_EPOLL] = &loop_backend_epoll,
    [LOOP_IO_URING] = &loop_backend_io_uring,
};

int loop_create(enum loop_kind kind, struct loop **out_loop)
{
    struct loop *loop = calloc(1, sizeof *loop);
    int result;

    if (loop == NULL) {
        return -ENOMEM;
    }
    loop->backend = backends[kind];
    loop->deferred_end = &loop->deferred_first;
    loop->submitted_end = &loop->submitted_first;
    loop->now_ms = clock_monotonic_ms();
    result = loop->backend->create(loop);
    if (result < 0) {
        free(loop);
        return result;
    }
    *out_loop = loop;
    return 0;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    loop->backend->destroy(loop);
    free(loop);
}

void loop_stay_awake(struct loop *loop)
{
    loop->is_awake = true;
}

uint64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

const char *loop_kind_name(enum loop_kind kind)
{
    return backends[kind]->name;
}

const char *loop_backend_name(const struct loop *loop)
{
    return loop->backend->name;
}

void loop_stop(struct loop *loop)
{
    loop->stopping = true;
}

void deferred_init(struct deferred *deferred, void (*run)(void *owner), void *owner)
{
    *deferred = (struct deferred){.run = run, .owner = owner};
}

void deferred_start(struct deferred *deferred, struct loop *loop)
{
    if (deferred->loop != NULL) {
        return;
    }
    deferred->loop = loop;
    deferred->next = NULL;
    deferred->previous = loop->deferred_end;
    *loop->deferred_end = deferred;
    loop->deferred_end = &deferred->next;
}

void deferred_cancel(struct deferred *deferred)
{
    struct loop *loop = deferred->loop;

    if (loop == NULL) {
        return;
    }
    *deferred->previous = deferred->next;
    if (deferred->next != NULL) {
        deferred->next->previous = deferred->previous;
    } else {
        loop->deferred_end = deferred->previous;
    }
    deferred->loop = NULL;
}

/* Runs what is put off now; what that puts off waits for the next round. */
static void run_deferred(struct loop *loop)
{
    struct deferred end_mark = {0};

    deferred_start(&end_mark, loop);
    while (loop->deferred_first != &end_mark) {
        struct deferred *deferred = loop->deferred_first;

        deferred_cancel(deferred);
        deferred->run(deferred->owner);
    }
    deferred_cancel(&end_mark);
}

void loop_submit_later(struct descriptor *descriptor)
{
    struct loop *loop = descriptor->loop;

    if (descriptor->submitted) {
        return;
    }
    descriptor->submitted = true;
    descriptor->next = NULL;
    *loop->submitted_end = descriptor;
    loop->submitted_end = &descriptor->next;
}

/* The last call to the owner of a closed descriptor, once the kernel holds nothing of it. */
static void close_submitted(struct loop *loop, struct descriptor *descriptor)
{
    if (!loop->backend->let_go(loop, descriptor)) {
        return;
    }
    loop->closing_count--;
    if (descriptor->events->closed != NULL) {
        descriptor->events->closed(descriptor->owner);
    }
}

static void submit_all(struct loop *loop)
{
    struct descriptor *descriptor = loop->submitted_first;

    loop->submitted_first = NULL;
    loop->submitted_end = &loop->submitted_first;
    while (descriptor != NULL) {
        struct descriptor *next = descriptor->next;

        descriptor->submitted = false;
        if (descriptor->closing) {
            close_submitted(loop, descriptor);
        } else {
            loop->backend->submit(loop, descriptor);
        }
        descriptor = next;
    }
}

static bool is_settled(const struct loop *loop)
{
    return loop->deferred_first == NULL && loop->submitted_first == NULL;
}

int loop_run(struct loop *loop)
{
    int result = 0;

    while (result == 0) {
        int timeout_ms;

        for (int round = 0; round < SETTLE_ROUNDS_MAX && !is_settled(loop); round++) {
            run_deferred(loop);
            submit_all(loop);
        }
        if (loop->stopping && loop->closing_count == 0) {
            break;
        }
        timeout_ms = is_settled(loop) && !loop->is_awake ? loop_timers_timeout_ms(loop) : 0;
        loop->is_awake = false;
        result = loop->backend->wait(loop, timeout_ms);
        loop_timers_expire(loop);
    }
    loop->backend->hand_over(loop);
    loop->stopping = false;
    return result;
}
