/*
 * test_redis_inspection.c - what a server may forget, as far as it tells.
 */
#include "guarded.h"
#include "store/redis_inspection.h"
#include "store/resp_reader.h"
#include "test.h"

#include <stdio.h>

/* Answers of Redis 7.0.15 as it is installed, but for what was left out of INFO. */
#define MAXMEMORY                                                                                  \
    "maxmemory-policy\nnoeviction\nmaxmemory\n0\nmaxmemory-clients\n0\n"                           \
    "maxmemory-eviction-tenacity\n10\nmaxmemory-samples\n5\n"
#define APPEND                                                                                     \
    "appendfsync\neverysec\nappendfilename\nappendonly.aof\nappendonly\nno\n"                      \
    "appenddirname\nappendonlydir\n"
#define SAVE "save\n3600 1 300 100 60 10000\n"
#define MEMORY                                                                                     \
    "# Memory\r\nused_memory:914608\r\nused_memory_human:893.17K\r\n"                              \
    "total_system_memory:25276502016\r\nmaxmemory:0\r\nmaxmemory_human:0B\r\n"                     \
    "maxmemory_policy:noeviction\r\nallocator_frag_ratio:1.08\r\nmem_allocator:jemalloc-5.3.0\r\n"
#define PERSISTENCE                                                                                \
    "# Persistence\r\nloading:0\r\nasync_loading:0\r\nrdb_changes_since_last_save:0\r\n"           \
    "rdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:-1\r\naof_enabled:0\r\n"                \
    "aof_last_bgrewrite_status:ok\r\naof_last_write_status:ok\r\naof_last_cow_size:0\r\n"
#define REPLICATION                                                                                \
    "# Replication\r\nrole:master\r\nconnected_slaves:0\r\nmaster_failover_state:no-failover\r\n"  \
    "master_replid:e0490eb4b2f8f0523135abe66d86974fc9c8cb73\r\nrepl_backlog_active:0\r\n"

static const struct {
    enum resp_type type;
    const char *text;
} answers[REDIS_INSPECTION_QUESTIONS] = {
    {RESP_ARRAY, MAXMEMORY}, {RESP_ARRAY, APPEND},     {RESP_ARRAY, SAVE},
    {RESP_BULK, MEMORY},     {RESP_BULK, PERSISTENCE}, {RESP_BULK, REPLICATION},
};

static void learn(struct redis_inspection *inspection, enum resp_type type, const char *text)
{
    const struct resp_reply reply = {.type = type, .text = guarded(slice_of(text))};

    redis_inspection_learn(inspection, &reply);
}

static void assert_same(const struct redis_inspection *one, const struct redis_inspection *other)
{
    assert_int_equal(one->has_memory_limit, other->has_memory_limit);
    assert_int_equal(one->appends, other->appends);
    assert_int_equal(one->takes_snapshots, other->takes_snapshots);
    assert_int_equal(one->is_replica, other->is_replica);
    assert_int_equal(one->fails_to_write, other->fails_to_write);
    assert_int_equal(one->fsync, other->fsync);
    assert_string_equal(one->policy, other->policy);
}

static void assert_warning(const struct redis_inspection *inspection, const char *expected)
{
    char text[REDIS_WARNING_BYTES];

    memset(text, '#', sizeof text);
    redis_inspection_write_warning(inspection, text);
    assert_string_equal(text, expected);
}

/* ---- questions ---- */

static void each_question_is_a_command_that_changes_nothing(void **state)
{
    static const char *const expected[REDIS_INSPECTION_QUESTIONS] = {
        "CONFIG GET maxmemory*", "CONFIG GET append*", "CONFIG GET save",
        "INFO memory",           "INFO persistence",   "INFO replication",
    };
    (void)state;

    for (unsigned i = 0; i < REDIS_INSPECTION_QUESTIONS; i++) {
        size_t count;
        const struct slice *words = redis_inspection_question(i, &count);
        char text[64] = "";
        size_t length = 0;

        for (size_t j = 0; j < count; j++) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%.*s",
                                       j > 0 ? " " : "", (int)words[j].length, words[j].bytes);
        }
        assert_string_equal(text, expected[i]);
    }
}

