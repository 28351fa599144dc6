/*
 * accept_intake.c - connections from listening sockets: the single process's own, or those that all
 * workers share.
 *
 * Alone it accepts whatever comes, ahead of being asked. Beside others it is told with all of them
 * that something is queued, accepts a few, and is told again; a worker above its fair share makes a
 * pause before. Accepting ahead (multishot) would give everything to whoever is the first in the
 * kernel's list, and being told exclusively would leave visitors to a worker that stands still.
 *
 * Visitors never get the descriptors that the store needs to come back. What was accepted ahead has
 * its descriptors already, so where there are few it is done one by one, alone too.
 */
#include "process/intake.h"

#include "loop/descriptor.h"
#include "loop/timer.h"

#include <errno.h>
#include <stdlib.h>

enum {
    ACCEPT_AGAIN_MS = 100,
    DRAIN_ACCEPTS_MAX = 65536, /* a queue is shorter; clients that keep coming must not hold us */
    SHARED_ACCEPTS = 4,        /* of one listener, before others that share it have their turn */
    PAUSE_MS = 1,              /* for others to go first */
    VAIN_PAUSES_MAX = 48,      /* one after the other; then none of the others seems to be there */
    NO_PAUSE_MS = 250,         /* for so long then */
    AHEAD_MAX = 16384,         /* connections that may have been accepted before we look */
};

struct accept_source {
    struct descriptor descriptor;
    struct listener *listener;
    enum entrance entrance;
    uint32_t drained_count; /* since the drain began */
    struct accept_intake *intake;
};

struct accept_intake {
    struct intake_events events;
    struct fair_share share;
    bool accepts_ahead;
    struct loop *loop;
    struct timer_queue timers;
    struct timer retry; /* running while descriptors or memory are short */
    struct timer pause; /* running while others go first */
    uint32_t vain_pauses;
    uint64_t no_pause_until_ms;
    uint32_t sources_count;
    uint32_t open_count;
    bool draining;
    bool destroying;
    struct accept_source sources[LISTENERS_MAX];
};

static void drain_all(struct accept_intake *intake);
static void source_drained(struct accept_source *source, int result);

/* Asks for the next connection, or to be told of it. */
static void source_watch(struct accept_source *source)
{
    if (source->descriptor.read != READ_NONE) {
        return;
    }
    if (source->intake->accepts_ahead) {
        descriptor_accept(&source->descriptor);
    } else {
        descriptor_await_readable(&source->descriptor);
    }
}

/* Out of descriptors or memory: the queue holds them until there are some again. */
static void wait_for_room(struct accept_intake *intake)
{
    timer_start(&intake->retry, &intake->timers, ACCEPT_AGAIN_MS);
}

static void watch_all(void *owner)
{
    struct accept_intake *intake = owner;

    if (intake->draining) {
        drain_all(intake);
        return;
    }
    if (fair_share_is_full(&intake->share)) {
        wait_for_room(intake);
        return;
    }
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        source_watch(&intake->sources[i]);
    }
}

/* Accepts what is queued. 0: `accepts_max` of them, there may be more; -EAGAIN: the queue is empty;
 * another -errno: descriptors or memory are short. *out_count: how many it were. */
static int accept_queued(struct accept_source *source, uint32_t accepts_max, uint32_t *out_count)
{
    struct accept_intake *intake = source->intake;

    for (*out_count = 0; *out_count < accepts_max; ++*out_count) {
        int fd = fair_share_is_full(&intake->share) ? -EMFILE
                                                    : descriptor_accept_now(&source->descriptor);

        if (fd < 0) {
            return fd;
        }
        intake->events.took(intake->events.owner, fd, source->entrance);
    }
    return 0;
}

/* ---- ahead ---- */

static void accepted(void *owner, int result, const char *bytes)
{
    struct accept_source *source = owner;
    struct accept_intake *intake = source->intake;

    (void)bytes;
    if (intake->draining) {
        source_drained(source, result);
        return;
    }
    if (result < 0) {
        wait_for_room(intake);
        return;
    }
    intake->events.took(intake->events.owner, result, source->entrance);
    if (fair_share_is_full(&intake->share)) { /* what is held is asked for when there is room */
        wait_for_room(intake);
    } else {
        descriptor_accept(&source->descriptor);
    }
}

/* ---- one by one ---- */

/* Accepts up to `accepts_max` and asks to be told again. Returns how many it were. */
static uint32_t accept_some(struct accept_source *source, uint32_t accepts_max)
{
    uint32_t count;
    int result = accept_queued(source, accepts_max, &count);

    if (result < 0 && result != -EAGAIN) {
        wait_for_room(source->intake);
        return count;
    }
    if (result == 0) {
        loop_stay_awake(source->intake->loop);
    }
    source_watch(source);
    return count;
}

static bool others_go_first(struct accept_intake *intake)
{
    uint64_t now_ms = loop_now_ms(intake->loop);

    if (now_ms < intake->no_pause_until_ms) {
        return false;
    }
    if (!fair_share_is_exceeded(&intake->share, now_ms)) {
        intake->vain_pauses = 0;
        return false;
    }
    return true;
}

static void readable(void *owner, int result, const char *bytes)
{
    struct accept_source *source = owner;
    struct accept_intake *intake = source->intake;

    (void)bytes;
    if (intake->draining) {
        source_drained(source, result);
    } else if (result < 0) {
        wait_for_room(intake);
    } else if (!timer_is_running(&intake->pause) && !others_go_first(intake)) {
        (void)accept_some(source, SHARED_ACCEPTS);
    } else if (!timer_is_running(&intake->pause)) {
        timer_start(&intake->pause, &intake->timers, PAUSE_MS);
    }
}

