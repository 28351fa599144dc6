/*
 * test_rate_table.c - how often a client may do something within a time.
 */
#include "base/rate_table.h"

#include "base/hash.h"
#include "rate_scene.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

static struct rate_table *table;
static bool mmap_fails;
static unsigned mmaps;
static size_t mapped_bytes;

void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    if (mmap_fails) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    mmaps++;
    mapped_bytes = length;
    return __real_mmap64(address, length, protection, flags, fd, offset);
}

static int open_table(void **state)
{
    (void)state;
    return rate_table_create(100000, &table);
}

static int close_table(void **state)
{
    (void)state;
    rate_table_destroy(table);
    return 0;
}

static void so_many_hits_are_allowed_in_a_window_and_so_many_in_the_next(void **state)
{
    const struct rate_limit limit = {1, 3, 10};

    (void)state;
    for (uint64_t begin_s = 1000; begin_s < 1000 + 5 * 10; begin_s += 10) {
        ASSERT_ANSWER(take(table, 1, limit, begin_s), RATE_ALLOWED, 2, 10);
        ASSERT_ANSWER(take(table, 1, limit, begin_s + 4), RATE_ALLOWED, 1, 6);
        ASSERT_ANSWER(take(table, 1, limit, begin_s + 4), RATE_ALLOWED, 0, 6);
        ASSERT_ANSWER(take(table, 1, limit, begin_s + 4), RATE_EXCEEDED, 0, 6);
        ASSERT_ANSWER(take(table, 1, limit, begin_s + 9), RATE_EXCEEDED, 0, 1);
    }
    /* A window begins with a hit, not with the end of the one before. */
    ASSERT_ANSWER(take(table, 1, limit, 5007), RATE_ALLOWED, 2, 10);
    ASSERT_ANSWER(take(table, 1, limit, 5016), RATE_ALLOWED, 1, 1);
    ASSERT_ANSWER(take(table, 1, limit, 5017), RATE_ALLOWED, 2, 10);
}

static void clients_and_policies_count_for_themselves(void **state)
{
    (void)state;
    for (uint32_t client = 0; client < 100; client++) {
        for (uint64_t policy_id = 0; policy_id < 10; policy_id++) {
            const struct rate_limit limit = {policy_id << 60 | policy_id, 1, 60};

            ASSERT_ANSWER(take(table, client, limit, 7), RATE_ALLOWED, 0, 60);
            ASSERT_ANSWER(take(table, client, limit, 7), RATE_EXCEEDED, 0, 60);
        }
    }
}

static void of_ipv6_a_network_of_64_bits_is_one_client(void **state)
{
    static const char *const texts[] = {"2001:db8:0:1::1", "2001:db8:0:1:ffff::9",
                                        "2001:db8:0:2::1"};
    const struct rate_limit limit = {1, 1, 10};
    const enum rate_verdict verdicts[] = {RATE_ALLOWED, RATE_EXCEEDED, RATE_ALLOWED};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct network_address client;

        assert_true(network_address_parse(slice_of(texts[i]), &client));
        assert_int_equal(rate_table_take(table, &client, &limit, 1).verdict, verdicts[i]);
    }
}

static void who_has_no_address_is_one_client(void **state)
{
    const struct network_address nobody = {{0}};
    const struct rate_limit limit = {1, 1, 10};

    (void)state;
    assert_int_equal(rate_table_take(table, &nobody, &limit, 1).verdict, RATE_ALLOWED);
    assert_int_equal(rate_table_take(table, &nobody, &limit, 1).verdict, RATE_EXCEEDED);
}

static void the_least_and_the_most_of_a_limit_are_kept(void **state)
{
    const struct rate_limit most = {1, RATE_AMOUNT_MAX, RATE_WINDOW_S_MAX};
    const struct rate_limit none = {2, 0, 1};

    (void)state;
    for (uint32_t left = RATE_AMOUNT_MAX; left > 0; left--) {
        ASSERT_ANSWER(take(table, 1, most, 9), RATE_ALLOWED, left - 1, RATE_WINDOW_S_MAX);
    }
    for (unsigned i = 0; i < 3; i++) {
        ASSERT_ANSWER(take(table, 1, most, 9), RATE_EXCEEDED, 0, RATE_WINDOW_S_MAX);
        ASSERT_ANSWER(take(table, 1, none, 9), RATE_EXCEEDED, 0, 1);
    }
    ASSERT_ANSWER(take(table, 1, most, RATE_WINDOW_S_MAX + 8), RATE_EXCEEDED, 0, 1);
    ASSERT_ANSWER(take(table, 1, most, RATE_WINDOW_S_MAX + 9), RATE_ALLOWED, RATE_AMOUNT_MAX - 1,
                  RATE_WINDOW_S_MAX);
}

