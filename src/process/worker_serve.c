/*
 * worker_serve.c - what happens while a worker serves.
 */
#include "process/worker_state.h"

#include "base/counter.h"
#include "base/network_address.h"
#include "process/log_reopening.h"
#include "process/signal_set.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BEAT_MS = 500 }; /* between two signs of life, at most */

/* Who is at the other end, as the kernel knows it. */
static struct network_address peer_of(int connection_fd)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof name;

    (void)getpeername(connection_fd, (struct sockaddr *)&name, &length); /* gone: not known */
    return network_address_of((const struct sockaddr *)&name);
}

/* Whom the limit of connections counts one for: a balancer may have any number of them. */
static struct network_address counted_for(const struct worker *worker, enum entrance entrance,
                                          const struct network_address *peer)
{
    static const struct network_address nobody;

    return entrance == ENTRANCE_PROXIED ||
                   network_list_contains(&worker->context->settings->trusted_proxies, peer)
               ? nobody
               : *peer;
}

void worker_took(void *owner, int connection_fd, enum entrance entrance)
{
    struct worker *worker = owner;
    struct network_address peer;
    struct network_address counted;
    uint32_t place;

    if (entrance == ENTRANCE_ADMIN) {
        admin_take(&worker->admin, connection_fd);
        return;
    }
    peer = peer_of(connection_fd);
    counted = counted_for(worker, entrance, &peer);
    if (!visitor_limits_admit(&worker->limits, connection_fd, &counted, &place)) {
        return;
    }
    counter_add(&worker->context->slot->traffic.connections, 1);
    if ((entrance == ENTRANCE_PROXIED ? http_server_take_proxied : http_server_take)(
            worker->server, connection_fd, &peer, place) < 0) {
        visitor_limits_leave(&worker->limits, place); /* without memory it has closed it */
    }
}

/* No more will be dealt, or the listeners are closed. */
void worker_intake_ended(void *owner)
{
    struct worker *worker = owner;

    worker->intake_ended = true;
    worker_drain(worker, atomic_load(&worker->context->slot->others_serve));
    worker_drained(worker);
}

/* The master deals no more, or is gone. Where it never dealt, that tells whose the queue is. */
void worker_deals_ended(void *owner)
{
    struct worker *worker = owner;
    const bool others_serve = atomic_load(&worker->context->slot->others_serve);

    if (worker->accepts == NULL) {
        worker_intake_ended(worker);
        return;
    }
    worker_drain(worker, others_serve);
    if (others_serve) {
        accept_intake_leave(worker->accepts);
    } else {
        accept_intake_drain(worker->accepts);
    }
}

/* Everybody is ready: it is time to accept, if that is what this worker does. */
void worker_deals_begun(void *owner)
{
    struct worker *worker = owner;

    if (worker->accepts != NULL && !worker->draining) {
        atomic_store(&worker->context->slot->state, WORKER_SERVING);
        accept_intake_start(worker->accepts);
    }
}

void worker_connection_ended(void *owner, uint32_t place)
{
    struct worker *worker = owner;

    visitor_limits_leave(&worker->limits, place);
    if (worker->accepts != NULL) {
        accept_intake_retry(worker->accepts);
    }
}

void worker_request_refused(void *owner, const struct refusal *refusal)
{
    struct worker *worker = owner;

    /* The client has its answer: one that is left out is only counted. */
    (void)LOG_EVENT_LIMITED(&worker->refused_limit, LOG_DEBUG, "request_refused",
                            LOG_FIELD_TEXT("fault", refusal->name),
                            LOG_FIELD_NUMBER("status", refusal->status));
}

/* Often enough for a master that has little patience. */
static uint64_t beat_interval_ms(const struct worker *worker)
{
    uint64_t quarter_ms = worker->settings->worker_timeout_ms / 4;

    return quarter_ms == 0 || quarter_ms > BEAT_MS ? BEAT_MS : quarter_ms;
}

bool worker_can_count(void *owner)
{
    const struct worker *worker = owner;

    return !worker->draining && counting_is_ready(&worker->counting);
}

void worker_beat(void *owner)
{
    struct worker *worker = owner;

    atomic_store_explicit(&worker->context->slot->beat_ms, loop_now_ms(worker->loop),
                          memory_order_relaxed);
    atomic_store_explicit(&worker->context->slot->can_count, worker_can_count(worker),
                          memory_order_relaxed);
    counting_beat(&worker->counting);
    access_log_beat(worker->access_log);
    visitor_limits_beat(&worker->limits);
    if (worker_is_alone(worker)) {
        notifier_beat(worker->context->notifier);
    }
    timer_start(&worker->beat, &worker->timers, beat_interval_ms(worker));
}

void worker_signal_received(void *owner, int signal_number, bool from_process)
{
    struct worker *worker = owner;

    if (signal_set_asks_to_stop(signal_number, from_process)) {
        if (worker_is_alone(worker) && ++worker->stop_signals > 1) {
            LOG_EVENT(LOG_WARN, "stop_hard", LOG_FIELD_NUMBER("signal", signal_number));
            listeners_unlink(worker->context->listeners);
            access_log_beat(worker->access_log);
            _exit(0); /* a second one ends at once */
        }
        if (worker_is_alone(worker)) {
            LOG_EVENT(LOG_INFO, "stopping", LOG_FIELD_NUMBER("signal", signal_number));
            alone_stop(&worker->alone);
            if (atomic_exchange(&worker->context->scoreboard->master.state, MASTER_STOPPING) !=
                MASTER_STOPPING) { /* else it has handed over, and the service goes on */
                notifier_stopping(worker->context->notifier);
            }
        }
        worker_drain(worker, false);
    } else if (from_process && !alone_act(&worker->alone, signal_number) &&
               !log_reopening_ask(signal_number, worker->settings, worker->context->scoreboard)) {
        LOG_EVENT(LOG_WARN, "signal_ignored", LOG_FIELD_NUMBER("signal", signal_number),
                  LOG_FIELD_TEXT("name", sigabbrev_np(signal_number)));
    }
}

/* ---- what a single process is asked for ---- */

static void apply_settings(void *owner, const struct settings *settings)
{
    struct worker *worker = owner;

    worker->settings = settings;
    worker->counting.api.settings = settings;
    http_server_set_timeouts(worker->server, settings->header_timeout_ms, settings->body_timeout_ms,
                             settings->idle_timeout_ms);
}

static void pause_serving(void *owner)
{
    struct worker *worker = owner;

    accept_intake_hold(worker->accepts);
    http_server_drain(worker->server, false, worker_drained);
}

static void resume_serving(void *owner)
{
    struct worker *worker = owner;

    http_server_resume(worker->server);
    accept_intake_start(worker->accepts);
}

static void hand_over(void *owner)
{
    struct worker *worker = owner;

    atomic_store(&worker->context->scoreboard->master.state, MASTER_STOPPING);
    atomic_store(&worker->context->slot->others_serve, true);
    worker_drain(worker, true);
}

void worker_open_alone(struct worker *worker)
{
    const struct worker_context *context = worker->context;
    const struct alone_context alone_context = {
        .settings = context->settings,
        .scoreboard = context->scoreboard,
        .listeners = context->listeners,
        .notifier = context->notifier,
        .program = context->events,
        .plan = context->upgrade,
    };
    const struct alone_events events = {apply_settings, pause_serving, resume_serving, hand_over,
                                        worker};

    alone_init(&worker->alone, worker->loop, &alone_context, &events);
}
