/*
 * redis_quota.c - whether there is room for one more counter, in a namespace and in all.
 */
#include "store/redis_quota.h"

#include "base/hash.h"
#include "loop/loop.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <string.h>

void redis_quota_init(struct redis_quota *quota, struct loop *loop,
                      struct redis_directory *directory, redis_quota_answered *answered,
                      void *owner)
{
    *quota = (struct redis_quota){
        .loop = loop, .directory = directory, .answered = answered, .owner = owner};
}

void redis_quota_forget(struct redis_quota *quota)
{
    quota->all.until_ms = 0;
    for (size_t i = 0; i < REDIS_QUOTA_NAMESPACES; i++) {
        quota->namespaces[i].until_ms = 0;
    }
}

/* "NAMESPACE/" */
static struct slice prefix_of(struct slice name)
{
    const char *end = memchr(name.bytes, '/', name.length);

    return (struct slice){name.bytes, end == NULL ? 0 : (size_t)(end + 1 - name.bytes)};
}

static struct redis_quota_count *place_of(struct redis_quota *quota, struct slice prefix)
{
    return &quota->namespaces[hash_of(prefix) % REDIS_QUOTA_NAMESPACES];
}

static struct redis_quota_count *find(struct redis_quota *quota, struct slice prefix)
{
    struct redis_quota_count *count = place_of(quota, prefix);

    return slice_equals((struct slice){count->name, count->length}, prefix) ? count : NULL;
}

/* ---- how much room there is ---- */

static bool is_full(const struct redis_quota_count *count, uint64_t keys_max)
{
    return keys_max > 0 && count != NULL && count->keys >= keys_max;
}

static enum redis_room room_of(const struct redis_quota_count *count, uint64_t keys_max,
                               uint64_t now_ms)
{
    if (keys_max == 0) {
        return REDIS_ROOM_THERE; /* any number */
    }
    if (count == NULL || count->until_ms <= now_ms) {
        return REDIS_ROOM_UNKNOWN;
    }
    if (is_full(count, keys_max)) {
        return REDIS_ROOM_NONE;
    }
    return count->let_in < (keys_max - count->keys) / REDIS_QUOTA_SHARES ? REDIS_ROOM_THERE
                                                                         : REDIS_ROOM_UNKNOWN;
}

enum redis_room redis_quota_look(struct redis_quota *quota, const struct store_batch *batch)
{
    const struct slice prefix = prefix_of(batch->key);
    const uint64_t now_ms = loop_now_ms(quota->loop);
    struct redis_quota_count *count = find(quota, prefix);
    const enum redis_room room = room_of(count, batch->keys_max, now_ms);
    const enum redis_room room_in_all = room_of(&quota->all, batch->all_keys_max, now_ms);

    if (prefix.length == 0 || !quota->directory->is_on) {
        return REDIS_ROOM_THERE;
    }
    if (room == REDIS_ROOM_NONE || room_in_all == REDIS_ROOM_NONE) {
        return REDIS_ROOM_NONE;
    }
    if (room == REDIS_ROOM_UNKNOWN || room_in_all == REDIS_ROOM_UNKNOWN) {
        return REDIS_ROOM_UNKNOWN;
    }
    quota->all.let_in++;
    if (count != NULL) {
        count->let_in++;
    }
    return REDIS_ROOM_THERE;
}

/* ---- asking ---- */

/* Takes an answer. False: it is none. */
static bool learn(struct redis_quota *quota, struct redis_quota_count *count,
                  const struct resp_reply *reply)
{
    if (reply->type == RESP_ERROR) {
        (void)redis_directory_refuse(quota->directory, reply->text); /* no answer in any case */
    }
    if (reply->type != RESP_INTEGER || reply->integer < 0) {
        return false;
    }
    count->keys = (uint64_t)reply->integer;
    count->let_in = 0;
    count->until_ms = loop_now_ms(quota->loop) + REDIS_QUOTA_GOOD_MS;
    return true;
}

static void all_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_quota *quota = owner;

    (void)subject;
    if (result == 0) {
        (void)learn(quota, &quota->all, reply); /* what was known before stays */
    }
}

static void namespace_answered(void *owner, void *subject, int result,
                               const struct resp_reply *reply)
{
    struct redis_quota *quota = owner;
    struct store_batch *batch = subject;
    const struct slice prefix = prefix_of(batch->key);
    struct redis_quota_count *count = place_of(quota, prefix);

    if (result == 0 && learn(quota, count, reply)) {
        count->length = (uint8_t)prefix.length;
        memcpy(count->name, prefix.bytes, prefix.length);
        batch->may_make =
            !is_full(count, batch->keys_max) && !is_full(&quota->all, batch->all_keys_max);
    }
    quota->answered(quota->owner, batch, result);
}

/* How many names begin with the prefix: '0' is what comes behind '/'. */
int redis_quota_ask(struct redis_quota *quota, struct store_batch *batch)
{
    const struct slice prefix = prefix_of(batch->key);
    char first[1 + REDIS_DIRECTORY_NAME_BYTES_MAX] = "[";
    char end[1 + REDIS_DIRECTORY_NAME_BYTES_MAX] = "(";
    const struct slice all[] = {SLICE("ZCARD"), SLICE(REDIS_DIRECTORY_KEY)};
    const struct slice within[] = {
        SLICE("ZLEXCOUNT"),
        SLICE(REDIS_DIRECTORY_KEY),
        {first, 1 + prefix.length},
        {end, 1 + prefix.length},
    };
    struct redis_link *link = quota->directory->link;
    int result;

    assert(prefix.length > 0); /* redis_quota_look() has let it in */
    memcpy(first + 1, prefix.bytes, prefix.length);
    memcpy(end + 1, prefix.bytes, prefix.length);
    end[prefix.length] = '0';
    result = redis_link_send(link, all, 2, all_answered, quota, NULL);
    if (result == 0) {
        result = redis_link_send(link, within, 4, namespace_answered, quota, batch);
    }
    return result;
}
