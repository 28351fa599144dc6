/*
 * program.h - what this process runs with: its settings, its listeners, and how both are read
 * again.
 *
 * The master and the single process have one; a worker has a copy from the moment of its fork.
 */
#ifndef FOOTFALL_PROCESS_PROGRAM_H
#define FOOTFALL_PROCESS_PROGRAM_H

#include "base/rate_table.h"
#include "base/scoreboard.h"
#include "commands/configuration.h"
#include "loop/loop.h"
#include "process/inheritance.h"
#include "process/listener.h"
#include "process/master.h"
#include "process/notifier.h"
#include "process/pid_file.h"
#include "process/upgrade.h"

/* Settings as they are used. */
struct program_settings {
    struct configuration configuration;
    enum loop_kind loop_kind;
    struct pid_file pid_files[2]; /* beside the admin socket, and the one that was asked for */
};

struct program {
    int arguments_count;
    char *const *arguments; /* before passwords were wiped from them */
    /* Those of the start, which a single process borrows from as long as it lives, and two that
     * take turns at each reload. */
    struct program_settings settings[3];
    uint32_t in_use;
    struct listeners listeners;
    struct listeners next_listeners; /* of settings that are not settled yet */
    struct scoreboard *scoreboard;
    struct rate_table *rates;
    struct notifier notifier;
    struct inheritance inheritance;
    struct upgrade_plan upgrade;
    struct listener left_admin; /* the predecessor's admin side, where ours is elsewhere */
};

/* Opens what serving needs, with settings[0].configuration, which is read already. False, with a
 * sentence, and nothing is left open. */
bool program_open(struct program *program, char out_reason[LISTENER_REASON_BYTES]);

/* Closes and takes away what is this process's own. */
void program_close(struct program *program);

/* The settings that a worker was forked for. */
const struct program_settings *program_settings_of(const struct program *program,
                                                   const struct settings *settings);

/* What a master, or the single process, asks of its program. */
struct master_events program_events(struct program *program);

#endif
