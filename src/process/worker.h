/*
 * worker.h - the process that serves visitors: behind the master, or alone.
 *
 * It joins everything: connections from an intake, HTTP, the tally and a store, on one loop.
 */
#ifndef FOOTFALL_PROCESS_WORKER_H
#define FOOTFALL_PROCESS_WORKER_H

#include "base/scoreboard.h"
#include "base/settings.h"
#include "loop/loop.h"
#include "process/fair_share.h"
#include "process/listener.h"
#include "process/notifier.h"
#include "process/worker_exit.h"

struct rate_table;
struct store_url;

struct worker_context {
    const char *version;
    const struct settings *settings;
    const struct store_url *store_url; /* with its secrets */
    enum loop_kind loop_kind;
    struct scoreboard *scoreboard;
    struct scoreboard_slot *slot; /* this worker's */
    struct rate_table *rates;     /* of all workers */
    uint32_t slot_index;
    int channel_fd;              /* the worker's end; -1: alone */
    struct listeners *listeners; /* those that are open it accepts from by itself */
    bool accepts;                /* whether there are any */
    struct fair_share share;     /* of what comes to them */
    /* Alone: */
    const struct notifier *notifier; /* the service manager */
    const struct master_events *events;
    const struct upgrade_plan *upgrade;
};

/* Serves until it has been drained. Returns the process's exit status (enum worker_exit); the
 * single process logs its own errors, a worker writes why it cannot start into its slot. Takes the
 * descriptors of the context. */
int worker_run(const struct worker_context *context);

#endif