static void a_limit_that_changes_keeps_the_window_and_what_was_counted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        (void)take(table, 1, (struct rate_limit){1, 10, 20}, 100);
    }
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){1, 3, 20}, 100), RATE_EXCEEDED, 0, 20);
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){1, 0, 20}, 100), RATE_EXCEEDED, 0, 20);
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){1, 6, 40}, 100), RATE_ALLOWED, 0, 20);
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){1, 6, 40}, 120), RATE_ALLOWED, 5, 40);
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){1, 6, 1}, 120), RATE_ALLOWED, 4, 40);
    /* As another policy it has nothing to do with the former. */
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){2, 6, 1}, 120), RATE_ALLOWED, 5, 1);
    /* What a much longer window has left is no time for a short one. */
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){3, 1, 3600}, 120), RATE_ALLOWED, 0, 3600);
    ASSERT_ANSWER(take(table, 1, (struct rate_limit){3, 1, 10}, 120), RATE_ALLOWED, 0, 10);
}

static void after_a_jump_of_any_length_a_window_has_ended(void **state)
{
    const struct rate_limit limit = {1, 1, 100};

    (void)state;
    for (unsigned bits = 7; bits < 48; bits++) { /* nine million years */
        for (int off = -1; off <= 1; off++) {
            const uint64_t length_s = (UINT64_C(1) << bits) + (uint64_t)(int64_t)off;
            const uint32_t client = bits * 10 + (uint32_t)(off + 1);

            ASSERT_ANSWER(take(table, client, limit, 5), RATE_ALLOWED, 0, 100);
            ASSERT_ANSWER(take(table, client, limit, 5), RATE_EXCEEDED, 0, 100);
            ASSERT_ANSWER(take(table, client, limit, 5 + length_s), RATE_ALLOWED, 0, 100);
            ASSERT_ANSWER(take(table, client, limit, 5 + length_s), RATE_EXCEEDED, 0, 100);
        }
    }
}

static void a_window_may_begin_and_end_at_any_second(void **state)
{
    enum { AROUND = 1 << 19, BEFORE = 150 }; /* seconds, where the bits that a place keeps end */
    const struct rate_limit limit = {1, 2, 100};

    (void)state;
    for (uint64_t now_s = 0; now_s < 4 * BEFORE; now_s++) {
        const uint64_t begin_s = now_s < 2 * BEFORE ? now_s : AROUND - 3 * BEFORE + now_s;
        const uint32_t client = (uint32_t)now_s;

        ASSERT_ANSWER(take(table, client, limit, begin_s), RATE_ALLOWED, 1, 100);
        ASSERT_ANSWER(take(table, client, limit, begin_s + 99), RATE_ALLOWED, 0, 1);
        ASSERT_ANSWER(take(table, client, limit, begin_s + 99), RATE_EXCEEDED, 0, 1);
        ASSERT_ANSWER(take(table, client, limit, begin_s + 100), RATE_ALLOWED, 1, 100);
    }
}

static void a_clock_that_goes_back_refuses_nobody_for_long(void **state)
{
    const struct rate_limit limit = {1, 1, 10};

    (void)state;
    for (uint32_t back_s = 0; back_s <= 1000000; back_s = back_s * 2 + 1) {
        const uint64_t now_s = 2000000;

        ASSERT_ANSWER(take(table, back_s, limit, now_s), RATE_ALLOWED, 0, 10);
        if (back_s <= 60) { /* it lasts that much longer */
            ASSERT_ANSWER(take(table, back_s, limit, now_s - back_s), RATE_EXCEEDED, 0,
                          10 + back_s);
            ASSERT_ANSWER(take(table, back_s, limit, now_s + 10), RATE_ALLOWED, 0, 10);
        } else {
            ASSERT_ANSWER(take(table, back_s, limit, now_s - back_s), RATE_ALLOWED, 0, 10);
            ASSERT_ANSWER(take(table, back_s, limit, now_s - back_s), RATE_EXCEEDED, 0, 10);
        }
    }
}

