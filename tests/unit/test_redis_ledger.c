/*
 * test_redis_ledger.c - the commands that count or change once, and what answers to counts say.
 *
 * What the script itself does on a server is in test_redis_script.c and
 * test_redis_script_records.c.
 */
#include "guarded.h"
#include "store/redis_ledger.h"
#include "store/resp_reader.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum { UNTOUCHED = 4711 };

static struct redis_ledger ledger_of(const char *writer, uint32_t timeout_ms)
{
    struct redis_ledger ledger;

    redis_ledger_init(&ledger, timeout_ms);
    (void)snprintf(ledger.writer, sizeof ledger.writer, "%s", writer);
    return ledger;
}

/* Of hits that add `amount` together. Borrows a hit of its own; one batch at a time. */
static struct store_batch batch_of(const char *key, uint32_t amount, uint64_t sequence)
{
    static struct store_hit hits[3];

    hits[0] = (struct store_hit){.amount = amount / 2 & STORE_AMOUNT_MAX};
    hits[1] = (struct store_hit){.amount = amount / 2 & STORE_AMOUNT_MAX};
    hits[2] = (struct store_hit){.amount = amount % 2};
    return (struct store_batch){
        .key = slice_of(key),
        .hits = hits,
        .hits_count = 3,
        .sequence = sequence,
    };
}

static void assert_word(const struct redis_ledger_command *command, size_t i, const char *expected)
{
    char word[512];

    assert_true(i < command->count);
    assert_true(command->words[i].length < sizeof word);
    memcpy(word, command->words[i].bytes, command->words[i].length);
    word[command->words[i].length] = '\0';
    assert_string_equal(word, expected);
}

/* ---- commands ---- */

static void assert_counts_three_visits(const struct redis_ledger_command *command)
{
    assert_int_equal(command->count, 9);
    assert_word(command, 2, "3");
    assert_word(command, 3, "blog");
    assert_word(command, 4, "{blog}:footfall:1:writer-1");
    assert_word(command, 5, "{blog}:footfall:layout");
    assert_word(command, 6, "0000000000000042");
    assert_word(command, 7, "7");
    assert_word(command, 8, "60000");
}

static void a_server_that_knows_the_script_is_sent_its_name(void **state)
{
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    const struct store_batch batch = batch_of("blog", 7, 42);
    struct redis_ledger_command command;

    (void)state;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &command);
    assert_counts_three_visits(&command);
    assert_word(&command, 0, "EVALSHA");
    assert_int_equal(command.words[1].length, 40);
    for (size_t i = 0; i < 40; i++) {
        assert_non_null(memchr("0123456789abcdef", command.words[1].bytes[i], 16));
    }
}

static void a_server_that_may_not_know_the_script_is_sent_all_of_it(void **state)
{
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    const struct store_batch batch = batch_of("blog", 7, 42);
    struct redis_ledger_command command;
    struct slice text;

    (void)state;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_WHOLE, SLICE(""), &command);
    assert_counts_three_visits(&command);
    assert_word(&command, 0, "EVAL");
    text = command.words[1];
    assert_non_null(memmem(text.bytes, text.length, "INCRBY", 6));
    assert_int_equal(text.bytes[text.length - 1], '\n');
    for (size_t i = 0; i < text.length; i++) { /* one that EVAL takes as it is */
        assert_true(text.bytes[i] == '\n' || (text.bytes[i] >= ' ' && text.bytes[i] <= '~'));
    }
}

static void without_scripts_a_batch_is_incrby(void **state)
{
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    const struct store_batch batch = batch_of("blog", UINT32_MAX, 42);
    struct redis_ledger_command command;

    (void)state;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_PLAIN, SLICE(""), &command);
    assert_int_equal(command.count, 3);
    assert_word(&command, 0, "INCRBY");
    assert_word(&command, 1, "blog");
    assert_word(&command, 2, "4294967295");
}

