/*
 * redis_pipeline.c - commands whose answers are still to come, in the order they were sent.
 */
#include "store/redis_pipeline.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

void redis_pipeline_init(struct redis_pipeline *pipeline, uint32_t count_max)
{
    *pipeline = (struct redis_pipeline){.count_max = count_max};
}

void redis_pipeline_finish(struct redis_pipeline *pipeline)
{
    free(pipeline->commands);
    *pipeline = (struct redis_pipeline){0};
}

/* The place of the i-th oldest command. */
static uint32_t place(const struct redis_pipeline *pipeline, uint32_t i)
{
    return (pipeline->first + i) & (pipeline->capacity - 1);
}

int redis_pipeline_reserve(struct redis_pipeline *pipeline)
{
    const uint32_t capacity = pipeline->capacity > 0 ? pipeline->capacity * 2 : FIRST_CAPACITY;
    struct redis_command *commands;

    if (pipeline->count == pipeline->count_max) {
        return -EAGAIN;
    }
    if (pipeline->count < pipeline->capacity) {
        return 0;
    }
    commands = malloc(capacity * sizeof *commands);
    if (commands == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < pipeline->count; i++) {
        commands[i] = pipeline->commands[place(pipeline, i)];
    }
    free(pipeline->commands);
    pipeline->commands = commands;
    pipeline->capacity = capacity;
    pipeline->first = 0;
    return 0;
}

void redis_pipeline_push(struct redis_pipeline *pipeline, const struct redis_command *command)
{
    assert(pipeline->count < pipeline->capacity);
    pipeline->commands[place(pipeline, pipeline->count)] = *command;
    pipeline->count++;
}

const struct redis_command *redis_pipeline_oldest(const struct redis_pipeline *pipeline)
{
    return pipeline->count > 0 ? &pipeline->commands[pipeline->first] : NULL;
}

bool redis_pipeline_pop(struct redis_pipeline *pipeline, struct redis_command *out_command)
{
    if (pipeline->count == 0) {
        return false;
    }
    *out_command = pipeline->commands[pipeline->first];
    pipeline->first = place(pipeline, 1);
    pipeline->count--;
    return true;
}
