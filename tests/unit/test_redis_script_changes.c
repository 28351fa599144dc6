/*
 * test_redis_script_changes.c - counters with records: changes, by redis_change.lua.
 */
#include "redis_records_scene.h"

static void a_change_is_made_and_noted_with_before_and_after(void **state)
{
    long left_ms;

    (void)state;
    open_connection();
    assert_asked("ns/change", "$-");
    assert_string_equal(change("ns/change", 1, "-", "-5 9 0 -5 -3 4 1 " OWNER),
                        "$->-5 9 0 -5 -3 4 1 " OWNER);
    assert_value("footfall:ns/change", "$-5");
    assert_fields(RECORD_OF("ns/change"),
                  "*created\n9\ncounted\n0\nadjusted\n-5\nlow\n-3\nhigh\n4\n"
                  "set\n1\nowner\n" OWNER "\n");
    assert_value(ENTRY_OF("ns/change"), "$0000000000000001 ->-5 9 0 -5 -3 4 1 " OWNER);
    left_ms = strtol(ask("PTTL %s", ENTRY_OF("ns/change")) + 1, NULL, 10);
    assert_true(left_ms > LIFETIME_MS - 30000 && left_ms <= LIFETIME_MS);
    assert_asked("ns/change", "$-5 9 0 -5 -3 4 1 " OWNER);
    assert_string_equal(count_record("ns/change", 2, 5), "$0");
    assert_asked("ns/change", "$0 9 1002 -5 -3 4 1 " OWNER);
}

static void a_change_of_what_is_otherwise_by_now_is_told_what_it_is(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record("ns/otherwise", 1, 5), "$5 new");
    assert_string_equal(change("ns/otherwise", 2, "4 1001 1001 1 0 1 0 -", "9 1001 1001 5 0 1 0 -"),
                        "$5 1001 1001 0 0 1 0 -");
    assert_string_equal(change("ns/otherwise", 2, "5 1001 1001 0 0 2 0 -", "-"),
                        "$5 1001 1001 0 0 1 0 -");
    assert_string_equal(change("ns/otherwise", 2, "-", "1 1 1 1 0 1 0 -"),
                        "$5 1001 1001 0 0 1 0 -");
    assert_value(ENTRY_OF("ns/otherwise"), "$0000000000000001 5 new");
    assert_string_equal(change("ns/otherwise", 2, "5 1001 1001 0 0 1 0 -", "6 1001 1001 1 0 1 0 -"),
                        "$5 1001 1001 0 0 1 0 ->6 1001 1001 1 0 1 0 -");
    assert_value("footfall:ns/otherwise", "$6");
}

/* From "5 1 2 …" something was to be made, and by now the counter is another one. */
static void hits_in_between_do_not_hinder_a_change(void **state)
{
    static const struct {
        enum store_change_kind kind;
        const char *now;
        const char *after; /* as it was decided */
        const char *made;  /* NULL: it is told what it is */
    } cases[] = {
        {STORE_ADD, "8 1 9 0 0 1 0 -", "9 1 2 4 0 1 0 -", "12 1 9 4 0 1 0 -"},
        {STORE_SET, "8 1 9 0 0 1 0 -", "100 1 2 95 0 1 0 -", "100 1 9 92 0 1 0 -"},
        {STORE_SET, "8 1 9 0 0 1 0 -", "8 1 2 3 0 1 0 -", "8 1 9 0 0 1 0 -"},
        {STORE_SET, "3 1 9 0 0 1 0 -", "-7 1 2 -12 0 1 0 -", "-7 1 9 -10 0 1 0 -"},
        {STORE_ADD, "2 1 9 0 0 1 0 -", "3 1 2 -2 0 1 0 -", "0 1 9 -2 0 1 0 -"},
        {STORE_REMOVE, "8 1 9 0 0 1 0 -", "-", "-"},
        {STORE_SET, "8 1 2 3 0 1 0 -", "100 1 2 95 0 1 0 -", NULL}, /* more than hits */
        {STORE_ADD, "8 1 9 0 0 2 0 -", "9 1 2 4 0 1 0 -", NULL},
        {STORE_REMOVE, "8 1 9 0 0 1 0 " OWNER, "-", NULL},
        {STORE_ADD, "-", "9 1 2 4 0 1 0 -", NULL},
        /* Numbers that Lua does not know exactly. */
        {STORE_ADD, "9007199254740992 1 9 0 0 1 0 -", "9 1 2 4 0 1 0 -", NULL},
        {STORE_ADD, "8 1 9 0 0 1 0 -", "9007199254740991 1 2 9007199254740986 0 1 0 -", NULL},
        {STORE_SET, "8 1 9 0 0 1 0 -", "9007199254740995 1 2 9007199254740990 0 1 0 -", NULL},
    };
    (void)state;

    open_connection();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[256];

        assert_string_equal(ask("FLUSHALL"), "+OK");
        kind_of_change = STORE_CREATE;
        if (strcmp(cases[i].now, "-") != 0) {
            assert_begins(change("ns/hit", 1, "-", cases[i].now), "$->");
        }
        (void)snprintf(expected, sizeof expected, "$%s%s%s", cases[i].now,
                       cases[i].made == NULL ? "" : ">",
                       cases[i].made == NULL ? "" : cases[i].made);
        kind_of_change = cases[i].kind;
        assert_string_equal(change("ns/hit", 2, "5 1 2 0 0 1 0 -", cases[i].after), expected);
        (void)snprintf(expected, sizeof expected, "$%s",
                       cases[i].made == NULL ? cases[i].now : cases[i].made);
        assert_asked("ns/hit", expected);
    }
    kind_of_change = STORE_CREATE;
}

