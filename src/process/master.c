/*
 * master.c - readiness, signals, what to do about workers, and the way to the end.
 */
#include "process/master.h"

#include "base/counter.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "process/dealer.h"
#include "process/descriptors.h"
#include "process/log_reopening.h"
#include "process/reception.h"
#include "process/signal_set.h"
#include "process/supervisor.h"
#include "process/worker_exit.h"

#include <signal.h>
#include <string.h>

enum { KILL_GRACE_MS = 250 }; /* past the drain time-out, for workers that end by themselves then */

/* Of each worker, in the master: its pidfd and its channel, and those of a predecessor's end. */
enum { WORKER_DESCRIPTORS = 4 };

enum master_phase {
    MASTER_STARTING, /* until every worker has been ready once */
    MASTER_SERVING,
    MASTER_STOPPING,
};

struct master {
    const struct master_context *context;
    struct loop *loop;
    struct dealer *dealer;
    struct reception *reception;
    struct supervisor *supervisor;
    struct signals signals;
    struct timer_queue timers;
    struct timer kill_limit;
    struct deferred let_leave;
    struct timer sign_of_life; /* the next one for the service manager */
    enum master_phase phase;
    bool is_ready[SCOREBOARD_SLOTS_MAX];
    bool is_leaving[SCOREBOARD_SLOTS_MAX]; /* it has asked for no more */
    bool deals_ended;
    uint32_t stop_signals;
    int exit_status;
};

/* Whether workers accept by themselves: then visitors are not dealt. */
static bool workers_accept(const struct master_context *context)
{
    return context->settings->balance == BALANCE_KERNEL;
}

/* ---- the service manager ---- */

static uint32_t count_ready(const struct master *master)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        count += master->is_ready[i] ? 1 : 0;
    }
    return count;
}

static void tell_status(const struct master *master)
{
    if (master->phase == MASTER_SERVING) {
        notifier_status(master->context->notifier, count_ready(master),
                        master->context->settings->workers);
    }
}

/* Whether a worker has given a sign of life lately, or none is there that could. */
static bool is_alive(const struct master *master)
{
    const uint64_t now_ms = loop_now_ms(master->loop);
    const struct scoreboard_slot *slots = master->context->scoreboard->slots;

    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        if (master->is_ready[i] &&
            now_ms < counter_get(&slots[i].beat_ms) + master->context->notifier->watchdog_ms) {
            return true;
        }
    }
    return count_ready(master) == 0;
}

static void sign_of_life_due(void *owner)
{
    struct master *master = owner;

    if (is_alive(master)) {
        notifier_beat(master->context->notifier);
    }
    timer_start(&master->sign_of_life, &master->timers, master->context->notifier->watchdog_ms / 3);
}

/* ---- the way to the end ---- */

static void finish_if_alone(struct master *master)
{
    if (master->phase == MASTER_STOPPING && supervisor_living(master->supervisor) == 0) {
        loop_stop(master->loop);
    }
}

/* Nothing waits at the listeners any more: every worker is told that this was all, drains and
 * leaves. */
static void end_deals(void *owner)
{
    struct master *master = owner;

    master->deals_ended = true;
    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        dealer_close_slot(master->dealer, i);
        supervisor_end_deals(master->supervisor, i);
    }
    finish_if_alone(master);
}

static void kill_all(void *owner)
{
    struct master *master = owner;

    LOG_EVENT(LOG_WARN, "workers_killed",
              LOG_FIELD_NUMBER("living", supervisor_living(master->supervisor)));
    supervisor_signal_all(master->supervisor, SIGKILL);
}

static void stop(struct master *master)
{
    const struct settings *settings = master->context->settings;

    if (master->phase == MASTER_STOPPING) {
        return;
    }
    master->phase = MASTER_STOPPING;
    atomic_store(&master->context->scoreboard->master.is_stopping, true);
    notifier_stopping(master->context->notifier);
    supervisor_stop_replacing(master->supervisor);
    if (settings->drain_timeout_ms > 0) {
        timer_start(&master->kill_limit, &master->timers,
                    settings->drain_timeout_ms + KILL_GRACE_MS);
    }
    reception_end(master->reception, end_deals, master);
    finish_if_alone(master); /* nobody lives who could take what is queued */
}

