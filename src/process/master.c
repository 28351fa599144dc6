/*
 * master.c - accepting and dealing, readiness, signals, and the way to the end.
 */
#include "process/master.h"

#include "loop/descriptor.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "process/dealer.h"
#include "process/descriptors.h"
#include "process/signal_set.h"
#include "process/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    COLLECT_MS = 5,        /* between two looks at *taken* while copies are out */
    ACCEPT_AGAIN_MS = 100, /* when descriptors or memory are short */
    KILL_GRACE_MS = 250,   /* past the drain time-out, for workers that end by themselves then */
};

enum master_phase {
    MASTER_STARTING, /* until every worker has been ready once */
    MASTER_SERVING,
    MASTER_STOPPING,
};

/* A listener on the loop. */
struct source {
    struct master *master;
    uint32_t index;
    struct descriptor descriptor;
    int held_fd; /* a connection that no worker has room for; -1: none */
};

struct master {
    const struct master_context *context;
    struct loop *loop;
    struct dealer *dealer;
    struct supervisor *supervisor;
    struct signals signals;
    struct timer_queue timers;
    struct timer collect;
    struct timer accept_again;
    struct timer kill_limit;
    struct deferred look;
    enum master_phase phase;
    bool is_ready[SCOREBOARD_SLOTS_MAX];
    bool is_leaving[SCOREBOARD_SLOTS_MAX]; /* it has asked for no more */
    bool deals_ended;
    uint32_t stop_signals;
    int exit_status;
    uint32_t sources_count;
    struct source sources[LISTENERS_MAX];
};

static void end_backlog(struct master *master);
static void finish_if_alone(struct master *master);

/* ---- accepting and dealing ---- */

/* Deals a connection, or holds it until there is room. */
static bool offer(struct source *source, int fd)
{
    struct master *master = source->master;

    if (dealer_deal(master->dealer, fd, source->index, loop_now_ms(master->loop)) == 0) {
        source->held_fd = -1;
        return true;
    }
    source->held_fd = fd;
    return false;
}

/* Goes on accepting where nothing is held. */
static void accept_on(struct master *master)
{
    for (uint32_t i = 0; i < master->sources_count && master->phase == MASTER_SERVING; i++) {
        struct source *source = &master->sources[i];

        if (source->held_fd >= 0 && !offer(source, source->held_fd)) {
            continue;
        }
        if (source->descriptor.read == READ_NONE && !timer_is_running(&master->accept_again)) {
            descriptor_accept(&source->descriptor);
        }
    }
}

static bool holds_something(const struct master *master)
{
    for (uint32_t i = 0; i < master->sources_count; i++) {
        if (master->sources[i].held_fd >= 0) {
            return true;
        }
    }
    return dealer_outstanding(master->dealer) > 0 || dealer_waiting(master->dealer) > 0;
}

/* Workers that were asked to leave, alone, get no more. */
static void let_leave(struct master *master)
{
    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        if (master->is_leaving[i]) {
            master->is_leaving[i] = false;
            dealer_close_slot(master->dealer, i);
            supervisor_end_deals(master->supervisor, i);
        }
    }
}

/* Looks what was taken, and does what that has made room for. */
static void look(void *owner)
{
    struct master *master = owner;

    dealer_collect(master->dealer, loop_now_ms(master->loop));
    if (master->phase == MASTER_STOPPING) {
        end_backlog(master);
    } else {
        let_leave(master);
        accept_on(master);
    }
    if (holds_something(master) && !timer_is_running(&master->collect)) {
        timer_start(&master->collect, &master->timers, COLLECT_MS);
    }
    finish_if_alone(master); /* a stop may find no worker that could take what is queued */
}

static void accept_again(void *owner)
{
    accept_on(owner);
}

static void accepted(void *owner, int result, const char *bytes)
{
    struct source *source = owner;
    struct master *master = source->master;

    (void)bytes;
    if (result < 0) {
        /* Out of descriptors or memory: the queue holds them until there are some again. */
        timer_start(&master->accept_again, &master->timers, ACCEPT_AGAIN_MS);
        return;
    }
    if (offer(source, result)) {
        descriptor_accept(&source->descriptor);
    }
    deferred_start(&master->look, master->loop);
}

static const struct descriptor_events source_events = {.read_done = accepted};

/* ---- the way to the end ---- */

static void finish_if_alone(struct master *master)
{
    if (master->phase == MASTER_STOPPING && supervisor_living(master->supervisor) == 0) {
        loop_stop(master->loop);
    }
}

/* Tells every worker that this was all: they drain and leave. */
static void end_deals(struct master *master)
{
    if (master->deals_ended) {
        return;
    }
    master->deals_ended = true;
    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        dealer_close_slot(master->dealer, i);
        supervisor_end_deals(master->supervisor, i);
    }
    finish_if_alone(master);
}

