/*
 * master.c - readiness, signals, and the way to the end.
 */
#include "process/master.h"

#include "base/counter.h"
#include "process/descriptors.h"
#include "process/log_reopening.h"
#include "process/master_state.h"
#include "process/signal_set.h"

#include <signal.h>
#include <string.h>

enum { KILL_GRACE_MS = 250 }; /* past the drain time-out, for workers that end by themselves then */

/* Of each worker, in the master: its pidfd and its channel, and those of a predecessor's end. */
enum { WORKER_DESCRIPTORS = 4 };

void master_set_state(struct master *master, enum master_state state)
{
    atomic_store(&master->context->scoreboard->master.state, state);
}

/* ---- the service manager ---- */

void master_tell_status(const struct master *master)
{
    if (master_state(master) == MASTER_SERVING) {
        notifier_status(master->context->notifier, master_ready(master), master_wanted(master));
    } else if (master_state(master) == MASTER_PAUSED) {
        notifier_paused(master->context->notifier);
    }
}

/* Whether a worker has given a sign of life lately, or none is there that could. */
static bool is_alive(const struct master *master)
{
    const uint64_t now_ms = loop_now_ms(master->loop);

    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->slots[i].is_ready &&
            now_ms < counter_get(&master_board_slot(master, i)->beat_ms) +
                         master->context->notifier->watchdog_ms) {
            return true;
        }
    }
    return master_ready(master) == 0;
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

void master_finish_if_alone(struct master *master)
{
    if (master_state(master) == MASTER_STOPPING && supervisor_living(master->supervisor) == 0) {
        loop_stop(master->loop);
    }
}

/* Nothing waits at the listeners any more: every worker is told that this was all, drains and
 * leaves. Those that drained before may not wait for idle visitors any more. */
static void end_deals(void *owner)
{
    struct master *master = owner;

    master->deals_ended = true;
    for (uint32_t i = 0; i < supervisor_slots(master->supervisor); i++) {
        if (master->is_handed_over) {
            atomic_store(&master_board_slot(master, i)->others_serve, true);
        } else if (!atomic_load(&master_board_slot(master, i)->is_wanted)) {
            supervisor_signal(master->supervisor, i, SIGTERM);
        }
        dealer_close_slot(master->dealer, i);
        supervisor_end_deals(master->supervisor, i);
    }
    master_finish_if_alone(master);
}

static void kill_all(void *owner)
{
    struct master *master = owner;

    LOG_EVENT(LOG_WARN, "workers_killed",
              LOG_FIELD_NUMBER("living", supervisor_living(master->supervisor)));
    supervisor_signal_all(master->supervisor, SIGKILL);
}

static void begin_end(struct master *master)
{
    const uint64_t timeout_ms = master->settings->drain_timeout_ms;

    master_set_state(master, MASTER_STOPPING);
    supervisor_stop_replacing(master->supervisor);
    if (timeout_ms > 0) {
        timer_start(&master->kill_limit, &master->timers, timeout_ms + KILL_GRACE_MS);
    }
    reception_end(master->reception, master->is_handed_over, end_deals, master);
    master_finish_if_alone(master); /* nobody lives who could take what is queued */
}

void master_stop(struct master *master)
{
    if (master_state(master) != MASTER_STOPPING) {
        master_change_abandon(master);
        notifier_stopping(master->context->notifier);
        begin_end(master);
    }
}

void master_hand_over(struct master *master)
{
    master->is_handed_over = true;
    master->context->events->handed_over(master->context->events->owner);
    begin_end(master);
}

/* ---- signals ---- */

static void asked_to_stop(struct master *master, int signal_number)
{
    if (++master->stop_signals > 1) {
        kill_all(master); /* a second one ends at once */
        return;
    }
    LOG_EVENT(LOG_INFO, "stopping", LOG_FIELD_NUMBER("signal", signal_number));
    if (master->is_handed_over) {
        supervisor_signal_all(master->supervisor, SIGTERM); /* they do not wait for idle visitors */
    }
    master_stop(master);
}