/* ---- answers ---- */

static void what_redis_7_answers_is_understood_in_any_order(void **state)
{
    const struct redis_inspection expected = {
        .has_memory_limit = REDIS_FACT_NO,
        .appends = REDIS_FACT_NO,
        .takes_snapshots = REDIS_FACT_YES,
        .is_replica = REDIS_FACT_NO,
        .fsync = REDIS_FSYNC_EVERYSEC,
        .policy = "noeviction",
    };
    (void)state;

    for (unsigned first = 0; first < REDIS_INSPECTION_QUESTIONS; first++) {
        struct redis_inspection forwards = {.policy = ""};
        struct redis_inspection backwards = {.policy = ""};

        for (unsigned i = 0; i < REDIS_INSPECTION_QUESTIONS; i++) {
            const unsigned up = (first + i) % REDIS_INSPECTION_QUESTIONS;
            const unsigned down = REDIS_INSPECTION_QUESTIONS - 1 - up;

            learn(&forwards, answers[up].type, answers[up].text);
            learn(&backwards, answers[down].type, answers[down].text);
        }
        assert_same(&forwards, &expected);
        assert_same(&backwards, &expected);
        assert_warning(&forwards, "");
        assert_string_equal(redis_inspection_risk(&forwards),
                            "a crash of it may lose all since the last snapshot");
    }
}

/* CONFIG is forbidden to many users, and hosted servers leave out one or the other. */
static void info_alone_tells_all_but_what_is_saved_when(void **state)
{
    struct redis_inspection inspection = {.policy = ""};
    const struct redis_inspection expected = {
        .has_memory_limit = REDIS_FACT_NO,
        .appends = REDIS_FACT_NO,
        .is_replica = REDIS_FACT_NO,
        .policy = "noeviction",
    };
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        learn(&inspection, RESP_ERROR, "NOPERM User ann has no permissions to run 'config|get'");
    }
    learn(&inspection, RESP_BULK, MEMORY);
    learn(&inspection, RESP_BULK, PERSISTENCE);
    learn(&inspection, RESP_BULK, REPLICATION);
    assert_same(&inspection, &expected);
    assert_string_equal(redis_inspection_risk(&inspection),
                        "a crash of it may lose all since the last snapshot, if it takes any");
}

struct lesson {
    enum resp_type type;
    const char *text;
    struct redis_inspection learned;
};