/* Deals what is queued at a listener, then closes it. False while no worker has room. */
static bool end_source(struct source *source)
{
    int fd;

    if (source->descriptor.closing) {
        return true;
    }
    if (source->held_fd >= 0 && !offer(source, source->held_fd)) {
        return false;
    }
    while ((fd = accept4(source->descriptor.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        if (!offer(source, fd)) {
            return false;
        }
    }
    descriptor_release(&source->descriptor);
    source->master->context->listeners->list[source->index].fd = -1;
    return true;
}

static void end_backlog(struct master *master)
{
    bool ended = true;

    for (uint32_t i = 0; i < master->sources_count; i++) {
        ended = end_source(&master->sources[i]) && ended;
    }
    if (ended && dealer_waiting(master->dealer) == 0) {
        end_deals(master);
    }
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
    bool was_serving = master->phase == MASTER_SERVING;

    if (master->phase == MASTER_STOPPING) {
        return;
    }
    master->phase = MASTER_STOPPING;
    supervisor_stop_replacing(master->supervisor);
    timer_stop(&master->accept_again);
    for (uint32_t i = 0; i < master->sources_count; i++) {
        descriptor_cancel_read(&master->sources[i].descriptor);
    }
    if (settings->drain_timeout_ms > 0) {
        timer_start(&master->kill_limit, &master->timers,
                    settings->drain_timeout_ms + KILL_GRACE_MS);
    }
    if (was_serving) {
        look(master);
    } else {
        end_deals(master);
    }
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
    } else if (from_process) {
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
    for (uint32_t i = 0; i < master->context->settings->workers; i++) {
        if (!master->is_ready[i] && master->phase == MASTER_STARTING) {
            return;
        }
    }
    if (master->phase == MASTER_STARTING) {
        master->phase = MASTER_SERVING;
        listeners_log_ready(master->context->listeners);
    }
    deferred_start(&master->look, master->loop);
}

/* Acted on at the end of the turn: a signal to the whole group reaches the workers and us at once,
 * and then they still take what is queued. */
static void worker_leaving(void *owner, uint32_t slot)
{
    struct master *master = owner;

    master->is_leaving[slot] = true;
    deferred_start(&master->look, master->loop);
}

static void log_end(uint32_t slot, const struct worker_end *end, uint32_t dealt_again)
{
    if (end->signal == 0 && end->exit_status == 0) {
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
    const char *reason = master->context->scoreboard->slots[slot].reason;

    if (master->phase == MASTER_STOPPING) {
        return; /* said already */
    }
    LOG_EVENT(LOG_ERROR, master->phase == MASTER_STARTING ? "start_failed" : "worker_given_up",
              LOG_FIELD_TEXT("reason", reason));
    if (master->phase == MASTER_STARTING || supervisor_expected(master->supervisor) == 0) {
        master->exit_status = 1;
        dealer_drop_waiting(master->dealer);
        master->phase = MASTER_STARTING; /* nobody could serve what is queued */
        stop(master);
    }
}

static void worker_ended(void *owner, uint32_t slot, const struct worker_end *end)
{
    struct master *master = owner;
    uint32_t dealt_again = dealer_bury_slot(master->dealer, slot, loop_now_ms(master->loop));

    master->is_ready[slot] = master->is_leaving[slot] = false;
    if (end->not_again) {
        give_up(master, slot);
    } else {
        log_end(slot, end, dealt_again);
    }
    if (master->phase == MASTER_STOPPING && supervisor_living(master->supervisor) == 0) {
        dealer_drop_waiting(master->dealer);
    }
    deferred_start(&master->look, master->loop);
}

/* ---- the beginning ---- */

static int open_dealer(struct master *master)
{
    const struct dealer_settings settings = {
        .scoreboard = master->context->scoreboard,
        .slots_count = master->context->settings->workers,
        .worker_connections_max = descriptors_for_connections(),
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

static void open_sources(struct master *master)
{
    const struct listeners *listeners = master->context->listeners;

    for (uint32_t i = 0; i < listeners->count; i++) {
        struct source *source = &master->sources[i];

        *source = (struct source){.master = master, .index = i, .held_fd = -1};
        descriptor_open(&source->descriptor, master->loop, listeners->list[i].fd, &source_events,
                        source);
    }
    master->sources_count = listeners->count;
}

/* 0 or -errno. */
static int open_all(struct master *master)
{
    int result = loop_create(&master->loop);

    if (result < 0) {
        return result;
    }
    timer_queue_init(&master->timers, master->loop);
    timer_init(&master->collect, look, master);
    timer_init(&master->accept_again, accept_again, master);
    timer_init(&master->kill_limit, kill_all, master);
    deferred_init(&master->look, look, master);
    result = open_dealer(master);
    if (result == 0) {
        result = open_supervisor(master);
    }
    if (result == 0) {
        result = open_signals(master);
    }
    if (result == 0) {
        open_sources(master);
    }
    return result;
}

/* Frees everything; the descriptors go with the process, or with descriptors_close_all_but(). */
static void free_all(struct master *master)
{
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
        descriptors_close_all_but(result.channel_fd);
    } else if (opened < 0) {
        LOG_EVENT(LOG_ERROR, "start_failed", LOG_FIELD_TEXT("reason", strerror(-opened)));
        master.exit_status = 1;
    }
    result.exit_status = master.exit_status;
    return result;
}