static void a_counter_with_a_record_is_named_apart_and_so_is_all_beside_it(void **state)
{
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    struct store_batch batch = batch_of("ns/key", 7, 42);
    struct redis_ledger_command command;

    (void)state;
    batch.keeps_record = true;
    batch.wall_ms = UINT64_C(1700000000123);
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &command);
    assert_int_equal(command.count, 13);
    assert_word(&command, 2, "4");
    assert_word(&command, 3, "footfall:ns/key");
    assert_word(&command, 4, "{footfall:ns/key}:footfall:1:writer-1");
    assert_word(&command, 5, "{footfall:ns/key}:footfall:layout");
    assert_word(&command, 6, "{footfall:ns/key}:footfall:1:about");
    assert_word(&command, 7, "0000000000000042");
    assert_word(&command, 8, "7");
    assert_word(&command, 9, "60000");
    assert_word(&command, 10, "");
    assert_word(&command, 11, "1700000000123");
    assert_word(&command, 12, "0");
    batch.may_make = true;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE("2x3 1x1 "), &command);
    assert_word(&command, 10, "2x3 1x1 ");
    assert_word(&command, 12, "1");
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_PLAIN, SLICE(""), &command);
    assert_word(&command, 1, "footfall:ns/key");
    redis_ledger_look(&batch, &command);
    assert_int_equal(command.count, 2);
    assert_word(&command, 0, "GET");
    assert_word(&command, 1, "footfall:ns/key");
    redis_ledger_record_question(&batch, &command);
    assert_int_equal(command.count, 2);
    assert_word(&command, 0, "HGETALL");
    assert_word(&command, 1, "{footfall:ns/key}:footfall:1:about");
}

static void what_hits_add_is_told_in_runs_without_looks(void **state)
{
    static const struct {
        uint32_t amounts[6];
        uint32_t count;
        const char *text;
    } cases[] = {
        {{1}, 1, "1x1 "},
        {{1, 1, 1}, 3, "3x1 "},
        {{5, 5, 0, 5, 1, 2147483647}, 6, "2x5 1x5 1x1 1x2147483647 "},
        {{1, 0, 0}, 3, "1x1 "},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct store_hit hits[6] = {0};
        const struct store_batch batch = {.hits = hits, .hits_count = cases[i].count};
        struct slice amounts;

        for (uint32_t hit = 0; hit < cases[i].count; hit++) {
            hits[hit].amount = cases[i].amounts[hit] & STORE_AMOUNT_MAX;
        }
        assert_int_equal(redis_ledger_amounts(&batch, &amounts), 0);
        assert_true(slice_is(amounts, cases[i].text));
        free((char *)amounts.bytes);
    }
}

static void a_change_names_what_is_and_what_is_to_be_once_it_is_decided(void **state)
{
    static const struct {
        enum store_change_kind kind;
        const char *word;
    } moved[] = {
        {STORE_ADD, "value"}, {STORE_SET, "adjusted"}, {STORE_CREATE, "-"},
        {STORE_REMOVE, "-"},  {STORE_PUT, "adjusted"}, {STORE_ADD_OR_PUT, "value"},
    };
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    struct store_change change = {
        .before = {.exists = true, .value = 5, .high = 1},
        .after = {.exists = true, .value = -6, .high = 1, .adjusted = -11},
    };
    struct store_hit hit = {.change = &change, .is_change = 1};
    const struct store_batch batch = {
        .key = SLICE("blog"), .hits = &hit, .hits_count = 1, .sequence = 42};
    struct redis_ledger_command command;

    (void)state;
    redis_ledger_change(&ledger, &batch, REDIS_LEDGER_SHORT, false, &command);
    assert_int_equal(command.count, 9);
    assert_word(&command, 0, "EVALSHA");
    assert_word(&command, 2, "4");
    assert_word(&command, 3, "blog");
    assert_word(&command, 4, "{blog}:footfall:1:writer-1");
    assert_word(&command, 5, "{blog}:footfall:layout");
    assert_word(&command, 6, "{blog}:footfall:1:about");
    assert_word(&command, 7, "0000000000000042");
    assert_word(&command, 8, "60000");
    redis_ledger_change(&ledger, &batch, REDIS_LEDGER_WHOLE, true, &command);
    assert_int_equal(command.count, 12);
    assert_word(&command, 0, "EVAL");
    assert_word(&command, 9, "5 0 0 0 0 1 0 -");
    assert_word(&command, 10, "-6 0 0 -11 0 1 0 -");
    for (unsigned i = 0; i < sizeof moved / sizeof moved[0]; i++) {
        change.kind = moved[i].kind;
        redis_ledger_change(&ledger, &batch, REDIS_LEDGER_WHOLE, true, &command);
        assert_word(&command, 11, moved[i].word);
    }
    change.kind = STORE_PUT;
    change.given = STORE_GIVEN_ADJUSTED;
    redis_ledger_change(&ledger, &batch, REDIS_LEDGER_WHOLE, true, &command);
    assert_word(&command, 11, "-");
}

