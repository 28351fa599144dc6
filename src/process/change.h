/*
 * change.h - the reload or upgrade that is under way: one at a time, each whole or not at all.
 *
 * What it is for a master and for a single process alike: its beginning, how long it may take, and
 * its end, told in the log, in the scoreboard and to the service manager. All of an upgrade is done
 * here; a reload is its owner's. Embedded in the owner; its loop.
 */
#ifndef FOOTFALL_PROCESS_CHANGE_H
#define FOOTFALL_PROCESS_CHANGE_H

#include "base/scoreboard.h"
#include "loop/timer.h"
#include "process/listener.h"
#include "process/notifier.h"
#include "process/upgrade.h"

enum { CHANGE_LIMIT_MS = 20 * 1000 }; /* a command waits for 30 seconds */

/* All borrowed. */
struct change_context {
    struct loop *loop;
    struct timer_queue *timers;
    struct scoreboard_master *board;
    const struct notifier *notifier;
    const struct upgrade_plan *plan;
    const struct listeners *listeners; /* that a successor gets */
};

struct change_events {
    void (*reload_timed_out)(void *owner); /* which is to end it */
    void (*handed_over)(void *owner);      /* after an upgrade: another process serves */
    void (*ended)(void *owner);            /* after every other end: we still serve */
    void *owner;
};

struct change {
    struct change_context context;
    struct change_events events;
    enum change_kind kind; /* under way */
    struct timer limit;
    struct upgrade upgrade;
};

void change_init(struct change *change, const struct change_context *context,
                 const struct change_events *events);

bool change_is_under_way(const struct change *change);

/* Begins a reload. None is under way. */
void change_begin_reload(struct change *change);

/* The reload has ended: its settings are in use, which the scoreboard tells already; or with
 * `reason` nothing has changed. */
void change_end_reload(struct change *change, const char *reason);

/* Begins an upgrade, which may have failed before the call returns. None is under way. */
void change_upgrade(struct change *change);

/* Takes back an upgrade that is under way: it was asked to stop. */
void change_stop_upgrade(struct change *change);

#endif