static const struct lesson lessons[] = {
    /* each value */
    {RESP_ARRAY, "maxmemory\n1\n", {.has_memory_limit = REDIS_FACT_YES}},
    {RESP_BULK, "maxmemory:104857600\r\n", {.has_memory_limit = REDIS_FACT_YES}},
    {RESP_ARRAY, "maxmemory-policy\nallkeys-lru\n", {.policy = "allkeys-lru"}},
    {RESP_BULK, "maxmemory_policy:allkeys-lfu\r\n", {.policy = "allkeys-lfu"}},
    {RESP_ARRAY, "appendonly\nyes\n", {.appends = REDIS_FACT_YES}},
    {RESP_BULK, "aof_enabled:1\r\n", {.appends = REDIS_FACT_YES}},
    {RESP_BULK, "aof_enabled:0\r\n", {.appends = REDIS_FACT_NO}},
    {RESP_ARRAY, "appendfsync\nalways\n", {.fsync = REDIS_FSYNC_ALWAYS}},
    {RESP_ARRAY, "appendfsync\neverysec\n", {.fsync = REDIS_FSYNC_EVERYSEC}},
    {RESP_ARRAY, "appendfsync\nno\n", {.fsync = REDIS_FSYNC_NO}},
    {RESP_ARRAY, "appendfsync\nsometimes\n", {.fsync = REDIS_FSYNC_UNKNOWN}},
    {RESP_ARRAY, "save\n\n", {.takes_snapshots = REDIS_FACT_NO}},
    {RESP_ARRAY, "save\n900 1\n", {.takes_snapshots = REDIS_FACT_YES}},
    {RESP_BULK, "role:slave\r\n", {.is_replica = REDIS_FACT_YES}},
    {RESP_BULK, "role:master\r\n", {.is_replica = REDIS_FACT_NO}},
    {RESP_BULK, "rdb_last_bgsave_status:err\r\n", {.fails_to_write = REDIS_FACT_YES}},
    {RESP_BULK, "aof_last_write_status:err\r\n", {.fails_to_write = REDIS_FACT_YES}},
    {RESP_BULK,
     "rdb_last_bgsave_status:ok\r\naof_last_write_status:err\r\n",
     {.fails_to_write = REDIS_FACT_YES}},
    {RESP_BULK,
     "rdb_last_bgsave_status:err\r\naof_last_write_status:ok\r\n",
     {.fails_to_write = REDIS_FACT_YES}},
    /* ends of lines */
    {RESP_BULK, "role:slave\n", {.is_replica = REDIS_FACT_YES}},
    {RESP_BULK, "\r\n\n\r\nrole:slave\r\n", {.is_replica = REDIS_FACT_YES}},
    /* no answers: errors, other types, nothing */
    {RESP_ERROR, "maxmemory\n1\n", {.policy = ""}},
    {RESP_ERROR, "role:slave\r\n", {.policy = ""}},
    {RESP_SIMPLE, "role:slave\r\n", {.policy = ""}},
    {RESP_INTEGER, "", {.policy = ""}},
    {RESP_NULL, "", {.policy = ""}},
    {RESP_ARRAY, "", {.policy = ""}},
    {RESP_BULK, "", {.policy = ""}},
    {RESP_ARRAY, "\n", {.policy = ""}},
    {RESP_BULK, "\r\n", {.policy = ""}},
    /* cut: a line without its end says nothing */
    {RESP_BULK, "role:slave", {.policy = ""}},
    {RESP_BULK, "role:slave\r", {.policy = ""}},
    {RESP_BULK, "role:", {.policy = ""}},
    {RESP_BULK, "role", {.policy = ""}},
    {RESP_ARRAY, "maxmemory\n104857600", {.policy = ""}},
    {RESP_ARRAY, "maxmemory\n", {.policy = ""}},
    {RESP_ARRAY, "maxmemory", {.policy = ""}},
    {RESP_ARRAY, "appendonly\nyes\nmaxmemory\n", {.appends = REDIS_FACT_YES}},
    {RESP_ARRAY, "appendonly\nyes\nmaxmem", {.appends = REDIS_FACT_YES}},
    /* a name is the whole name, and no value is taken for one */
    {RESP_BULK, "maxmemory_human:100.00M\r\n", {.policy = ""}},
    {RESP_BULK, "xrole:slave\r\n", {.policy = ""}},
    {RESP_BULK, "role \r\n", {.policy = ""}},
    {RESP_BULK, "# role\r\n", {.policy = ""}},
    {RESP_BULK, "maxmemory\n1\n", {.policy = ""}},
    {RESP_ARRAY, "role:slave\nx\n", {.policy = ""}},
    {RESP_ARRAY, "appendfilename\nappendonly\nyes\nno\n", {.policy = ""}},
    {RESP_ARRAY, "logfile\nsave\nsave\n\n", {.takes_snapshots = REDIS_FACT_NO}},
};

static void each_value_is_learned_and_nothing_else(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof lessons / sizeof lessons[0]; i++) {
        struct redis_inspection inspection = {.policy = ""};

        learn(&inspection, lessons[i].type, lessons[i].text);
        assert_same(&inspection, &lessons[i].learned);
    }
}

