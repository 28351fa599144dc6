/*
 * redis_quota.c - whether there is room for one more counter, in a namespace and in all.
 */
#include "store/redis_quota.h"

#include "base/hash.h"
#include "loop/loop.h"
#include "store/resp_reader.h"

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

enum room {
    ROOM_THERE,
    ROOM_NONE,
    ROOM_UNKNOWN,
};

static enum room room_of(const struct redis_quota_count *count, uint64_t keys_max, uint64_t now_ms)
{
    if (keys_max == 0) {
        return ROOM_THERE; /* any number */
    }
    if (count == NULL || count->until_ms <= now_ms) {
        return ROOM_UNKNOWN;
    }
    if (count->keys >= keys_max) {
        return ROOM_NONE;
    }
    return count->let_in < (keys_max - count->keys) / REDIS_QUOTA_SHARES ? ROOM_THERE
                                                                         : ROOM_UNKNOWN;
}

static bool is_full(const struct redis_quota_count *count, uint64_t keys_max)
{
    return keys_max > 0 && count != NULL && count->keys >= keys_max;
}

/* ---- asking ---- */

/* Takes an answer. False: it is none. */
static bool learn(struct redis_quota *quota, struct redis_quota_count *count,
                  const struct resp_reply *reply)
{
    if (reply->type == RESP_ERROR) {
        redis_directory_refused(quota->directory, reply->text);
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
        (void)learn(quota, &quota->all, reply);
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
static int ask(struct redis_quota *quota, struct store_batch *batch)
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
    int result;

    memcpy(first + 1, prefix.bytes, prefix.length);
    memcpy(end + 1, prefix.bytes, prefix.length);
    end[prefix.length] = '0';
    result = redis_directory_send(quota->directory, all, 2, all_answered, quota, NULL);
    if (result == 0) {
        result =
            redis_directory_send(quota->directory, within, 4, namespace_answered, quota, batch);
    }
    return result;
}

/* ---- deciding ---- */

bool redis_quota_decide(struct redis_quota *quota, struct store_batch *batch)
{
    const struct slice prefix = prefix_of(batch->key);
    const uint64_t now_ms = loop_now_ms(quota->loop);
    struct redis_quota_count *count;
    enum room room;
    enum room room_in_all;

    if (prefix.length == 0 || !redis_directory_is_there(quota->directory)) {
        return true;
    }
    count = find(quota, prefix);
    room = room_of(count, batch->keys_max, now_ms);
    room_in_all = room_of(&quota->all, batch->all_keys_max, now_ms);
    if (room == ROOM_NONE || room_in_all == ROOM_NONE) {
        batch->may_make = false;
        return true;
    }
    if (room == ROOM_UNKNOWN || room_in_all == ROOM_UNKNOWN) {
        return ask(quota, batch) < 0;
    }
    quota->all.let_in++;
    if (count != NULL) {
        count->let_in++;
    }
    return true;
}
