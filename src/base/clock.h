/*
 * clock.h - the system's clocks in the units used here. Pure calls, any thread.
 */
#ifndef FOOTFALL_BASE_CLOCK_H
#define FOOTFALL_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: since some moment before the start, the same moment for all
 * processes of a host. */
uint64_t clock_monotonic_ms(void);

/* The same clock's microseconds. */
uint64_t clock_monotonic_us(void);

/* Milliseconds since 1970-01-01 00:00 UTC. */
int64_t clock_wall_ms(void);

#endif