/* Of what the others have left lying one is ours: they may be slow, or stand still. */
static void pause_is_over(void *owner)
{
    struct accept_intake *intake = owner;
    uint32_t count = 0;

    for (uint32_t i = 0; i < intake->sources_count; i++) {
        if (intake->sources[i].descriptor.read == READ_NONE) {
            count += accept_some(&intake->sources[i], 1);
        }
    }
    intake->vain_pauses = count > 0 ? intake->vain_pauses + 1 : 0;
    if (intake->vain_pauses == VAIN_PAUSES_MAX) {
        intake->vain_pauses = 0;
        intake->no_pause_until_ms = loop_now_ms(intake->loop) + NO_PAUSE_MS;
    }
}

/* ---- beginning and end ---- */

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

static const struct descriptor_events ahead_source_events = {
    .read_done = accepted,
    .closed = source_closed,
};

static const struct descriptor_events one_by_one_source_events = {
    .read_done = readable,
    .closed = source_closed,
};

static bool accepts_ahead(const struct fair_share *share)
{
    return !share->is_shared && share->connections_max >= 2 * AHEAD_MAX;
}

uint32_t accept_intake_connections_max(const struct fair_share *share)
{
    return accepts_ahead(share) ? share->connections_max - AHEAD_MAX : share->connections_max;
}

int accept_intake_create(struct loop *loop, struct listeners *listeners,
                         const struct fair_share *share, const struct intake_events *events,
                         struct accept_intake **out_intake)
{
    struct accept_intake *intake = calloc(1, sizeof *intake);

    if (intake == NULL) {
        return -ENOMEM;
    }
    intake->events = *events;
    intake->share = *share;
    intake->accepts_ahead = accepts_ahead(share);
    intake->share.connections_max = accept_intake_connections_max(share);
    intake->loop = loop;
    timer_queue_init(&intake->timers, loop);
    timer_init(&intake->retry, watch_all, intake);
    timer_init(&intake->pause, pause_is_over, intake);
    for (uint32_t i = 0; i < listeners->count; i++) {
        struct listener *listener = &listeners->list[i];
        struct accept_source *source = &intake->sources[intake->sources_count];

        if (listener->fd < 0) {
            continue;
        }
        source->intake = intake;
        source->listener = listener;
        source->entrance = listener_entrance(listener);
        descriptor_open(&source->descriptor, loop, listener->fd,
                        intake->accepts_ahead ? &ahead_source_events : &one_by_one_source_events,
                        source);
        intake->sources_count++;
    }
    intake->open_count = intake->sources_count;
    *out_intake = intake;
    return 0;
}

void accept_intake_start(struct accept_intake *intake)
{
    watch_all(intake);
}

void accept_intake_retry(struct accept_intake *intake)
{
    if (timer_is_running(&intake->retry)) {
        timer_stop(&intake->retry);
        watch_all(intake);
    }
}

/* Others may share it: no shutdown. */
static void source_release(struct accept_source *source)
{
    source->listener->fd = -1;
    descriptor_release(&source->descriptor);
}

/* The loop may have accepted what nobody asked for yet, which the last accept brings. And when that
 * has told that there is no more, the kernel holds nothing of the listener that would keep it
 * listening beyond its close. */
static void accept_last(struct accept_source *source)
{
    if (fair_share_is_full(&source->intake->share)) {
        wait_for_room(source->intake);
        return;
    }
    if (source->descriptor.read == READ_NONE) {
        descriptor_accept(&source->descriptor);
    }
    descriptor_accept_last(&source->descriptor);
}

/* What the last accept of a listener has brought: closes it when its queue is empty. */
static void source_drained(struct accept_source *source, int result)
{
    struct accept_intake *intake = source->intake;

    if (result >= 0) {
        intake->events.took(intake->events.owner, result, source->entrance);
    }
    if (result == -EAGAIN || ++source->drained_count > DRAIN_ACCEPTS_MAX) {
        source_release(source);
    } else if (result < 0) {
        wait_for_room(intake);
    } else {
        accept_last(source);
    }
}

/* Accepts what is queued, and closes each listener as soon as its queue is empty. */
static void drain_all(struct accept_intake *intake)
{
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        if (!intake->sources[i].descriptor.closing) {
            accept_last(&intake->sources[i]);
        }
    }
}

void accept_intake_hold(struct accept_intake *intake)
{
    if (intake->draining) {
        return;
    }
    timer_stop(&intake->retry);
    timer_stop(&intake->pause);
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        descriptor_cancel_read(&intake->sources[i].descriptor);
    }
}

void accept_intake_drain(struct accept_intake *intake)
{
    if (intake->draining) {
        return;
    }
    accept_intake_hold(intake);
    intake->draining = true;
    drain_all(intake);
}

void accept_intake_leave(struct accept_intake *intake)
{
    timer_stop(&intake->retry);
    timer_stop(&intake->pause);
    for (uint32_t i = 0; i < intake->sources_count; i++) {
        source_release(&intake->sources[i]);
    }
}

void accept_intake_destroy(struct accept_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    intake->destroying = true;
    if (intake->open_count == 0) {
        timer_queue_finish(&intake->timers);
        free(intake);
        return;
    }
    accept_intake_leave(intake);
}