static void a_question_has_no_keys_and_counts_nothing(void **state)
{
    static const char *const names[] = {
        [REDIS_LEDGER_SHORT] = "EVALSHA",
        [REDIS_LEDGER_WHOLE] = "EVAL",
    };
    const struct redis_ledger ledger = ledger_of("writer-1", 1000);
    const struct store_batch batch = batch_of("blog", 7, 42);

    (void)state;
    for (enum redis_ledger_form form = REDIS_LEDGER_SHORT; form <= REDIS_LEDGER_WHOLE; form++) {
        struct redis_ledger_command question;
        struct redis_ledger_command command;

        redis_ledger_question(form, &question);
        redis_ledger_command(&ledger, &batch, form, SLICE(""), &command);
        assert_int_equal(question.count, 3);
        assert_word(&question, 0, names[form]);
        assert_true(slice_equals(question.words[1], command.words[1])); /* the same script */
        assert_word(&question, 2, "0");
    }
}

static void a_batch_that_is_sent_again_is_sent_in_the_same_bytes(void **state)
{
    const struct redis_ledger ledger = ledger_of("writer-1", 12345);
    const struct store_batch batch = batch_of("blog", 7, UINT64_C(9999999999999999));

    (void)state;
    for (enum redis_ledger_form form = REDIS_LEDGER_SHORT; form <= REDIS_LEDGER_PLAIN; form++) {
        struct redis_ledger_command first;
        struct redis_ledger_command again;

        memset(&first, 'a', sizeof first);
        memset(&again, 'b', sizeof again);
        redis_ledger_command(&ledger, &batch, form, SLICE(""), &first);
        redis_ledger_command(&ledger, &batch, form, SLICE(""), &again);
        assert_int_equal(first.count, again.count);
        for (size_t i = 0; i < first.count; i++) {
            assert_true(slice_equals(first.words[i], again.words[i]));
        }
    }
}

static void the_longest_key_writer_and_numbers_have_room(void **state)
{
    struct redis_ledger ledger = ledger_of("", UINT32_MAX);
    char key[STORE_KEY_BYTES_MAX + 1] = "";
    char expected[512];
    struct store_batch batch;
    struct redis_ledger_command command;

    (void)state;
    memset(key, 'k', STORE_KEY_BYTES_MAX);
    memset(ledger.writer, 'w', REDIS_WRITER_BYTES - 1);
    batch = batch_of(key, UINT32_MAX, UINT64_C(9999999999999999));
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &command);
    assert_word(&command, 3, key);
    (void)snprintf(expected, sizeof expected, "{%s}:footfall:1:%s", key, ledger.writer);
    assert_word(&command, 4, expected);
    (void)snprintf(expected, sizeof expected, "{%s}:footfall:layout", key);
    assert_word(&command, 5, expected);
    assert_word(&command, 6, "9999999999999999");
    assert_word(&command, 7, "4294967295");
    assert_word(&command, 8, "42949672950");
    batch.keeps_record = true;
    batch.wall_ms = UINT64_MAX;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &command);
    (void)snprintf(expected, sizeof expected, "{footfall:%s}:footfall:1:%s", key, ledger.writer);
    assert_word(&command, 4, expected);
    (void)snprintf(expected, sizeof expected, "{footfall:%s}:footfall:1:about", key);
    assert_word(&command, 6, expected);
    assert_word(&command, 11, "18446744073709551615");
}

static void a_key_is_taken_with_any_bytes(void **state)
{
    static const char bytes[] = "a b\0\r\n}c";
    const struct redis_ledger ledger = ledger_of("w", 0);
    struct store_hit hit = {.amount = 1};
    const struct store_batch batch = {
        .key = {bytes, sizeof bytes - 1}, .hits = &hit, .hits_count = 1};
    struct redis_ledger_command command;

    (void)state;
    redis_ledger_command(&ledger, &batch, REDIS_LEDGER_SHORT, SLICE(""), &command);
    assert_true(slice_equals(command.words[3], batch.key));
    assert_true(slice_equals(command.words[4], SLICE("{a b\0\r\n}c}:footfall:1:w")));
    assert_true(slice_equals(command.words[5], SLICE("{a b\0\r\n}c}:footfall:layout")));
}