static void signal_received(void *owner, int signal_number, bool from_process)
{
    struct master *master = owner;

    if (signal_set_asks_to_stop(signal_number, from_process)) {
        if (++master->stop_signals > 1) {
            kill_all(master); /* a second one ends at once */
            return;
        }
        LOG_EVENT(LOG_INFO, "stopping", LOG_FIELD_NUMBER("signal", signal_number));
        stop(master);
    } else if (from_process && !log_reopening_ask(signal_number, master->context->settings,
                                                  master->context->scoreboard)) {
        LOG_EVENT(LOG_WARN, "signal_ignored", LOG_FIELD_NUMBER("signal", signal_number),
                  LOG_FIELD_TEXT("name", sigabbrev_np(signal_number)));
    }
}

/* ---- workers ---- */

static void fork_due(void *owner)
{
    struct master *master = owner;

    loop_stop(master->loop); /* forks happen outside of it */
}

static void worker_ready(void *owner, uint32_t slot, int channel_fd)
{
    struct master *master = owner;

    master->is_ready[slot] = true;
    if (master->phase == MASTER_STOPPING) {
        supervisor_end_deals(master->supervisor, slot);
        return;
    }
    dealer_open_slot(master->dealer, slot, channel_fd);
    tell_status(master);
    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        if (!master->is_ready[i] && master->phase == MASTER_STARTING) {
            return;
        }
    }
    if (master->phase == MASTER_STARTING) {
        master->phase = MASTER_SERVING;
        notifier_ready(master->context->notifier, count_ready(master),
                       master->context->settings->workers);
        listeners_log_ready(master->context->listeners);
        reception_open(master->reception);
    }
    reception_look(master->reception);
}

/* Acted on at the end of the turn: a signal to the whole group reaches the workers and us at once,
 * and then they still take what is queued. */
static void worker_leaving(void *owner, uint32_t slot)
{
    struct master *master = owner;

    master->is_leaving[slot] = true;
    deferred_start(&master->let_leave, master->loop);
}

static void let_leave(void *owner)
{
    struct master *master = owner;

    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        if (master->is_leaving[i] && (master->phase != MASTER_STOPPING || master->deals_ended)) {
            master->is_leaving[i] = false;
            atomic_store(&master->context->scoreboard->slots[i].others_serve,
                         master->phase != MASTER_STOPPING);
            dealer_close_slot(master->dealer, i);
            supervisor_end_deals(master->supervisor, i);
        }
    }
}

/* Why the slot's worker could not start; empty when it could. */
static const char *reason_of(const struct master *master, uint32_t slot)
{
    return master->context->scoreboard->slots[slot].reason;
}

static void log_end(const struct master *master, uint32_t slot, const struct worker_end *end,
                    uint32_t dealt_again)
{
    if (reason_of(master, slot)[0] != '\0') {
        LOG_EVENT(LOG_WARN, "worker_not_ready", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_TEXT("reason", reason_of(master, slot)));
    } else if (end->signal == 0 && end->exit_status == WORKER_EXIT_DRAINED) {
        LOG_EVENT(LOG_INFO, "worker_left", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_NUMBER("pid", end->pid), LOG_FIELD_NUMBER("dealt_again", dealt_again));
    } else {
        LOG_EVENT(LOG_WARN, "worker_died", LOG_FIELD_NUMBER("slot", slot),
                  LOG_FIELD_NUMBER("pid", end->pid), LOG_FIELD_NUMBER("signal", end->signal),
                  LOG_FIELD_NUMBER("exit_status", end->exit_status),
                  LOG_FIELD_NUMBER("lived_ms", end->lived_ms),
                  LOG_FIELD_NUMBER("dealt_again", dealt_again));
    }
}

/* A worker cannot work with these settings. At the start, or when it was the last, that is the end.
 */
static void give_up(struct master *master, uint32_t slot)
{
    bool is_end = master->phase == MASTER_STARTING || supervisor_expected(master->supervisor) == 0;

    if (master->phase == MASTER_STOPPING) {
        return; /* said already */
    }
    LOG_EVENT(is_end ? LOG_ERROR : LOG_WARN,
              master->phase == MASTER_STARTING ? "start_failed" : "worker_given_up",
              LOG_FIELD_TEXT("reason", reason_of(master, slot)));
    if (is_end) {
        master->exit_status = 1;
        stop(master);
    }
}

static void worker_ended(void *owner, uint32_t slot, const struct worker_end *end)
{
    struct master *master = owner;
    uint32_t dealt_again = dealer_bury_slot(master->dealer, slot, loop_now_ms(master->loop));

    master->is_ready[slot] = master->is_leaving[slot] = false;
    tell_status(master);
    if (end->not_again ||
        (master->phase == MASTER_STARTING && reason_of(master, slot)[0] != '\0')) {
        give_up(master, slot);
    } else {
        log_end(master, slot, end, dealt_again);
    }
    reception_look(master->reception);
    finish_if_alone(master);
}

