/*
 * test_redis_script.c - redis_count.lua, run by a real redis-server. Keys are a test's own.
 */
#include "redis_script_scene.h"
#include "store/redis_error.h"
#include "test.h"

#include <stdlib.h>

#define LAST "9223372036854775807" /* 2^63-1 */

/* ---- counting ---- */

static void a_batch_is_counted_and_noted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("noted", 1, 1), "$1");
    assert_value("noted", "$1");
    assert_string_equal(count("noted", 2, 41), "$42");
    assert_value("noted", "$42");
    assert_value("{noted}:footfall:1:w", "$0000000000000002 42");
    assert_string_equal(ask("PTTL noted"), ":-1"); /* the count stays for ever */
}

static void an_entry_lives_as_long_as_it_is_told(void **state)
{
    long left_ms;

    (void)state;
    open_connection();
    assert_string_equal(count("lifetime", 1, 1), "$1");
    left_ms = strtol(ask("PTTL {lifetime}:footfall:1:w") + 1, NULL, 10);
    assert_true(left_ms > LIFETIME_MS - 30000 && left_ms <= LIFETIME_MS);
    assert_string_equal(ask("PEXPIRE {lifetime}:footfall:1:w 5000"), ":1");
    assert_string_equal(count("lifetime", 2, 1), "$2"); /* the next one lives as long anew */
    left_ms = strtol(ask("PTTL {lifetime}:footfall:1:w") + 1, NULL, 10);
    assert_true(left_ms > LIFETIME_MS - 30000 && left_ms <= LIFETIME_MS);
}

static void nothing_but_count_and_entry_is_written(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SELECT 1"), "+OK");
    assert_string_equal(count("alone", 1, 1), "$1");
    assert_string_equal(ask("DBSIZE"), ":2");
    assert_string_equal(ask("DEL alone {alone}:footfall:1:w"), ":2");
}

/* It was rounded to -2^63, which was then read as garbage. */
static void far_below_zero_it_is_exact(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SET far-below -9223372036854775808"), "+OK");
    assert_string_equal(count("far-below", 1, 1), "$-9223372036854775807");
}

static void the_same_sequence_gets_the_same_answer_and_counts_nothing(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("same", 5, 3), "$3");
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(count("same", 5, 3), "$3");
    }
    assert_string_equal(ask("INCRBY same 100"), ":103"); /* others count meanwhile */
    assert_string_equal(count("same", 5, 3), "$3");
    assert_value("same", "$103");
    assert_string_equal(count("same", 6, 1), "$104");
}

static void a_lower_sequence_is_stale_and_counts_nothing(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("stale", 10, 1), "$1");
    assert_string_equal(count("stale", 9, 1),
                        "-STALE batch 0000000000000009 comes behind 0000000000000010");
    assert_string_equal(count("stale", 1, 7),
                        "-STALE batch 0000000000000001 comes behind 0000000000000010");
    assert_value("stale", "$1");
    assert_value("{stale}:footfall:1:w", "$0000000000000010 1");
    assert_string_equal(count("stale", 11, 1), "$2");
}

static void sequences_are_compared_as_numbers_and_may_have_gaps(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("gaps", 9, 1), "$1");
    assert_string_equal(count("gaps", 10, 1), "$2");
    assert_begins(count("gaps", 9, 1), "-STALE ");
    assert_string_equal(count("gaps", 1000000000000, 1), "$3");
    assert_begins(count("gaps", 999999999999, 1), "-STALE ");
    assert_string_equal(count("gaps", UINT64_C(9007199254740991), 1), "$4");
    assert_begins(count("gaps", UINT64_C(9007199254740990), 1), "-STALE ");
    assert_string_equal(count("gaps", UINT64_C(9007199254740991), 1), "$4");
}

static void two_writers_do_not_disturb_each_other(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_as("one", "writers", 100, 1), "$1");
    assert_string_equal(count_as("other", "writers", 1, 1), "$2");
    assert_string_equal(count_as("other", "writers", 2, 1), "$3");
    assert_string_equal(count_as("one", "writers", 100, 1), "$1");
    assert_string_equal(count_as("other", "writers", 2, 1), "$3");
    assert_begins(count_as("other", "writers", 1, 1), "-STALE ");
    assert_string_equal(count_as("one", "writers", 101, 1), "$4");
    assert_value("writers", "$4");
}

static void one_writer_counts_two_keys_apart(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("apart", 2, 1), "$1");
    assert_string_equal(count("apart2", 1, 1), "$1");
    assert_string_equal(count("apart2", 2, 1), "$2");
    assert_string_equal(count("apart", 2, 1), "$1");
}