static void a_change_that_comes_again_is_answered_the_same_and_made_once(void **state)
{
    static const char before[] = "1 1001 1001 0 0 1 0 -";
    static const char after[] = "100 1001 1001 99 0 1 0 -";

    (void)state;
    open_connection();
    assert_string_equal(count_record("ns/once", 1, 1), "$1 new");
    assert_string_equal(change("ns/once", 2, before, after),
                        "$1 1001 1001 0 0 1 0 ->100 1001 1001 99 0 1 0 -");
    /* Somebody has put it back, so that it could be made again. */
    assert_string_equal(ask("SET footfall:ns/once 1"), "+OK");
    assert_string_equal(ask("HSET %s adjusted 0", RECORD_OF("ns/once")), ":0");
    assert_string_equal(change("ns/once", 2, before, after),
                        "$1 1001 1001 0 0 1 0 ->100 1001 1001 99 0 1 0 -");
    assert_string_equal(change("ns/once", 2, NULL, NULL),
                        "$1 1001 1001 0 0 1 0 ->100 1001 1001 99 0 1 0 -");
    assert_begins(change("ns/once", 1, before, after), "-STALE ");
    assert_value("footfall:ns/once", "$1");
}

static void a_removed_counter_is_gone_with_its_record_and_a_resend_is_known(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record("ns/gone", 1, 1), "$1 new");
    for (unsigned i = 0; i < 2; i++) {
        assert_string_equal(change("ns/gone", 2, "1 1001 1001 0 0 1 0 -", "-"),
                            "$1 1001 1001 0 0 1 0 ->-");
        assert_string_equal(ask("EXISTS footfall:ns/gone %s", RECORD_OF("ns/gone")), ":0");
        assert_value(ENTRY_OF("ns/gone"), "$0000000000000002 1 1001 1001 0 0 1 0 ->-");
    }
    assert_string_equal(count_record("ns/gone", 3, 1), "$1 new");
    assert_begins(change("ns/gone", 2, "1 1003 1003 0 0 1 0 -", "-"), "-STALE ");
    assert_value("footfall:ns/gone", "$1");
}

static void values_are_exact_to_both_ends(void **state)
{
    static const char *const values[] = {"9223372036854775807", "-9223372036854775808",
                                         "9007199254740993", "-9007199254740993", "0"};
    char before[TEXT_BYTES] = "-";
    char after[TEXT_BYTES];
    char expected[2 * TEXT_BYTES + 8];

    (void)state;
    open_connection();
    for (uint64_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        (void)snprintf(after, sizeof after, "%s 1 0 %s %s %s 0 -", values[i], values[i], values[i],
                       values[i]);
        (void)snprintf(expected, sizeof expected, "$%s>%s", before, after);
        assert_string_equal(change("ns/exact-change", i + 1, before, after), expected);
        (void)snprintf(expected, sizeof expected, "$%s", values[i]);
        assert_value("footfall:ns/exact-change", expected);
        memcpy(before, after, sizeof before);
    }
}