static void signal_received(void *owner, int signal_number, bool from_process)
{
    struct master *master = owner;

    if (signal_set_asks_to_stop(signal_number, from_process)) {
        asked_to_stop(master, signal_number);
        return;
    }
    if (!from_process) {
        return; /* a terminal's, about itself */
    }
    switch (signal_number) {
    case SIGHUP:
        master_reload(master);
        break;
    case SIGUSR2:
        master_upgrade(master);
        break;
    case SIGWINCH:
        master_pause(master);
        break;
    case SIGTTIN:
        master_scale(master, 1);
        break;
    case SIGTTOU:
        master_scale(master, -1);
        break;
    default:
        if (log_reopening_ask(signal_number, master->settings, master->context->scoreboard)) {
            break;
        }
        LOG_EVENT(LOG_WARN, "signal_ignored", LOG_FIELD_NUMBER("signal", signal_number),
                  LOG_FIELD_TEXT("name", sigabbrev_np(signal_number)));
        break;
    }
}

/* ---- the beginning ---- */

static int open_dealer(struct master *master)
{
    const struct dealer_settings settings = {
        .scoreboard = master->context->scoreboard,
        .slots_count = SCOREBOARD_SLOTS_MAX,
        .worker_connections_max = descriptors_for_connections(0),
        .copies_max = descriptors_for_connections(WORKER_DESCRIPTORS * master->settings->workers),
    };

    return dealer_create(&settings, &master->dealer);
}

static int open_supervisor(struct master *master)
{
    const struct supervisor_settings settings = {
        .scoreboard = master->context->scoreboard,
        .worker_timeout_ms = master->settings->worker_timeout_ms,
    };
    const struct supervisor_events events = master_worker_events(master);
    int result = supervisor_create(master->loop, &settings, &events, &master->supervisor);
    uint32_t slot;

    for (uint32_t i = 0; i < master->settings->workers && result == 0; i++) {
        (void)master_add_worker(master, master->settings, &slot); /* there is room */
    }
    if (result == 0) {
        atomic_store(&master->context->scoreboard->master.workers_wanted,
                     master->settings->workers);
    }
    return result;
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
    timer_init(&master->sign_of_life, sign_of_life_due, master);
    master_change_init(master);
    result = open_dealer(master);
    if (result == 0) {
        result = reception_create(master->loop, master->context->listeners, master->dealer,
                                  master->settings->balance == BALANCE_KERNEL, &master->reception);
    }
    if (result == 0) {
        result = open_supervisor(master);
    }
    if (result == 0) {
        result = open_signals(master);
    }
    if (result == 0 && master->context->notifier->watchdog_ms > 0) {
        sign_of_life_due(master);
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
            result->settings = master->slots[slot].settings;
            result->listeners = master->slots[slot].is_candidate ? master->context->next_listeners
                                                                 : master->context->listeners;
            return true;
        }
    }
    return false;
}

/* In a child: closes what it has of the master's. */
static void close_masters(const struct master_result *result)
{
    const bool accepts = result->settings->balance == BALANCE_KERNEL;
    int kept[1 + LISTENERS_MAX] = {result->channel_fd};
    uint32_t kept_count = 1;

    for (uint32_t i = 0; i < result->listeners->count; i++) {
        struct listener *listener = &result->listeners->list[i];

        if (accepts && !listener->is_admin && listener->fd >= 0) {
            kept[kept_count++] = listener->fd;
        } else {
            listener->fd = -1;
        }
    }
    descriptors_close_all_but(kept, kept_count);
}

struct master_result master_run(const struct master_context *context)
{
    struct master master = {
        .context = context,
        .settings = context->settings,
        .generation = 1,
    };
    struct master_result result = {.role = MASTER_ENDED};
    int opened = open_all(&master);
    bool in_child = false;

    while (opened == 0 && !in_child) {
        in_child = fork_all_due(&master, &result);
        if (!in_child) {
            opened = loop_run(master.loop);
            if (master_state(&master) == MASTER_STOPPING &&
                supervisor_living(master.supervisor) == 0) {
                break;
            }
        }
    }
    free_all(&master);
    if (in_child) {
        close_masters(&result);
    } else if (opened < 0) {
        LOG_EVENT(LOG_ERROR, "master_failed", LOG_FIELD_TEXT("reason", strerror(-opened)));
        master.exit_status = 1;
    }
    result.exit_status = master.exit_status;
    return result;
}
