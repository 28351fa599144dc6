/*
 * fair_share.h - whether a worker that shares its listeners with others has more than its share.
 *
 * Workers that accept by themselves compare their open connections, which each writes into its slot
 * of the scoreboard. Nothing is locked: the numbers are some microseconds old, which moves a
 * connection or two. No clock, no state.
 */
#ifndef FOOTFALL_PROCESS_FAIR_SHARE_H
#define FOOTFALL_PROCESS_FAIR_SHARE_H

#include "base/scoreboard.h"

#include <stdbool.h>
#include <stdint.h>

/* A worker whose last sign of life is older than this is compared with nobody. */
enum { FAIR_SHARE_SILENT_MS = 1000 };

struct fair_share {
    const struct scoreboard *scoreboard; /* borrowed */
    bool is_shared;                      /* else there is nobody to compare with */
    uint32_t own_slot;
    uint32_t connections_max; /* what a worker's descriptor limit allows */
};

/* Whether this worker has as many connections as it may have. */
bool fair_share_is_full(const struct fair_share *share);

/* Whether it has more than the mean of those that serve and have room, and an eighth: then others
 * are to go first. */
bool fair_share_is_exceeded(const struct fair_share *share, uint64_t now_ms);

#endif
