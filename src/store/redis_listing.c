/*
 * redis_listing.c - a page of the counters of a namespace, or how many there are.
 */
#include "store/redis_listing.h"

#include "store/redis_directory_walk.h"
#include "store/resp_reader.h"
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct redis_listing {
    struct store_batch *batch;
    redis_listing_ended *ended;
    void *owner;
};

static struct store_listing *list_of(const struct redis_listing *listing)
{
    return store_batch_change(listing->batch)->listing;
}

static void end(struct redis_listing *listing, int result, struct slice error)
{
    const struct redis_listing ended = *listing;

    free(listing);
    if (result == 0) {
        ended.batch->hits[0].result = 0;
    }
    ended.ended(ended.owner, ended.batch, result, error);
}

/* ---- a page ---- */

static bool offer(void *owner, struct slice name, int64_t count)
{
    struct redis_listing *listing = owner;

    return store_listing_offer(list_of(listing), slice_after(name, listing->batch->key.length),
                               count);
}

static void walk_ended(void *owner, int result, struct slice error)
{
    struct redis_listing *listing = owner;

    store_listing_end(list_of(listing));
    end(listing, result, error);
}

static const struct redis_directory_walk_events walk_events = {offer, walk_ended};

static int walk(struct redis_directory *directory, struct redis_listing *listing)
{
    const struct slice prefix = listing->batch->key;
    const struct store_listing *list = list_of(listing);
    char after[STORE_KEY_BYTES_MAX + STORE_LISTED_KEY_BYTES_MAX];
    struct slice from = SLICE("");

    if (!list->by_value && list->after_length > 0) {
        from = (struct slice){after, prefix.length + list->after_length};
        memcpy(mempcpy(after, prefix.bytes, prefix.length), list->after, list->after_length);
    }
    return redis_directory_walk(directory, prefix, from, &walk_events, listing);
}

/* ---- how many there are ---- */

static void counted(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_listing *listing = subject;

    (void)owner;
    if (result < 0) {
        end(listing, result, SLICE(""));
    } else if (reply->type == RESP_INTEGER && reply->integer >= 0) {
        list_of(listing)->all_keys = (uint64_t)reply->integer;
        end(listing, 0, SLICE(""));
    } else {
        end(listing, reply->type == RESP_ERROR ? -EIO : -EPROTO, reply->text);
    }
}

static int ask_for_all(struct redis_directory *directory, struct redis_listing *listing)
{
    const struct slice words[] = {SLICE("ZCARD"), SLICE(REDIS_DIRECTORY_KEY)};

    return redis_link_send(directory->link, words, 2, counted, NULL, listing);
}

int redis_listing_start(struct redis_directory *directory, struct store_batch *batch,
                        redis_listing_ended *ended, void *owner)
{
    struct redis_listing *listing = malloc(sizeof *listing);
    int result;

    if (listing == NULL) {
        return -ENOMEM;
    }
    *listing = (struct redis_listing){batch, ended, owner};
    store_listing_begin(list_of(listing));
    result = batch->key.length > 1 ? walk(directory, listing) : ask_for_all(directory, listing);
    if (result < 0) {
        free(listing);
    }
    return result;
}