static void the_name_of_the_script_is_the_sha1_of_its_text(void **state)
{
    char path[] = "/tmp/footfall-script-XXXXXX";
    char shell[64];
    char digest[41] = "";
    struct redis_ledger_command whole;
    struct redis_ledger_command named;
    int fd = mkstemp(path);
    FILE *answer;

    (void)state;
    assert_true(fd >= 0);
    redis_ledger_question(REDIS_LEDGER_WHOLE, &whole);
    redis_ledger_question(REDIS_LEDGER_SHORT, &named);
    assert_int_equal(write(fd, whole.words[1].bytes, whole.words[1].length), whole.words[1].length);
    assert_int_equal(close(fd), 0);
    (void)snprintf(shell, sizeof shell, "sha1sum < %s", path);
    answer = popen(shell, "r");
    assert_non_null(answer);
    assert_int_equal(fread(digest, 1, 40, answer), 40);
    assert_int_equal(pclose(answer), 0);
    assert_int_equal(unlink(path), 0);
    assert_word(&named, 1, digest);
}

/* ---- the writer's numbers and times ---- */

static void
an_entry_lives_ten_timeouts_a_minute_at_least_and_a_day_where_hits_wait_for_ever(void **state)
{
    static const struct {
        uint32_t timeout_ms;
        uint64_t lifetime_ms;
    } cases[] = {
        {0, 86400000},
        {1, 60000},
        {5999, 60000},
        {6000, 60000},
        {6001, 60010},
        {10000, 100000},
        {429496730, UINT64_C(4294967300)},
        {UINT32_MAX, UINT64_C(42949672950)},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct redis_ledger ledger;

        redis_ledger_init(&ledger, cases[i].timeout_ms);
        assert_int_equal(ledger.lifetime_ms, cases[i].lifetime_ms);
    }
}

static void a_batch_may_be_repeated_within_half_the_life_of_its_entry(void **state)
{
    static const uint32_t timeouts_ms[] = {0, 1, 10000};
    (void)state;

    for (size_t i = 0; i < sizeof timeouts_ms / sizeof timeouts_ms[0]; i++) {
        const struct redis_ledger ledger = ledger_of("w", timeouts_ms[i]);
        const uint64_t half_ms = ledger.lifetime_ms / 2;

        assert_true(half_ms > timeouts_ms[i]); /* whoever waits may be sent again */
        assert_true(redis_ledger_may_repeat(&ledger, 0));
        assert_true(redis_ledger_may_repeat(&ledger, half_ms - 1));
        assert_false(redis_ledger_may_repeat(&ledger, half_ms));
        assert_false(redis_ledger_may_repeat(&ledger, UINT64_MAX));
    }
}

static void each_batch_gets_the_next_number_from_1(void **state)
{
    struct redis_ledger ledger;

    (void)state;
    redis_ledger_init(&ledger, 1000);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(redis_ledger_next(&ledger), i);
    }
    assert_int_equal(ledger.sequence, 1000);
}

static void two_ledgers_have_two_writers(void **state)
{
    struct redis_ledger one;
    struct redis_ledger other;

    (void)state;
    redis_ledger_init(&one, 1000);
    redis_ledger_init(&other, 1000);
    assert_true(strlen(one.writer) > 0);
    assert_string_not_equal(one.writer, other.writer);
}

/* ---- answers ---- */

struct answer_case {
    enum resp_type type;
    int64_t integer;
    const char *text;
    uint32_t amount;
    enum redis_ledger_result result;
    int64_t before;
    int64_t after;
};

