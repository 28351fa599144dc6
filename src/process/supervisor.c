/*
 * supervisor.c - the table of workers and their lives.
 */
#include "process/supervisor.h"

#include "base/log.h"
#include "loop/descriptor.h"
#include "loop/timer.h"
#include "process/channel.h"
#include "process/worker_exit.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    BACK_OFF_MIN_MS = 100, /* before the successor of a worker that died young */
    BACK_OFF_MAX_MS = 5000,
    YOUNG_MS = 1000,
    TICK_MAX_MS = 1000,
    TICK_MIN_MS = 20,
};

enum life {
    LIFE_OVER,    /* nobody has the slot, or comes after who had it */
    LIFE_DUE,     /* to be forked */
    LIFE_PAUSE,   /* until the back-off is over */
    LIFE_LIVING,  /* forked, not reaped */
    LIFE_LEAVING, /* reaped; the loop still holds its descriptors */
};

struct record {
    struct supervisor *supervisor;
    uint32_t slot;
    enum life life;
    bool is_retired; /* nobody comes after it */
    pid_t pid;
    struct descriptor process; /* a pidfd: readable when the worker is dead */
    struct descriptor channel;
    uint32_t open_descriptors;
    uint64_t started_ms;
    uint64_t timeout_ms; /* without a sign of life; what it was when the worker was started */
    uint64_t back_off_ms;
    struct timer pause;
};

struct supervisor {
    struct loop *loop;
    struct supervisor_settings settings;
    struct supervisor_events events;
    struct timer_queue timers;
    struct timer tick;
    uint64_t tick_ms;
    uint64_t last_tick_ms;
    uint64_t measured_from_ms; /* silence before this moment does not count */
    bool replacing;
    uint32_t slots; /* that have been in use: the first ones */
    struct record records[SCOREBOARD_SLOTS_MAX];
};

static struct scoreboard_slot *board_slot(const struct record *record)
{
    return &record->supervisor->settings.scoreboard->slots[record->slot];
}

/* ---- the end of a life ---- */

static void become_due(struct record *record)
{
    struct supervisor *supervisor = record->supervisor;

    if (!supervisor->replacing || record->is_retired) {
        record->life = LIFE_OVER;
        return;
    }
    record->life = LIFE_DUE;
    supervisor->events.fork_due(supervisor->events.owner);
}

static void pause_is_over(void *owner)
{
    become_due(owner);
}

/* At once after a long life; after a short one, or a failed fork, with a pause that doubles. */
static void replace(struct record *record, uint64_t lived_ms)
{
    if (lived_ms >= YOUNG_MS || record->is_retired) {
        record->back_off_ms = 0;
        become_due(record);
        return;
    }
    record->back_off_ms = record->back_off_ms == 0 ? BACK_OFF_MIN_MS : record->back_off_ms * 2;
    if (record->back_off_ms > BACK_OFF_MAX_MS) {
        record->back_off_ms = BACK_OFF_MAX_MS;
    }
    record->life = LIFE_PAUSE;
    timer_start(&record->pause, &record->supervisor->timers, record->back_off_ms);
}

/* The loop has let go of a descriptor of a dead worker; after the last one comes the next life, or
 * the slot is free. */
static void descriptor_closed(void *owner)
{
    struct record *record = owner;
    struct supervisor *supervisor = record->supervisor;

    if (--record->open_descriptors > 0) {
        return;
    }
    if (record->life == LIFE_LEAVING) {
        replace(record, loop_now_ms(supervisor->loop) - record->started_ms);
    }
    if (record->life == LIFE_OVER) {
        supervisor->events.freed(supervisor->events.owner);
    }
}

static struct worker_end end_of(const struct record *record, const siginfo_t *information)
{
    struct worker_end end = {
        .pid = record->pid,
        .lived_ms = loop_now_ms(record->supervisor->loop) - record->started_ms,
    };

    if (information->si_code == CLD_EXITED) {
        end.exit_status = information->si_status;
        end.not_again = end.exit_status == WORKER_EXIT_NOT_AGAIN;
    } else {
        end.signal = information->si_status;
    }
    return end;
}

static void process_ended(void *owner, int result, const char *bytes)
{
    struct record *record = owner;
    struct supervisor *supervisor = record->supervisor;
    siginfo_t information = {.si_pid = 0};
    struct worker_end end;

    (void)result;
    (void)bytes;
    if (waitid(P_PIDFD, (id_t)record->process.fd, &information, WEXITED | WNOHANG) < 0 ||
        information.si_pid == 0) {
        descriptor_await_readable(&record->process);
        return;
    }
    end = end_of(record, &information);
    record->life = end.not_again ? LIFE_OVER : LIFE_LEAVING;
    atomic_store(&board_slot(record)->state, WORKER_ABSENT);
    atomic_store(&board_slot(record)->can_count, false);
    descriptor_release(&record->process);
    descriptor_release(&record->channel);
    supervisor->events.ended(supervisor->events.owner, record->slot, &end);
}

