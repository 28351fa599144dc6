/*
 * api_pages.c - texts of any length.
 */
#include "visits/api_pages.h"

#include "base/clock.h"
#include "base/counter.h"
#include "base/decimal.h"
#include "base/text.h"
#include "http/query.h"
#include "visits/api_reply.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED_USUALLY = 100 };

/* ---- lists ---- */

static void refuse(struct api_call *call, const char *sentence)
{
    if (call->refused_status == 0) {
        call->refused_status = 400;
        call->refused_sentence = sentence;
    }
}

void api_list_read(struct slice query, struct api_call *call)
{
    const struct slice count = query_find(query, SLICE("n"));
    const struct slice after = query_find(query, SLICE("after"));
    const struct slice by = query_find(query, SLICE("by"));
    uint64_t number = LISTED_USUALLY;
    size_t length = 0;

    if (count.length > 0 && (!decimal_read(count, STORE_LISTED_MAX, &number) || number == 0)) {
        refuse(call, "n is a whole number from 1 to 1000.");
    }
    if (after.length > 0 &&
        !percent_decode(after, true, call->after, sizeof call->after, &length)) {
        refuse(call, "after is the key of a counter.");
    }
    if (call->verb == API_TOP &&
        ((by.length > 0 && !slice_is(by, "hits")) || query_find(query, SLICE("days")).length > 0)) {
        refuse(call, "top is by=hits, of all days.");
    }
    call->listed_max = (uint16_t)number;
    call->after_length = (uint8_t)length;
}

struct store_change *api_list_ask(const struct api_call *call)
{
    struct store_change *ask = calloc(1, sizeof *ask);

    if (ask == NULL) {
        return NULL;
    }
    ask->kind = STORE_LIST;
    ask->listing = store_listing_create(call->verb == API_STATS ? 1 : call->listed_max);
    if (ask->listing == NULL) {
        free(ask);
        return NULL;
    }
    ask->listing->by_value = call->verb == API_TOP;
    ask->listing->after_length = call->after_length;
    memcpy(ask->listing->after, call->after, call->after_length);
    return ask;
}

/* Answers with the object, and frees it. */
static void make(struct api_call *call, struct text *object, struct reply *out_reply)
{
    if (object->has_failed) {
        api_reply_make_error(call, 503, "There is no memory for this answer.", out_reply);
    } else {
        api_reply_make_large(call, 200, (struct slice){object->bytes, object->length}, out_reply);
    }
    text_finish(object);
}

void api_list_make(struct api_call *call, const struct store_listing *listing,
                   struct reply *out_reply)
{
    struct text object = {.length = 0};
    const struct store_listed *last =
        listing->count > 0 ? &listing->list[listing->count - 1] : NULL;

    text_add(&object, "{\"counters\":[");
    for (uint32_t i = 0; i < listing->count; i++) {
        const struct store_listed *listed = &listing->list[i];

        text_add(&object, "%s{\"key\":\"%.*s\",\"value\":%" PRId64 "}", i > 0 ? "," : "",
                 listed->length, listed->key, listed->value);
    }
    if (listing->has_more && !listing->by_value && last != NULL) {
        text_add(&object, "],\"next\":\"%.*s\"}", last->length, last->key);
    } else {
        text_add(&object, "],\"next\":null}");
    }
    make(call, &object, out_reply);
}

/* ---- figures ---- */

/* What all slots have counted, since the start. */
static void add_up(const struct scoreboard *scoreboard, uint64_t *out_calls)
{
    const uint32_t slots = atomic_load(&scoreboard->master.slots);

    for (uint32_t i = 0; i < slots; i++) {
        for (unsigned kind = 0; kind < SCOREBOARD_CALLS; kind++) {
            out_calls[kind] += counter_get(&scoreboard->slots[i].traffic.calls[kind]);
        }
    }
}

void api_stats_make(struct api_call *call, const struct scoreboard *scoreboard, const char *version,
                    int64_t all_keys, struct reply *out_reply)
{
    const uint64_t up_s =
        (clock_monotonic_ms() - atomic_load(&scoreboard->master.started_ms)) / 1000;
    uint64_t calls[SCOREBOARD_CALLS] = {0};
    uint64_t total;
    struct text object = {.length = 0};

    add_up(scoreboard, calls);
    total = calls[SCOREBOARD_CALL_HIT] + calls[SCOREBOARD_CALL_GET] +
            calls[SCOREBOARD_CALL_CREATE] + calls[SCOREBOARD_CALL_OTHER];
    text_add(&object,
             "{\"version\":\"%s\",\"uptime\":\"%" PRIu64 "s\",\"requests\":%" PRIu64
             ",\"keys_created\":%" PRIu64 ",\"keys_updated\":%" PRIu64
             ",\"commands\":{\"total\":%" PRIu64 ",\"get\":%" PRIu64 ",\"hit\":%" PRIu64
             ",\"create\":%" PRIu64 "},",
             version, up_s, total, calls[SCOREBOARD_CALL_CREATED], calls[SCOREBOARD_CALL_UPDATED],
             total, calls[SCOREBOARD_CALL_GET], calls[SCOREBOARD_CALL_HIT],
             calls[SCOREBOARD_CALL_CREATE]);
    text_add(&object,
             "\"key_misses__since_restart\":\"%" PRIu64
             "\",\"expired_keys__since_restart\":\"0\",\"total_keys\":",
             calls[SCOREBOARD_CALL_MISSED]);
    if (all_keys >= 0) {
        text_add(&object, "%" PRId64 "}", all_keys);
    } else {
        text_add(&object, "null}");
    }
    make(call, &object, out_reply);
}
