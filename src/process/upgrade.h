/*
 * upgrade.h - another program takes over: the one that is on disk now.
 *
 * It is started as a child with the same arguments and environment, the listening sockets as
 * LISTEN_FDS says (sd_listen_fds(3)), and one more socket over which it says when it is ready, or
 * why it cannot be. Until then this process serves on.
 */
#ifndef FOOTFALL_PROCESS_UPGRADE_H
#define FOOTFALL_PROCESS_UPGRADE_H

#include "loop/descriptor.h"
#include "process/listener.h"

#include <limits.h>
#include <sys/types.h>

enum { UPGRADE_REASON_BYTES = 512 };

/* What is started. */
struct upgrade_plan {
    char program[PATH_MAX]; /* its path, remembered at the start; "" when it was not to be found */
    char *const *arguments; /* as main() got them */
};

struct upgrade_events {
    void (*ready)(void *owner); /* it serves */
    void (*failed)(void *owner, const char *reason);
    void *owner;
};

/* Embedded in its owner; zero-initialized: none is under way. */
struct upgrade {
    struct upgrade_events events;
    pid_t pid;
    struct descriptor process; /* a pidfd */
    struct descriptor words;
    char reason[UPGRADE_REASON_BYTES]; /* what it said; "" for nothing */
    bool is_under_way;
    bool has_failed; /* to be told once the loop has let go of its descriptors */
    uint32_t open_descriptors;
};

/* Remembers the program of this process. */
void upgrade_plan_init(struct upgrade_plan *plan, char *const *arguments);

/* Starts it with those of `listeners` that are open. 0: one of the events follows, unless it is
 * cancelled; -errno: nothing has happened. One at a time. */
int upgrade_start(struct upgrade *upgrade, struct loop *loop, const struct upgrade_plan *plan,
                  const struct listeners *listeners, const struct upgrade_events *events);

/* Ends it at once. failed() comes with `reason`; NULL: no event does. */
void upgrade_cancel(struct upgrade *upgrade, const char *reason);

#endif
