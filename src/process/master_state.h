/*
 * master_state.h - what the parts of the master share. Private to them.
 *
 * master.c begins and ends it all, master_workers.c follows the lives of workers,
 * master_change.c is what an operator asks for while it serves.
 */
#ifndef FOOTFALL_PROCESS_MASTER_STATE_H
#define FOOTFALL_PROCESS_MASTER_STATE_H

#include "loop/loop.h"
#include "loop/signals.h"
#include "loop/timer.h"
#include "process/change.h"
#include "process/dealer.h"
#include "process/master.h"
#include "process/reception.h"
#include "process/supervisor.h"

enum { MASTER_REASON_BYTES = SETTINGS_PROBLEM_BYTES };

/* A slot as the master sees it. */
struct master_slot {
    const struct settings *settings; /* of its worker */
    uint64_t generation;             /* of those settings */
    int channel_fd;                  /* of the worker that is ready */
    bool is_ready;
    bool is_leaving;   /* it has asked for no more */
    bool is_candidate; /* its settings are not in use yet */
};

/* What was asked for while it could not be done; done in this order. */
struct master_pending {
    bool is_reload;
    bool is_upgrade;
    bool is_pause;
    int32_t workers; /* so many more, or fewer */
};

struct master {
    const struct master_context *context;
    const struct settings *settings; /* in use */
    struct loop *loop;
    struct dealer *dealer;
    struct reception *reception;
    struct supervisor *supervisor;
    struct signals signals;
    struct timer_queue timers;
    struct timer kill_limit;
    struct change change;
    struct timer look_again; /* whether new workers can count */
    struct deferred let_leave;
    struct deferred run_pending;
    struct timer sign_of_life; /* the next one for the service manager */
    struct master_pending pending;
    const struct settings *candidate; /* of the reload under way; NULL: there is none */
    bool waits_for_slots;             /* the reload under way does; it has no candidate then */
    bool is_handed_over;              /* to another master, which serves */
    uint64_t generation;
    uint32_t paused_workers; /* how many there were */
    bool deals_ended;
    uint32_t stop_signals;
    int exit_status;
    struct master_slot slots[SCOREBOARD_SLOTS_MAX];
};

static inline enum master_state master_state(const struct master *master)
{
    return (enum master_state)atomic_load(&master->context->scoreboard->master.state);
}

static inline struct scoreboard_slot *master_board_slot(const struct master *master, uint32_t slot)
{
    return &master->context->scoreboard->slots[slot];
}

/* ---- master.c ---- */

void master_set_state(struct master *master, enum master_state state);

/* Brings everything to its end. */
void master_stop(struct master *master);

/* Another master serves: the same, but what is queued is left to that one. */
void master_hand_over(struct master *master);

/* Leaves the loop when it is stopping and no worker lives. */
void master_finish_if_alone(struct master *master);

/* Tells the service manager how many serve. */
void master_tell_status(const struct master *master);

/* ---- master_workers.c ---- */

/* The events of the supervisor, for `master`. */
struct supervisor_events master_worker_events(struct master *master);

/* Starts a worker with `settings`. False when no slot is free. */
bool master_add_worker(struct master *master, const struct settings *settings, uint32_t *out_slot);

/* The slot's worker, which is ready, gets visitors from now on. */
void master_let_serve(struct master *master, uint32_t slot);

/* The slot's worker is to leave, and nobody comes after it. */
void master_retire_worker(struct master *master, uint32_t slot);

/* The wanted workers' number, and of those that are ready. */
uint32_t master_wanted(const struct master *master);
uint32_t master_ready(const struct master *master);

/* Why the slot's worker could not start; empty when it could. */
const char *master_reason_of(const struct master *master, uint32_t slot);

/* The deferred call that lets workers go which have asked to. */
void master_let_leave(void *owner);

/* ---- master_change.c ---- */

/* What a signal asks for: at once, or as soon as what is under way has ended. */
void master_reload(struct master *master);
void master_upgrade(struct master *master);
void master_pause(struct master *master);
void master_scale(struct master *master, int32_t workers);

/* A worker with new settings is ready, or has ended before its settings were in use. */
void master_candidate_ready(struct master *master);
void master_candidate_ended(struct master *master, uint32_t slot, const struct worker_end *end);

/* The timers and the deferred call of changes. */
void master_change_init(struct master *master);

/* Takes back what is under way: everything ends. */
void master_change_abandon(struct master *master);

#endif
