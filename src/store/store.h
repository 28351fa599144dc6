/*
 * store.h - where counts live: the interface that memory, LMDB and Redis implement.
 *
 * A store is given batches, one key and a list of hits each, and answers every hit of a batch:
 * counted, with its number, or not, with an error. A hit that adds nothing only looks. A change of
 * a counter (store_change.h) travels as a batch of its own. A store knows nothing of HTTP, and
 * neither logs nor exits: trouble that has no caller is told through store_events. It belongs to
 * one worker's loop.
 *
 * The layout number says how a store writes its counts down; 0 for one that keeps nothing.
 */
#ifndef FOOTFALL_STORE_STORE_H
#define FOOTFALL_STORE_STORE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* The largest count: a counter stops there (signed 64 bits in Redis and in JSON readers). */
#define STORE_NUMBER_MAX INT64_MAX

enum { STORE_KEY_BYTES_MAX = 255 };

struct store_change;

/* One visit on its way through the store; or several at once, or a look, or a change. */
struct store_hit {
    uint64_t ticket; /* the sender's, untouched by the store */
    union {
        int64_t number; /* filled in by the store: the count with this hit in it, if result is 0 */
        struct store_change *change; /* where is_change: the sender's */
    };
    int result; /* filled in by the store: 0; -ENOENT: a look at what is not there; -errno */
    uint32_t amount : 31; /* what it adds; 0: a look */
    uint32_t is_change : 1;
};

#define STORE_AMOUNT_MAX INT32_MAX

/* What is added to one key in one atomic step. The sender owns the batch, its key and its
 * hits, and leaves them alone until done(). */
struct store_batch {
    struct slice key; /* 1..STORE_KEY_BYTES_MAX bytes */
    /* In order of arrival: numbers are given out in this order. Either looks alone; or one change;
     * or hits and looks, of which the first one is a hit. */
    struct store_hit *hits;
    uint32_t hits_count;   /* from 1 */
    bool keeps_record;     /* beside the count: when it was made, last counted … */
    bool may_make;         /* else only what is there is counted: -EDQUOT */
    uint64_t wall_ms;      /* since 1970, when it was sent */
    uint32_t keys_max;     /* of its namespace, for stores that can tell; 0: any number */
    uint64_t all_keys_max; /* of all of them, likewise */
    bool was_made;         /* filled in by the store: there was no such counter before its hits */
    /* Comes exactly once, never from inside store_apply(), when every hit has its result. */
    void (*done)(struct store_batch *batch);
    void *owner;              /* the sender's */
    bool is_given_up;         /* the sender's: nobody waits for any of its hits any more */
    struct store_batch *next; /* the store's while the batch is in its hands, and so are: */
    bool is_begun;            /* it takes no more hits */
    bool is_whole;            /* it was last sent with all that the server needs to know */
    bool must_ask;            /* before it makes its counter */
    bool may_have_counted;    /* an answer to it was lost */
    uint8_t step;             /* how far it has come, in a store that takes several */
    uint64_t sequence;        /* among the batches of this store */
    uint64_t since_ms;        /* when it was given */
    /* The store's note of the key, which the sender hands on from one batch of the key to the next:
     * 0 in the first. */
    uint64_t key_note;
};

enum store_notice {
    STORE_NOTICE_INFO,
    STORE_NOTICE_WARNING,
    STORE_NOTICE_ERROR,
};

/* How a store stands to its server. Texts are borrowed for the call that tells it. */
struct store_status {
    bool is_up;
    uint64_t since_ms;       /* of the loop's time: when it came up, or fell */
    uint64_t reconnects;     /* how often it came up again */
    uint64_t batches_resent; /* whose answer had been lost */
    const char *last_error;  /* what was wrong last, "" while nothing was */
    const char *risk;        /* what a crash of the server may lose, "" while unknown */
    const char *warning;     /* what an operator is to know of the server, "" for nothing */
};

