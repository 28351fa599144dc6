/*
 * tally.h - hits on their way to the store, gathered per key.
 *
 * While one batch of a key is in flight, later hits of that key wait here and leave together as
 * one addition; so do the hits of one turn of the loop. One batch in flight per key keeps numbers
 * growing on a connection and every number between its request and its reply: linearizable.
 *
 * It belongs to one worker's loop; it owns copies of the keys and borrows the store.
 */
#ifndef FOOTFALL_VISITS_TALLY_H
#define FOOTFALL_VISITS_TALLY_H

#include "base/slice.h"
#include "loop/loop.h"
#include "store/store.h"

#include <stdint.h>

struct tally;

/* How one hit ended: result 0 and the count with it, or -errno and 0: -ETIMEDOUT when the store
 * took too long, -EOVERFLOW when the counter is at its end, what the store said otherwise.
 * `ticket` is what tally_count() was given, untouched. */
typedef void tally_done(void *owner, uint64_t ticket, int result, int64_t number);

/* How one change ended. `change` (borrowed for the call) is filled in unless the result is
 * -ETIMEDOUT or -ECANCELED, and then not to be read: the store may still be at it. */
typedef void tally_changed(void *owner, uint64_t ticket, int result,
                           const struct store_change *change);

/* The store has answered `number` on that key (borrowed for the call) after having answered
 * `before`, which is not less: somebody set the counter, or the store forgot. Told once for each
 * time; what it means is not guessed, and the numbers are given out as they are. */
typedef void tally_went_back(void *owner, struct slice key, int64_t before, int64_t number);

struct scoreboard_traffic;
struct store_change;

struct tally_settings {
    uint32_t waiting_hits_max; /* over all keys */
    uint64_t timeout_ms;       /* how long a hit waits; 0: for ever */
    /* Borrowed: where it notes hits and batches. NULL: nowhere. */
    struct scoreboard_traffic *traffic;
    uint64_t all_keys_max; /* counters with a record that a store may hold; 0: any number */
};

struct tally_events {
    tally_done *done;
    tally_changed *changed;
    tally_went_back *went_back;
    void *owner;
};

/* Makes an empty tally without a store: hits wait until tally_set_store(). Borrows `loop` and the
 * events' owner. 0: the caller owns *out_tally. -ENOMEM: *out_tally is untouched. */
int tally_create(struct loop *loop, const struct tally_settings *settings,
                 const struct tally_events *events, struct tally **out_tally);

/* Borrows `store` until the next call or tally_destroy(); NULL: hits wait again. */
void tally_set_store(struct tally *tally, struct store *store);

/* Which counter, and what is to be known of it when it is not there yet. */
struct tally_target {
    struct slice key;  /* borrowed for the call, 1..255 bytes */
    bool keeps_record; /* when it was made, last counted … */
    bool is_full;      /* its namespace takes no new ones */
    uint32_t keys_max; /* of its namespace, for a store that can tell; 0: any number */
};

/* Counts a hit that adds `amount`, up to STORE_AMOUNT_MAX; 0: a look.
 * 0: done() comes exactly once, never from inside this call.
 * -EAGAIN: waiting_hits_max is reached; -ENOMEM. After an error done() stays silent. */
int tally_count(struct tally *tally, const struct tally_target *target, uint64_t ticket,
                uint32_t amount);

/* Changes the counter, behind all hits that have come and before those to come. `change`, of
 * malloc(3), is the tally's when that is 0, and changed() comes likewise. Errors as above. */
int tally_change(struct tally *tally, const struct tally_target *target, uint64_t ticket,
                 struct store_change *change);

/* The store takes batches again: sends what waits, at the end of the turn. */
void tally_store_ready(struct tally *tally);

/* Ends every waiting hit with -ECANCELED, then frees. The store must have been closed before, so
 * that no batch is in flight. NULL is fine. */
void tally_destroy(struct tally *tally);

#endif
