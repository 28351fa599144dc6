/*
 * master.h - the process that must not fail: accepts, deals, and keeps the workers alive.
 *
 * It knows nothing of HTTP or of stores.
 */
#ifndef FOOTFALL_PROCESS_MASTER_H
#define FOOTFALL_PROCESS_MASTER_H

#include "base/scoreboard.h"
#include "base/settings.h"
#include "process/listener.h"
#include "process/notifier.h"

struct master_context {
    const struct settings *settings;
    struct scoreboard *scoreboard;
    struct listeners *listeners;
    const struct notifier *notifier; /* the service manager */
};

enum master_role {
    MASTER_ENDED,     /* this was the master, and every worker has ended */
    MASTER_IS_WORKER, /* this is a new child: it is to become a worker */
};

struct master_result {
    enum master_role role;
    int exit_status; /* of the master */
    uint32_t slot;   /* of the worker */
    int channel_fd;  /* the worker's end; every other descriptor above standard error is closed */
};

/* Serves until it is stopped. In each child that it forks it returns too, so that every process
 * leaves by returning from main(). The signals of signal_set_handled() must be blocked. */
struct master_result master_run(const struct master_context *context);

#endif
