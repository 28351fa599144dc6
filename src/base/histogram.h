/*
 * histogram.h - how values are spread, counted in shared memory.
 *
 * A histogram has one writer, which notes a value with a few plain stores, and any number of
 * readers in any process. What a reader sees may be a value behind in one place and not in another.
 */
#ifndef FOOTFALL_BASE_HISTOGRAM_H
#define FOOTFALL_BASE_HISTOGRAM_H

#include "base/counter.h"

#include <stdatomic.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS = 14 };

struct histogram {
    _Atomic uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* up to each bound, and beyond the last */
    _Atomic uint64_t sum;
};

/* Where the buckets end, each with its bound. */
typedef const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

extern histogram_bounds histogram_milliseconds; /* 1 to 30,000 */
extern histogram_bounds histogram_microseconds; /* 50 to 2,500,000 */
extern histogram_bounds histogram_sizes;        /* 1 to 8,192, in powers of two */

/* Notes a value. */
static inline void histogram_note(struct histogram *histogram, histogram_bounds bounds,
                                  uint64_t value)
{
    unsigned i = 0;

    while (i < HISTOGRAM_BOUNDS && value > bounds[i]) {
        i++;
    }
    counter_add(&histogram->counts[i], 1);
    counter_add(&histogram->sum, value);
}

/* How many values were noted. */
static inline uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += counter_get(&histogram->counts[i]);
    }
    return count;
}

#endif
