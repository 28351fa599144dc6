/*
 * test_redis_script_records.c - counters with records: hits, by redis_count.lua.
 */
#include "redis_records_scene.h"

static void a_hit_makes_a_counter_with_its_record_and_nothing_else(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SELECT 1"), "+OK");
    assert_string_equal(count_record("ns/made", 1, 3), "$3 new");
    assert_value("footfall:ns/made", "$3");
    assert_value(ENTRY_OF("ns/made"), "$0000000000000001 3 new");
    assert_fields(RECORD_OF("ns/made"), "*created\n1001\ncounted\n1001\n");
    assert_string_equal(ask("DBSIZE"), ":3");
    assert_string_equal(count_record("ns/made", 2, 1), "$4");
    assert_fields(RECORD_OF("ns/made"), "*created\n1001\ncounted\n1002\n");
    assert_string_equal(ask("PTTL %s", RECORD_OF("ns/made")), ":-1");
    assert_string_equal(ask("PTTL footfall:ns/made"), ":-1");
    assert_asked("ns/made", "$4 1001 1002 0 0 1 0 -");
}

static void a_batch_with_a_record_that_comes_again_changes_nothing(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record("ns/again", 5, 3), "$3 new");
    assert_string_equal(ask("INCRBY footfall:ns/again 100"), ":103");
    assert_string_equal(ask("HSET %s counted 7777", RECORD_OF("ns/again")), ":0");
    assert_string_equal(count_record("ns/again", 5, 3), "$3 new");
    assert_begins(count_record("ns/again", 4, 3), "-STALE ");
    assert_value("footfall:ns/again", "$103");
    assert_fields(RECORD_OF("ns/again"), "*created\n1005\ncounted\n7777\n");
}

/* Were it made and taken back, it would be there, with 0. */
static void a_batch_that_comes_again_does_not_make_what_was_removed_meanwhile(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record("ns/removed", 1, 3), "$3 new");
    assert_string_equal(ask("DEL footfall:ns/removed"), ":1");
    assert_string_equal(count_record("ns/removed", 1, 3), "$3 new");
    assert_begins(count_record("ns/removed", 0, 3), "-STALE ");
    assert_value("footfall:ns/removed", "null");
    assert_string_equal(count_record_at("ns/removed", 1, 3, 1, false), "$3 new"); /* it was, once */
}

static void what_must_not_be_made_is_answered_with_none_and_not_noted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record_at("ns/none", 1, 3, 1, false), "$none");
    assert_string_equal(
        ask("EXISTS footfall:ns/none %s %s", RECORD_OF("ns/none"), ENTRY_OF("ns/none")), ":0");
    assert_string_equal(count_record_at("ns/none", 1, 3, 1, true), "$3 new");
    assert_string_equal(count_record_at("ns/none", 2, 3, 1, false), "$6");
}

static void a_counter_that_others_made_has_no_time_of_its_making(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("INCR footfall:ns/others"), ":1");
    assert_asked("ns/others", "$1" VISITED);
    assert_string_equal(count_record("ns/others", 1, 1), "$2");
    assert_fields(RECORD_OF("ns/others"), "*counted\n1001\n");
    assert_string_equal(ask("SET footfall:ns/others 0"), "+OK");
    assert_string_equal(count_record("ns/others", 2, 1), "$1"); /* it was there */
    assert_fields(RECORD_OF("ns/others"), "*counted\n1002\n");
}

static void a_record_that_outlived_its_counter_says_nothing_of_the_new_one(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("HSET %s created 5 owner %s set 1", RECORD_OF("ns/orphan"), OWNER),
                        ":3");
    assert_asked("ns/orphan", "$-");
    assert_string_equal(count_record("ns/orphan", 1, 1), "$1 new");
    assert_fields(RECORD_OF("ns/orphan"), "*created\n1001\ncounted\n1001\n");
    assert_string_equal(ask("DEL footfall:ns/orphan"), ":1");
    assert_string_equal(change("ns/orphan", 2, "-", "7 1 0 7 -1 1 0 -"), "$->7 1 0 7 -1 1 0 -");
    assert_asked("ns/orphan", "$7 1 0 7 -1 1 0 -"); /* no COUNTED of the old one */
}

static void what_cannot_be_kept_in_the_record_is_not_counted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SET footfall:ns/wrong 41"), "+OK");
    assert_string_equal(ask("SET %s x", RECORD_OF("ns/wrong")), "+OK");
    assert_begins(count_record("ns/wrong", 1, 3), "-WRONGTYPE ");
    assert_value("footfall:ns/wrong", "$41");
    assert_begins(count_record("ns/wrong", 1, 3), "-WRONGTYPE "); /* is not noted, either */
    assert_string_equal(ask("DEL %s", RECORD_OF("ns/wrong")), ":1");
    assert_string_equal(count_record("ns/wrong", 1, 3), "$44");
    assert_string_equal(ask("DEL %s", RECORD_OF("ns/wrong")), ":1");
    assert_string_equal(ask("SET %s x", RECORD_OF("ns/wrong")), "+OK");
    assert_begins(count_record("ns/wrong", 2, 3), "-WRONGTYPE ");
    assert_value(ENTRY_OF("ns/wrong"), "$0000000000000001 44"); /* as it was */
}

