/*
 * scoreboard.h - what master and workers know of each other without a message.
 *
 * One shared anonymous mapping with a slot per worker, made before the first fork. Each slot has
 * one writer for each member (said there) and any number of readers, in any process; members
 * that others read are atomic, so a process killed at any instruction leaves nothing locked.
 */
#ifndef FOOTFALL_BASE_SCOREBOARD_H
#define FOOTFALL_BASE_SCOREBOARD_H

#include "base/census.h"
#include "base/histogram.h"
#include "base/limit.h"
#include "base/shared_text.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SCOREBOARD_SLOTS_MAX = 256, /* several generations of workers at once */
    SCOREBOARD_REASON_BYTES = 256,
    SCOREBOARD_PROXY_FAULTS = 5,
    DEAL_WINDOW = 128, /* connections dealt to one worker and not taken yet; a SOCK_SEQPACKET pair
                          holds 278 messages with one descriptor each */
    CACHE_LINE_BYTES = 64,
};

enum worker_state {
    WORKER_ABSENT,
    WORKER_STARTING,
    WORKER_SERVING,
    WORKER_DRAINING,
};

/* Calls of the counting API, by what became of them. */
enum scoreboard_call {
    SCOREBOARD_CALL_HIT,
    SCOREBOARD_CALL_GET,
    SCOREBOARD_CALL_CREATE,
    SCOREBOARD_CALL_OTHER,
    SCOREBOARD_CALL_CREATED, /* a counter was made by it, with a record: not the front counter */
    SCOREBOARD_CALL_UPDATED, /* a number became another */
    SCOREBOARD_CALL_MISSED,  /* there was no such counter */
    SCOREBOARD_CALLS,
};

/* What a slot's workers have done, one after the other: it only grows. The worker writes it. */
struct scoreboard_traffic {
    _Atomic uint64_t connections; /* taken */
    _Atomic uint64_t answers[6];  /* by the first digit of their status */
    _Atomic uint64_t proxy_refused[SCOREBOARD_PROXY_FAULTS]; /* connections, by enum proxy_fault */
    _Atomic uint64_t access_lines_dropped;                   /* of the access log */
    _Atomic uint64_t limits[LIMITS_COUNT];                   /* how often each was reached */
    _Atomic uint64_t calls[SCOREBOARD_CALLS];
    _Atomic uint64_t hits;       /* that were given a number */
    struct histogram hit_ms;     /* from the request to its number, or to none */
    struct histogram batch_us;   /* from sending to the answer */
    struct histogram batch_hits; /* of each batch that the store has answered or refused */
};

/* How the worker's store is doing, for whoever asks. The worker writes it. What is counted only
 * grows, from worker to worker. */
struct scoreboard_store {
    _Atomic bool is_linked;          /* to a server; false also where there is none */
    _Atomic uint64_t since_ms;       /* monotonic: when the link came up or fell; 0: never yet */
    _Atomic uint64_t reconnects;     /* links that came up again */
    _Atomic uint64_t batches_resent; /* whose answer had been lost */
    _Atomic uint64_t hits_refused;   /* answered without a number */
    _Atomic uint64_t went_back;      /* counters found smaller than they had been */
    struct shared_text last_error;
    struct shared_text risk;    /* what a crash of the server may lose */
    struct shared_text warning; /* "" for none */
};

struct scoreboard_slot {
    /* The worker writes these often: a cache line that no other worker touches. */
    _Alignas(CACHE_LINE_BYTES) _Atomic uint64_t taken; /* number of the last deal it has taken */
    _Atomic uint64_t beat_ms;                          /* monotonic time of its last sign of life */
    _Atomic uint32_t connections;                      /* open now */
    _Atomic uint32_t state;                            /* enum worker_state */
    _Atomic bool can_count;                            /* at its last sign of life */
    struct census_sheet *census;                       /* of its worker; NULL: none */
    /* Deals up to *taken* that it could not take, a bit each at number % DEAL_WINDOW. The worker
     * sets them before it stores *taken*; the master reads and clears them. */
    _Alignas(CACHE_LINE_BYTES) _Atomic uint64_t refused[DEAL_WINDOW / 64];
    _Atomic uint64_t dealt;      /* number of the last deal that was sent to it; the master's */
    _Atomic int64_t pid;         /* of the present worker, or the last; the master's */
    _Atomic uint64_t started_ms; /* monotonic, of that; the master's */
    _Atomic uint64_t starts;     /* workers that it has had; the master's */
    _Atomic uint64_t placed_at; /* how many that were when it was given to one anew; the master's */
    /* Others serve what is queued at shared listeners: this worker leaves it to them. The master's,
     * before it ends the channel; at a stop, or when it was killed, it is false. */
    _Atomic bool others_serve;
    _Atomic bool is_wanted; /* a worker of it is to serve; the master's */
    _Alignas(CACHE_LINE_BYTES) struct scoreboard_traffic traffic;
    _Alignas(CACHE_LINE_BYTES) struct scoreboard_store store;
    /* Why it cannot start; written before it exits, read after it is reaped. */
    _Alignas(CACHE_LINE_BYTES) char reason[SCOREBOARD_REASON_BYTES];
};