/* What a plain array says, for many clients, of two policies, while time goes on. */
static void any_mixture_of_hits_is_answered_as_in_a_plain_array(void **state)
{
    enum { CLIENTS = 2000, ROUNDS = 1000000 };
    static struct {
        uint64_t end_s;
        uint32_t count;
    } plain[2][CLIENTS];
    const struct rate_limit limits[2] = {{1, 5, 10}, {2, 50, 100}};
    uint32_t random = 4711;
    uint64_t now_s = (1 << 19) - 300;

    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        const uint32_t which = round % 2;
        const struct rate_limit *limit = &limits[which];
        uint32_t client;
        bool is_allowed;

        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        now_s += random % 1700 == 0;
        client = random / 1700 % CLIENTS;
        if (plain[which][client].end_s <= now_s) {
            plain[which][client].end_s = now_s + limit->window_s;
            plain[which][client].count = 0;
        }
        is_allowed = plain[which][client].count < limit->amount_max;
        plain[which][client].count += is_allowed;
        ASSERT_ANSWER(take(table, client, *limit, now_s), is_allowed ? RATE_ALLOWED : RATE_EXCEEDED,
                      limit->amount_max - plain[which][client].count,
                      plain[which][client].end_s - now_s);
    }
    assert_true(now_s > 1 << 19);
}

/* From nine tenths of them on newcomers were refused now and then, and in the end one in fourteen.
 */
static void as_many_clients_as_it_is_made_for_are_let_in(void **state)
{
    static const uint32_t sizes[] = {1, 31, 100, 992, 5290, 15872, 21162}; /* some fit exactly */
    const struct rate_limit limit = {1, 1, 10};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct rate_table *made;
        uint32_t refused = 0;

        assert_int_equal(rate_table_create(sizes[i], &made), 0);
        for (uint32_t client = 0; client < sizes[i]; client++) {
            refused += take(made, client, limit, 1).verdict == RATE_NO_PLACE;
        }
        rate_table_destroy(made);
        assert_true(refused <= 1); /* one in six million, at the end */
    }
}

static void half_full_it_turns_away_hardly_anybody(void **state)
{
    const struct rate_limit limit = {1, 1, 10};
    struct rate_table *made;
    uint32_t refused = 0;

    (void)state;
    assert_int_equal(rate_table_create(42325, &made), 0);
    for (uint32_t client = 0; client < 63488; client++) { /* of 4,096 sets of 31 */
        refused += take(made, client, limit, 1).verdict != RATE_ALLOWED;
    }
    rate_table_destroy(made);
    assert_true(refused < 63488 / 1000);
}

static void what_is_given_back_is_allowed_again_and_nothing_else(void **state)
{
    const struct rate_limit limit = {1, 2, 10};
    const struct network_address client = client_of(7);

    (void)state;
    rate_table_give_back(table, &client, &limit, 1); /* there is none */
    ASSERT_ANSWER(take(table, 7, limit, 1), RATE_ALLOWED, 1, 10);
    ASSERT_ANSWER(take(table, 7, limit, 1), RATE_ALLOWED, 0, 10);
    ASSERT_ANSWER(take(table, 7, limit, 2), RATE_EXCEEDED, 0, 9);
    rate_table_give_back(table, &client, &limit, 2);
    ASSERT_ANSWER(take(table, 7, limit, 2), RATE_ALLOWED, 0, 9);
    for (unsigned i = 0; i < 4; i++) { /* not below nothing */
        rate_table_give_back(table, &client, &limit, 3);
    }
    ASSERT_ANSWER(take(table, 7, limit, 3), RATE_ALLOWED, 1, 8);
    rate_table_give_back(table, &client, &limit, 11); /* its window has ended */
    ASSERT_ANSWER(take(table, 7, limit, 11), RATE_ALLOWED, 1, 10);
}

