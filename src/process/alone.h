/*
 * alone.h - what an operator asks of a single process, which has no master: by signals.
 *
 *   HUP    reads the settings again; what cannot change in place refuses it as a whole
 *   USR2   the program on disk takes over, with all settings as they are then
 *   WINCH  accepts nothing, and brings the connections to their end; HUP goes on
 *   TTIN, TTOU are refused: there are no workers
 *
 * Embedded in the worker that is alone; its loop.
 */
#ifndef FOOTFALL_PROCESS_ALONE_H
#define FOOTFALL_PROCESS_ALONE_H

#include "base/scoreboard.h"
#include "base/settings.h"
#include "loop/timer.h"
#include "process/change.h"
#include "process/master.h"

struct alone_events {
    void (*apply)(void *owner, const struct settings *settings); /* those of time-outs are new */
    void (*pause)(void *owner);
    void (*resume)(void *owner);
    void (*hand_over)(void *owner); /* another process serves: drain and leave */
    void *owner;
};

/* All borrowed. */
struct alone_context {
    const struct settings *settings; /* to begin with */
    struct scoreboard *scoreboard;
    const struct listeners *listeners; /* that are open */
    const struct notifier *notifier;
    const struct master_events *program;
    const struct upgrade_plan *plan;
};

struct alone {
    struct alone_context context;
    struct alone_events events;
    struct loop *loop;
    struct timer_queue timers;
    struct change change;
    bool is_reload_pending; /* it came during an upgrade */
};

void alone_init(struct alone *alone, struct loop *loop, const struct alone_context *context,
                const struct alone_events *events);

/* Acts on a signal that does not ask to stop. False when it means nothing here. */
bool alone_act(struct alone *alone, int signal_number);

/* It is asked to stop: an upgrade under way is taken back. */
void alone_stop(struct alone *alone);

/* Lets go of the loop. */
void alone_finish(struct alone *alone);

#endif