/* ---- the beginning ---- */

static int open_dealer(struct master *master)
{
    const struct dealer_settings settings = {
        .scoreboard = master->context->scoreboard,
        .slots_count = master->context->settings->workers,
        .worker_connections_max = descriptors_for_connections(0),
        .copies_max =
            descriptors_for_connections(WORKER_DESCRIPTORS * master->context->settings->workers),
    };

    return dealer_create(&settings, &master->dealer);
}

static int open_supervisor(struct master *master)
{
    const struct supervisor_settings settings = {
        .scoreboard = master->context->scoreboard,
        .workers = master->context->settings->workers,
        .worker_timeout_ms = master->context->settings->worker_timeout_ms,
    };
    const struct supervisor_events events = {
        .fork_due = fork_due,
        .ready = worker_ready,
        .leaving = worker_leaving,
        .ended = worker_ended,
        .owner = master,
    };

    return supervisor_create(master->loop, &settings, &events, &master->supervisor);
}

static int open_signals(struct master *master)
{
    sigset_t set;

    signal_set_handled(&set, true);
    return signals_open(&master->signals, master->loop, &set, signal_received, master);
}

/* 0 or -errno. */
static int open_all(struct master *master)
{
    int result = loop_create(LOOP_EPOLL, &master->loop);

    if (result < 0) {
        return result;
    }
    timer_queue_init(&master->timers, master->loop);
    timer_init(&master->kill_limit, kill_all, master);
    deferred_init(&master->let_leave, let_leave, master);
    timer_init(&master->sign_of_life, sign_of_life_due, master);
    if (master->context->notifier->watchdog_ms > 0) {
        sign_of_life_due(master);
    }
    result = open_dealer(master);
    if (result == 0) {
        result = reception_create(master->loop, master->context->listeners, master->dealer,
                                  workers_accept(master->context), &master->reception);
    }
    if (result == 0) {
        result = open_supervisor(master);
    }
    if (result == 0) {
        result = open_signals(master);
    }
    return result;
}

/* Frees everything; the descriptors go with the process, or with descriptors_close_all_but(). */
static void free_all(struct master *master)
{
    reception_destroy(master->reception);
    dealer_destroy(master->dealer);
    supervisor_destroy(master->supervisor);
    if (master->loop != NULL) {
        timer_queue_finish(&master->timers);
        loop_destroy(master->loop);
    }
}

/* Forks what is due. True in a child. */
static bool fork_all_due(struct master *master, struct master_result *result)
{
    uint32_t slot;

    while (supervisor_next_due(master->supervisor, &slot)) {
        if (supervisor_fork(master->supervisor, slot, &result->channel_fd) == FORK_CHILD) {
            result->role = MASTER_IS_WORKER;
            result->slot = slot;
            return true;
        }
    }
    return false;
}

/* In a child: closes what it has of the master's. */
static void close_masters(const struct master_context *context, int channel_fd)
{
    int kept[1 + LISTENERS_MAX] = {channel_fd};
    uint32_t kept_count = 1;

    for (uint32_t i = 0; i < context->listeners->count; i++) {
        struct listener *listener = &context->listeners->list[i];

        if (workers_accept(context) && !listener->is_admin) {
            kept[kept_count++] = listener->fd;
        } else {
            listener->fd = -1;
        }
    }
    descriptors_close_all_but(kept, kept_count);
}

struct master_result master_run(const struct master_context *context)
{
    struct master master = {.context = context};
    struct master_result result = {.role = MASTER_ENDED};
    int opened = open_all(&master);
    bool in_child = false;

    while (opened == 0 && !in_child) {
        in_child = fork_all_due(&master, &result);
        if (!in_child) {
            opened = loop_run(master.loop);
            if (master.phase == MASTER_STOPPING && supervisor_living(master.supervisor) == 0) {
                break;
            }
        }
    }
    free_all(&master);
    if (in_child) {
        close_masters(context, result.channel_fd);
    } else if (opened < 0) {
        LOG_EVENT(LOG_ERROR, "master_failed", LOG_FIELD_TEXT("reason", strerror(-opened)));
        master.exit_status = 1;
    }
    result.exit_status = master.exit_status;
    return result;
}
