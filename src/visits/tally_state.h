/*
 * tally_state.h - what a tally is made of. Private to it: tally.c gathers and sends, tally_idle.c
 * forgets.
 */
#ifndef FOOTFALL_VISITS_TALLY_STATE_H
#define FOOTFALL_VISITS_TALLY_STATE_H

#include "base/key_table.h"
#include "loop/timer.h"
#include "visits/hit_run.h"
#include "visits/tally.h"

/* Keys that nobody wants at present, the longest idle first. */
struct tally_idle_list {
    struct tally_key *first;
    struct tally_key *last;
    uint32_t count;
};

struct tally_key {
    struct key_entry entry; /* its key points at `key` */
    struct tally *tally;
    struct hit_run waiting;
    struct hit_run flying;
    struct store_batch batch; /* of the hits in flight */
    uint64_t sent_us;         /* when it was given to the store */
    bool is_in_flight;
    bool may_extend; /* the batch in flight, as far as is known */
    bool is_due;     /* in the tally's list of keys with something to send */
    bool has_greatest;
    bool keeps_record;
    bool may_make;
    uint32_t keys_max;
    int64_t greatest; /* number that the store has answered */
    struct tally_key *due_before;
    struct tally_key *next_due;
    bool is_absent;                    /* the store had no such counter when it answered last */
    struct tally_idle_list *idle_list; /* that it is in; NULL: somebody wants it */
    uint64_t idle_since_ms;
    struct tally_key *idle_before;
    struct tally_key *idle_behind;
    struct timer timer; /* of the oldest hit that nobody was told of */
    char key[];
};

struct tally {
    struct loop *loop;
    struct store *store; /* NULL until it is set */
    struct tally_settings settings;
    struct tally_events events;
    struct key_table keys;
    struct timer_queue timers;
    struct deferred send;
    struct tally_key *due; /* keys with hits that wait and may be sent */
    struct tally_idle_list idle;
    struct tally_idle_list absent; /* idle, and of no counter */
    struct timer_queue sweep_timers;
    struct timer sweep;    /* running while keys are idle */
    uint32_t waiting_hits; /* not told yet, over all keys */
};

/* Frees a key with nothing in flight; what waits is told -ECANCELED. */
void tally_key_free(struct tally_key *key);

/* ---- tally_idle.c: keys that nobody wants at present ---- */

void tally_idle_init(struct tally *tally);

/* A key with nothing in hand may be forgotten from now on; but for those without a record, of which
 * there are few. Fine for every other key, too. */
void tally_idle_settle(struct tally_key *key);

/* It is wanted. */
void tally_idle_take(struct tally_key *key);

/* Before one more key is made. */
void tally_idle_make_room(struct tally *tally);

#endif
