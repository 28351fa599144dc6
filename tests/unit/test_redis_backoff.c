/*
 * test_redis_backoff.c - delays between attempts to connect.
 */
#include "store/redis_backoff.h"
#include "test.h"

static void a_link_that_fell_is_tried_again_at_once_and_then_later_and_later(void **state)
{
    static const uint32_t delays_ms[] = {50, 100, 200, 400, 800, 1600, 2000, 2000, 2000};
    struct redis_backoff shortest;
    struct redis_backoff longest;
    (void)state;

    redis_backoff_init(&shortest);
    redis_backoff_init(&longest);
    assert_int_equal(redis_backoff_next(&shortest, true, 5, 123456), 0);
    assert_int_equal(redis_backoff_next(&longest, true, 5, 123456), 0);
    for (size_t i = 0; i < sizeof delays_ms / sizeof delays_ms[0]; i++) {
        const uint32_t half_ms = delays_ms[i] / 2;

        assert_int_equal(redis_backoff_next(&shortest, false, 6, 0), half_ms);
        assert_int_equal(redis_backoff_next(&longest, false, 6, half_ms), delays_ms[i]);
    }
}

static void a_link_that_never_was_up_is_not_tried_again_at_once(void **state)
{
    struct redis_backoff backoff;
    (void)state;

    redis_backoff_init(&backoff);
    assert_in_range(redis_backoff_next(&backoff, false, 5, 99), 25, 50);
    assert_in_range(redis_backoff_next(&backoff, false, 5, 99), 50, 100);
}

static void a_link_that_keeps_falling_waits_as_if_it_had_not_come_up(void **state)
{
    struct redis_backoff backoff;
    (void)state;

    redis_backoff_init(&backoff);
    assert_int_equal(redis_backoff_next(&backoff, true, 1000, 0), 0);
    assert_int_equal(redis_backoff_next(&backoff, true, 1001, 0), 25);
    assert_int_equal(redis_backoff_next(&backoff, true, 1100, 0), 50);
    assert_int_equal(redis_backoff_next(&backoff, true, 2999, 0), 100);
    assert_int_equal(redis_backoff_next(&backoff, true, 3000, 0), 0); /* 2 s later */
    assert_int_equal(redis_backoff_next(&backoff, true, 3001, 0), 25);
}

static void every_random_number_gives_a_delay_between_half_and_whole(void **state)
{
    static const uint32_t randoms[] = {0, 1, 1000, 1001, 1002, UINT32_MAX - 1, UINT32_MAX};
    (void)state;

    for (size_t i = 0; i < sizeof randoms / sizeof randoms[0]; i++) {
        struct redis_backoff backoff = {.delay_ms = REDIS_BACKOFF_MAX_MS};

        assert_in_range(redis_backoff_next(&backoff, false, 0, randoms[i]),
                        REDIS_BACKOFF_MAX_MS / 2, REDIS_BACKOFF_MAX_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_that_fell_is_tried_again_at_once_and_then_later_and_later),
        cmocka_unit_test(a_link_that_never_was_up_is_not_tried_again_at_once),
        cmocka_unit_test(a_link_that_keeps_falling_waits_as_if_it_had_not_come_up),
        cmocka_unit_test(every_random_number_gives_a_delay_between_half_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
