/*
 * worker.c - the wiring of one serving process, its start, its drain and its end.
 */
#include "process/worker.h"

#include "admin/access_log.h"
#include "admin/admin.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/network_address.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "process/alone.h"
#include "process/intake.h"
#include "process/log_reopening.h"
#include "process/master.h"
#include "process/signal_set.h"
#include "process/visitor_limits.h"
#include "store/store_url.h"
#include "visits/counting.h"
#include "visits/proxy_watch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BEAT_MS = 500,        /* between two signs of life, at most */
    ABORT_GRACE_MS = 200, /* past the drain time-out, for what is cut to be let go of */
    IDLE_END_MS = 2500,   /* before it, for idle connections to be closed in order */
};

struct worker {
    const struct worker_context *context;
    const struct settings *settings; /* in use */
    struct alone alone;
    struct loop *loop;
    struct signals signals;
    struct deal_intake *deals;     /* behind a master, though it may never deal */
    struct accept_intake *accepts; /* alone, or at listeners shared with other workers */
    struct http_server *server;
    struct access_log *access_log; /* NULL: there is none */
    struct admin admin;
    const char *listen[LISTENERS_MAX]; /* the names of the listeners */
    char store_text[STORE_URL_TEXT_BYTES];
    struct counting counting;
    struct timer_queue timers;
    struct timer beat;
    struct timer drain_limit;
    struct timer idle_limit;
    bool draining;
    bool intake_ended;
    bool store_closing;
    uint32_t stop_signals;
    int exit_status;
    struct log_limit refused_limit;
    struct proxy_watch proxy_watch;
    struct visitor_limits limits;
};

static bool is_alone(const struct worker *worker)
{
    return worker->context->channel_fd < 0;
}

/* ---- the end ---- */

static void store_closed(void *owner)
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
    counting_close(&worker->counting, store_closed, worker);
}

static void server_drained(void *owner)
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

    http_server_drain(worker->server, false, server_drained);
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
                    timeout_ms > 2 * IDLE_END_MS ? timeout_ms - IDLE_END_MS : timeout_ms / 2);
    }
}

/* `keeps_idle`: others serve on, so a connection may wait for its next answer to be told. */
static void start_draining(struct worker *worker, bool keeps_idle)
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
    if (is_alone(worker)) {
        accept_intake_drain(worker->accepts);
    } else {
        deal_intake_tell_leaving(worker->deals);
        if (worker->accepts != NULL) {
            accept_intake_hold(worker->accepts); /* what becomes of the queue the master knows */
        }
    }
    http_server_drain(worker->server, keeps_idle, server_drained);
    admin_drain(&worker->admin);
}

/* ---- what happens meanwhile ---- */

/* Who is at the other end, as the kernel knows it. */
static struct network_address peer_of(int connection_fd)
{
    struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof name;

    (void)getpeername(connection_fd, (struct sockaddr *)&name, &length); /* gone: not known */
    return network_address_of((const struct sockaddr *)&name);
}

static void intake_took(void *owner, int connection_fd, uint32_t listener)
{
    struct worker *worker = owner;
    static const struct network_address nobody; /* a balancer may have any number of connections */
    const bool is_proxied = worker->context->listeners->list[listener].is_proxied;
    struct network_address peer;
    uint32_t place;

    if (worker->context->listeners->list[listener].is_admin) {
        admin_take(&worker->admin, connection_fd);
        return;
    }
    peer = peer_of(connection_fd);
    if (!visitor_limits_admit(&worker->limits, connection_fd, is_proxied ? &nobody : &peer,
                              &place)) {
        return;
    }
    counter_add(&worker->context->slot->traffic.connections, 1);
    if ((is_proxied ? http_server_take_proxied(worker->server, connection_fd, &peer, place)
                    : http_server_take(worker->server, connection_fd, &peer, place)) < 0) {
        visitor_limits_leave(&worker->limits, place); /* without memory it has closed it */
    }
}

/* No more will be dealt, or the listeners are closed. */
static void intake_ended(void *owner)
{
    struct worker *worker = owner;

    worker->intake_ended = true;
    start_draining(worker, atomic_load(&worker->context->slot->others_serve));
    end_when_drained(worker);
}