static void an_answer_without_bytes_tells_nothing(void **state)
{
    const struct redis_inspection nothing = {.policy = ""};
    const struct resp_reply array = {.type = RESP_ARRAY};
    const struct resp_reply bulk = {.type = RESP_BULK};
    struct redis_inspection inspection = {.policy = ""};

    (void)state;
    redis_inspection_learn(&inspection, &array);
    redis_inspection_learn(&inspection, &bulk);
    assert_same(&inspection, &nothing);
}

static void an_answer_cut_at_any_byte_tells_what_its_whole_lines_tell(void **state)
{
    (void)state;

    for (unsigned i = 0; i < REDIS_INSPECTION_QUESTIONS; i++) {
        const struct slice whole = slice_of(answers[i].text);

        for (size_t length = 0; length <= whole.length; length++) {
            const struct resp_reply reply = {
                .type = answers[i].type,
                .text = guarded((struct slice){whole.bytes, length}),
                .text_is_cut = length < whole.length,
            };
            struct redis_inspection inspection = {.policy = ""};

            redis_inspection_learn(&inspection, &reply);
            assert_true(inspection.has_memory_limit != REDIS_FACT_YES);
            assert_true(inspection.appends != REDIS_FACT_YES);
            assert_true(inspection.is_replica != REDIS_FACT_YES);
            assert_true(inspection.fails_to_write != REDIS_FACT_YES);
            assert_true(inspection.takes_snapshots != REDIS_FACT_NO);
            assert_true(inspection.policy[0] == '\0' ||
                        strcmp(inspection.policy, "noeviction") == 0);
        }
    }
}

static void an_error_leaves_what_is_known(void **state)
{
    struct redis_inspection inspection = {.policy = ""};
    struct redis_inspection before;

    (void)state;
    learn(&inspection, RESP_ARRAY, MAXMEMORY);
    before = inspection;
    learn(&inspection, RESP_ERROR, "ERR unknown command 'INFO'");
    learn(&inspection, RESP_BULK, "");
    assert_same(&inspection, &before);
}

static void a_policy_longer_than_its_room_is_cut_and_cleaned(void **state)
{
    struct redis_inspection inspection = {.policy = ""};

    (void)state;
    learn(&inspection, RESP_ARRAY, "maxmemory-policy\nallkeys-789012345678901234567890123456789\n");
    assert_string_equal(inspection.policy, "allkeys-78901234567890123456789");
    assert_int_equal(strlen(inspection.policy), REDIS_POLICY_BYTES - 1);
    learn(&inspection, RESP_BULK, "maxmemory_policy:a\x1b[1m\tb\r\n");
    assert_string_equal(inspection.policy, "a?[1m?b");
}

/* ---- what to say ---- */