static const struct answer_case answer_cases[] = {
    /* INCRBY */
    {RESP_INTEGER, 1, "", 1, REDIS_LEDGER_COUNTED, 0, 1},
    {RESP_INTEGER, 42, "", 3, REDIS_LEDGER_COUNTED, 39, 42},
    {RESP_INTEGER, 3, "", 3, REDIS_LEDGER_COUNTED, 0, 3},
    {RESP_INTEGER, 2, "", 3, REDIS_LEDGER_COUNTED, -1, 2},
    {RESP_INTEGER, 0, "", 1, REDIS_LEDGER_COUNTED, -1, 0},
    {RESP_INTEGER, -1, "", 1, REDIS_LEDGER_COUNTED, -2, -1},
    {RESP_INTEGER, INT64_MIN, "", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_INTEGER, INT64_MAX, "", UINT32_MAX, REDIS_LEDGER_COUNTED, INT64_MAX - 4294967295,
     INT64_MAX},
    {RESP_INTEGER, UINT32_MAX, "", UINT32_MAX, REDIS_LEDGER_COUNTED, 0, 4294967295},
    {RESP_INTEGER, (int64_t)UINT32_MAX - 1, "", UINT32_MAX, REDIS_LEDGER_COUNTED, -1, 4294967294},
    /* the script */
    {RESP_BULK, 0, "1", 1, REDIS_LEDGER_COUNTED, 0, 1},
    {RESP_BULK, 0, "42", 3, REDIS_LEDGER_COUNTED, 39, 42},
    {RESP_BULK, 0, "9007199254740993", 3, REDIS_LEDGER_COUNTED, 9007199254740990, 9007199254740993},
    {RESP_BULK, 0, "9223372036854775807", 3, REDIS_LEDGER_COUNTED, INT64_MAX - 3, INT64_MAX},
    {RESP_BULK, 0, "3", 3, REDIS_LEDGER_COUNTED, 0, 3},
    {RESP_BULK, 0, "2", 3, REDIS_LEDGER_COUNTED, -1, 2},
    {RESP_BULK, 0, "0", 1, REDIS_LEDGER_COUNTED, -1, 0},
    {RESP_BULK, 0, "-0", 1, REDIS_LEDGER_COUNTED, -1, 0},
    {RESP_BULK, 0, "-5", 1, REDIS_LEDGER_COUNTED, -6, -5},
    {RESP_BULK, 0, "-9223372036854775807", 1, REDIS_LEDGER_COUNTED, INT64_MIN, INT64_MIN + 1},
    {RESP_BULK, 0, "-9223372036854775808", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    /* the script at the end of the numbers */
    {RESP_BULK, 0, "9223372036854775807 2", 3, REDIS_LEDGER_COUNTED, INT64_MAX - 2, INT64_MAX},
    {RESP_BULK, 0, "9223372036854775807 1", UINT32_MAX, REDIS_LEDGER_COUNTED, INT64_MAX - 1,
     INT64_MAX},
    {RESP_BULK, 0, "9223372036854775807 4294967294", UINT32_MAX, REDIS_LEDGER_COUNTED,
     INT64_MAX - 4294967294, INT64_MAX},
    {RESP_BULK, 0, "1 2", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "-1 2", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775805 8", 11, REDIS_LEDGER_COUNTED, INT64_MAX - 10,
     INT64_MAX - 2},
    {RESP_BULK, 0, "9223372036854775805 0", 3, REDIS_LEDGER_COUNTED, INT64_MAX - 2, INT64_MAX - 2},
    {RESP_BULK, 0, "none", 3, REDIS_LEDGER_NONE, 0, 0},
    /* in the middle of them all or none of a batch count */
    {RESP_BULK, 0, "2 2", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775806 2", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 3", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 4", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 4294967298", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 0", 3, REDIS_LEDGER_COUNTED, INT64_MAX, INT64_MAX},
    {RESP_BULK, 0, "9223372036854775807 -1", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 1", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 ", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807  2", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 2 ", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 2 1", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775807 2x", 3, REDIS_LEDGER_GARBAGE, 0, 0},
    /* no count at all */
    {RESP_BULK, 0, "", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "-", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "--1", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "+1", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, " ", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, " 1", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "1\n", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "1e15", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "9223372036854775808", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "-9223372036854775809", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "99999999999999999999999", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    /* counters that were made */
    {RESP_BULK, 0, "1 new", 1, REDIS_LEDGER_MADE, 0, 1},
    {RESP_BULK, 0, "17 new", 17, REDIS_LEDGER_MADE, 0, 17},
    {RESP_BULK, 0, "2 new", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, " new", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "new", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_BULK, 0, "1 new new", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_SIMPLE, 0, "1 new", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_SIMPLE, 0, "1", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_SIMPLE, 0, "OK", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_NULL, 0, "", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    {RESP_ARRAY, 1, "1\n", 1, REDIS_LEDGER_GARBAGE, 0, 0},
    /* errors */
    {RESP_ERROR, 0, "WRONGTYPE Operation against a key", 1, REDIS_LEDGER_REFUSED, 0, 0},
    {RESP_ERROR, 0, "1", 1, REDIS_LEDGER_REFUSED, 0, 0},
    {RESP_ERROR, 0, "", 1, REDIS_LEDGER_REFUSED, 0, 0},
};

static void every_answer_is_read_as_a_count_or_as_why_there_is_none(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof answer_cases / sizeof answer_cases[0]; i++) {
        const struct answer_case *expected = &answer_cases[i];
        const struct resp_reply reply = {
            .type = expected->type,
            .integer = expected->integer,
            .text = guarded(slice_of(expected->text)),
        };
        const bool is_counted =
            expected->result == REDIS_LEDGER_COUNTED || expected->result == REDIS_LEDGER_MADE;
        int64_t before = UNTOUCHED;
        int64_t after = UNTOUCHED;

        assert_int_equal(redis_ledger_read(&reply, expected->amount, &before, &after),
                         expected->result);
        assert_true(before == (is_counted ? expected->before : UNTOUCHED));
        assert_true(after == (is_counted ? expected->after : UNTOUCHED));
    }
}

static void a_text_that_was_cut_is_no_count(void **state)
{
    const struct resp_reply reply = {
        .type = RESP_BULK, .integer = 2, .text = SLICE("42"), .text_is_cut = true};
    int64_t before = UNTOUCHED;
    int64_t after = UNTOUCHED;

    (void)state;
    assert_int_equal(redis_ledger_read(&reply, 1, &before, &after), REDIS_LEDGER_GARBAGE);
    assert_int_equal(before, UNTOUCHED);
    assert_int_equal(after, UNTOUCHED);
}

static void an_answer_without_bytes_is_no_count(void **state)
{
    const struct resp_reply reply = {.type = RESP_BULK};
    int64_t before = UNTOUCHED;
    int64_t after = UNTOUCHED;

    (void)state;
    assert_int_equal(redis_ledger_read(&reply, 1, &before, &after), REDIS_LEDGER_GARBAGE);
    assert_false(redis_ledger_is_known(&reply));
}

static void only_the_scripts_own_answer_says_that_it_may_be_run(void **state)
{
    static const struct {
        enum resp_type type;
        const char *text;
        bool is_known;
    } cases[] = {{RESP_BULK, "1", true},    {RESP_BULK, "", false},     {RESP_BULK, "2", false},
                 {RESP_BULK, "11", false},  {RESP_SIMPLE, "1", false},  {RESP_ERROR, "1", false},
                 {RESP_NULL, "", false},    {RESP_ARRAY, "1\n", false}, {RESP_INTEGER, "", false},
                 {RESP_SIMPLE, "OK", false}};
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct resp_reply reply = {
            .type = cases[i].type,
            .integer = 1,
            .text = guarded(slice_of(cases[i].text)),
        };

        assert_int_equal(redis_ledger_is_known(&reply), cases[i].is_known);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_knows_the_script_is_sent_its_name),
        cmocka_unit_test(a_server_that_may_not_know_the_script_is_sent_all_of_it),
        cmocka_unit_test(without_scripts_a_batch_is_incrby),
        cmocka_unit_test(a_counter_with_a_record_is_named_apart_and_so_is_all_beside_it),
        cmocka_unit_test(what_hits_add_is_told_in_runs_without_looks),
        cmocka_unit_test(a_change_names_what_is_and_what_is_to_be_once_it_is_decided),
        cmocka_unit_test(a_question_has_no_keys_and_counts_nothing),
        cmocka_unit_test(a_batch_that_is_sent_again_is_sent_in_the_same_bytes),
        cmocka_unit_test(the_longest_key_writer_and_numbers_have_room),
        cmocka_unit_test(a_key_is_taken_with_any_bytes),
        cmocka_unit_test(the_name_of_the_script_is_the_sha1_of_its_text),
        cmocka_unit_test(
            an_entry_lives_ten_timeouts_a_minute_at_least_and_a_day_where_hits_wait_for_ever),
        cmocka_unit_test(a_batch_may_be_repeated_within_half_the_life_of_its_entry),
        cmocka_unit_test(each_batch_gets_the_next_number_from_1),
        cmocka_unit_test(two_ledgers_have_two_writers),
        cmocka_unit_test(every_answer_is_read_as_a_count_or_as_why_there_is_none),
        cmocka_unit_test(a_text_that_was_cut_is_no_count),
        cmocka_unit_test(an_answer_without_bytes_is_no_count),
        cmocka_unit_test(only_the_scripts_own_answer_says_that_it_may_be_run),
    };

    return cmocka_run_group_tests_name("redis_ledger", tests, NULL, NULL);
}