static void an_entry_that_is_gone_is_begun_anew(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("gone", 5, 1), "$1");
    assert_string_equal(ask("DEL {gone}:footfall:1:w"), ":1");
    assert_string_equal(count("gone", 4, 1), "$2");
}

static void a_count_of_somebody_else_is_gone_on_with(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("SET else 1000"), "+OK");
    assert_string_equal(count("else", 1, 1), "$1001");
    assert_string_equal(ask("SET else -10"), "+OK");
    assert_string_equal(count("else", 2, 3), "$-7");
    assert_string_equal(count("else", 2, 3), "$-7");
}

/* ---- large numbers ---- */

static void numbers_are_exact_around_2_to_the_53(void **state)
{
    static const char *const answers[] = {"$9007199254740991", "$9007199254740992",
                                          "$9007199254740993", "$9007199254740994",
                                          "$9007199254740995"};

    (void)state;
    open_connection();
    assert_string_equal(ask("SET exact 9007199254740990"), "+OK");
    for (uint64_t i = 0; i < 5; i++) {
        assert_string_equal(count("exact", i + 1, 1), answers[i]);
        assert_string_equal(count("exact", i + 1, 1), answers[i]);
    }
    assert_string_equal(ask("SET exact 9007199254740000"), "+OK");
    assert_string_equal(count("exact", 6, 993), "$9007199254740993");
    assert_string_equal(ask("SET exact 4611686018427387904"), "+OK"); /* 2^62 */
    assert_string_equal(count("exact", 7, 1), "$4611686018427387905");
    assert_string_equal(ask("SET exact 9223372036854775805"), "+OK");
    assert_string_equal(count("exact", 8, 1), "$9223372036854775806");
    assert_string_equal(count("exact", 9, 1), "$" LAST);
}

static void at_the_end_of_the_numbers_those_that_fit_are_counted(void **state)
{
    int64_t before;
    int64_t after;

    (void)state;
    open_connection();
    assert_string_equal(ask("SET end 9223372036854775805"), "+OK");
    assert_begins(count("end", 1, 5), "-ERR increment or decrement would overflow");
    assert_int_equal(redis_error_meaning(reply.text), REDIS_ERROR_OVERFLOW);
    assert_not_counted("end", "$9223372036854775805");
    assert_string_equal(count_at_end("end", 1, 5, 1), "$" LAST " 2");
    assert_int_equal(redis_ledger_read(&reply, 5, &before, &after), REDIS_LEDGER_COUNTED);
    assert_true(before == INT64_MAX - 2);
    assert_true(after == INT64_MAX);
    assert_value("end", "$" LAST);
    assert_value("{end}:footfall:1:w", "$0000000000000001 " LAST " 2");
    assert_string_equal(count_at_end("end", 1, 5, 1), "$" LAST " 2");
    assert_string_equal(count("end", 1, 5), "$" LAST " 2"); /* the same batch, however it comes */
    assert_begins(count("end", 2, 1), "-ERR increment or decrement would overflow");
    assert_value("{end}:footfall:1:w", "$0000000000000001 " LAST " 2");
    assert_string_equal(count_at_end("end", 2, 1, 1), "$" LAST " 0");
    assert_value("end", "$" LAST);
    assert_value("{end}:footfall:1:w", "$0000000000000002 " LAST " 0");
}

static void any_room_that_is_left_is_filled(void **state)
{
    static const uint32_t rooms[] = {1, 2, 9, 10, 4095, 65534, 65535};
    char answer[TEXT_BYTES];

    (void)state;
    open_connection();
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        assert_string_equal(ask("SET room %lld", (long long)(INT64_MAX - rooms[i])), "+OK");
        (void)snprintf(answer, sizeof answer, "$" LAST " %u", (unsigned)rooms[i]);
        assert_string_equal(count_at_end("room", i + 1, 65536, 1), answer);
        assert_value("room", "$" LAST);
    }
    assert_string_equal(ask("SET room %lld", (long long)(INT64_MAX - 65536)), "+OK");
    assert_string_equal(count_at_end("room", 100, 65536, 1), "$" LAST); /* just so */
}

