/*
 * hash.h - a keyed hash for tables whose keys strangers choose (SipHash-2-4, libsodium).
 *
 * The key is drawn once per process family; without it nobody can aim at one bucket.
 */
#ifndef FOOTFALL_BASE_HASH_H
#define FOOTFALL_BASE_HASH_H

#include "base/slice.h"

#include <stdint.h>

/* Draws the key. 0, or -ENOSYS when the system has no randomness to give. Call it once at the
 * start. */
int hash_init(void);

uint64_t hash_of(struct slice bytes);

#endif
