/*
 * test_pool.c - objects that come and go.
 */
#include "base/pool.h"
#include "test.h"

#include <stdlib.h>

enum { OBJECT_BYTES = 48, KEPT_MAX = 3 };

static unsigned mallocs_count;
static bool malloc_fails;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    mallocs_count++;
    return malloc_fails ? NULL : __real_malloc(size);
}

static void what_is_given_back_is_taken_again_without_allocating(void **state)
{
    struct pool pool;
    void *one;
    void *other;

    (void)state;
    pool_init(&pool, OBJECT_BYTES, KEPT_MAX);
    one = pool_take(&pool);
    other = pool_take(&pool);
    assert_ptr_not_equal(one, other);
    memset(one, 0xa5, OBJECT_BYTES);
    memset(other, 0x5a, OBJECT_BYTES);
    pool_give(&pool, one);
    pool_give(&pool, other);
    pool_give(&pool, NULL);
    assert_int_equal(pool.kept_count, 2);
    mallocs_count = 0;
    one = pool_take(&pool);
    other = pool_take(&pool);
    assert_ptr_not_equal(one, other);
    assert_int_equal(mallocs_count, 0);
    pool_give(&pool, one);
    pool_give(&pool, other);
    pool_finish(&pool);
    assert_int_equal(pool.kept_count, 0);
}

static void no_more_than_the_maximum_is_kept(void **state)
{
    void *objects[KEPT_MAX + 2];
    struct pool pool;

    (void)state;
    pool_init(&pool, OBJECT_BYTES, KEPT_MAX);
    for (unsigned i = 0; i < KEPT_MAX + 2; i++) {
        objects[i] = pool_take(&pool);
    }
    for (unsigned i = 0; i < KEPT_MAX + 2; i++) {
        pool_give(&pool, objects[i]);
        assert_int_equal(pool.kept_count, i < KEPT_MAX ? i + 1 : KEPT_MAX);
    }
    pool_finish(&pool);
    pool_init(&pool, OBJECT_BYTES, 0);
    pool_give(&pool, pool_take(&pool));
    assert_int_equal(pool.kept_count, 0);
    pool_finish(&pool);
}

static void without_memory_there_is_none_but_what_is_kept(void **state)
{
    struct pool pool;
    void *kept;

    (void)state;
    pool_init(&pool, sizeof(struct pool_node), KEPT_MAX);
    pool_give(&pool, pool_take(&pool));
    malloc_fails = true;
    kept = pool_take(&pool);
    assert_non_null(kept);
    assert_null(pool_take(&pool));
    malloc_fails = false;
    pool_give(&pool, kept);
    pool_finish(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_taken_again_without_allocating),
        cmocka_unit_test(no_more_than_the_maximum_is_kept),
        cmocka_unit_test(without_memory_there_is_none_but_what_is_kept),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
