/*
 * dealer.h - which worker gets the next connection: strictly in turn, and none is lost.
 *
 * The dealer keeps its own copy of every connection that it has dealt until the worker's *taken*
 * number in the scoreboard has passed it. When the worker dies first, or refuses it, the
 * connection is dealt again. A worker with a full window, one that is leaving, and one that has
 * left a deal lying for a second are passed over. Connections to the admin side have a turn of
 * their own and a few places of each window that visitors never get, so that asking how things
 * are disturbs nobody, and is possible when nothing else is. The master's, one thread; no
 * callbacks, no loop: the master says when to look.
 */
#ifndef FOOTFALL_PROCESS_DEALER_H
#define FOOTFALL_PROCESS_DEALER_H

#include "base/scoreboard.h"
#include "process/entrance.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    DEALER_ADMIN_PLACES = 4,   /* of each window */
    DEALER_STALL_MS = 1000,    /* a deal untaken for so long: no more to that worker */
    DEALER_TRY_AGAIN_MS = 100, /* after every worker has refused a connection */
};

struct dealer;

struct dealer_settings {
    struct scoreboard *scoreboard; /* borrowed */
    uint32_t slots_count;          /* 1..SCOREBOARD_SLOTS_MAX */
    uint32_t copies_max; /* what our own descriptor limit allows, with room to start a worker */
    uint32_t worker_connections_max; /* what a worker's descriptor limit allows */
};

/* 0: the caller owns *out_dealer. -ENOMEM. */
int dealer_create(const struct dealer_settings *settings, struct dealer **out_dealer);

/* Closes every copy, then frees. NULL is fine. */
void dealer_destroy(struct dealer *dealer);

/* A worker that is ready has taken the slot: it gets connections through `channel_fd` (borrowed
 * until dealer_close_slot()), and what waits to be dealt again may be dealt to it. */
void dealer_open_slot(struct dealer *dealer, uint32_t slot, int channel_fd);

/* No more for this slot; what it was dealt may still be taken. Fine when it is not open. */
void dealer_close_slot(struct dealer *dealer, uint32_t slot);

/* The slot's worker is dead: what it has not taken will be dealt again. Returns how many that are.
 * Closes the slot. */
uint32_t dealer_bury_slot(struct dealer *dealer, uint32_t slot, uint64_t now_ms);

/* Deals a connection, whose descriptor is then the dealer's; it leaves with dealer_flush(). 0;
 * -EAGAIN, with the descriptor still the caller's, when no worker can be given one now, or others
 * that wait come first. */
int dealer_deal(struct dealer *dealer, int fd, enum entrance entrance, uint64_t now_ms);

/* Sends what was dealt, several to a worker in one message. What cannot be sent is dealt to others,
 * or waits to be dealt again. */
void dealer_flush(struct dealer *dealer, uint64_t now_ms);

/* Looks what was taken meanwhile, closes those copies, and deals what is to be dealt again. */
void dealer_collect(struct dealer *dealer, uint64_t now_ms);

/* Whether a worker could be given a visitor's connection now. */
bool dealer_has_room(const struct dealer *dealer, uint64_t now_ms);

/* Copies whose worker has not taken them yet. */
uint32_t dealer_outstanding(const struct dealer *dealer);

/* Connections that wait to be dealt again. */
uint32_t dealer_waiting(const struct dealer *dealer);

#endif