/* The script and store_batch_count() must agree on every hit. */
static void hits_that_add_more_than_one_are_counted_where_they_fit(void **state)
{
    static struct store_hit hits[65536];
    struct store_batch batch = {.key = SLICE("mixed"), .hits = hits};
    unsigned seed = 1;

    (void)state;
    open_connection();
    for (uint32_t round = 1; round <= 200; round++) {
        const bool is_large = round % 2 == 0;
        uint64_t amount = 0;
        int64_t before;
        int64_t answered;
        int64_t after;

        batch.hits_count = round <= 2 ? 65536 : 1 + (uint32_t)rand_r(&seed) % 40;
        batch.sequence = round;
        for (uint32_t i = 0; i < batch.hits_count; i++) {
            const uint32_t any = (uint32_t)rand_r(&seed);

            hits[i] = (struct store_hit){
                .amount = (is_large ? STORE_AMOUNT_MAX - any % 4 : any % 7) & STORE_AMOUNT_MAX};
        }
        if (hits[0].amount == 0) {
            hits[0].amount = 1;
        }
        amount = store_batch_amount(&batch);
        before = INT64_MAX - (int64_t)((uint64_t)rand_r(&seed) * (amount - 1) / RAND_MAX);
        (void)ask("SET mixed %lld", (long long)before);
        (void)send_batch_as("w", &batch, true);
        assert_int_equal(redis_ledger_read(&reply, amount, &answered, &after),
                         REDIS_LEDGER_COUNTED);
        assert_true(answered == before);
        assert_true(store_batch_count(&batch, before) == after);
    }
}

/* ---- refusals ---- */

static void a_key_of_another_type_is_refused_and_nothing_noted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("RPUSH list x"), ":1");
    assert_begins(count("list", 1, 1), "-WRONGTYPE ");
    assert_string_equal(ask("LLEN list"), ":1");
    assert_string_equal(ask("EXISTS {list}:footfall:1:w"), ":0");
    assert_string_equal(ask("DEL list"), ":1");
    assert_string_equal(count("list", 1, 1), "$1"); /* mended: the same batch counts */
}

static void what_is_no_integer_is_refused_and_nothing_noted(void **state)
{
    static const char *const values[] = {"x", "1.5", "9223372036854775808", "0x1", "1e3"};
    char expected[TEXT_BYTES];

    (void)state;
    open_connection();
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_string_equal(ask("SET integer %s", values[i]), "+OK");
        assert_begins(count("integer", i + 1, 1), "-ERR value is not an integer or out of range");
        assert_int_equal(redis_error_meaning(reply.text), REDIS_ERROR_OTHER);
        (void)snprintf(expected, sizeof expected, "$%s", values[i]);
        assert_not_counted("integer", expected);
    }
}

static void a_counter_of_another_layout_is_refused(void **state)
{
    static const char *const others[] = {"2", "11", "01", "x", "-1"};
    char expected[TEXT_BYTES];

    (void)state;
    open_connection();
    assert_string_equal(ask("SET layout 5"), "+OK");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_string_equal(ask("SET {layout}:footfall:layout %s", others[i]), "+OK");
        (void)snprintf(expected, sizeof expected,
                       "-LAYOUT the counter is kept in layout %s, this is 1", others[i]);
        assert_string_equal(count("layout", 1, 1), expected);
        assert_value("layout", "$5");
    }
    assert_string_equal(ask("SET {layout}:footfall:layout 1"), "+OK");
    assert_string_equal(count("layout", 1, 1), "$6");
    /* Changed meanwhile, and the entries deleted by who changed it. */
    assert_string_equal(ask("SET {layout}:footfall:layout 2"), "+OK");
    assert_string_equal(ask("DEL {layout}:footfall:1:w"), ":1");
    for (uint64_t sequence = 2; sequence < 5; sequence++) {
        assert_begins(count("layout", sequence, 1), "-LAYOUT ");
        assert_value("layout", "$6");
    }
}

static void an_entry_that_cannot_be_read_is_an_error_and_counts_nothing(void **state)
{
    static const char *const entries[] = {"x", "1", "x_1"};

    (void)state;
    open_connection();
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        assert_string_equal(ask("SET {broken}:footfall:1:w %s", entries[i]), "+OK");
        assert_begins(count("broken", 7, 1), "-");
        assert_value("broken", "$0");
    }
}

static void what_cannot_be_noted_is_not_counted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(ask("ACL SETUSER noter on nopass ~* +incrby +mget +get +eval +evalsha"),
                        "+OK");
    assert_string_equal(ask("SET rollback 41"), "+OK");
    assert_string_equal(ask("SET rollback2 9223372036854775805"), "+OK");
    assert_string_equal(ask("AUTH noter x"), "+OK");
    assert_begins(count("rollback", 1, 3), "-");
    assert_begins(count("rollback0", 1, 3), "-");
    assert_begins(count_at_end("rollback2", 1, 5, 1), "-"); /* of which two would have fitted */
    open_connection();
    assert_not_counted("rollback", "$41");
    assert_not_counted("rollback0", "$0");
    assert_not_counted("rollback2", "$9223372036854775805");
    assert_string_equal(count("rollback", 1, 3), "$44"); /* may, now: the same batch counts */
    assert_string_equal(count_at_end("rollback2", 1, 5, 1), "$" LAST " 2");
}