/* What a store tells of itself, to whoever opened it. */
struct store_events {
    /* It takes batches from now on (after not having done so). */
    void (*ready)(void *owner);
    /* Something that an operator should know, once per change: `event` is a stable name such as
     * "redis_link_up", `detail` (borrowed, no secret in it) says more. */
    void (*notice)(void *owner, enum store_notice level, const char *event, const char *detail);
    /* Some of its status has changed; told before the notice of it. A store without a server has
     * none. */
    void (*status)(void *owner, const struct store_status *status);
    void *owner;
};

struct store;

struct store_kind {
    const char *name; /* "memory", "lmdb", "redis" */
    uint32_t layout;  /* 0: keeps nothing */
    bool (*is_ready)(const struct store *store);
    void (*apply)(struct store *store, struct store_batch *batch);
    bool (*extend)(struct store *store, struct store_batch *batch, uint32_t hits_count);
    void (*close)(struct store *store, void (*closed)(void *owner), void *owner);
};

/* Batches in the order in which they came, linked by `next`. */
struct store_batch_list {
    struct store_batch *first;
    struct store_batch *last;
};

/* Appends one batch. */
void store_batch_list_add(struct store_batch_list *list, struct store_batch *batch);

/* Takes the first one; NULL where there is none. */
struct store_batch *store_batch_list_pop(struct store_batch_list *list);

/* Takes all of them: the list is empty afterwards. */
struct store_batch_list store_batch_list_take(struct store_batch_list *list);

/* Calls done() for each; the list is borrowed for the call, its batches go to their owners. */
void store_batch_list_done(struct store_batch_list *list);

/* The head of every store; implementations embed it as their first member. */
struct store {
    const struct store_kind *kind;
    struct store_events events;
};

/* Whether a batch would be taken on its way now. While it is not, keep it: ready() will say. */
static inline bool store_is_ready(const struct store *store)
{
    return store->kind->is_ready(store);
}

/* Counts a batch; the store must be ready. Batches of one key are given one at a time. */
static inline void store_apply(struct store *store, struct store_batch *batch)
{
    store->kind->apply(store, batch);
}

/* Whether this kind of store begins some batches so late that they may have been extended. */
static inline bool store_can_extend(const struct store *store)
{
    return store->kind->extend != NULL;
}

/* The batch, which is in the store's hands, has `hits_count` hits now, those that it had and more
 * behind them. False: too late, it has begun; nothing is changed then. */
static inline bool store_extend(struct store *store, struct store_batch *batch, uint32_t hits_count)
{
    return store_can_extend(store) && store->kind->extend(store, batch, hits_count);
}

/* Ends every batch in its hands with -ECANCELED or its real result, then frees the store;
 * closed() comes when all of that is done, possibly from inside the call. The loop must run on
 * until then. */
static inline void store_close(struct store *store, void (*closed)(void *owner), void *owner)
{
    store->kind->close(store, closed, owner);
}

/* The change that the batch is, or NULL. */
static inline struct store_change *store_batch_change(const struct store_batch *batch)
{
    return batch->hits[0].is_change ? batch->hits[0].change : NULL;
}

/* Whether it only looks. */
static inline bool store_batch_looks(const struct store_batch *batch)
{
    return batch->hits[0].amount == 0 && !batch->hits[0].is_change;
}

/* Whether there was no such counter before the batch, which has its results, and there is one now.
 */
bool store_batch_has_made(const struct store_batch *batch);

/* What its hits add together. */
uint64_t store_batch_amount(const struct store_batch *batch);

/* Numbers the hits of a batch, which is no change, from the count `before` it: those that would
 * pass STORE_NUMBER_MAX get -EOVERFLOW. `was_made` is what the count says, for a store that knows
 * no better: one that was set to 0 looks the same. Returns the count after it. */
int64_t store_batch_count(struct store_batch *batch, int64_t before);

/* Gives every hit of the batch the same error. */
void store_batch_fail(struct store_batch *batch, int result);

#endif
