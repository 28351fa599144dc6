/*
 * supervisor.h - the workers of a master: started, watched, replaced.
 *
 * Children are watched by pidfd, never by signal, and are told apart from each other's past lives
 * by a new channel each time. The master forks outside of its loop: supervisor_next_due() names a
 * slot whose worker is to be started, supervisor_fork() does it.
 */
#ifndef FOOTFALL_PROCESS_SUPERVISOR_H
#define FOOTFALL_PROCESS_SUPERVISOR_H

#include "base/scoreboard.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor;

/* How a worker ended. */
struct worker_end {
    pid_t pid;
    int signal;      /* 0: it left by itself */
    int exit_status; /* when signal is 0 */
    bool not_again;  /* it cannot work; the reason is in its slot */
    uint64_t lived_ms;
};

struct supervisor_events {
    void (*fork_due)(void *owner);                             /* a slot is to be forked */
    void (*ready)(void *owner, uint32_t slot, int channel_fd); /* deal to it from now on */
    void (*leaving)(void *owner, uint32_t slot);               /* and no more from now on */
    void (*ended)(void *owner, uint32_t slot, const struct worker_end *end); /* it was reaped */
    void (*freed)(void *owner); /* a slot may be had by somebody else */
    void *owner;
};

struct supervisor_settings {
    struct scoreboard *scoreboard; /* borrowed */
    uint32_t workers;              /* to begin with, in slots 0 to workers - 1 */
    uint64_t worker_timeout_ms;    /* without a sign of life it is killed; 0: never */
};

/* 0, with the slots of `workers` due; or -ENOMEM. */
int supervisor_create(struct loop *loop, const struct supervisor_settings *settings,
                      const struct supervisor_events *events, struct supervisor **out_supervisor);

/* Takes a slot that nobody has, which is due then. False when there is none. */
bool supervisor_add(struct supervisor *supervisor, uint32_t *out_slot);

/* The slot's worker is the last one there: it drains and leaves, and whoever comes later has the
 * slot. One that has not been forked is not any more. */
void supervisor_retire(struct supervisor *supervisor, uint32_t slot);

/* Whether a worker of the slot lives, or will be started. */
bool supervisor_has(const struct supervisor *supervisor, uint32_t slot);

/* One more than the last slot that has been in use. */
uint32_t supervisor_slots(const struct supervisor *supervisor);

void supervisor_set_worker_timeout(struct supervisor *supervisor, uint64_t worker_timeout_ms);

/* A slot that is due, in *out_slot; false when there is none. */
bool supervisor_next_due(const struct supervisor *supervisor, uint32_t *out_slot);

enum fork_result {
    FORK_PARENT,
    FORK_CHILD,  /* this is the worker: *out_channel_fd is its end, everything else of the master's
                    is  still open and to be closed */
    FORK_FAILED, /* tried again after the back-off */
};

enum fork_result supervisor_fork(struct supervisor *supervisor, uint32_t slot, int *out_channel_fd);

/* From now on nobody is replaced. */
void supervisor_stop_replacing(struct supervisor *supervisor);

/* Tells the slot's worker that it will be dealt no more: it drains and leaves. */
void supervisor_end_deals(struct supervisor *supervisor, uint32_t slot);

/* Sends `signal_number` to the slot's worker, if it lives. */
void supervisor_signal(struct supervisor *supervisor, uint32_t slot, int signal_number);

/* Sends it to every worker. */
void supervisor_signal_all(struct supervisor *supervisor, int signal_number);

/* Workers that live. */
uint32_t supervisor_living(const struct supervisor *supervisor);

/* Workers that live or will be started, without those that are retired. */
uint32_t supervisor_expected(const struct supervisor *supervisor);

/* Frees; in the parent after every worker has ended and the loop has run once more, in a child at
 * once. NULL is fine. */
void supervisor_destroy(struct supervisor *supervisor);

#endif