/* The master deals no more, or is gone. Where it never dealt, that tells whose the queue is. */
static void deals_ended(void *owner)
{
    struct worker *worker = owner;
    const bool others_serve = atomic_load(&worker->context->slot->others_serve);

    if (worker->accepts == NULL) {
        intake_ended(worker);
        return;
    }
    start_draining(worker, others_serve);
    if (others_serve) {
        accept_intake_leave(worker->accepts);
    } else {
        accept_intake_drain(worker->accepts);
    }
}

/* Everybody is ready: it is time to accept, if that is what this worker does. */
static void deals_begun(void *owner)
{
    struct worker *worker = owner;

    if (worker->accepts != NULL && !worker->draining) {
        accept_intake_start(worker->accepts);
    }
}

static void connection_ended(void *owner, uint32_t place)
{
    struct worker *worker = owner;

    visitor_limits_leave(&worker->limits, place);
    if (worker->accepts != NULL) {
        accept_intake_retry(worker->accepts);
    }
}

static void request_refused(void *owner, const struct refusal *refusal)
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

static bool can_count(void *owner)
{
    const struct worker *worker = owner;

    return !worker->draining && counting_is_ready(&worker->counting);
}

static void beat(void *owner)
{
    struct worker *worker = owner;

    atomic_store_explicit(&worker->context->slot->beat_ms, loop_now_ms(worker->loop),
                          memory_order_relaxed);
    atomic_store_explicit(&worker->context->slot->can_count, can_count(worker),
                          memory_order_relaxed);
    counting_beat(&worker->counting);
    access_log_beat(worker->access_log);
    visitor_limits_beat(&worker->limits);
    if (is_alone(worker)) {
        notifier_beat(worker->context->notifier);
    }
    timer_start(&worker->beat, &worker->timers, beat_interval_ms(worker));
}

