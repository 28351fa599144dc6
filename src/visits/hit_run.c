/*
 * hit_run.c - two arrays side by side.
 */
#include "visits/hit_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MIN = 4, CAPACITY_BUSY = 64 }; /* most keys of many have one hit at a time */

int hit_run_grow(struct hit_run *run)
{
    const uint32_t capacity = run->capacity == 0              ? CAPACITY_MIN
                              : run->capacity < CAPACITY_BUSY ? CAPACITY_BUSY
                                                              : run->capacity * 2;
    struct store_hit *hits = realloc(run->hits, capacity * sizeof *hits);
    uint64_t *deadlines_ms;

    if (hits == NULL) {
        return -ENOMEM;
    }
    run->hits = hits;
    deadlines_ms = realloc(run->deadlines_ms, capacity * sizeof *deadlines_ms);
    if (deadlines_ms == NULL) {
        return -ENOMEM;
    }
    run->deadlines_ms = deadlines_ms;
    run->capacity = capacity;
    return 0;
}

static void compact(struct hit_run *run)
{
    run->count -= run->first;
    memmove(run->hits, run->hits + run->first, run->count * sizeof *run->hits);
    memmove(run->deadlines_ms, run->deadlines_ms + run->first,
            run->count * sizeof *run->deadlines_ms);
    run->first = 0;
}

int hit_run_add(struct hit_run *run, const struct store_hit *hit, uint64_t deadline_ms)
{
    if (run->first == run->count) {
        run->first = run->count = 0;
    }
    if (run->count == run->capacity && run->first > 0 && run->first >= run->capacity / 2) {
        compact(run); /* while a store is away, hits come and time out for as long as it takes */
    }
    if (run->count == run->capacity) {
        int result = hit_run_grow(run);

        if (result < 0) {
            return result;
        }
    }
    run->hits[run->count] = *hit;
    run->deadlines_ms[run->count] = deadline_ms;
    run->count++;
    return 0;
}

static uint32_t count_looks(const struct hit_run *run)
{
    uint32_t end = run->first;

    while (end < run->count && run->hits[end].amount == 0 && !run->hits[end].is_change) {
        end++;
    }
    return end - run->first;
}

static uint32_t count_before_change(const struct hit_run *run)
{
    uint32_t end = run->first;

    while (end < run->count && !run->hits[end].is_change) {
        end++;
    }
    return end - run->first;
}

uint32_t hit_run_alike(const struct hit_run *run)
{
    const struct store_hit *first = &run->hits[run->first];

    if (first->is_change) {
        return 1;
    }
    return first->amount == 0 ? count_looks(run) : count_before_change(run);
}

uint32_t hit_run_alike_to(const struct hit_run *run, const struct store_batch *batch)
{
    if (store_batch_change(batch) != NULL) {
        return 0;
    }
    return store_batch_looks(batch) ? count_looks(run) : count_before_change(run);
}

uint32_t hit_run_room(const struct hit_run *run)
{
    return run->capacity - run->count;
}

void hit_run_copy_behind(struct hit_run *run, const struct hit_run *from, uint32_t count)
{
    memcpy(run->hits + run->count, from->hits + from->first, count * sizeof *run->hits);
    memcpy(run->deadlines_ms + run->count, from->deadlines_ms + from->first,
           count * sizeof *run->deadlines_ms);
}

void hit_run_finish(struct hit_run *run)
{
    free(run->hits);
    free(run->deadlines_ms);
    *run = (struct hit_run){.hits = NULL};
}
