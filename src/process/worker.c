/*
 * worker.c - the wiring of one serving process: how it is made and taken apart.
 */
#include "process/worker_state.h"

#include "base/clock.h"
#include "process/master.h"
#include "process/signal_set.h"
#include "visits/api_reply.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Says why it cannot start: a worker to the master, who logs it once for all, the single process
 * to the log. */
static void explain(struct worker *worker, const char *reason)
{
    if (worker_is_alone(worker)) {
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
        .calls = api_route_calls(&worker->counting.api),
        .error_fields = api_reply_fields_for_other_hosts,
        .refused = worker_request_refused,
        .answered = worker->access_log != NULL ? access_log_add : NULL,
        .answered_owner = worker->access_log,
        .connection_ended = worker_connection_ended,
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
    const struct admin_events events = {worker_can_count, worker_drained, worker};
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
        .settings_in_use = context->settings,
        .scoreboard = context->scoreboard,
        .version = context->version,
        .rates = context->rates,
    };

    return counting_init(&worker->counting, worker->loop, &settings);
}

static int open_intakes(struct worker *worker)
{
    const struct worker_context *context = worker->context;
    const struct intake_events deal_events = {.took = worker_took,
                                              .ended = worker_deals_ended,
                                              .begun = worker_deals_begun,
                                              .owner = worker};
    const struct intake_events accept_events = {
        .took = worker_took, .ended = worker_intake_ended, .owner = worker};
    int result = 0;

    if (!worker_is_alone(worker)) {
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

    signal_set_handled(&set, worker_is_alone(worker));
    return signals_open(&worker->signals, worker->loop, &set, worker_signal_received, worker);
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
    worker_beat(worker);
    if (worker_is_alone(worker)) {
        atomic_store(&worker->context->slot->state, WORKER_SERVING);
        accept_intake_start(worker->accepts);
        atomic_store(&worker->context->scoreboard->master.state, MASTER_SERVING);
        worker->context->events->serving(worker->context->events->owner);
        listeners_log_ready(worker->context->listeners);
        notifier_ready(worker->context->notifier, 1, 1);
        return;
    }
    if (worker->accepts == NULL) { /* else others would leave it visitors before it may begin */
        atomic_store(&worker->context->slot->state, WORKER_SERVING);
    }
    deal_intake_tell_ready(worker->deals);
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
        counting_close(&worker->counting, worker_store_closed, worker);
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
    if (worker_is_alone(&worker)) {
        worker_open_alone(&worker);
    }
    timer_init(&worker.beat, worker_beat, &worker);
    worker_drain_init(&worker);
    result = open_all(&worker, reason);
    if (result < 0) {
        explain(&worker, reason);
        worker.exit_status = worker_is_alone(&worker) || will_pass(result) ? WORKER_EXIT_FAILED
                                                                           : WORKER_EXIT_NOT_AGAIN;
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
