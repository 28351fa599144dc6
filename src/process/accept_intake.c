/*
 * accept_intake.c - connections from listeners of our own, in the single process.
 */
#include "process/intake.h"

#include "loop/descriptor.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdlib.h>

enum {
    ACCEPT_AGAIN_MS = 100,
    DRAIN_ACCEPTS_MAX = 65536, /* a queue is shorter; clients that keep coming must not hold us */
};

struct accept_source {
    struct descriptor descriptor;
    struct accept_intake *intake;
};

struct accept_intake {
    struct intake_events events;
    struct timer_queue timers;
    struct timer retry; /* running while descriptors or memory are short */
    uint32_t sources_count;
    uint32_t open_count;
    bool draining;
    bool destroying;
    struct accept_source sources[LISTENERS_MAX];
};

static void drain_all(struct accept_intake *intake);

static void accept_from_all(void *owner)
{
    struct accept_intake *intake = owner;

    if (intake->draining) {
        drain_all(intake);
        return;
    }
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        if (intake->sources[i].descriptor.read == READ_NONE) {
            descriptor_accept(&intake->sources[i].descriptor);
        }
    }
}

static void accepted(void *owner, int result, const char *bytes)
{
    struct accept_source *source = owner;
    struct accept_intake *intake = source->intake;

    (void)bytes;
    if (result < 0) {
        /* Out of descriptors or memory: the queue holds them until there are some again. */
        timer_start(&intake->retry, &intake->timers, ACCEPT_AGAIN_MS);
        return;
    }
    descriptor_accept(&source->descriptor);
    intake->events.took(intake->events.owner, result);
}

static void source_closed(void *owner)
{
    struct accept_source *source = owner;
    struct accept_intake *intake = source->intake;

    if (--intake->open_count > 0) {
        return;
    }
    if (intake->destroying) {
        timer_queue_finish(&intake->timers);
        free(intake);
    } else {
        intake->events.ended(intake->events.owner);
    }
}

static const struct descriptor_events source_events = {
    .read_done = accepted,
    .closed = source_closed,
};

int accept_intake_create(struct loop *loop, struct listeners *listeners,
                         const struct intake_events *events, struct accept_intake **out_intake)
{
    struct accept_intake *intake = calloc(1, sizeof *intake);

    if (intake == NULL) {
        return -ENOMEM;
    }
    intake->events = *events;
    timer_queue_init(&intake->timers, loop);
    timer_init(&intake->retry, accept_from_all, intake);
    for (uint32_t i = 0; i < listeners->count; i++) {
        struct accept_source *source = &intake->sources[i];

        source->intake = intake;
        descriptor_open(&source->descriptor, loop, listeners->list[i].fd, &source_events, source);
        listeners->list[i].fd = -1;
    }
    intake->sources_count = intake->open_count = listeners->count;
    *out_intake = intake;
    return 0;
}

void accept_intake_start(struct accept_intake *intake)
{
    accept_from_all(intake);
}

void accept_intake_retry(struct accept_intake *intake)
{
    if (timer_is_running(&intake->retry)) {
        timer_stop(&intake->retry);
        accept_from_all(intake);
    }
}

/* Accepts what is queued at one listener, then closes it. False when descriptors or memory are
 * short before that. */
static bool drain_source(struct accept_source *source)
{
    struct accept_intake *intake = source->intake;
    int fd = -EAGAIN;

    if (source->descriptor.closing) {
        return true;
    }
    for (int i = 0; i < DRAIN_ACCEPTS_MAX; i++) {
        fd = descriptor_accept_now(&source->descriptor);
        if (fd < 0) {
            break;
        }
        intake->events.took(intake->events.owner, fd);
    }
    if (fd < 0 && fd != -EAGAIN) {
        return false;
    }
    descriptor_release(&source->descriptor);
    return true;
}

static void drain_all(struct accept_intake *intake)
{
    bool drained = true;

    for (uint32_t i = 0; i < intake->sources_count; i++) {
        drained = drain_source(&intake->sources[i]) && drained;
    }
    if (!drained) {
        timer_start(&intake->retry, &intake->timers, ACCEPT_AGAIN_MS);
    }
}

void accept_intake_drain(struct accept_intake *intake)
{
    if (intake->draining) {
        return;
    }
    intake->draining = true;
    timer_stop(&intake->retry);
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        descriptor_cancel_read(&intake->sources[i].descriptor);
    }
    drain_all(intake);
}

void accept_intake_destroy(struct accept_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    timer_stop(&intake->retry);
    intake->destroying = true;
    if (intake->open_count == 0) {
        timer_queue_finish(&intake->timers);
        free(intake);
        return;
    }
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        descriptor_release(&intake->sources[i].descriptor);
    }
}