static void channel_readable(void *owner, int result, const char *bytes)
{
    struct record *record = owner;
    struct supervisor *supervisor = record->supervisor;
    enum channel_word word;
    int received = channel_receive_word(record->channel.fd, &word);

    (void)result;
    (void)bytes;
    if (received == 1 && word == CHANNEL_READY) {
        supervisor->events.ready(supervisor->events.owner, record->slot, record->channel.fd);
    } else if (received == 1 && word == CHANNEL_LEAVING) {
        supervisor->events.leaving(supervisor->events.owner, record->slot);
    } else if (received == 0 || (received < 0 && received != -EAGAIN && received != -EINTR)) {
        return; /* its end is closed: the pidfd tells the rest */
    }
    descriptor_await_readable(&record->channel);
}

static const struct descriptor_events process_events = {
    .read_done = process_ended,
    .closed = descriptor_closed,
};

static const struct descriptor_events channel_events = {
    .read_done = channel_readable,
    .closed = descriptor_closed,
};

/* ---- silence ---- */

/* Kills a worker that has given no sign of life for too long. */
static void check_silence(struct record *record, uint64_t now_ms)
{
    const struct supervisor *supervisor = record->supervisor;
    uint64_t beat_ms = atomic_load_explicit(&board_slot(record)->beat_ms, memory_order_relaxed);
    uint64_t since_ms =
        beat_ms > supervisor->measured_from_ms ? beat_ms : supervisor->measured_from_ms;

    if (record->life != LIFE_LIVING || record->timeout_ms == 0 ||
        now_ms < since_ms + record->timeout_ms) {
        return;
    }
    LOG_EVENT(LOG_WARN, "worker_silent", LOG_FIELD_NUMBER("slot", record->slot),
              LOG_FIELD_NUMBER("pid", record->pid),
              LOG_FIELD_NUMBER("silent_ms", now_ms - since_ms));
    (void)pidfd_send_signal(record->process.fd, SIGKILL, NULL, 0);
}

static void tick(void *owner)
{
    struct supervisor *supervisor = owner;
    uint64_t now_ms = loop_now_ms(supervisor->loop);

    if (now_ms - supervisor->last_tick_ms > supervisor->tick_ms + 1000) {
        supervisor->measured_from_ms = now_ms; /* it was us who were silent */
    }
    supervisor->last_tick_ms = now_ms;
    for (uint32_t i = 0; i < supervisor->slots; i++) {
        check_silence(&supervisor->records[i], now_ms);
    }
    timer_start(&supervisor->tick, &supervisor->timers, supervisor->tick_ms);
}

void supervisor_set_worker_timeout(struct supervisor *supervisor, uint64_t worker_timeout_ms)
{
    const uint64_t quarter_ms = worker_timeout_ms / 4;

    supervisor->settings.worker_timeout_ms = worker_timeout_ms;
    if (worker_timeout_ms == 0) {
        timer_stop(&supervisor->tick);
        return;
    }
    supervisor->tick_ms = quarter_ms > TICK_MAX_MS   ? TICK_MAX_MS
                          : quarter_ms < TICK_MIN_MS ? TICK_MIN_MS
                                                     : quarter_ms;
    supervisor->last_tick_ms = loop_now_ms(supervisor->loop);
    timer_start(&supervisor->tick, &supervisor->timers, supervisor->tick_ms);
}

/* ---- the beginning of a life ---- */

int supervisor_create(struct loop *loop, const struct supervisor_settings *settings,
                      const struct supervisor_events *events, struct supervisor **out_supervisor)
{
    struct supervisor *supervisor = calloc(1, sizeof *supervisor);

    if (supervisor == NULL) {
        return -ENOMEM;
    }
    supervisor->loop = loop;
    supervisor->settings = *settings;
    supervisor->events = *events;
    supervisor->replacing = true;
    timer_queue_init(&supervisor->timers, loop);
    timer_init(&supervisor->tick, tick, supervisor);
    for (uint32_t i = 0; i < SCOREBOARD_SLOTS_MAX; i++) {
        struct record *record = &supervisor->records[i];

        record->supervisor = supervisor;
        record->slot = i;
        record->life = i < settings->workers ? LIFE_DUE : LIFE_OVER;
        timer_init(&record->pause, pause_is_over, record);
    }
    supervisor->slots = settings->workers;
    supervisor_set_worker_timeout(supervisor, settings->worker_timeout_ms);
    *out_supervisor = supervisor;
    return 0;
}

bool supervisor_add(struct supervisor *supervisor, uint32_t *out_slot)
{
    for (uint32_t i = 0; i < SCOREBOARD_SLOTS_MAX; i++) {
        struct record *record = &supervisor->records[i];

        if (record->life != LIFE_OVER || record->open_descriptors > 0) {
            continue;
        }
        record->is_retired = false;
        record->back_off_ms = 0;
        if (supervisor->slots <= i) {
            supervisor->slots = i + 1;
        }
        become_due(record);
        *out_slot = i;
        return true;
    }
    return false;
}

