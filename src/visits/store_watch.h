/*
 * store_watch.h - how a worker's store is doing, put where others see it: scoreboard and log.
 *
 * Stores neither log nor know of the scoreboard; what they tell the worker comes here.
 */
#ifndef FOOTFALL_VISITS_STORE_WATCH_H
#define FOOTFALL_VISITS_STORE_WATCH_H

#include "base/log.h"
#include "base/scoreboard.h"
#include "base/slice.h"
#include "store/store.h"

#include <stdint.h>

struct store_watch {
    struct scoreboard_slot *slot; /* borrowed; its part on the store has no other writer */
    uint32_t slot_index;
    uint64_t reconnects_told; /* by the present store */
    uint64_t batches_resent_told;
    struct log_limit limit; /* a disk or link on the edge fails and works in turn */
    /* The latest notice of trouble or of its end, where the limit left it out: it says how things
     * stand. */
    const char *left_event; /* a constant; NULL: none */
    enum store_notice left_level;
    char left_detail[LOG_VALUE_BYTES_MAX];
};

/* Makes the watch of one worker. */
void store_watch_init(struct store_watch *watch, struct scoreboard_slot *slot, uint32_t slot_index);

/* Takes what store_events.status() tells. */
void store_watch_status(struct store_watch *watch, const struct store_status *status);

/* Takes what store_events.notice() tells; `event` is a constant. */
void store_watch_notice(struct store_watch *watch, enum store_notice level, const char *event,
                        const char *detail);

/* Writes the latest notice if it was left out and may be written now. Comes with each beat. */
void store_watch_beat(struct store_watch *watch);

/* Takes what a tally_went_back tells. */
void store_watch_went_back(struct store_watch *watch, struct slice key, int64_t before,
                           int64_t number);

#endif
