/*
 * test_exchange.c - tickets find their request or nothing, never another's.
 */
#include "http/exchange.h"
#include "test.h"

#include <stdlib.h>

enum { EXCHANGES = 300 }; /* several blocks */

static unsigned failing_allocation;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool allocation_fails(void)
{
    return failing_allocation > 0 && --failing_allocation == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

static struct connection *const connection = (struct connection *)0x1000; /* never looked into */

static void each_ticket_finds_its_exchange_and_exchanges_never_move(void **state)
{
    static struct exchange *exchanges[EXCHANGES];
    struct exchange_table table;

    (void)state;
    exchange_table_init(&table, NULL);
    for (unsigned i = 0; i < EXCHANGES; i++) {
        exchanges[i] = exchange_take(&table, connection);
        assert_non_null(exchanges[i]);
        for (unsigned j = 0; j <= i; j += 1 + j / 4) {
            assert_ptr_equal(exchange_find(&table, exchange_ticket(exchanges[j])), exchanges[j]);
        }
    }
    exchange_table_finish(&table);
}

static void a_ticket_of_one_that_was_given_back_finds_nothing(void **state)
{
    struct exchange_table table;
    struct exchange *exchange;
    struct exchange *next;
    uint64_t old;

    (void)state;
    exchange_table_init(&table, NULL);
    exchange = exchange_take(&table, connection);
    old = exchange_ticket(exchange);
    exchange_give(&table, exchange);
    assert_null(exchange_find(&table, old));
    next = exchange_take(&table, connection);
    assert_ptr_equal(next, exchange); /* the place is used again */
    assert_null(exchange_find(&table, old));
    assert_ptr_equal(exchange_find(&table, exchange_ticket(next)), next);
    exchange_table_finish(&table);
}

static void a_ticket_of_nobody_finds_nothing(void **state)
{
    struct exchange_table table;
    unsigned found = 0;

    (void)state;
    exchange_table_init(&table, NULL);
    assert_null(exchange_find(&table, 0));
    assert_null(exchange_find(&table, UINT64_MAX));
    assert_non_null(exchange_take(&table, connection));
    for (uint64_t ticket = 0; ticket < 1000; ticket++) { /* places there and unused, and beyond */
        found += exchange_find(&table, ticket) != NULL;
    }
    assert_int_equal(found, 1);
    assert_null(exchange_find(&table, UINT64_MAX));
    assert_null(exchange_find(&table, UINT64_C(1) << 32));
    exchange_table_finish(&table);
}

static void nothing_of_its_predecessor_is_left_in_an_exchange(void **state)
{
    struct exchange_table table;
    struct exchange *exchange;

    (void)state;
    exchange_table_init(&table, NULL);
    exchange = exchange_take(&table, connection);
    exchange->is_whole = exchange->is_ready = exchange->is_head = true;
    exchange->keeps_alive = exchange->wants_continue = true;
    exchange->handler = (route_handler *)abort;
    exchange->minor_version = 0;
    exchange_give(&table, exchange);
    exchange = exchange_take(&table, connection);
    assert_ptr_equal(exchange->connection, connection);
    assert_null(exchange->next);
    assert_null(exchange->handler);
    assert_false(exchange->is_whole || exchange->is_ready || exchange->is_head);
    assert_false(exchange->keeps_alive || exchange->wants_continue);
    exchange_table_finish(&table);
}

static void without_memory_there_is_none_and_later_there_is(void **state)
{
    struct exchange_table table;
    struct exchange *first;

    (void)state;
    exchange_table_init(&table, NULL);
    for (unsigned nth = 1; nth <= 2; nth++) {
        failing_allocation = nth;
        assert_null(exchange_take(&table, connection));
        assert_int_equal(failing_allocation, 0);
    }
    first = exchange_take(&table, connection);
    assert_non_null(first);
    for (unsigned i = 1; i < 64; i++) {
        assert_non_null(exchange_take(&table, connection));
    }
    for (unsigned nth = 1; nth <= 2; nth++) { /* the second block */
        failing_allocation = nth;
        assert_null(exchange_take(&table, connection));
        assert_ptr_equal(exchange_find(&table, exchange_ticket(first)), first);
    }
    assert_non_null(exchange_take(&table, connection));
    exchange_table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_ticket_finds_its_exchange_and_exchanges_never_move),
        cmocka_unit_test(a_ticket_of_one_that_was_given_back_finds_nothing),
        cmocka_unit_test(a_ticket_of_nobody_finds_nothing),
        cmocka_unit_test(nothing_of_its_predecessor_is_left_in_an_exchange),
        cmocka_unit_test(without_memory_there_is_none_and_later_there_is),
    };

    return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