static void each_risk_has_its_sentence(void **state)
{
    static const struct {
        enum redis_fact appends;
        enum redis_fsync fsync;
        enum redis_fact takes_snapshots;
        const char *risk;
    } cases[] = {
        {REDIS_FACT_YES, REDIS_FSYNC_ALWAYS, REDIS_FACT_NO, "a crash of it loses nothing"},
        {REDIS_FACT_YES, REDIS_FSYNC_EVERYSEC, REDIS_FACT_YES,
         "a crash of it may lose the last second or two"},
        {REDIS_FACT_YES, REDIS_FSYNC_NO, REDIS_FACT_UNKNOWN,
         "a crash of it may lose what the kernel has not written, half a minute or so"},
        {REDIS_FACT_YES, REDIS_FSYNC_UNKNOWN, REDIS_FACT_YES,
         "a crash of it may lose the last seconds"},
        {REDIS_FACT_NO, REDIS_FSYNC_ALWAYS, REDIS_FACT_YES,
         "a crash of it may lose all since the last snapshot"},
        {REDIS_FACT_NO, REDIS_FSYNC_EVERYSEC, REDIS_FACT_NO, "a crash of it loses every count"},
        {REDIS_FACT_NO, REDIS_FSYNC_UNKNOWN, REDIS_FACT_UNKNOWN,
         "a crash of it may lose all since the last snapshot, if it takes any"},
        {REDIS_FACT_UNKNOWN, REDIS_FSYNC_UNKNOWN, REDIS_FACT_UNKNOWN,
         "what a crash of it may lose it does not tell this user"},
        {REDIS_FACT_UNKNOWN, REDIS_FSYNC_ALWAYS, REDIS_FACT_YES,
         "what a crash of it may lose it does not tell this user"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct redis_inspection inspection = {
            .appends = cases[i].appends,
            .fsync = cases[i].fsync,
            .takes_snapshots = cases[i].takes_snapshots,
        };

        assert_string_equal(redis_inspection_risk(&inspection), cases[i].risk);
    }
}

static void each_warning_is_given_when_it_is_sure(void **state)
{
    static const struct {
        struct redis_inspection inspection;
        const char *warning;
    } cases[] = {
        {{.policy = ""}, ""},
        {{.has_memory_limit = REDIS_FACT_YES, .policy = "allkeys-random"},
         "counts may be evicted (maxmemory-policy allkeys-random)"},
        {{.has_memory_limit = REDIS_FACT_NO, .policy = "allkeys-lru"}, ""},
        {{.has_memory_limit = REDIS_FACT_UNKNOWN, .policy = "allkeys-lru"}, ""},
        {{.has_memory_limit = REDIS_FACT_YES, .policy = "noeviction"}, ""},
        {{.has_memory_limit = REDIS_FACT_YES, .policy = ""}, ""},
        {{.appends = REDIS_FACT_NO, .takes_snapshots = REDIS_FACT_NO},
         "counts are not written to disk (appendonly no, no save)"},
        {{.appends = REDIS_FACT_NO}, ""},
        {{.appends = REDIS_FACT_NO, .takes_snapshots = REDIS_FACT_YES}, ""},
        {{.takes_snapshots = REDIS_FACT_NO}, ""},
        {{.appends = REDIS_FACT_YES, .takes_snapshots = REDIS_FACT_NO}, ""},
        {{.fails_to_write = REDIS_FACT_YES}, "the last write to disk failed"},
        {{.fails_to_write = REDIS_FACT_NO}, ""},
        {{.is_replica = REDIS_FACT_YES}, "it is a replica"},
        {{.is_replica = REDIS_FACT_NO}, ""},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_warning(&cases[i].inspection, cases[i].warning);
    }
}

static void all_warnings_stand_in_one_text_that_has_room_for_them(void **state)
{
    struct redis_inspection inspection = {
        .has_memory_limit = REDIS_FACT_YES,
        .appends = REDIS_FACT_NO,
        .takes_snapshots = REDIS_FACT_NO,
        .is_replica = REDIS_FACT_YES,
        .fails_to_write = REDIS_FACT_YES,
    };

    (void)state;
    learn(&inspection, RESP_ARRAY, "maxmemory-policy\nallkeys-789012345678901234567890123456789\n");
    assert_warning(&inspection,
                   "counts may be evicted (maxmemory-policy allkeys-78901234567890123456789); "
                   "counts are not written to disk (appendonly no, no save); "
                   "the last write to disk failed; it is a replica");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_question_is_a_command_that_changes_nothing),
        cmocka_unit_test(what_redis_7_answers_is_understood_in_any_order),
        cmocka_unit_test(info_alone_tells_all_but_what_is_saved_when),
        cmocka_unit_test(each_value_is_learned_and_nothing_else),
        cmocka_unit_test(an_answer_without_bytes_tells_nothing),
        cmocka_unit_test(an_answer_cut_at_any_byte_tells_what_its_whole_lines_tell),
        cmocka_unit_test(an_error_leaves_what_is_known),
        cmocka_unit_test(a_policy_longer_than_its_room_is_cut_and_cleaned),
        cmocka_unit_test(each_risk_has_its_sentence),
        cmocka_unit_test(each_warning_is_given_when_it_is_sure),
        cmocka_unit_test(all_warnings_stand_in_one_text_that_has_room_for_them),
    };

    return cmocka_run_group_tests_name("redis_inspection", tests, NULL, NULL);
}
