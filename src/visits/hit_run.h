/*
 * hit_run.h - hits of one key in order of arrival, each with the time when its patience ends.
 *
 * Those before `first` have been told already. Pure.
 */
#ifndef FOOTFALL_VISITS_HIT_RUN_H
#define FOOTFALL_VISITS_HIT_RUN_H

#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct hit_run {
    struct store_hit *hits;
    uint64_t *deadlines_ms; /* of the hit at the same place */
    uint32_t first;
    uint32_t count;
    uint32_t capacity;
};

/* Appends a hit. 0 or -ENOMEM. */
int hit_run_add(struct hit_run *run, const struct store_hit *hit, uint64_t deadline_ms);

/* Makes room for as many again. 0 or -ENOMEM. */
int hit_run_grow(struct hit_run *run);

/* How many of the oldest untold hits may travel in one batch: looks alone, or one change, or what
 * comes before the next change. At least one; the run has some. */
uint32_t hit_run_alike(const struct hit_run *run);

/* How many of them may be added to a batch that is on its way. */
uint32_t hit_run_alike_to(const struct hit_run *run, const struct store_batch *batch);

/* How many hits could be put behind those of the run, without growing. */
uint32_t hit_run_room(const struct hit_run *run);

/* Copies the oldest `count` untold hits of `from` behind those of the run, which does not count
 * them yet: what reads the run meanwhile sees nothing of them. */
void hit_run_copy_behind(struct hit_run *run, const struct hit_run *from, uint32_t count);

/* Frees the room; the run is empty afterwards. */
void hit_run_finish(struct hit_run *run);

static inline bool hit_run_is_told(const struct hit_run *run)
{
    return run->first == run->count;
}

static inline uint32_t hit_run_untold(const struct hit_run *run)
{
    return run->count - run->first;
}

#endif
