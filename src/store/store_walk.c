/*
 * store_walk.c - which walk it is.
 */
#include "store/store_walk.h"

#include <errno.h>
#include <stdio.h>

int store_walk(const struct store_walk *walk, char out_reason[STORE_REASON_BYTES])
{
    switch (walk->url->scheme) {
    case STORE_LMDB:
        return lmdb_walk(walk, out_reason);
    case STORE_REDIS:
        return redis_walk(walk, out_reason);
    case STORE_MEMORY:
        break;
    }
    (void)snprintf(out_reason, STORE_REASON_BYTES, "memory: keeps nothing that others could read");
    return -EINVAL;
}
