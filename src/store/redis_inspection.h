/*
 * redis_inspection.h - what a server may forget, as far as it tells.
 *
 * Asked on each new link: whether it evicts keys (maxmemory, maxmemory-policy), how it writes to
 * disk (appendonly, appendfsync, save), and whether it is a replica. CONFIG GET knows most and is
 * often forbidden, INFO knows some of it and is asked by section. What neither tells is unknown.
 * Pure: which words to send, what an answer means, and what to say of it.
 */
#ifndef FOOTFALL_STORE_REDIS_INSPECTION_H
#define FOOTFALL_STORE_REDIS_INSPECTION_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct resp_reply;

enum {
    REDIS_INSPECTION_QUESTIONS = 6,
    REDIS_WARNING_BYTES = 256,
    REDIS_POLICY_BYTES = 32,
};

enum redis_fact {
    REDIS_FACT_UNKNOWN,
    REDIS_FACT_NO,
    REDIS_FACT_YES,
};

enum redis_fsync {
    REDIS_FSYNC_UNKNOWN,
    REDIS_FSYNC_ALWAYS,
    REDIS_FSYNC_EVERYSEC,
    REDIS_FSYNC_NO,
};

struct redis_inspection {
    enum redis_fact has_memory_limit;
    enum redis_fact appends; /* to an append-only file */
    enum redis_fact takes_snapshots;
    enum redis_fact is_replica;
    enum redis_fact fails_to_write; /* its last snapshot or append went wrong */
    enum redis_fsync fsync;
    char policy[REDIS_POLICY_BYTES]; /* maxmemory-policy, "" while unknown */
};

/* The words of the i-th question (0..REDIS_INSPECTION_QUESTIONS-1); *out_count of them. */
const struct slice *redis_inspection_question(unsigned i, size_t *out_count);

/* Notes what its answer tells; an error tells nothing. Zeroed memory knows nothing. */
void redis_inspection_learn(struct redis_inspection *inspection, const struct resp_reply *reply);

/* What a crash of the server may lose, a constant. */
const char *redis_inspection_risk(const struct redis_inspection *inspection);

/* Writes what an operator is to be warned of; "" when there is nothing. */
void redis_inspection_write_warning(const struct redis_inspection *inspection,
                                    char out_text[REDIS_WARNING_BYTES]);

#endif