static void signal_received(void *owner, int signal_number, bool from_process)
{
    struct worker *worker = owner;

    if (signal_set_asks_to_stop(signal_number, from_process)) {
        if (is_alone(worker) && ++worker->stop_signals > 1) {
            LOG_EVENT(LOG_WARN, "stop_hard", LOG_FIELD_NUMBER("signal", signal_number));
            listeners_unlink(worker->context->listeners);
            access_log_beat(worker->access_log);
            _exit(0); /* a second one ends at once */
        }
        if (is_alone(worker)) {
            LOG_EVENT(LOG_INFO, "stopping", LOG_FIELD_NUMBER("signal", signal_number));
            alone_stop(&worker->alone);
            atomic_store(&worker->context->scoreboard->master.state, MASTER_STOPPING);
            notifier_stopping(worker->context->notifier);
        }
        start_draining(worker, false);
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
    http_server_set_timeouts(worker->server, settings->header_timeout_ms, settings->body_timeout_ms,
                             settings->idle_timeout_ms);
}

static void pause_serving(void *owner)
{
    struct worker *worker = owner;

    accept_intake_hold(worker->accepts);
    http_server_drain(worker->server, false, server_drained);
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
    start_draining(worker, true);
}

static void open_alone(struct worker *worker)
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

/* ---- the start ---- */

/* Says why it cannot start: a worker to the master, who logs it once for all, the single process
 * to the log. */
static void explain(struct worker *worker, const char *reason)
{
    if (is_alone(worker)) {
        LOG_EVENT(LOG_ERROR, "start_failed", LOG_FIELD_TEXT("reason", reason));
        worker->context->events->failed(worker->context->events->owner, reason);
    } else {
        scoreboard_slot_set_reason(worker->context->slot, reason);
    }
}

/* 0; or -errno with `out_reason`. */
static int open_access_log(struct worker *worker, char *out_reason)
{
    const struct worker_context *context = worker->context;
    const struct access_log_settings settings = {
        .path = context->settings->access_log,
        .format = &context->settings->access_log_format,
        .loop = worker->loop,
        .scoreboard = context->scoreboard,
        .slot_index = context->slot_index,
    };

    return access_log_create(&settings, &worker->access_log, out_reason, STORE_REASON_BYTES);
}

static int open_server(struct worker *worker)
{
    const struct settings *settings = worker->context->settings;
    const struct http_settings http_settings = {
        .header_timeout_ms = settings->header_timeout_ms,
        .body_timeout_ms = settings->body_timeout_ms,
        .idle_timeout_ms = settings->idle_timeout_ms,
        .min_rate = settings->min_rate,
        .limits = http_default_limits,
        .unanswered_max = HTTP_UNANSWERED_MAX,
        .routes = hit_routes,
        .routes_count = hit_routes_count,
        .routes_owner = &worker->counting.hits,
        .refused = request_refused,
        .answered = worker->access_log != NULL ? access_log_add : NULL,
        .answered_owner = worker->access_log,
        .connection_ended = connection_ended,
        .proxies = proxy_watch_proxies(&worker->proxy_watch),
        .owner = worker,
        .limit_listener = {visitor_limits_reached, &worker->limits},
        .connections_gauge = &worker->context->slot->connections,
        .answers = worker->context->slot->traffic.answers,
    };

    return http_server_create(worker->loop, &http_settings, &worker->server);
}

static int open_admin(struct worker *worker)
{
    const struct worker_context *context = worker->context;
    const struct settings *settings = context->settings;
    const struct admin_events events = {can_count, server_drained, worker};
    struct admin_view view = {
        .version = context->version,
        .scoreboard = context->scoreboard,
        .listen = worker->listen,
        .store = worker->store_text,
        .key = settings->key,
    };

    for (uint32_t i = 0; i < context->listeners->count; i++) {
        if (listener_is_in_use(&context->listeners->list[i]) &&
            !context->listeners->list[i].is_admin) {
            worker->listen[view.listen_count++] = context->listeners->list[i].name;
        }
    }
    store_url_write(context->store_url, worker->store_text);
    return admin_open(&worker->admin, worker->loop, &view, &events);
}

static int open_counting(struct worker *worker)
{
    const struct worker_context *context = worker->context;
    const struct counting_settings settings = {
        .store = context->store_url,
        .store_timeout_ms = context->settings->store_timeout_ms,
        .key = slice_of(context->settings->key),
        .slot = context->slot,
        .slot_index = context->slot_index,
        .limit_listener = {visitor_limits_reached, &worker->limits},
    };

    return counting_init(&worker->counting, worker->loop, &settings);
}

static int open_intakes(struct worker *worker)
{
    const struct worker_context *context = worker->context;
    const struct intake_events deal_events = {
        .took = intake_took, .ended = deals_ended, .begun = deals_begun, .owner = worker};
    const struct intake_events accept_events = {
        .took = intake_took, .ended = intake_ended, .owner = worker};
    int result = 0;

    if (!is_alone(worker)) {
        result = deal_intake_create(worker->loop, context->channel_fd, context->slot, &deal_events,
                                    &worker->deals);
    }
    if (result == 0 && context->accepts) {
        result = accept_intake_create(worker->loop, context->listeners, &context->share,
                                      &accept_events, &worker->accepts);
    }
    return result;
}

static int open_signals(struct worker *worker)
{
    sigset_t set;

    signal_set_handled(&set, is_alone(worker));
    return signals_open(&worker->signals, worker->loop, &set, signal_received, worker);
}

/* Makes everything but the loop. 0, or -errno with `out_reason`. */
static int open_all(struct worker *worker, char *out_reason)
{
    int result = open_access_log(worker, out_reason);

    if (result < 0) {
        return result;
    }
    visitor_limits_init(&worker->limits, worker->context->settings, worker->context->scoreboard,
                        worker->context->slot, worker->context->slot_index,
                        accept_intake_connections_max(&worker->context->share));
    result = open_server(worker);
    if (result == 0) {
        result = open_admin(worker);
    }
    if (result == 0) {
        result = open_counting(worker);
    }
    if (result == 0) {
        result = open_signals(worker);
    }
    if (result < 0) {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "a worker cannot be started: %s",
                       strerror(-result));
        return result;
    }
    result = counting_open(&worker->counting, worker->server, out_reason);
    if (result == 0) {
        result = open_intakes(worker);
        if (result < 0) {
            (void)snprintf(out_reason, STORE_REASON_BYTES, "a worker cannot be started: %s",
                           strerror(-result));
        }
    }
    return result;
}

