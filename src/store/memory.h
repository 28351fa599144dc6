/*
 * memory.h - counts in the worker's own memory: shared by nobody, gone with the process.
 */
#ifndef FOOTFALL_STORE_MEMORY_H
#define FOOTFALL_STORE_MEMORY_H

#include "store/store.h"

/* 0: the caller owns *out_store and ends it with store_close(). -ENOMEM: untouched. */
int store_memory_open(struct loop *loop, const struct store_events *events,
                      struct store **out_store);

#endif
