/*
 * test_census.c - connections are counted over all workers, and forgotten with the one that dies.
 */
#include "base/census.h"

#include "base/hash.h"
#include "base/network_address.h"
#include "base/scoreboard.h"
#include "test.h"

#include <sys/wait.h>
#include <unistd.h>

static struct scoreboard *scoreboard;

static int open_scoreboard(void **state)
{
    (void)state;
    if (scoreboard_create(&scoreboard) < 0) {
        return -1;
    }
    for (uint32_t slot = 0; slot < 3; slot++) {
        atomic_store(&scoreboard->slots[slot].state, WORKER_SERVING);
        census_join(scoreboard, slot);
    }
    return 0;
}

static int close_scoreboard(void **state)
{
    (void)state;
    scoreboard_destroy(scoreboard);
    return 0;
}

static struct network_address address_of(const char *text)
{
    struct network_address address;

    assert_true(network_address_parse(slice_of(text), &address));
    return address;
}

/* What one more of that address is told; its place in *out_place, which may be NULL. */
static enum census_answer enter(uint32_t slot, const char *text, uint64_t connections_max,
                                uint64_t address_max, uint32_t *out_place)
{
    const struct census_limits limits = {connections_max, address_max};
    const struct network_address address = address_of(text);
    uint32_t place;

    return census_enter(scoreboard, slot, &limits, &address,
                        out_place != NULL ? out_place : &place);
}

static void of_all_connections_there_are_so_many_and_no_more(void **state)
{
    uint32_t places[4];

    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(enter(i % 3, "192.0.2.1", 4, UINT64_MAX, &places[i]), CENSUS_COUNTED);
    }
    for (uint32_t slot = 0; slot < 3; slot++) {
        assert_int_equal(enter(slot, "192.0.2.1", 4, UINT64_MAX, NULL), CENSUS_IS_FULL);
    }
    assert_int_equal(census_of_slot(scoreboard, 0), 2);
    census_leave(scoreboard, 0, places[3]);
    assert_int_equal(enter(2, "192.0.2.1", 4, UINT64_MAX, NULL), CENSUS_COUNTED);
    assert_int_equal(enter(2, "192.0.2.1", 4, UINT64_MAX, NULL), CENSUS_IS_FULL);
}

static void an_address_is_counted_over_all_workers_and_others_are_not_touched(void **state)
{
    uint32_t place;

    (void)state;
    assert_int_equal(enter(0, "192.0.2.1", UINT64_MAX, 2, &place), CENSUS_COUNTED);
    assert_int_equal(enter(1, "192.0.2.1", UINT64_MAX, 2, NULL), CENSUS_COUNTED);
    for (uint32_t slot = 0; slot < 3; slot++) {
        assert_int_equal(enter(slot, "192.0.2.1", UINT64_MAX, 2, NULL), CENSUS_ADDRESS_IS_FULL);
        assert_int_equal(enter(slot, "192.0.2.2", UINT64_MAX, 4, NULL), CENSUS_COUNTED);
    }
    census_leave(scoreboard, 0, place);
    assert_int_equal(enter(2, "192.0.2.1", UINT64_MAX, 2, NULL), CENSUS_COUNTED);
    assert_int_equal(enter(0, "192.0.2.1", UINT64_MAX, 2, NULL), CENSUS_ADDRESS_IS_FULL);
}

static void of_ipv6_a_network_of_64_bits_is_one_address(void **state)
{
    (void)state;
    assert_int_equal(enter(0, "2001:db8:0:1::1", UINT64_MAX, 1, NULL), CENSUS_COUNTED);
    assert_int_equal(enter(1, "2001:db8:0:1:ffff::9", UINT64_MAX, 1, NULL), CENSUS_ADDRESS_IS_FULL);
    assert_int_equal(enter(1, "2001:db8:0:2::1", UINT64_MAX, 1, NULL), CENSUS_COUNTED);
    /* All of IPv4 is in one such network, and is not one. */
    assert_int_equal(enter(0, "192.0.2.1", UINT64_MAX, 1, NULL), CENSUS_COUNTED);
    assert_int_equal(enter(0, "192.0.2.2", UINT64_MAX, 1, NULL), CENSUS_COUNTED);
    assert_int_equal(enter(0, "::1", UINT64_MAX, 1, NULL), CENSUS_COUNTED);
}

