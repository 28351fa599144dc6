/*
 * alone.c - reload in place, upgrade and pause without a master.
 */
#include "process/alone.h"

#include "base/log.h"

#include <signal.h>
#include <string.h>

static struct scoreboard_master *board_of(const struct alone *alone)
{
    return &alone->context.scoreboard->master;
}

/* ---- pause ---- */

static bool is_paused(const struct alone *alone)
{
    return atomic_load(&board_of(alone)->state) == MASTER_PAUSED;
}

static void pause_all(struct alone *alone)
{
    if (!is_paused(alone)) {
        atomic_store(&board_of(alone)->state, MASTER_PAUSED);
        LOG_EVENT(LOG_INFO, "paused");
        notifier_paused(alone->context.notifier);
        alone->events.pause(alone->events.owner);
    }
}

static void resume_all(struct alone *alone)
{
    if (is_paused(alone)) {
        atomic_store(&board_of(alone)->state, MASTER_SERVING);
        LOG_EVENT(LOG_INFO, "resumed");
        notifier_status(alone->context.notifier, 1, 1);
        alone->events.resume(alone->events.owner);
    }
}

/* ---- reload ---- */

static bool is_same_address(const struct address *one, const struct address *other)
{
    return one->is_unix == other->is_unix && one->is_proxied == other->is_proxied &&
           one->port == other->port && strcmp(one->host, other->host) == 0 &&
           strcmp(one->path, other->path) == 0;
}

static bool is_same_listen(const struct settings *now, const struct settings *next)
{
    bool is_same = now->listen_count == next->listen_count;

    for (uint32_t i = 0; i < now->listen_count && is_same; i++) {
        is_same = is_same_address(&now->listen[i], &next->listen[i]);
    }
    return is_same;
}

/* The name of a setting that has changed and cannot in place, or NULL. */
static const char *find_fixed(const struct settings *now, const struct settings *next)
{
    if (!is_same_listen(now, next)) {
        return "listen";
    }
    if (strcmp(now->store, next->store) != 0) {
        return "store";
    }
    if (strcmp(now->key, next->key) != 0) {
        return "key";
    }
    if (now->store_timeout_ms != next->store_timeout_ms) {
        return "store-timeout";
    }
    if (memcmp(&now->trusted_proxies, &next->trusted_proxies, sizeof now->trusted_proxies) != 0) {
        return "trusted-proxy";
    }
    if (strcmp(now->access_log, next->access_log) != 0 ||
        !access_log_format_equals(&now->access_log_format, &next->access_log_format)) {
        return "access-log";
    }
    if (now->connections_max != next->connections_max ||
        now->address_connections_max != next->address_connections_max) {
        return "max-connections";
    }
    if (now->min_rate != next->min_rate) {
        return "min-rate";
    }
    if (now->counters_max != next->counters_max) {
        return "max-counters";
    }
    if (now->rate_clients_max != next->rate_clients_max) {
        return "max-rate-clients";
    }
    if (now->loop != next->loop) {
        return "loop";
    }
    if (now->admin_kind != next->admin_kind || !is_same_address(&now->admin, &next->admin)) {
        return "admin";
    }
    return NULL;
}

/* Whether the new settings are in use. */
static bool reload(struct alone *alone)
{
    const struct master_events *program = alone->context.program;
    const struct settings *next;
    char reason[SETTINGS_PROBLEM_BYTES];
    const char *fixed;

    change_begin_reload(&alone->change);
    next = program->read_settings(program->owner, reason);
    if (next == NULL) {
        change_end_reload(&alone->change, reason);
        return false;
    }
    fixed = find_fixed(alone->context.settings, next);
    if (fixed != NULL) {
        program->settle(program->owner, false);
        (void)snprintf(reason, sizeof reason,
                       "%s: a single process cannot change it in place; USR2 or a restart does",
                       fixed);
        change_end_reload(&alone->change, reason);
        return false;
    }
    program->settle(program->owner, true);
    alone->context.settings = next;
    alone->events.apply(alone->events.owner, next);
    atomic_fetch_add(&board_of(alone)->generation, 1);
    change_end_reload(&alone->change, NULL);
    return true;
}

static void reload_and_resume(struct alone *alone)
{
    if (reload(alone)) {
        resume_all(alone);
    }
}

/* ---- what becomes of a change ---- */

static void handed_over(void *owner)
{
    struct alone *alone = owner;
    const struct master_events *program = alone->context.program;

    program->handed_over(program->owner);
    alone->events.hand_over(alone->events.owner);
}

static void change_ended(void *owner)
{
    struct alone *alone = owner;
    const bool is_reload_pending = alone->is_reload_pending;

    notifier_ready(alone->context.notifier, 1, 1);
    alone->is_reload_pending = false;
    if (is_reload_pending) {
        reload_and_resume(alone);
    }
}

/* ---- signals ---- */

bool alone_act(struct alone *alone, int signal_number)
{
    if (atomic_load(&board_of(alone)->state) == MASTER_STOPPING ||
        change_is_under_way(&alone->change)) {
        alone->is_reload_pending |= signal_number == SIGHUP; /* in case that comes to nothing */
        return signal_number != SIGUSR1;
    }
    switch (signal_number) {
    case SIGHUP:
        reload_and_resume(alone);
        return true;
    case SIGUSR2:
        change_upgrade(&alone->change);
        return true;
    case SIGWINCH:
        pause_all(alone);
        return true;
    case SIGTTIN:
    case SIGTTOU:
        LOG_EVENT(LOG_WARN, "scale_refused",
                  LOG_FIELD_TEXT("reason", "this is a single process: --workers 0"));
        return true;
    default:
        return false;
    }
}

void alone_init(struct alone *alone, struct loop *loop, const struct alone_context *context,
                const struct alone_events *events)
{
    const struct change_context change_context = {
        .loop = loop,
        .timers = &alone->timers,
        .board = &context->scoreboard->master,
        .notifier = context->notifier,
        .plan = context->plan,
        .listeners = context->listeners,
    };
    const struct change_events change_events = {
        .handed_over = handed_over, /* a reload ends before anything else can happen */
        .ended = change_ended,
        .owner = alone,
    };

    *alone = (struct alone){.context = *context, .events = *events, .loop = loop};
    timer_queue_init(&alone->timers, loop);
    change_init(&alone->change, &change_context, &change_events);
}

void alone_stop(struct alone *alone)
{
    alone->is_reload_pending = false;
    change_stop_upgrade(&alone->change);
}

void alone_finish(struct alone *alone)
{
    if (alone->loop != NULL) {
        timer_queue_finish(&alone->timers);
    }
}
