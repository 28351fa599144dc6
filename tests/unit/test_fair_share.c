/*
 * test_fair_share.c - who of those that accept by themselves is to let others go first.
 */
#include "process/fair_share.h"
#include "test.h"

enum {
    SLOTS = 3,
    CONNECTIONS_MAX = 100,
    NOW_MS = 50000,
};

static struct scoreboard *board;

static int begin(void **state)
{
    (void)state;
    assert_int_equal(scoreboard_create(&board), 0);
    atomic_store(&board->master.slots, SLOTS);
    for (unsigned i = 0; i < SLOTS; i++) {
        scoreboard_slot_clear(&board->slots[i], WORKER_SERVING, NOW_MS);
    }
    return 0;
}

static int finish(void **state)
{
    (void)state;
    scoreboard_destroy(board);
    return 0;
}

/* Whether the worker of slot 0 has too many, the others having so many. */
static bool exceeds(uint32_t own, uint32_t second, uint32_t third)
{
    const struct fair_share share = {board, true, 0, CONNECTIONS_MAX};

    atomic_store(&board->slots[0].connections, own);
    atomic_store(&board->slots[1].connections, second);
    atomic_store(&board->slots[2].connections, third);
    return fair_share_is_exceeded(&share, NOW_MS);
}

static void the_mean_and_an_eighth_is_fair(void **state)
{
    (void)state;
    assert_false(exceeds(0, 0, 0));
    assert_false(exceeds(16, 16, 16));
    assert_false(exceeds(18, 15, 15));
    assert_true(exceeds(20, 14, 14));
    assert_false(exceeds(16, 40, 0));
}

static void the_first_connection_of_all_is_anybodys(void **state)
{
    (void)state;
    assert_false(exceeds(1, 0, 0));
    assert_true(exceeds(2, 0, 0));
}

static void only_those_that_serve_are_compared(void **state)
{
    static const enum worker_state others[] = {WORKER_ABSENT, WORKER_STARTING, WORKER_DRAINING};

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        atomic_store(&board->slots[1].state, others[i]);
        assert_false(exceeds(20, 0, 20));
        atomic_store(&board->slots[2].state, others[i]);
        assert_false(exceeds(20, 0, 0)); /* nobody is left to let go first */
        atomic_store(&board->slots[2].state, WORKER_SERVING);
    }
}

static void nobody_waits_for_one_that_gives_no_sign_of_life(void **state)
{
    (void)state;
    atomic_store(&board->slots[1].beat_ms, NOW_MS - FAIR_SHARE_SILENT_MS);
    assert_true(exceeds(20, 0, 20));
    atomic_store(&board->slots[1].beat_ms, NOW_MS - FAIR_SHARE_SILENT_MS - 1);
    assert_false(exceeds(20, 0, 20));
    atomic_store(&board->slots[1].beat_ms, NOW_MS + 5); /* its turn began after ours */
    assert_true(exceeds(20, 0, 20));
}

static void one_without_room_is_not_let_go_first(void **state)
{
    (void)state;
    assert_true(exceeds(99, 10, 80));
    assert_false(exceeds(99, CONNECTIONS_MAX, CONNECTIONS_MAX + 1));
}

static void it_is_full_at_its_limit(void **state)
{
    const struct fair_share share = {board, true, 2, CONNECTIONS_MAX};

    (void)state;
    atomic_store(&board->slots[2].connections, CONNECTIONS_MAX - 1);
    assert_false(fair_share_is_full(&share));
    atomic_store(&board->slots[2].connections, CONNECTIONS_MAX);
    assert_true(fair_share_is_full(&share));
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(the_mean_and_an_eighth_is_fair),
        IN_SCENE(the_first_connection_of_all_is_anybodys),
        IN_SCENE(only_those_that_serve_are_compared),
        IN_SCENE(nobody_waits_for_one_that_gives_no_sign_of_life),
        IN_SCENE(one_without_room_is_not_let_go_first),
        IN_SCENE(it_is_full_at_its_limit),
    };

    return cmocka_run_group_tests_name("fair_share", tests, NULL, NULL);
}