static void
a_full_table_keeps_its_clients_refuses_others_and_takes_them_in_when_windows_end(void **state)
{
    enum { MANY = 1000000, SHARED_MAX = 8 };
    const struct rate_limit limit = {1, 2, 10};
    struct rate_table *small;
    uint32_t inside = 0;
    uint32_t shared = 0; /* one in nine runs has a newcomer who shares somebody's count */

    (void)state;
    mmaps = 0;
    assert_int_equal(rate_table_create(5290, &small), 0); /* 512 sets */
    assert_true(mapped_bytes <= 512 * 256 + 4096);
    for (uint32_t client = 0; client < MANY; client++) {
        const struct rate_answer answer = take(small, client, limit, 100);

        if (answer.verdict == RATE_ALLOWED) {
            inside += answer.remaining;
            shared += 1 - answer.remaining;
        } else {
            ASSERT_ANSWER(answer, RATE_NO_PLACE, 0, 10);
            ASSERT_ANSWER(take(small, client, limit, 104), RATE_NO_PLACE, 0, 6);
        }
    }
    assert_int_equal(inside, 512 * 31); /* every place is used */
    /* The first ones are all inside, and go on; newcomers are still refused … */
    for (uint32_t client = 0; client < 1000; client++) {
        (void)take(small, client, limit, 109); /* allowed, but for whom somebody shares with */
        ASSERT_ANSWER(take(small, client, limit, 109), RATE_EXCEEDED, 0, 1);
        ASSERT_ANSWER(take(small, MANY + client, limit, 109), RATE_NO_PLACE, 0, 1);
    }
    /* … until windows end, then as many come in as there were. */
    inside = 0;
    for (uint32_t client = 2 * MANY; client < 3 * MANY; client++) {
        const struct rate_answer answer = take(small, client, limit, 110);

        inside += answer.verdict == RATE_ALLOWED && answer.remaining == 1;
        shared += answer.verdict == RATE_ALLOWED && answer.remaining == 0;
    }
    assert_int_equal(inside, 512 * 31);
    assert_true(shared <= SHARED_MAX);
    assert_int_equal(take(small, 1, limit, 110).verdict, RATE_NO_PLACE);
    assert_int_equal(mmaps, 1);
    rate_table_destroy(small);
}

static void a_table_for_one_client_has_room_for_a_set(void **state)
{
    struct rate_table *smallest;

    (void)state;
    assert_int_equal(rate_table_create(1, &smallest), 0);
    for (uint32_t client = 0; client < 40; client++) {
        const struct rate_limit limit = {1, 1, 10 + client};
        const struct rate_answer answer = take(smallest, client, limit, 1);

        if (client < 31) {
            ASSERT_ANSWER(answer, RATE_ALLOWED, 0, 10 + client);
        } else { /* the first to end are those with the shortest window */
            ASSERT_ANSWER(answer, RATE_NO_PLACE, 0, 10);
        }
    }
    ASSERT_ANSWER(take(smallest, 100, (struct rate_limit){1, 1, 10}, 11), RATE_ALLOWED, 0, 10);
    ASSERT_ANSWER(take(smallest, 101, (struct rate_limit){1, 1, 10}, 11), RATE_NO_PLACE, 0, 1);
    rate_table_destroy(smallest);
}

static void without_memory_no_table_is_made(void **state)
{
    struct rate_table *untouched = NULL;

    (void)state;
    mmap_fails = true;
    assert_int_equal(rate_table_create(1000, &untouched), -ENOMEM);
    mmap_fails = false;
    assert_null(untouched);
    rate_table_destroy(NULL);
}

int main(void)
{
#define ON_TABLE(test) cmocka_unit_test_setup_teardown(test, open_table, close_table)
    const struct CMUnitTest tests[] = {
        ON_TABLE(so_many_hits_are_allowed_in_a_window_and_so_many_in_the_next),
        ON_TABLE(clients_and_policies_count_for_themselves),
        ON_TABLE(of_ipv6_a_network_of_64_bits_is_one_client),
        ON_TABLE(who_has_no_address_is_one_client),
        ON_TABLE(the_least_and_the_most_of_a_limit_are_kept),
        ON_TABLE(a_limit_that_changes_keeps_the_window_and_what_was_counted),
        ON_TABLE(what_is_given_back_is_allowed_again_and_nothing_else),
        ON_TABLE(after_a_jump_of_any_length_a_window_has_ended),
        ON_TABLE(a_window_may_begin_and_end_at_any_second),
        ON_TABLE(a_clock_that_goes_back_refuses_nobody_for_long),
        ON_TABLE(any_mixture_of_hits_is_answered_as_in_a_plain_array),
        cmocka_unit_test(as_many_clients_as_it_is_made_for_are_let_in),
        cmocka_unit_test(half_full_it_turns_away_hardly_anybody),
        cmocka_unit_test(
            a_full_table_keeps_its_clients_refuses_others_and_takes_them_in_when_windows_end),
        cmocka_unit_test(a_table_for_one_client_has_room_for_a_set),
        cmocka_unit_test(without_memory_no_table_is_made),
    };

    if (hash_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("rate_table", tests, NULL, NULL);
}
