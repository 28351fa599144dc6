/*
 * lmdb.h - counts in an LMDB environment, shared by all workers of a host and kept.
 *
 * A number is on disk before it is told. Commits run in one helper thread per store while the
 * next batches gather in the loop's thread: one commit takes everything that waits, of all keys.
 */
#ifndef FOOTFALL_STORE_LMDB_H
#define FOOTFALL_STORE_LMDB_H

#include "store/store.h"

#include <stddef.h>

/* Opens the folder `path` (see lmdb_environment.h) and starts the helper thread. 0: the caller
 * owns *out_store. -errno: it is untouched, and `out_reason` is a sentence for the operator. */
int store_lmdb_open(struct loop *loop, const char *path, size_t map_bytes,
                    const struct store_events *events, struct store **out_store, char *out_reason,
                    size_t reason_bytes);

#endif
