/*
 * redis_names.h - the names of all counters that a Redis server has, asked for on a link of their
 * own.
 */
#ifndef FOOTFALL_STORE_REDIS_NAMES_H
#define FOOTFALL_STORE_REDIS_NAMES_H

#include "base/slice.h"
#include "store/redis_url.h"

#include <stddef.h>
#include <stdint.h>

/* NAMESPACE/KEY of each, in order, each once. */
struct redis_names {
    struct slice *names; /* of malloc(3); they are slices of `bytes` */
    size_t count;
    char *bytes;
};

struct redis_names_request {
    const struct redis_url *url;
    uint64_t timeout_ms; /* for an answer; 0: for ever */
    void (*progress)(void *owner, uint64_t names);
    void *owner;
};

/* Asks for all of them; blocks. `also` (borrowed as long as the names are used) is put among them;
 * one that is the same is left out. 0: *out_names is to be freed. -errno, and out_reason says
 * why. */
int redis_names_read(const struct redis_names_request *request, struct slice also,
                     struct redis_names *out_names, char *out_reason, size_t reason_bytes);

/* Zeroed memory is fine. */
void redis_names_free(struct redis_names *names);

#endif
