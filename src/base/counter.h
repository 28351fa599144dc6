/*
 * counter.h - numbers in shared memory that one process writes and others read.
 */
#ifndef FOOTFALL_BASE_COUNTER_H
#define FOOTFALL_BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* Adds to what only the caller writes: cheaper than an atomic addition. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t number)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + number,
                          memory_order_relaxed);
}

/* What anybody reads. */
static inline uint64_t counter_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
