/*
 * test_redis_error.c - what a server says of why it did not do what it was asked.
 */
#include "guarded.h"
#include "store/redis_error.h"
#include "test.h"

static void the_kind_of_an_error_is_its_first_word(void **state)
{
    (void)state;

    assert_true(slice_is(redis_error_kind(SLICE("WRONGTYPE Operation against")), "WRONGTYPE"));
    assert_true(slice_is(redis_error_kind(SLICE("ERR")), "ERR"));
    assert_true(slice_is(redis_error_kind(SLICE("")), ""));
    assert_true(slice_is(redis_error_kind(SLICE(" x")), ""));
    assert_true(slice_is(redis_error_kind((struct slice){NULL, 0}), ""));
}

static void a_part_stands_anywhere_and_an_empty_one_nowhere(void **state)
{
    (void)state;

    assert_true(redis_error_holds(SLICE("abc"), SLICE("a")));
    assert_true(redis_error_holds(SLICE("abc"), SLICE("bc")));
    assert_true(redis_error_holds(SLICE("abc"), SLICE("abc")));
    assert_false(redis_error_holds(SLICE("abc"), SLICE("abcd")));
    assert_false(redis_error_holds(SLICE("abc"), SLICE("")));
    assert_false(redis_error_holds(SLICE(""), SLICE("a")));
    assert_false(redis_error_holds((struct slice){NULL, 0}, SLICE("a")));
}

static void check_bare(const char *text, const char *expected)
{
    const struct slice bare = redis_error_bare(guarded(slice_of(text)));

    if (!slice_is(bare, expected)) {
        fail_msg("%s is \"%.*s\"", text, (int)bare.length, bare.bytes);
    }
}

static void what_old_servers_put_around_an_error_of_a_script_is_taken_off(void **state)
{
    (void)state;

    check_bare("@user_script: 13: -READONLY You can't write against a read only replica.  ",
               "READONLY You can't write against a read only replica.");
    check_bare("@user_script: 1: -OOM command not allowed when used memory > 'maxmemory'.",
               "OOM command not allowed when used memory > 'maxmemory'.");
    check_bare("@user_script: 7: The user executing the script can't run this command",
               "The user executing the script can't run this command");
    check_bare("@user_script:5: ERR x", "ERR x");
    /* What is not that stays as it is. */
    check_bare("READONLY x", "READONLY x");
    check_bare("@user_script: x: -OOM y", "@user_script: x: -OOM y");
    check_bare("@user_script: 13 -OOM y", "@user_script: 13 -OOM y");
    check_bare("@user_script: 12", "@user_script: 12");
    check_bare("@user_script:", "@user_script:");
    check_bare("-OOM y", "-OOM y");
    check_bare(" ", "");
    check_bare("", "");
}

/* As Redis 7 and Valkey 8 write them. */
static const struct {
    const char *text;
    enum redis_error_meaning meaning;
} meanings[] = {
    {"NOSCRIPT No matching script. Please use EVAL.", REDIS_ERROR_NO_SCRIPT},
    {"NOSCRIPT", REDIS_ERROR_NO_SCRIPT},
    {"LOADING Redis is loading the dataset in memory", REDIS_ERROR_NOT_NOW},
    {"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
     REDIS_ERROR_NOT_NOW},
    {"READONLY You can't write against a read only replica.", REDIS_ERROR_NOT_NOW},
    {"READONLY You can't write against a read only replica. script: 1734e14d, on @user_script:24.",
     REDIS_ERROR_NOT_NOW},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
     REDIS_ERROR_NOT_NOW},
    {"CLUSTERDOWN The cluster is down", REDIS_ERROR_NOT_NOW},
    {"TRYAGAIN Multiple keys request during rehashing of slot", REDIS_ERROR_NOT_NOW},
    {"NOAUTH Authentication required.", REDIS_ERROR_NOT_NOW},
    {"UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
     REDIS_ERROR_NOT_NOW},
    {"NOPERM User ann has no permissions to run the 'evalsha' command", REDIS_ERROR_NO_RIGHT},
    {"NOPERM this user has no permissions to run the 'eval' command", REDIS_ERROR_NO_RIGHT},
    {"NOPERM this user has no permissions to run the 'incrby' command", REDIS_ERROR_OTHER},
    {"NOPERM No permissions to access a key", REDIS_ERROR_OTHER},
    {"ERR 'eval", REDIS_ERROR_OTHER},
    {"ERR unknown command 'EVAL', with args beginning with: ", REDIS_ERROR_OTHER},
    {"ERR unknown command `EVAL`, with args beginning with: ", REDIS_ERROR_OTHER},
    {"ERR increment or decrement would overflow", REDIS_ERROR_OVERFLOW},
    {"ERR value is not an integer or out of range", REDIS_ERROR_OTHER},
    {"WRONGTYPE Operation against a key holding the wrong kind of value", REDIS_ERROR_OTHER},
    {"OOM command not allowed when used memory > 'maxmemory'.", REDIS_ERROR_OTHER},
    {"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist",
     REDIS_ERROR_OTHER},
    {"STALE batch 3 comes behind 4", REDIS_ERROR_OTHER},
    {"LAYOUT the counter is kept in layout 2, this is 1", REDIS_ERROR_OTHER},
    {"ERR", REDIS_ERROR_OTHER},
    {"", REDIS_ERROR_OTHER},
    /* The kind is the whole first word. */
    {"LOADINGS x", REDIS_ERROR_OTHER},
    {"BUSYGROUP Consumer Group name already exists", REDIS_ERROR_OTHER},
    {"loading x", REDIS_ERROR_OTHER},
    {" LOADING x", REDIS_ERROR_OTHER},
    {"ERR LOADING x", REDIS_ERROR_OTHER},
    {"unknown comman", REDIS_ERROR_OTHER},
    {"would overflo", REDIS_ERROR_OTHER},
};

static void every_error_has_a_meaning(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        assert_int_equal(redis_error_meaning(guarded(slice_of(meanings[i].text))),
                         meanings[i].meaning);
    }
    assert_int_equal(redis_error_meaning((struct slice){NULL, 0}), REDIS_ERROR_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_of_an_error_is_its_first_word),
        cmocka_unit_test(a_part_stands_anywhere_and_an_empty_one_nowhere),
        cmocka_unit_test(what_old_servers_put_around_an_error_of_a_script_is_taken_off),
        cmocka_unit_test(every_error_has_a_meaning),
    };

    return cmocka_run_group_tests_name("redis_error", tests, NULL, NULL);
}