enum master_state {
    MASTER_STARTING, /* until every worker has been ready once */
    MASTER_SERVING,
    MASTER_PAUSED, /* nobody serves until the master is told otherwise */
    MASTER_STOPPING,
};

enum change_kind {
    CHANGE_NONE,
    CHANGE_RELOAD,
    CHANGE_UPGRADE,
};

enum change_result {
    CHANGE_UNDER_WAY,
    CHANGE_DONE,
    CHANGE_FAILED, /* everything is as before, and the reason says why */
};

/* What the master was asked to change, and how that went. */
struct scoreboard_change {
    _Atomic uint32_t kind;    /* enum change_kind */
    _Atomic uint32_t result;  /* enum change_result; written last */
    _Atomic int64_t asked_ms; /* since 1970 */
    _Atomic int64_t ended_ms;
    struct shared_text reason;
};

/* What there is once. The master writes it, or the single process. */
struct scoreboard_master {
    _Atomic uint32_t state; /* enum master_state */
    _Atomic int64_t pid;
    _Atomic uint64_t started_ms;     /* monotonic */
    _Atomic int64_t started_at_ms;   /* since 1970 */
    _Atomic uint32_t slots;          /* that have been in use: the first ones */
    _Atomic uint32_t workers_wanted; /* 0: a single process */
    _Atomic uint64_t generation;     /* of the settings in use: 1, and one more for each reload */
    struct scoreboard_change change; /* the last one */
    _Atomic uint64_t log_generation; /* grows when log files are to be opened anew */
    /* Of the last generation for which a worker has said that it failed; any worker's. */
    _Atomic uint64_t log_failure_told;
};

struct scoreboard {
    struct scoreboard_master master;
    struct census *census; /* the same for all: mapped before the first fork */
    struct scoreboard_slot slots[SCOREBOARD_SLOTS_MAX];
};

/* 0, with *out_scoreboard zeroed and shared with all processes forked later; or -errno of
 * mmap(2). */
int scoreboard_create(struct scoreboard **out_scoreboard);

/* Notes the master, or the single process. */
void scoreboard_begin(struct scoreboard *scoreboard, int64_t pid, uint64_t now_ms, int64_t wall_ms);

/* Notes that a change begins, or how it has ended: with a reason when it failed, else NULL. */
void scoreboard_change_begin(struct scoreboard_master *master, enum change_kind kind,
                             int64_t wall_ms);
void scoreboard_change_end(struct scoreboard_master *master, const char *reason, int64_t wall_ms);

/* Unmaps it from this process. NULL is fine. */
void scoreboard_destroy(struct scoreboard *scoreboard);

/* For a slot whose worker is gone: everything that is of one worker as before its first one. The
 * master's. */
void scoreboard_slot_clear(struct scoreboard_slot *slot, enum worker_state state, uint64_t now_ms);

/* Notes the slot's new worker. The master's, or the single process's. */
void scoreboard_slot_begin(struct scoreboard_slot *slot, int64_t pid, uint64_t now_ms);

/* Notes that deal `number` was not taken. The worker's, before it stores `taken`. */
void scoreboard_slot_refuse(struct scoreboard_slot *slot, uint64_t number);

/* Whether deal `number` was refused; clears the note. The master's, after it has loaded `taken`. */
bool scoreboard_slot_forget_refused(struct scoreboard_slot *slot, uint64_t number);

/* Writes why the worker cannot start, cut to fit. */
void scoreboard_slot_set_reason(struct scoreboard_slot *slot, const char *reason);

#endif