static void tell_ready(struct worker *worker)
{
    LOG_EVENT(LOG_DEBUG, "worker_ready", LOG_FIELD_NUMBER("slot", worker->context->slot_index),
              LOG_FIELD_NUMBER("pid", getpid()),
              LOG_FIELD_TEXT("loop", loop_backend_name(worker->loop)),
              LOG_FIELD_TEXT("store", worker->counting.store->kind->name),
              LOG_FIELD_NUMBER("layout", worker->counting.store->kind->layout));
    beat(worker);
    atomic_store(&worker->context->slot->state, WORKER_SERVING);
    if (is_alone(worker)) {
        accept_intake_start(worker->accepts);
        atomic_store(&worker->context->scoreboard->master.state, MASTER_SERVING);
        worker->context->events->serving(worker->context->events->owner);
        listeners_log_ready(worker->context->listeners);
        notifier_ready(worker->context->notifier, 1, 1);
    } else {
        deal_intake_tell_ready(worker->deals);
    }
}

/* What is short now may be there again for the next try; at the start it is final all the same. */
static bool will_pass(int result)
{
    return result == -ENOMEM || result == -EMFILE || result == -ENFILE || result == -EAGAIN;
}

/* Frees what was made, in any state of making; one more run of the loop lets go of descriptors. */
static void close_all(struct worker *worker)
{
    timer_stop(&worker->beat);
    timer_stop(&worker->drain_limit);
    timer_stop(&worker->idle_limit);
    deal_intake_destroy(worker->deals);
    accept_intake_destroy(worker->accepts);
    if (worker->signals.descriptor.loop != NULL) {
        signals_close(&worker->signals);
    }
    if (worker->server != NULL) {
        http_server_abort(worker->server); /* none is left but after a failure */
    }
    admin_abort(&worker->admin);
    if (worker->counting.store != NULL) {
        counting_close(&worker->counting, store_closed, worker);
    } else {
        loop_stop(worker->loop);
    }
    (void)loop_run(worker->loop);
    counting_finish(&worker->counting);
    http_server_destroy(worker->server);
    access_log_destroy(worker->access_log);
    admin_finish(&worker->admin);
    alone_finish(&worker->alone);
    timer_queue_finish(&worker->timers);
    loop_destroy(worker->loop);
}

int worker_run(const struct worker_context *context)
{
    struct worker worker = {
        .context = context,
        .settings = context->settings,
        .exit_status = WORKER_EXIT_DRAINED,
        .refused_limit = {.burst = 100, .period_ms = 1000},
    };
    char reason[STORE_REASON_BYTES];
    int result = loop_create(context->loop_kind, &worker.loop);

    if (result < 0) {
        explain(&worker, strerror(-result));
        return WORKER_EXIT_FAILED;
    }
    proxy_watch_init(&worker.proxy_watch, &context->settings->trusted_proxies, context->slot);
    timer_queue_init(&worker.timers, worker.loop);
    if (is_alone(&worker)) {
        open_alone(&worker);
    }
    timer_init(&worker.beat, beat, &worker);
    timer_init(&worker.drain_limit, drain_timed_out, &worker);
    timer_init(&worker.idle_limit, end_idle, &worker);
    result = open_all(&worker, reason);
    if (result < 0) {
        explain(&worker, reason);
        worker.exit_status =
            is_alone(&worker) || will_pass(result) ? WORKER_EXIT_FAILED : WORKER_EXIT_NOT_AGAIN;
    } else {
        tell_ready(&worker);
        result = loop_run(worker.loop);
        if (result < 0) {
            LOG_EVENT(LOG_ERROR, "loop_failed", LOG_FIELD_TEXT("reason", strerror(-result)));
            worker.exit_status = WORKER_EXIT_FAILED;
        }
    }
    close_all(&worker);
    return worker.exit_status;
}
