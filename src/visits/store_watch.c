/*
 * store_watch.c - how a worker's store is doing, put where others see it: scoreboard and log.
 */
#include "visits/store_watch.h"

#include "base/counter.h"

#include <stdio.h>
#include <string.h>

void store_watch_init(struct store_watch *watch, struct scoreboard_slot *slot, uint32_t slot_index)
{
    *watch = (struct store_watch){
        .slot = slot,
        .slot_index = slot_index,
        .limit = {.burst = 20, .period_ms = 1000},
    };
}

void store_watch_status(struct store_watch *watch, const struct store_status *status)
{
    struct scoreboard_store *store = &watch->slot->store;

    atomic_store_explicit(&store->is_linked, status->is_up, memory_order_relaxed);
    atomic_store_explicit(&store->since_ms, status->since_ms, memory_order_relaxed);
    counter_add(&store->reconnects, status->reconnects - watch->reconnects_told);
    counter_add(&store->batches_resent, status->batches_resent - watch->batches_resent_told);
    watch->reconnects_told = status->reconnects;
    watch->batches_resent_told = status->batches_resent;
    shared_text_write(&store->last_error, status->last_error);
    shared_text_write(&store->risk, status->risk);
    shared_text_write(&store->warning, status->warning);
}

static bool write_notice(struct store_watch *watch, enum store_notice level, const char *event,
                         const char *detail)
{
    static const enum log_level levels[] = {
        [STORE_NOTICE_INFO] = LOG_INFO,
        [STORE_NOTICE_WARNING] = LOG_WARN,
        [STORE_NOTICE_ERROR] = LOG_ERROR,
    };
    const struct scoreboard_store *store = &watch->slot->store;

    return LOG_EVENT_LIMITED(&watch->limit, levels[level], event,
                             LOG_FIELD_NUMBER("slot", watch->slot_index),
                             LOG_FIELD_TEXT("detail", detail),
                             LOG_FIELD_NUMBER("reconnects", atomic_load(&store->reconnects)),
                             LOG_FIELD_NUMBER("resent", atomic_load(&store->batches_resent)),
                             LOG_FIELD_NUMBER("refused", atomic_load(&store->hits_refused)));
}

void store_watch_notice(struct store_watch *watch, enum store_notice level, const char *event,
                        const char *detail)
{
    const bool is_written = write_notice(watch, level, event, detail);

    if (level == STORE_NOTICE_WARNING) {
        return; /* says nothing of whether it counts */
    }
    watch->left_event = is_written ? NULL : event;
    watch->left_level = level;
    (void)snprintf(watch->left_detail, sizeof watch->left_detail, "%s", detail);
}

void store_watch_beat(struct store_watch *watch)
{
    if (watch->left_event != NULL && log_limit_has_room(&watch->limit)) {
        watch->limit.left_out--; /* it comes late, and is not left out */
        (void)write_notice(watch, watch->left_level, watch->left_event, watch->left_detail);
        watch->left_event = NULL;
    }
}

void store_watch_went_back(struct store_watch *watch, struct slice key, int64_t before,
                           int64_t number)
{
    char name[STORE_KEY_BYTES_MAX + 1];

    memcpy(name, key.bytes, key.length);
    name[key.length] = '\0';
    (void)atomic_fetch_add(&watch->slot->store.went_back, 1);
    (void)LOG_EVENT_LIMITED(/* the scoreboard has it */
                            &watch->limit, LOG_ERROR, "counter_went_back",
                            LOG_FIELD_NUMBER("slot", watch->slot_index),
                            LOG_FIELD_TEXT("key", name), LOG_FIELD_NUMBER("before", before),
                            LOG_FIELD_NUMBER("number", number));
}