static void who_has_no_address_is_counted_in_all_only(void **state)
{
    const struct census_limits limits = {3, 1};
    const struct network_address nobody = {{0}};
    uint32_t place;

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(census_enter(scoreboard, 0, &limits, &nobody, &place), CENSUS_COUNTED);
        assert_int_equal(place, CENSUS_NO_PLACE);
    }
    assert_int_equal(census_enter(scoreboard, 0, &limits, &nobody, &place), CENSUS_IS_FULL);
    census_leave(scoreboard, 0, CENSUS_NO_PLACE);
    assert_int_equal(census_enter(scoreboard, 0, &limits, &nobody, &place), CENSUS_COUNTED);
}

static void a_worker_that_is_gone_takes_its_counts_with_it(void **state)
{
    pid_t child = fork();

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        for (unsigned i = 0; i < 5; i++) {
            (void)enter(1, "192.0.2.1", 5, 5, NULL);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(census_of_slot(scoreboard, 1), 5);
    assert_int_equal(enter(0, "192.0.2.1", 5, 5, NULL), CENSUS_IS_FULL);
    /* It was reaped … */
    atomic_store(&scoreboard->slots[1].state, WORKER_ABSENT);
    assert_int_equal(enter(0, "192.0.2.1", 5, 5, NULL), CENSUS_COUNTED);
    /* … and has a successor, who begins anew. */
    scoreboard_slot_clear(&scoreboard->slots[1], WORKER_STARTING, 1);
    assert_int_equal(census_of_slot(scoreboard, 1), 0);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(enter(1, "192.0.2.1", 5, 5, NULL), CENSUS_COUNTED);
    }
    assert_int_equal(enter(1, "192.0.2.1", UINT64_MAX, 5, NULL), CENSUS_ADDRESS_IS_FULL);
}

static void a_sheet_that_is_full_counts_new_addresses_in_all_only(void **state)
{
    const struct census_limits limits = {UINT64_MAX, 1};
    struct network_address address = address_of("10.0.0.0");
    uint32_t without = 0;

    (void)state;
    for (uint32_t i = 0; i < 2 * CENSUS_PLACES; i++) {
        uint32_t place;

        memcpy(address.bytes + 12, &i, sizeof i);
        assert_int_equal(census_enter(scoreboard, 0, &limits, &address, &place), CENSUS_COUNTED);
        without += place == CENSUS_NO_PLACE;
        /* Half full, nobody is turned away: so many connections are a worker's, mostly. */
        assert_true(without == 0 || i > CENSUS_PLACES / 2);
    }
    assert_true(without >= CENSUS_PLACES);
    assert_int_equal(census_of_slot(scoreboard, 0), 2 * CENSUS_PLACES);
}

/* Each of three processes lets in and out as fast as it can: there are never more than allowed, and
 * in the end as many as everybody says. */
static void three_workers_at_once_never_exceed_a_limit(void **state)
{
    enum { MAX = 5, ROUNDS = 20000 };
    pid_t children[3];

    (void)state;
    for (uint32_t slot = 0; slot < 3; slot++) {
        children[slot] = fork();
        assert_true(children[slot] >= 0);
        if (children[slot] == 0) {
            uint32_t places[MAX];
            uint32_t held = 0;

            for (unsigned i = 0; i < ROUNDS; i++) {
                if (held < MAX &&
                    enter(slot, "192.0.2.1", UINT64_MAX, MAX, &places[held]) == CENSUS_COUNTED) {
                    held++;
                } else if (held > 0) {
                    census_leave(scoreboard, slot, places[--held]);
                }
            }
            _exit((int)held);
        }
    }
    for (uint32_t slot = 0, sum = 0; slot < 3; slot++) {
        int status;

        assert_int_equal(waitpid(children[slot], &status, 0), children[slot]);
        assert_true(WIFEXITED(status));
        assert_int_equal(census_of_slot(scoreboard, slot), WEXITSTATUS(status));
        sum += (uint32_t)WEXITSTATUS(status);
        assert_true(sum <= MAX);
    }
}

int main(void)
{
#define ON_SCOREBOARD(test) cmocka_unit_test_setup_teardown(test, open_scoreboard, close_scoreboard)
    const struct CMUnitTest tests[] = {
        ON_SCOREBOARD(of_all_connections_there_are_so_many_and_no_more),
        ON_SCOREBOARD(an_address_is_counted_over_all_workers_and_others_are_not_touched),
        ON_SCOREBOARD(of_ipv6_a_network_of_64_bits_is_one_address),
        ON_SCOREBOARD(who_has_no_address_is_counted_in_all_only),
        ON_SCOREBOARD(a_worker_that_is_gone_takes_its_counts_with_it),
        ON_SCOREBOARD(a_sheet_that_is_full_counts_new_addresses_in_all_only),
        ON_SCOREBOARD(three_workers_at_once_never_exceed_a_limit),
    };

    if (hash_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
