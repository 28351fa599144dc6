/*
 * pool.c - a list of unused objects in front of malloc(3).
 */
#include "base/pool.h"

#include <assert.h>
#include <stdlib.h>

void pool_init(struct pool *pool, size_t object_bytes, uint32_t kept_max)
{
    assert(object_bytes >= sizeof(struct pool_node));
    *pool = (struct pool){.object_bytes = object_bytes, .kept_max = kept_max};
}

void pool_finish(struct pool *pool)
{
    while (pool->kept != NULL) {
        struct pool_node *node = pool->kept;

        pool->kept = node->next;
        free(node);
    }
    pool->kept_count = 0;
}

void *pool_take(struct pool *pool)
{
    struct pool_node *node = pool->kept;

    if (node == NULL) {
        return malloc(pool->object_bytes);
    }
    pool->kept = node->next;
    pool->kept_count--;
    return node;
}

void pool_give(struct pool *pool, void *object)
{
    struct pool_node *node = object;

    if (node == NULL || pool->kept_count >= pool->kept_max) {
        free(object);
        return;
    }
    node->next = pool->kept;
    pool->kept = node;
    pool->kept_count++;
}