static void a_user_that_may_not_touch_the_entry_counts_nothing(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(
        ask("ACL SETUSER narrow on nopass ~narrow +incrby +mget +get +set +eval +evalsha"), "+OK");
    assert_string_equal(ask("SET narrow 41"), "+OK");
    assert_string_equal(ask("AUTH narrow x"), "+OK");
    assert_begins(count("narrow", 1, 3), "-");
    open_connection();
    assert_not_counted("narrow", "$41");
}

static void a_user_with_the_five_commands_may_count(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(
        ask("ACL SETUSER least on nopass ~* +incrby +mget +get +set +eval +evalsha"), "+OK");
    assert_string_equal(ask("AUTH least x"), "+OK");
    assert_string_equal(count("least", 1, 3), "$3");
    assert_string_equal(count("least", 1, 3), "$3");
    assert_begins(count("least", 0, 3), "-STALE ");
}

static void without_memory_nothing_is_counted(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count("memory", 1, 1), "$1");
    assert_string_equal(ask("CONFIG SET maxmemory 1"), "+OK");
    assert_begins(count("memory", 2, 1), "-OOM ");
    assert_begins(count("memory2", 1, 1), "-OOM ");
    assert_string_equal(count("memory", 1, 1), "$1"); /* is known, and asks for no memory */
    assert_string_equal(ask("CONFIG SET maxmemory 0"), "+OK");
    assert_value("memory", "$1");
    assert_value("{memory}:footfall:1:w", "$0000000000000001 1");
    assert_not_counted("memory2", "null");
    assert_string_equal(count("memory", 2, 1), "$2");
}

/* ---- the script itself ---- */

static void the_server_gives_the_script_the_name_that_we_do(void **state)
{
    struct redis_ledger_command whole;
    struct redis_ledger_command named;
    char expected[TEXT_BYTES];

    (void)state;
    open_connection();
    redis_ledger_question(REDIS_LEDGER_WHOLE, &whole);
    redis_ledger_question(REDIS_LEDGER_SHORT, &named);
    (void)snprintf(expected, sizeof expected, "$%.*s", (int)named.words[1].length,
                   named.words[1].bytes);
    assert_string_equal(
        ask_words((const struct slice[]){SLICE("SCRIPT"), SLICE("LOAD"), whole.words[1]}, 3),
        expected);
}

static void a_question_is_answered_with_the_layout_and_makes_the_script_known(void **state)
{
    struct store_hit hit = {.amount = 1};
    const struct store_batch batch = {
        .key = SLICE("known"), .hits = &hit, .hits_count = 1, .sequence = 1};
    struct redis_ledger ledger;
    struct redis_ledger_command whole;
    struct redis_ledger_command named;

    (void)state;
    open_connection();
    redis_ledger_init(&ledger, TIMEOUT_MS);
    redis_ledger_question(REDIS_LEDGER_WHOLE, &whole);
    redis_ledger_question(REDIS_LEDGER_SHORT, &named);
    assert_string_equal(ask("SCRIPT FLUSH"), "+OK");
    assert_begins(ask_words(named.words, named.count), "-NOSCRIPT ");
    assert_false(redis_ledger_is_known(&reply));
    assert_int_equal(redis_error_meaning(reply.text), REDIS_ERROR_NO_SCRIPT);
    assert_string_equal(ask_words(whole.words, whole.count), "$1");
    assert_true(redis_ledger_is_known(&reply));
    assert_string_equal(ask_words(named.words, named.count), "$1");
    assert_true(redis_ledger_is_known(&reply));
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &named);
    assert_string_equal(ask_words(named.words, named.count), "$1");
    assert_value("known", "$1");
}

/* Asks for a batch as a server before version 6.2 takes it, whose SET knows no GET. */
static const char *count_before_6_2(const char *key, uint64_t sequence, uint32_t amount)
{
    static const char older[] = "local real = redis\n"
                                "local redis = {call = real.call, error_reply = real.error_reply}\n"
                                "redis.pcall = function(...)\n"
                                "  if select(select('#', ...), ...) == 'GET' then\n"
                                "    return {err = 'ERR syntax error'}\n"
                                "  end\n"
                                "  return real.pcall(...)\n"
                                "end\n";
    static char script[COMMAND_BYTES_MAX];
    struct store_hit hit = {.amount = amount & STORE_AMOUNT_MAX};
    const struct store_batch batch = {
        .key = slice_of(key), .hits = &hit, .hits_count = 1, .sequence = sequence};
    struct redis_ledger ledger;
    struct redis_ledger_command command;

    redis_ledger_init(&ledger, TIMEOUT_MS);
    (void)snprintf(ledger.writer, sizeof ledger.writer, "w");
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_WHOLE, SLICE(""), &command);
    (void)snprintf(script, sizeof script, "%s%.*s", older, (int)command.words[1].length,
                   command.words[1].bytes);
    command.words[1] = slice_of(script);
    return ask_words(command.words, command.count);
}

