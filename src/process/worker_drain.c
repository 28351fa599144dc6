/*
 * worker_drain.c - how a worker comes to its end.
 */
#include "process/worker_state.h"

#include <unistd.h>

enum {
    ABORT_GRACE_MS = 200, /* past the drain time-out, for what is cut to be let go of */
};

/* Before it, for idle connections to be closed in order. */
static const uint64_t idle_end_ms = 2500;

void worker_store_closed(void *owner)
{
    struct worker *worker = owner;

    timer_stop(&worker->drain_limit);
    loop_stop(worker->loop);
}

/* No connection is left, and none will come: what is counted goes to the store, then it ends. */
static void end_when_drained(struct worker *worker)
{
    if (!worker->intake_ended || http_server_connections(worker->server) > 0 ||
        admin_connections(&worker->admin) > 0 || worker->store_closing) {
        return;
    }
    worker->store_closing = true;
    counting_close(&worker->counting, worker_store_closed, worker);
}

void worker_drained(void *owner)
{
    end_when_drained(owner);
}

static void store_will_not_close(void *owner)
{
    struct worker *worker = owner;

    LOG_EVENT(LOG_WARN, "worker_ended_hard", LOG_FIELD_NUMBER("slot", worker->context->slot_index));
    access_log_beat(worker->access_log);
    _exit(worker->exit_status); /* a commit hangs: past the drain time-out nothing waits for it */
}

static void drain_timed_out(void *owner)
{
    struct worker *worker = owner;

    LOG_EVENT(LOG_WARN, "drain_timed_out", LOG_FIELD_NUMBER("slot", worker->context->slot_index),
              LOG_FIELD_NUMBER("connections", http_server_connections(worker->server)));
    timer_init(&worker->drain_limit, store_will_not_close, worker);
    timer_start(&worker->drain_limit, &worker->timers, ABORT_GRACE_MS);
    worker->intake_ended = true;
    if (worker->accepts != NULL) {
        accept_intake_leave(worker->accepts); /* or each that is cut would make room for another */
    }
    http_server_abort(worker->server);
    admin_abort(&worker->admin);
    end_when_drained(worker);
}

static void end_idle(void *owner)
{
    struct worker *worker = owner;

    http_server_drain(worker->server, false, worker_drained);
}

static void start_drain_limits(struct worker *worker, bool keeps_idle)
{
    const uint64_t timeout_ms = worker->settings->drain_timeout_ms;

    if (timeout_ms == 0) {
        return;
    }
    timer_start(&worker->drain_limit, &worker->timers, timeout_ms);
    if (keeps_idle) {
        timer_start(&worker->idle_limit, &worker->timers,
                    timeout_ms > 2 * idle_end_ms ? timeout_ms - idle_end_ms : timeout_ms / 2);
    }
}

/* `keeps_idle`: others serve on, so a connection may wait for its next answer to be told. */
void worker_drain(struct worker *worker, bool keeps_idle)
{
    if (worker->draining) {
        if (!keeps_idle) {
            end_idle(worker);
        }
        return;
    }
    worker->draining = true;
    atomic_store(&worker->context->slot->state, WORKER_DRAINING);
    atomic_store(&worker->context->slot->can_count, false);
    start_drain_limits(worker, keeps_idle);
    if (worker_is_alone(worker)) {
        accept_intake_drain(worker->accepts);
    } else {
        deal_intake_tell_leaving(worker->deals);
        if (worker->accepts != NULL) {
            accept_intake_hold(worker->accepts); /* what becomes of the queue the master knows */
        }
    }
    http_server_drain(worker->server, keeps_idle, worker_drained);
    admin_drain(&worker->admin);
}

void worker_drain_init(struct worker *worker)
{
    timer_init(&worker->drain_limit, drain_timed_out, worker);
    timer_init(&worker->idle_limit, end_idle, worker);
}
