/*
 * store_listing.c - a sorted page, by insertion.
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

static int compare_names(struct slice one, struct slice other)
{
    const size_t shorter = one.length < other.length ? one.length : other.length;
    const int result = memcmp(one.bytes, other.bytes, shorter);

    if (result != 0) {
        return result;
    }
    return one.length < other.length ? -1 : one.length > other.length;
}

/* Whether the new one stands before that of the list. */
static bool is_before(const struct store_listing *listing, struct slice key, int64_t value,
                      const struct store_listed *listed)
{
    if (listing->by_value && value != listed->value) {
        return value > listed->value;
    }
    return compare_names(key, (struct slice){listed->key, listed->length}) < 0;
}

bool store_listing_offer(struct store_listing *listing, struct slice key, int64_t value)
{
    uint32_t place = listing->count;

    if (key.length > STORE_LISTED_KEY_BYTES_MAX ||
        (!listing->by_value && listing->after_length > 0 &&
         compare_names(key, (struct slice){listing->after, listing->after_length}) <= 0)) {
        return true;
    }
    while (place > 0 && is_before(listing, key, value, &listing->list[place - 1])) {
        place--;
    }
    if (listing->count == listing->wanted) {
        listing->has_more = true;
        if (place == listing->count) {
            return listing->by_value;
        }
        listing->count--;
    }
    memmove(&listing->list[place + 1], &listing->list[place],
            (listing->count - place) * sizeof listing->list[0]);
    listing->list[place].length = (uint8_t)key.length;
    memcpy(listing->list[place].key, key.bytes, key.length);
    listing->list[place].value = value;
    listing->count++;
    return true;
}
