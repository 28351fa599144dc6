/*
 * store_change.h - what is kept of a counter beside its count, and what changes it but by visits.
 */
#ifndef FOOTFALL_STORE_STORE_CHANGE_H
#define FOOTFALL_STORE_STORE_CHANGE_H

#include "store/store_listing.h"

#include <stdbool.h>
#include <stdint.h>

enum { STORE_OWNER_BYTES = 32 };

/* A counter. All zero: there is none. */
struct store_record {
    bool exists;
    bool may_be_set; /* by anybody */
    bool has_owner;
    int64_t value;
    int64_t adjusted;                 /* the part of it that no visit has added */
    int64_t low;                      /* what anybody may add at once, from this ≤ 0 … */
    int64_t high;                     /* … to this ≥ 0 */
    uint64_t created_ms;              /* since 1970; 0: not known */
    uint64_t counted_ms;              /* the last time; 0: never, or not known */
    uint8_t owner[STORE_OWNER_BYTES]; /* a hash of the owner's key */
};

enum store_change_kind {
    STORE_READ,       /* changes nothing; -ENOENT */
    STORE_CREATE,     /* -EEXIST; -EDQUOT: there are enough of them */
    STORE_SET,        /* -ENOENT; -EPERM: it may not be set by anybody */
    STORE_ADD,        /* -ENOENT; -EPERM: outside of what anybody may add; -EOVERFLOW */
    STORE_REMOVE,     /* -ENOENT */
    STORE_PUT,        /* whether it is there or not, it becomes what is given; the rest stays */
    STORE_ADD_OR_PUT, /* where it is there as STORE_ADD, else as STORE_PUT; -EOVERFLOW */
    STORE_LIST,       /* of a namespace: the batch's key is "NAMESPACE/", or "/" for none at all */
};

/* What STORE_PUT, which is the server's alone, is given beside the value. */
enum store_given {
    STORE_GIVEN_CREATED = 1, /* created_ms; else now, for a new one */
    STORE_GIVEN_COUNTED = 2,
    STORE_GIVEN_ADJUSTED = 4, /* else it follows the value: what visits have added stays */
    STORE_GIVEN_BOUNDS = 8,   /* low, high; else as a visit makes them */
    STORE_GIVEN_SET = 16,     /* may_be_set */
    STORE_GIVEN_OWNER = 32,   /* has_owner, owner */
};

enum store_right {
    STORE_AS_ANYBODY,
    STORE_AS_OWNER, /* -EACCES: it has another owner by now, or none */
    STORE_AS_SERVER,
};

struct store_change {
    enum store_change_kind kind;
    enum store_right right;
    uint8_t owner[STORE_OWNER_BYTES]; /* STORE_AS_OWNER: whose it is taken to be */
    int64_t value; /* STORE_SET, STORE_PUT: the new one; to be added: the difference */
    struct store_record created; /* STORE_CREATE: value, may_be_set, low, high, owner; of a put: */
    unsigned given;              /* what of `created` counts, of enum store_given */
    struct store_listing *listing; /* STORE_LIST: the change's own */
    /* Filled in by the store, whatever the result: before the change, and after it. */
    struct store_record before;
    struct store_record after;
};

/* Frees it with what is its own. NULL is fine. */
void store_change_destroy(struct store_change *change);

/* What the rules make of `change` where the counter is `change->before`: fills in `after`. 0 or
 * what is said above, with `after` as before. For stores that change records by themselves. */
int store_change_apply(struct store_change *change, uint64_t wall_ms);

/* Which number of `change->after` is another one where hits have come since `change->before`, which
 * no rule looks at: a sum has them in its value; of a value that is given, what is adjusted is what
 * they have not added. */
enum store_moved {
    STORE_MOVED_NONE,
    STORE_MOVED_VALUE,
    STORE_MOVED_ADJUSTED,
};
enum store_moved store_change_moved_by_hits(const struct store_change *change);

/* The record of a counter that a visit makes. */
extern const struct store_record store_record_of_visits;

#endif
