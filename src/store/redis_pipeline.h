/*
 * redis_pipeline.h - commands whose answers are still to come, in the order they were sent.
 *
 * A ring that grows by need, up to a bound, and never shrinks. Embedded in its connection.
 */
#ifndef FOOTFALL_STORE_REDIS_PIPELINE_H
#define FOOTFALL_STORE_REDIS_PIPELINE_H

#include <stdbool.h>
#include <stdint.h>

struct resp_reply;

/* How a command ended: result 0 and its reply (borrowed for the call), or -errno and NULL. */
typedef void redis_answered(void *owner, void *subject, int result, const struct resp_reply *reply);

struct redis_command {
    redis_answered *answered;
    void *owner; /* the sender's, both; untouched */
    void *subject;
    uint64_t since_ms; /* when it was sent, in the loop's time */
};

struct redis_pipeline {
    struct redis_command *commands;
    uint32_t capacity; /* 0 or a power of two */
    uint32_t first;    /* index of the oldest */
    uint32_t count;
    uint32_t count_max;
};

/* Makes an empty pipeline for at most `count_max` (1..2^31) commands. */
void redis_pipeline_init(struct redis_pipeline *pipeline, uint32_t count_max);

/* Frees the ring; its commands are forgotten untold. Zeroed memory is fine. */
void redis_pipeline_finish(struct redis_pipeline *pipeline);

/* Makes room for one more command. 0; -EAGAIN: the bound is reached; -ENOMEM. */
int redis_pipeline_reserve(struct redis_pipeline *pipeline);

/* Appends; redis_pipeline_reserve() must have made room. */
void redis_pipeline_push(struct redis_pipeline *pipeline, const struct redis_command *command);

/* The oldest command, or NULL. Borrowed until the next call that changes the pipeline. */
const struct redis_command *redis_pipeline_oldest(const struct redis_pipeline *pipeline);

/* Takes the oldest out. False when there is none. */
bool redis_pipeline_pop(struct redis_pipeline *pipeline, struct redis_command *out_command);

#endif
