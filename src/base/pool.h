/*
 * pool.h - objects of one size that come and go often: given back ones are kept for the next.
 *
 * So that the steady state allocates nothing. At most `kept_max` unused objects are kept. One
 * thread.
 */
#ifndef FOOTFALL_BASE_POOL_H
#define FOOTFALL_BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

struct pool_node {
    struct pool_node *next;
};

struct pool {
    size_t object_bytes; /* at least that of a pointer */
    uint32_t kept_max;
    uint32_t kept_count;
    struct pool_node *kept;
};

void pool_init(struct pool *pool, size_t object_bytes, uint32_t kept_max);

/* Frees what is kept; what was taken must have been given back before. */
void pool_finish(struct pool *pool);

/* An object with undefined contents, or NULL without memory. */
void *pool_take(struct pool *pool);

/* Gives an object back. NULL is fine. */
void pool_give(struct pool *pool, void *object);

#endif
