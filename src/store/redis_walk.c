/*
 * redis_walk.c - the names first, then a look at each counter, many at a time.
 *
 * A look is STORE_READ: one script reads count and record together.
 */
#include "store/store_walk.h"

#include "base/clock.h"
#include "store/redis_names.h"
#include "store/store_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS_MAX = 512 }; /* under way */

struct looks;

struct look {
    struct store_batch batch;
    struct store_hit hit;
    struct store_change change;
    struct looks *looks;
    bool is_done;
};

/* A ring: those from `first` up to `next` are under way, or have come before an older one. */
struct looks {
    struct store_session session;
    const struct store_walk *walk;
    struct redis_names names;
    size_t first;
    size_t next;
    struct look ring[LOOKS_MAX];
};

static void look_done(struct store_batch *batch)
{
    struct look *look = batch->owner;

    look->is_done = true;
    store_session_wake(&look->looks->session);
}

static void begin(struct looks *looks, struct slice key)
{
    struct look *look = &looks->ring[looks->next++ % LOOKS_MAX];

    *look = (struct look){.looks = looks, .change = {.kind = STORE_READ}};
    look->hit = (struct store_hit){.change = &look->change, .is_change = 1};
    look->batch = (struct store_batch){
        .key = key,
        .hits = &look->hit,
        .hits_count = 1,
        .keeps_record = key.bytes != looks->walk->front_key.bytes,
        .wall_ms = (uint64_t)clock_wall_ms(),
        .done = look_done,
        .owner = look,
    };
    if (key.length == 0 || key.length > STORE_KEY_BYTES_MAX) {
        look->hit.result = -ENAMETOOLONG; /* it is none of ours */
        look->is_done = true;
        return;
    }
    store_apply(looks->session.store, &look->batch);
}

static void tell_trouble(const struct looks *looks, struct slice key, int result)
{
    const struct store_walk_events *events = looks->walk->events;
    char sentence[STORE_REASON_BYTES];

    (void)snprintf(sentence, sizeof sentence, "it cannot be read; the store said last: %.400s",
                   looks->session.trouble[0] != '\0' ? looks->session.trouble
                                                     : strerrordesc_np(-result));
    events->trouble(events->owner, key, sentence);
}

/* What became of the eldest one. 0, or -errno of found(). */
static int show(struct looks *looks)
{
    const struct store_walk_events *events = looks->walk->events;
    const struct look *look = &looks->ring[looks->first++ % LOOKS_MAX];
    int result = look->hit.result;

    if (result == 0) {
        result = events->found(events->owner, look->batch.key, look->batch.keeps_record,
                               &look->change.before);
    } else {
        if (result != -ENOENT) { /* else it has gone meanwhile */
            tell_trouble(looks, look->batch.key, result);
        }
        result = 0;
    }
    events->progress(events->owner, looks->first, looks->names.count);
    return result;
}

static int look_at_all(struct looks *looks, char *out_reason)
{
    int result = 0;

    while (result == 0 && looks->first < looks->names.count) {
        while (looks->next < looks->names.count && looks->next - looks->first < LOOKS_MAX &&
               store_is_ready(looks->session.store)) {
            begin(looks, looks->names.names[looks->next]);
        }
        if (looks->first == looks->next || !looks->ring[looks->first % LOOKS_MAX].is_done) {
            result = store_session_wait(&looks->session, looks->walk->timeout_ms);
            if (result < 0) {
                (void)snprintf(out_reason, STORE_REASON_BYTES, "the store does not serve: %.400s",
                               looks->session.trouble[0] != '\0' ? looks->session.trouble
                                                                 : strerrordesc_np(-result));
            }
            continue;
        }
        result = show(looks);
    }
    return result;
}

static void names_progress(void *owner, uint64_t names)
{
    const struct store_walk *walk = owner;

    walk->events->progress(walk->events->owner, names, 0);
}

int redis_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES])
{
    const struct redis_names_request request = {
        .url = &walk->url->redis,
        .timeout_ms = walk->timeout_ms,
        .progress = names_progress,
        .owner = (void *)walk,
    };
    struct looks *looks = calloc(1, sizeof *looks);
    int result = looks == NULL ? -ENOMEM : 0;

    if (result == 0) {
        looks->walk = walk;
        result = redis_names_read(&request, walk->front_key, &looks->names, out_reason,
                                  STORE_REASON_BYTES);
    } else {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "%s", strerrordesc_np(ENOMEM));
    }
    if (result == 0) {
        result = store_session_open(&looks->session, walk->url, walk->timeout_ms, out_reason);
    }
    if (result == 0) {
        result = look_at_all(looks, out_reason);
        store_session_close(&looks->session);
    }
    if (looks != NULL) {
        redis_names_free(&looks->names);
        free(looks);
    }
    return result;
}
