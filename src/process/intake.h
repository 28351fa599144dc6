/*
 * intake.h - where a worker's connections come from: the master's deals, or listening sockets.
 *
 * An intake hands every connection to its owner; ended() comes once there will be no more.
 */
#ifndef FOOTFALL_PROCESS_INTAKE_H
#define FOOTFALL_PROCESS_INTAKE_H

#include "base/scoreboard.h"
#include "loop/loop.h"
#include "process/entrance.h"
#include "process/fair_share.h"
#include "process/listener.h"

struct intake_events {
    /* A connection, the owner's from now on. */
    void (*took)(void *owner, int connection_fd, enum entrance entrance);
    void (*ended)(void *owner); /* never from inside a call of the owner */
    void (*begun)(void *owner); /* the master wants it to accept by itself; may be NULL */
    void *owner;
};

struct deal_intake;
struct accept_intake;

/* Takes deals from the channel (on success its descriptor is taken) and notes *taken* in the slot
 * (borrowed). It ends when the master will deal no more, or is gone; of a master that never deals
 * that is all it brings. 0 or -ENOMEM. */
int deal_intake_create(struct loop *loop, int channel_fd, struct scoreboard_slot *slot,
                       const struct intake_events *events, struct deal_intake **out_intake);

/* Tells the master that this worker is ready, or wants no more. */
void deal_intake_tell_ready(struct deal_intake *intake);
void deal_intake_tell_leaving(struct deal_intake *intake);

/* Lets go of the channel and frees, when the loop has. NULL is fine. */
void deal_intake_destroy(struct deal_intake *intake);

/* Accepts from those listeners (borrowed) that are open by itself, and closes them at its end.
 * `share` is copied: who shares them (no slots: nobody else), and how many connections may be open.
 * 0 or -ENOMEM. */
int accept_intake_create(struct loop *loop, struct listeners *listeners,
                         const struct fair_share *share, const struct intake_events *events,
                         struct accept_intake **out_intake);

/* How many connections such an intake lets in at most. */
uint32_t accept_intake_connections_max(const struct fair_share *share);

void accept_intake_start(struct accept_intake *intake);

/* Accepts nothing for now and keeps the listeners: accept_intake_drain() or accept_intake_leave()
 * is to come, and decides whose the queue is. */
void accept_intake_hold(struct accept_intake *intake);

/* Accepts what is queued, then closes the listeners; ended() follows. */
void accept_intake_drain(struct accept_intake *intake);

/* Closes the listeners and leaves what is queued to others that share them; ended() follows. */
void accept_intake_leave(struct accept_intake *intake);

/* A descriptor is free again: goes on accepting if that is what it waits for. */
void accept_intake_retry(struct accept_intake *intake);

void accept_intake_destroy(struct accept_intake *intake);

#endif
