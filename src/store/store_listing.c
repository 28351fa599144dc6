/*
 * store_listing.c - a heap of what is on the page so far, its last one on top; sorted at the end.
 */
#include "store/store_listing.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct store_listing *store_listing_create(uint32_t wanted)
{
    struct store_listing *listing;

    assert(wanted >= 1 && wanted <= STORE_LISTED_MAX);
    listing = calloc(1, sizeof *listing + wanted * sizeof listing->list[0]);
    if (listing != NULL) {
        listing->wanted = wanted;
    }
    return listing;
}

void store_listing_begin(struct store_listing *listing)
{
    listing->count = 0;
    listing->has_more = false;
    listing->all_keys = 0;
}

/* Whether one stands before the other on the page. */
static bool is_before(const struct store_listing *listing, const struct store_listed *one,
                      const struct store_listed *other)
{
    if (listing->by_value && one->value != other->value) {
        return one->value > other->value;
    }
    return slice_compare((struct slice){one->key, one->length},
                         (struct slice){other->key, other->length}) < 0;
}

/* Puts it where the last one is, as far down as it belongs among the first `count`. */
static void replace_last(struct store_listing *listing, uint32_t count,
                         const struct store_listed *listed)
{
    uint32_t place = 0;

    for (;;) {
        uint32_t later = 2 * place + 1;

        if (later + 1 < count &&
            is_before(listing, &listing->list[later], &listing->list[later + 1])) {
            later++;
        }
        if (later >= count || !is_before(listing, listed, &listing->list[later])) {
            break;
        }
        listing->list[place] = listing->list[later];
        place = later;
    }
    listing->list[place] = *listed;
}

static void add(struct store_listing *listing, const struct store_listed *listed)
{
    uint32_t place = listing->count++;

    while (place > 0 && is_before(listing, &listing->list[(place - 1) / 2], listed)) {
        listing->list[place] = listing->list[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    listing->list[place] = *listed;
}

/* Others may have written into the store, too. */
static bool is_name(struct slice key)
{
    for (size_t i = 0; i < key.length; i++) {
        if (key.bytes[i] <= ' ' || key.bytes[i] > '~' || key.bytes[i] == '"' ||
            key.bytes[i] == '\\') {
            return false;
        }
    }
    return key.length > 0 && key.length <= STORE_LISTED_KEY_BYTES_MAX;
}

bool store_listing_offer(struct store_listing *listing, struct slice key, int64_t value)
{
    struct store_listed listed = {.length = (uint8_t)key.length, .value = value};

    if (!is_name(key) ||
        (!listing->by_value && listing->after_length > 0 &&
         slice_compare(key, (struct slice){listing->after, listing->after_length}) <= 0)) {
        return true;
    }
    memcpy(listed.key, key.bytes, key.length);
    if (listing->count < listing->wanted) {
        add(listing, &listed);
        return true;
    }
    listing->has_more = true;
    if (!is_before(listing, &listed, &listing->list[0])) {
        return listing->by_value;
    }
    replace_last(listing, listing->count, &listed);
    return true;
}

void store_listing_end(struct store_listing *listing)
{
    for (uint32_t left = listing->count; left > 1; left--) {
        const struct store_listed last = listing->list[0];
        const struct store_listed moved = listing->list[left - 1];

        replace_last(listing, left - 1, &moved);
        listing->list[left - 1] = last;
    }
}