/* A counter that is there is counted before all else is looked at. */
static void what_is_wrong_beside_a_counter_that_is_there_changes_nothing(void **state)
{
    static const char *const wrongs[] = {
        "SET {footfall:ns/beside}:footfall:layout 2",
        "RPUSH {footfall:ns/beside}:footfall:layout x",
        "RPUSH " ENTRY_OF("ns/beside") " x",
        "SET " ENTRY_OF("ns/beside") " 0000000000000017",
    };
    (void)state;

    open_connection();
    for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
        assert_string_equal(ask("FLUSHALL"), "+OK");
        assert_string_equal(ask("SET footfall:ns/beside 41"), "+OK");
        assert_true(ask("%s", wrongs[i])[0] != '-');
        assert_int_equal(count_record("ns/beside", 16, 3)[0], '-');
        assert_value("footfall:ns/beside", "$41");
        assert_string_equal(ask("EXISTS %s", RECORD_OF("ns/beside")), ":0");
    }
    assert_value(ENTRY_OF("ns/beside"), "$0000000000000017");
}

static void counts_with_a_record_are_exact_and_end_where_numbers_do(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SET footfall:ns/exact 9007199254740992"), "+OK");
    assert_string_equal(count_record("ns/exact", 1, 1), "$9007199254740993");
    assert_string_equal(ask("SET footfall:ns/exact -9223372036854775808"), "+OK");
    assert_string_equal(count_record("ns/exact", 2, 1), "$-9223372036854775807");
    assert_string_equal(ask("SET footfall:ns/exact 9223372036854775806"), "+OK");
    assert_begins(count_record("ns/exact", 3, 2), "-ERR increment or decrement would overflow");
    assert_fields(RECORD_OF("ns/exact"), "*counted\n1002\n");
}

static void a_user_with_the_rights_of_the_documentation_may_do_all_of_it(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("ACL SETUSER api on nopass ~footfall:* ~{footfall:* -@all +evalsha "
                            "+eval +incrby +get +set +exists +del +hset +hmget"),
                        "+OK");
    assert_string_equal(ask("AUTH api x"), "+OK");
    assert_string_equal(count_record("ns/rights", 1, 3), "$3 new");
    assert_string_equal(count_record("ns/rights", 1, 3), "$3 new");
    assert_string_equal(change("ns/rights", 2, "3 1001 1001 0 0 1 0 -", "9 1001 1001 6 0 1 0 -"),
                        "$3 1001 1001 0 0 1 0 ->9 1001 1001 6 0 1 0 -");
    assert_string_equal(change("ns/rights", 3, "9 1001 1001 6 0 1 0 -", "-"),
                        "$9 1001 1001 6 0 1 0 ->-");
    open_connection();
}

/* Visits were refused, and counted. */
static void without_a_right_nothing_is_counted(void **state)
{
    static const struct {
        const char *missing;
        const char *before; /* NULL: there is no counter */
        const char *after;
    } cases[] = {
        {"del", NULL, "$0"},   {"hset", NULL, "null"},
        {"hset", "41", "$41"}, {"get", "9007199254740993", "$9007199254740993"},
        {"set", "41", "$41"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        open_connection();
        assert_string_equal(ask("FLUSHALL"), "+OK");
        assert_string_equal(ask("ACL SETUSER api reset on nopass ~* -@all +evalsha +eval +incrby "
                                "+get +set +exists +del +hset -%s",
                                cases[i].missing),
                            "+OK");
        if (cases[i].before != NULL) {
            assert_string_equal(ask("SET footfall:ns/bare %s", cases[i].before), "+OK");
        }
        assert_string_equal(ask("AUTH api x"), "+OK");
        assert_int_equal(count_record("ns/bare", 1, 3)[0], '-');
        open_connection();
        assert_value("footfall:ns/bare", cases[i].after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hit_makes_a_counter_with_its_record_and_nothing_else),
        cmocka_unit_test(a_batch_with_a_record_that_comes_again_changes_nothing),
        cmocka_unit_test(a_batch_that_comes_again_does_not_make_what_was_removed_meanwhile),
        cmocka_unit_test(what_must_not_be_made_is_answered_with_none_and_not_noted),
        cmocka_unit_test(a_counter_that_others_made_has_no_time_of_its_making),
        cmocka_unit_test(a_record_that_outlived_its_counter_says_nothing_of_the_new_one),
        cmocka_unit_test(what_cannot_be_kept_in_the_record_is_not_counted),
        cmocka_unit_test(what_is_wrong_beside_a_counter_that_is_there_changes_nothing),
        cmocka_unit_test(counts_with_a_record_are_exact_and_end_where_numbers_do),
        cmocka_unit_test(a_user_with_the_rights_of_the_documentation_may_do_all_of_it),
        cmocka_unit_test(without_a_right_nothing_is_counted),
    };

    return cmocka_run_group_tests_name("redis_script_records", tests, start_server, stop_server);
}
