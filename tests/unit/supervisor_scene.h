/*
 * supervisor_scene.h - a supervisor with two slots, tiny workers, and what was told of them.
 */
#ifndef FOOTFALL_TEST_SUPERVISOR_SCENE_H
#define FOOTFALL_TEST_SUPERVISOR_SCENE_H

#include "base/clock.h"
#include "counted_descriptors.h"
#include "process/channel.h"
#include "process/supervisor.h"
#include "test.h"
#include "turning_loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2 };

static struct turning_loop turning;
static struct scoreboard *scoreboard;
static struct supervisor *supervisor;
static unsigned descriptors_before;
static unsigned due_count;
static unsigned ready_count;
static unsigned leaving_count;
static unsigned ended_count;
static unsigned freed_count;
static uint32_t ready_slot;
static uint32_t leaving_slot;
static uint32_t ended_slot;
static struct worker_end last_end;
static uint64_t ended_ms;
static uint64_t due_ms;

static inline void note_due(void *owner)
{
    (void)owner;
    due_count++;
    due_ms = loop_now_ms(turning.loop);
}

static inline void note_ready(void *owner, uint32_t slot, int channel_fd)
{
    (void)owner;
    assert_true(descriptor_is_open(channel_fd));
    ready_slot = slot;
    ready_count++;
}

static inline void note_leaving(void *owner, uint32_t slot)
{
    (void)owner;
    leaving_slot = slot;
    leaving_count++;
}

static inline void note_ended(void *owner, uint32_t slot, const struct worker_end *end)
{
    (void)owner;
    ended_slot = slot;
    last_end = *end;
    ended_ms = loop_now_ms(turning.loop);
    ended_count++;
}

static inline void note_freed(void *owner)
{
    (void)owner;
    freed_count++;
}

static inline void begin(uint64_t worker_timeout_ms)
{
    struct supervisor_settings settings = {
        .workers = WORKERS,
        .worker_timeout_ms = worker_timeout_ms,
    };
    const struct supervisor_events events = {note_due,   note_ready, note_leaving,
                                             note_ended, note_freed, NULL};

    descriptors_before = descriptors_open_now();
    turning_init(&turning);
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    settings.scoreboard = scoreboard;
    due_count = ready_count = leaving_count = ended_count = freed_count = 0;
    assert_int_equal(supervisor_create(turning.loop, &settings, &events, &supervisor), 0);
}

static inline bool none_lives(void *test)
{
    (void)test;
    return supervisor_living(supervisor) == 0;
}

static inline void finish(void)
{
    supervisor_stop_replacing(supervisor);
    supervisor_signal_all(supervisor, SIGKILL);
    turn_until(&turning, none_lives, NULL);
    turn_for(&turning, 2);
    supervisor_destroy(supervisor);
    scoreboard_destroy(scoreboard);
    turning_finish(&turning);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left, not even a dead one */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(descriptors_open_now(), descriptors_before);
}

static inline bool counted(void *test)
{
    return *(const unsigned *)test > 0;
}

/* Waits until one of the counts above is no longer 0, and sets it back. */
static inline void turn_until_told(unsigned *count)
{
    turn_until(&turning, counted, count);
    *count = 0;
}

/* ---- workers ---- */

static inline void leave_when_told(int channel_fd, uint32_t slot)
{
    struct deals deals;

    (void)slot;
    (void)channel_send_word(channel_fd, CHANNEL_READY);
    while (channel_receive_deals(channel_fd, &deals) == -EAGAIN) {
        (void)usleep(1000);
    }
    (void)channel_send_word(channel_fd, CHANNEL_LEAVING);
    _exit(0);
}

static inline void beat_and_stay(int channel_fd, uint32_t slot)
{
    (void)channel_send_word(channel_fd, CHANNEL_READY);
    for (;;) {
        atomic_store(&scoreboard->slots[slot].beat_ms, clock_monotonic_ms());
        (void)usleep(10000);
    }
}

static inline void stay_silent(int channel_fd, uint32_t slot)
{
    (void)slot;
    (void)channel_send_word(channel_fd, CHANNEL_READY);
    for (;;) {
        (void)pause();
    }
}

static inline void exit_with_2(int channel_fd, uint32_t slot)
{
    (void)channel_fd;
    (void)slot;
    _exit(2);
}

static inline void exit_with_1(int channel_fd, uint32_t slot)
{
    (void)channel_fd;
    (void)slot;
    _exit(1);
}

/* Forks the slot that is due; the child does what it is told and does not come back. */
static inline uint32_t start(void (*worker)(int channel_fd, uint32_t slot))
{
    int channel_fd = -1;
    uint32_t slot;
    enum fork_result result;

    assert_true(supervisor_next_due(supervisor, &slot));
    result = supervisor_fork(supervisor, slot, &channel_fd);
    if (result == FORK_CHILD) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* not left behind by a test that fails */
        worker(channel_fd, slot);
        _exit(99);
    }
    assert_int_equal(result, FORK_PARENT);
    assert_int_equal(channel_fd, -1);
    return slot;
}

#endif
