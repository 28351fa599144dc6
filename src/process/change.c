/*
 * change.c - begin, time limit, end; and the upgrade in between.
 */
#include "process/change.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

bool change_is_under_way(const struct change *change)
{
    return change->kind != CHANGE_NONE;
}

static void begin(struct change *change, enum change_kind kind)
{
    assert(!change_is_under_way(change));
    change->kind = kind;
    LOG_EVENT(LOG_INFO, kind == CHANGE_RELOAD ? "reloading" : "upgrading");
    scoreboard_change_begin(change->context.board, kind, clock_wall_ms());
    notifier_reloading(change->context.notifier);
    timer_start(&change->limit, change->context.timers, CHANGE_LIMIT_MS);
}

/* It is over, one way or the other. */
static void end(struct change *change, const char *reason)
{
    if (reason != NULL) {
        LOG_EVENT(LOG_ERROR, change->kind == CHANGE_RELOAD ? "reload_failed" : "upgrade_failed",
                  LOG_FIELD_TEXT("reason", reason));
    }
    change->kind = CHANGE_NONE;
    timer_stop(&change->limit);
    scoreboard_change_end(change->context.board, reason, clock_wall_ms());
}

/* ---- reload ---- */

void change_begin_reload(struct change *change)
{
    begin(change, CHANGE_RELOAD);
}

void change_end_reload(struct change *change, const char *reason)
{
    const struct scoreboard_master *board = change->context.board;

    if (reason == NULL) {
        LOG_EVENT(LOG_INFO, "reloaded",
                  LOG_FIELD_NUMBER("generation", atomic_load(&board->generation)),
                  LOG_FIELD_NUMBER("workers", atomic_load(&board->workers_wanted)));
    }
    end(change, reason);
    change->events.ended(change->events.owner);
}

/* ---- upgrade ---- */

static void upgrade_ready(void *owner)
{
    struct change *change = owner;

    LOG_EVENT(LOG_INFO, "upgraded", LOG_FIELD_NUMBER("pid", change->upgrade.pid));
    end(change, NULL);
    change->events.handed_over(change->events.owner);
}

static void upgrade_failed(void *owner, const char *reason)
{
    struct change *change = owner;

    end(change, reason);
    change->events.ended(change->events.owner);
}

void change_upgrade(struct change *change)
{
    const struct upgrade_events events = {upgrade_ready, upgrade_failed, change};
    int result;

    begin(change, CHANGE_UPGRADE);
    if (getpid() == 1) {
        upgrade_failed(change, "as process 1 it cannot leave to another: start a new container");
        return;
    }
    result = upgrade_start(&change->upgrade, change->context.loop, change->context.plan,
                           change->context.listeners, &events);
    if (result < 0) {
        upgrade_failed(change, strerror(-result));
    }
}

void change_stop_upgrade(struct change *change)
{
    if (change->kind == CHANGE_UPGRADE) {
        upgrade_cancel(&change->upgrade, NULL);
        upgrade_failed(change, "it was asked to stop");
    }
}

/* ---- how long it may take ---- */

static void timed_out(void *owner)
{
    struct change *change = owner;

    if (change->kind == CHANGE_UPGRADE) {
        upgrade_cancel(&change->upgrade, "the new process was not ready in time");
    } else {
        change->events.reload_timed_out(change->events.owner);
    }
}

void change_init(struct change *change, const struct change_context *context,
                 const struct change_events *events)
{
    *change = (struct change){.context = *context, .events = *events};
    timer_init(&change->limit, timed_out, change);
}
