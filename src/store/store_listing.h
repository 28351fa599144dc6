/*
 * store_listing.h - the counters of a namespace, a page of them: by name, or those with the
 * greatest counts.
 *
 * Pure. A store offers what it has, in any order, and the listing keeps what belongs to its page.
 */
#ifndef FOOTFALL_STORE_STORE_LISTING_H
#define FOOTFALL_STORE_STORE_LISTING_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    STORE_LISTED_KEY_BYTES_MAX = 64,
    STORE_LISTED_MAX = 1000, /* on a page */
};

struct store_listed {
    uint8_t length;
    char key[STORE_LISTED_KEY_BYTES_MAX];
    int64_t value;
};

struct store_listing {
    bool by_value; /* the greatest first; else by name */
    uint8_t after_length;
    char after[STORE_LISTED_KEY_BYTES_MAX]; /* by name: only those behind this one */
    uint32_t wanted;                        /* 1 to STORE_LISTED_MAX */
    /* Filled in: */
    uint64_t all_keys; /* how many counters there are, in all namespaces */
    bool has_more;     /* behind the last */
    uint32_t count;
    struct store_listed list[]; /* room for `wanted` of them */
};

/* For a page of `wanted`; NULL without memory. To be freed with free(3). */
struct store_listing *store_listing_create(uint32_t wanted);

/* Empties it, for a store that begins anew. */
void store_listing_begin(struct store_listing *listing);

/* Offers a counter, by its key within the namespace. False: no later one by name can belong to the
 * page, where they are offered in order of their names. */
bool store_listing_offer(struct store_listing *listing, struct slice key, int64_t value);

/* All have been offered: puts the page in order. */
void store_listing_end(struct store_listing *listing);

#endif