bool supervisor_next_due(const struct supervisor *supervisor, uint32_t *out_slot)
{
    for (uint32_t i = 0; i < supervisor->slots; i++) {
        if (supervisor->records[i].life == LIFE_DUE) {
            *out_slot = i;
            return true;
        }
    }
    return false;
}

/* The parent's half: watches the child, and keeps its end of the channel. */
static int adopt(struct record *record, pid_t pid, int channel_fd)
{
    struct supervisor *supervisor = record->supervisor;
    int process_fd = pidfd_open(pid, 0); /* close-on-exec by itself */

    if (process_fd < 0) {
        int result = -errno;

        (void)kill(pid, SIGKILL); /* what cannot be watched may not live; the pid is still ours */
        (void)waitpid(pid, NULL, 0);
        return result;
    }
    record->pid = pid;
    record->life = LIFE_LIVING;
    record->open_descriptors = 2;
    descriptor_open(&record->process, supervisor->loop, process_fd, &process_events, record);
    descriptor_await_readable(&record->process);
    descriptor_open(&record->channel, supervisor->loop, channel_fd, &channel_events, record);
    descriptor_await_readable(&record->channel);
    return 0;
}

static void log_fork_failure(const struct record *record, int result)
{
    LOG_EVENT(LOG_ERROR, "worker_not_started", LOG_FIELD_NUMBER("slot", record->slot),
              LOG_FIELD_TEXT("reason", strerror(-result)));
}

enum fork_result supervisor_fork(struct supervisor *supervisor, uint32_t slot, int *out_channel_fd)
{
    struct record *record = &supervisor->records[slot];
    int channel[2];
    int result = channel_open(channel);
    pid_t pid;

    assert(record->life == LIFE_DUE);
    if (result < 0) {
        log_fork_failure(record, result);
        replace(record, 0);
        return FORK_FAILED;
    }
    record->started_ms = loop_now_ms(supervisor->loop);
    record->timeout_ms = supervisor->settings.worker_timeout_ms;
    scoreboard_slot_clear(board_slot(record), WORKER_STARTING, record->started_ms);
    pid = fork();
    if (pid == 0) {
        (void)close(channel[0]);
        *out_channel_fd = channel[1];
        return FORK_CHILD;
    }
    result = pid < 0 ? -errno : 0;
    (void)close(channel[1]);
    if (result == 0) {
        result = adopt(record, pid, channel[0]);
    }
    if (result < 0) {
        (void)close(channel[0]);
        log_fork_failure(record, result);
        replace(record, 0);
        return FORK_FAILED;
    }
    scoreboard_slot_begin(board_slot(record), pid, record->started_ms);
    return FORK_PARENT;
}

/* ---- all of them ---- */

void supervisor_stop_replacing(struct supervisor *supervisor)
{
    supervisor->replacing = false;
    for (uint32_t i = 0; i < supervisor->slots; i++) {
        struct record *record = &supervisor->records[i];

        if (record->life == LIFE_DUE || record->life == LIFE_PAUSE) {
            timer_stop(&record->pause);
            record->life = LIFE_OVER;
        }
    }
}

void supervisor_retire(struct supervisor *supervisor, uint32_t slot)
{
    struct record *record = &supervisor->records[slot];

    record->is_retired = true;
    if (record->life == LIFE_DUE || record->life == LIFE_PAUSE) {
        timer_stop(&record->pause);
        record->life = LIFE_OVER;
    }
    supervisor_end_deals(supervisor, slot);
}

bool supervisor_has(const struct supervisor *supervisor, uint32_t slot)
{
    return supervisor->records[slot].life != LIFE_OVER;
}

uint32_t supervisor_slots(const struct supervisor *supervisor)
{
    return supervisor->slots;
}

void supervisor_end_deals(struct supervisor *supervisor, uint32_t slot)
{
    struct record *record = &supervisor->records[slot];

    if (record->life == LIFE_LIVING) {
        (void)shutdown(record->channel.fd, SHUT_WR); /* fails only when the worker is gone */
    }
}

void supervisor_signal(struct supervisor *supervisor, uint32_t slot, int signal_number)
{
    if (supervisor->records[slot].life == LIFE_LIVING) {
        (void)pidfd_send_signal(supervisor->records[slot].process.fd, signal_number, NULL, 0);
    }
}

void supervisor_signal_all(struct supervisor *supervisor, int signal_number)
{
    for (uint32_t i = 0; i < supervisor->slots; i++) {
        supervisor_signal(supervisor, i, signal_number);
    }
}

uint32_t supervisor_living(const struct supervisor *supervisor)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < supervisor->slots; i++) {
        count += supervisor->records[i].life == LIFE_LIVING ? 1 : 0;
    }
    return count;
}

uint32_t supervisor_expected(const struct supervisor *supervisor)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < supervisor->slots; i++) {
        count += supervisor_has(supervisor, i) && !supervisor->records[i].is_retired ? 1 : 0;
    }
    return count;
}

void supervisor_destroy(struct supervisor *supervisor)
{
    if (supervisor != NULL) {
        timer_queue_finish(&supervisor->timers);
        free(supervisor);
    }
}