static void another_layout_and_another_type_are_refused(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SET {footfall:ns/layout}:footfall:layout 2"), "+OK");
    assert_begins(change("ns/layout", 1, NULL, NULL), "-LAYOUT ");
    assert_begins(change("ns/layout", 1, "-", "1 1 1 1 0 1 0 -"), "-LAYOUT ");
    assert_begins(count_record("ns/layout", 1, 1), "-LAYOUT ");
    assert_value("footfall:ns/layout", "null");
    assert_string_equal(ask("RPUSH footfall:ns/list x"), ":1");
    assert_begins(change("ns/list", 1, NULL, NULL), "-WRONGTYPE ");
    assert_begins(count_record("ns/list", 1, 1), "-WRONGTYPE ");
    assert_string_equal(ask("SET footfall:ns/about 1"), "+OK");
    assert_string_equal(ask("SET %s x", RECORD_OF("ns/about")), "+OK");
    assert_begins(change("ns/about", 1, NULL, NULL), "-WRONGTYPE ");
}

static void what_cannot_be_written_whole_is_not_changed(void **state)
{
    static const char before[] = "1 1001 1001 0 0 1 0 -";
    static const char *const rights[] = {
        "+get +hmget +hset +del",      /* no entry */
        "+get +hmget +set +del",       /* no record */
        "+get +hmget +set +hset -del", /* nothing removed, nothing made */
    };

    (void)state;
    open_connection();
    assert_string_equal(count_record("ns/undone", 1, 1), "$1 new");
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        assert_string_equal(ask("ACL SETUSER half reset"), "+OK");
        assert_string_equal(ask("ACL SETUSER half on nopass ~* +eval %s", rights[i]), "+OK");
        assert_string_equal(ask("AUTH half x"), "+OK");
        if (i < 2) {
            assert_begins(change("ns/undone", 2, before, "2 1001 1001 1 0 1 0 -"), "-");
        } else {
            assert_begins(change("ns/undone", 2, before, "-"), "-");
        }
        assert_begins(change("ns/undone0", 2, "-", "2 1 0 2 0 1 0 -"), "-");
        open_connection();
        assert_asked("ns/undone", "$1 1001 1001 0 0 1 0 -");
        assert_value(ENTRY_OF("ns/undone"), "$0000000000000001 1 new");
        assert_asked("ns/undone0", "$-");
    }
    assert_string_equal(change("ns/undone", 2, before, "2 1001 1001 1 0 1 0 -"),
                        "$1 1001 1001 0 0 1 0 ->2 1001 1001 1 0 1 0 -");
    assert_string_equal(change("ns/undone0", 2, "-", "2 1 0 2 0 1 0 -"), "$->2 1 0 2 0 1 0 -");
}

static void without_memory_nothing_is_made_or_changed(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_record("ns/memory", 1, 1), "$1 new");
    assert_string_equal(ask("CONFIG SET maxmemory 1"), "+OK");
    assert_begins(count_record("ns/memory", 2, 1), "-OOM ");
    assert_begins(count_record("ns/memory2", 2, 1), "-OOM ");
    assert_begins(change("ns/memory", 3, "1 1001 1001 0 0 1 0 -", "2 1001 1001 1 0 1 0 -"),
                  "-OOM ");
    assert_begins(change("ns/memory2", 3, "-", "2 1 0 2 0 1 0 -"), "-OOM ");
    assert_asked("ns/memory", "$1 1001 1001 0 0 1 0 -");
    assert_asked("ns/memory2", "$-");
    assert_string_equal(ask("CONFIG SET maxmemory 0"), "+OK");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_is_made_and_noted_with_before_and_after),
        cmocka_unit_test(a_change_of_what_is_otherwise_by_now_is_told_what_it_is),
        cmocka_unit_test(hits_in_between_do_not_hinder_a_change),
        cmocka_unit_test(a_change_that_comes_again_is_answered_the_same_and_made_once),
        cmocka_unit_test(a_removed_counter_is_gone_with_its_record_and_a_resend_is_known),
        cmocka_unit_test(values_are_exact_to_both_ends),
        cmocka_unit_test(another_layout_and_another_type_are_refused),
        cmocka_unit_test(what_cannot_be_written_whole_is_not_changed),
        cmocka_unit_test(without_memory_nothing_is_made_or_changed),
    };

    return cmocka_run_group_tests_name("redis_script_changes", tests, start_server, stop_server);
}