static void a_server_before_6_2_counts_the_same_by_the_longer_way(void **state)
{
    (void)state;

    open_connection();
    assert_string_equal(count_before_6_2("older", 1, 3), "$3");
    assert_value("{older}:footfall:1:w", "$0000000000000001 3");
    assert_string_equal(ask("INCR older"), ":4");
    assert_string_equal(count_before_6_2("older", 1, 3), "$3"); /* the same again */
    assert_string_equal(count_before_6_2("older", 2, 2), "$6");
    assert_begins(count_before_6_2("older", 1, 3), "-STALE ");
    assert_value("older", "$6");
    assert_int_equal(strtoll(ask("PTTL {older}:footfall:1:w") + 1, NULL, 10) > LIFETIME_MS / 2, 1);
    assert_string_equal(ask("SET older 9223372036854775805"), "+OK");
    assert_begins(count_before_6_2("older", 3, 5), "-ERR increment or decrement would overflow");
    assert_string_equal(ask("LPUSH older-list x"), ":1");
    assert_begins(count_before_6_2("older-list", 1, 1), "-WRONGTYPE ");
}

static void in_the_plain_form_a_batch_counts_each_time_it_is_sent(void **state)
{
    struct store_hit hit = {.amount = 3};
    const struct store_batch batch = {
        .key = SLICE("plain"), .hits = &hit, .hits_count = 1, .sequence = 1};
    struct redis_ledger ledger;
    struct redis_ledger_command command;

    (void)state;
    open_connection();
    redis_ledger_init(&ledger, TIMEOUT_MS);
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_PLAIN, SLICE(""), &command);
    assert_string_equal(ask_words(command.words, command.count), ":3");
    assert_string_equal(ask_words(command.words, command.count), ":6");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_counted_and_noted),
        cmocka_unit_test(an_entry_lives_as_long_as_it_is_told),
        cmocka_unit_test(nothing_but_count_and_entry_is_written),
        cmocka_unit_test(far_below_zero_it_is_exact),
        cmocka_unit_test(the_same_sequence_gets_the_same_answer_and_counts_nothing),
        cmocka_unit_test(a_lower_sequence_is_stale_and_counts_nothing),
        cmocka_unit_test(sequences_are_compared_as_numbers_and_may_have_gaps),
        cmocka_unit_test(two_writers_do_not_disturb_each_other),
        cmocka_unit_test(one_writer_counts_two_keys_apart),
        cmocka_unit_test(an_entry_that_is_gone_is_begun_anew),
        cmocka_unit_test(a_count_of_somebody_else_is_gone_on_with),
        cmocka_unit_test(numbers_are_exact_around_2_to_the_53),
        cmocka_unit_test(at_the_end_of_the_numbers_those_that_fit_are_counted),
        cmocka_unit_test(any_room_that_is_left_is_filled),
        cmocka_unit_test(hits_that_add_more_than_one_are_counted_where_they_fit),
        cmocka_unit_test(a_key_of_another_type_is_refused_and_nothing_noted),
        cmocka_unit_test(what_is_no_integer_is_refused_and_nothing_noted),
        cmocka_unit_test(a_counter_of_another_layout_is_refused),
        cmocka_unit_test(an_entry_that_cannot_be_read_is_an_error_and_counts_nothing),
        cmocka_unit_test(what_cannot_be_noted_is_not_counted),
        cmocka_unit_test(a_user_that_may_not_touch_the_entry_counts_nothing),
        cmocka_unit_test(a_user_with_the_five_commands_may_count),
        cmocka_unit_test(without_memory_nothing_is_counted),
        cmocka_unit_test(the_server_gives_the_script_the_name_that_we_do),
        cmocka_unit_test(a_question_is_answered_with_the_layout_and_makes_the_script_known),
        cmocka_unit_test(a_server_before_6_2_counts_the_same_by_the_longer_way),
        cmocka_unit_test(in_the_plain_form_a_batch_counts_each_time_it_is_sent),
    };

    return cmocka_run_group_tests_name("redis_script", tests, start_server, stop_server);
}
