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

struct upgrade_plan;

/* What the master cannot do, since it knows nothing of commands and stores. */
struct master_events {
    /* Reads the settings again, and makes the next listeners by them. NULL, with the
     * reason, when they are not right or cannot be taken while it runs. What it returns stays as it
     * is until the reload after the next. */
    const struct settings *(*read_settings)(void *owner, char out_reason[SETTINGS_PROBLEM_BYTES]);
    void (*settle)(void *owner, bool is_taken);      /* the end of that: they are in use, or not */
    void (*serving)(void *owner);                    /* for the first time */
    void (*failed)(void *owner, const char *reason); /* it cannot start */
    void (*handed_over)(void *owner); /* another process has all that is not in memory */
    void *owner;
};

struct master_context {
    const struct settings *settings; /* to begin with */
    struct scoreboard *scoreboard;
    struct listeners *listeners;
    struct listeners *next_listeners; /* while settings that were read are not settled */
    const struct notifier *notifier;  /* the service manager */
    const struct upgrade_plan *upgrade;
    const struct master_events *events;
};

enum master_role {
    MASTER_ENDED,     /* this was the master, and every worker has ended */
    MASTER_IS_WORKER, /* this is a new child: it is to become a worker */
};

struct master_result {
    enum master_role role;
    int exit_status;                 /* of the master */
    uint32_t slot;                   /* of the worker */
    const struct settings *settings; /* the worker's */
    struct listeners *listeners;     /* and those that go with them */
    int channel_fd; /* the worker's end; every other descriptor above standard error is closed */
};

/* Serves until it is stopped. In each child that it forks it returns too, so that every process
 * leaves by returning from main(). The signals of signal_set_handled() must be blocked. */
struct master_result master_run(const struct master_context *context);

#endif
