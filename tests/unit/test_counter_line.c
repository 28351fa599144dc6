/*
 * test_counter_line.c - lines of an import: what is taken, what is refused and why; and that what
 * is written is read again as it was.
 */
#include "commands/counter_line.h"

#include "guarded.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

#define HASH_A "00112233445566778899aabbccddeeff"
#define FRONT "counter"

static char problem[COUNTER_LINE_PROBLEM_BYTES];
static struct counter_line line;
static char unknown[1024]; /* the names that were told, each with a blank behind it */

static void note_unknown(void *owner, const char *name)
{
    assert_ptr_equal(owner, &line);
    assert_true(strlen(name) < COUNTER_LINE_FIELD_BYTES);
    (void)strncat(unknown, name, sizeof unknown - strlen(unknown) - 1);
    (void)strncat(unknown, " ", sizeof unknown - strlen(unknown) - 1);
}

static enum counter_line_result read_slice(struct slice text, const char *front_key)
{
    memset(&line, 'x', sizeof line);
    problem[0] = '\0';
    unknown[0] = '\0';
    return counter_line_read(guarded(text), slice_of(front_key), note_unknown, &line, &line,
                             problem);
}

static enum counter_line_result read_text(const char *text)
{
    return read_slice(slice_of(text), FRONT);
}

static void assert_good(const char *text, const char *key, int64_t value, unsigned given)
{
    if (read_text(text) != COUNTER_LINE_GOOD) {
        fail_msg("%s: %s", text, problem);
    }
    if (!slice_is((struct slice){line.key, line.key_length}, key)) {
        fail_msg("%s: %.*s", text, (int)line.key_length, line.key);
    }
    assert_true(line.record.value == value);
    assert_int_equal(line.given, given);
    assert_string_equal(problem, "");
}

static void assert_wrong_slice(struct slice text, const char *sentence)
{
    if (read_slice(text, FRONT) != COUNTER_LINE_WRONG) {
        fail_msg("%.*s is taken", (int)text.length, text.bytes);
    }
    if (strstr(problem, sentence) == NULL) {
        fail_msg("%.*s: %s", (int)text.length, text.bytes, problem);
    }
    assert_true(line.key[0] == 'x'); /* untouched */
}

static void assert_wrong(const char *text, const char *sentence)
{
    assert_wrong_slice(slice_of(text), sentence);
}

/* ---- words ---- */

static void three_words_are_a_counter_whatever_blanks_stand_between(void **state)
{
    (void)state;
    assert_good("blog home 5", "blog/home", 5, 0);
    assert_good(" \tblog\t \thome   5 \t", "blog/home", 5, 0);
    assert_good("blog home 5\r", "blog/home", 5, 0);
    assert_good("blog home 007", "blog/home", 7, 0);
    assert_good("blog home -0", "blog/home", 0, 0);
    assert_good("A-Z_. ... 1", "A-Z_./...", 1, 0);
    assert_good("blog home 9223372036854775807", "blog/home", INT64_MAX, 0);
    assert_good("blog home -9223372036854775808", "blog/home", INT64_MIN, 0);
    assert_false(line.is_front);
}

static void empty_lines_and_comments_are_none(void **state)
{
    static const char *const lines[] = {"",     "\r", " ", " \t \r", "#", "# blog home 5",
                                        "  #{", "#\r"};

    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_int_equal(read_text(lines[i]), COUNTER_LINE_EMPTY);
    }
}

static void other_numbers_of_words_are_refused(void **state)
{
    static const char *const lines[] = {"blog",          "blog home",      "blog home ",
                                        "blog home 5 6", "blog home 5 #c", "[1,2]"};

    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_wrong(lines[i], "it takes NAMESPACE KEY VALUE, or a JSON object");
    }
}

static void what_is_no_number_of_64_bits_is_refused(void **state)
{
    static const char *const numbers[] = {
        "five",
        "5.0",
        "1e3",
        "+5",
        "--5",
        "-",
        "0x10",
        "5,000",
        "5\r6",
        "½",
        "9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char text[128];

        (void)snprintf(text, sizeof text, "blog home %s", numbers[i]);
        assert_wrong(text, "the value is no whole number from -9223372036854775808 to "
                           "9223372036854775807");
    }
}

static void names_follow_the_rule_of_the_calls(void **state)
{
    char long_name[80] = {0};
    char text[256];

    (void)state;
    memset(long_name, 'n', 65);
    assert_wrong("bl home 5", "the namespace is no name");
    assert_wrong("blog ho 5", "the key is no name");
    assert_wrong("bl%6fg home 5", "the namespace is no name");
    assert_wrong("blog h/ome 5", "the key is no name");
    assert_wrong("blog h\xc3\xb6me 5", "the key is no name");
    assert_wrong("blog h\xffme 5", "the key is no name");
    assert_wrong_slice(SLICE("blog h\0me 5"), "the key is no name");
    assert_wrong_slice(SLICE("\0\0\0 \0\0\0 5"), "the namespace is no name");
    (void)snprintf(text, sizeof text, "blog %s 5", long_name);
    assert_wrong(text, "the key is no name");
    long_name[64] = '\0';
    (void)snprintf(text, sizeof text, "%s %s 5", long_name, long_name);
    assert_int_equal(read_text(text), COUNTER_LINE_GOOD);
    assert_int_equal(line.key_length, 129);
}

/* ---- objects ---- */

static void an_object_says_as_much_as_it_wants(void **state)
{
    (void)state;
    assert_good("{\"namespace\":\"blog\",\"key\":\"home\",\"value\":-5}", "blog/home", -5, 0);
    assert_good(" { \"value\" : 1 , \"key\":\"h\\u006fme\",\"namespace\":\"blog\" } \r",
                "blog/home", 1, 0);
    assert_good("{\"namespace\":\"blog\",\"key\":\"home\",\"value\":-9223372036854775808,"
                "\"created\":1,\"counted\":2,\"adjusted\":-3,\"bounds\":[-4,5],"
                "\"enable_reset\":true,\"owner_hash\":\"" HASH_A HASH_A "\"}",
                "blog/home", INT64_MIN, 63);
    assert_int_equal(line.record.created_ms, 1);
    assert_int_equal(line.record.counted_ms, 2);
    assert_int_equal(line.record.adjusted, -3);
    assert_true(line.record.low == -4 && line.record.high == 5 && line.record.may_be_set);
    assert_true(line.record.has_owner);
    assert_int_equal(line.record.owner[1], 0x11);
    assert_int_equal(line.record.owner[31], 0xff);
    assert_string_equal(unknown, "");
}

static void null_is_what_is_not_known_or_not_there(void **state)
{
    (void)state;
    assert_good("{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1,\"created\":null,"
                "\"counted\":null,\"owner_hash\":null,\"enable_reset\":false}",
                "blog/home", 1,
                STORE_GIVEN_CREATED | STORE_GIVEN_COUNTED | STORE_GIVEN_OWNER | STORE_GIVEN_SET);
    assert_int_equal(line.record.created_ms, 0);
    assert_int_equal(line.record.counted_ms, 0);
    assert_false(line.record.has_owner || line.record.may_be_set);
}

static void fields_that_are_not_known_are_told_and_left_out(void **state)
{
    (void)state;
    assert_good("{\"expires\":1,\"namespace\":\"blog\",\"key\":\"home\",\"value\":1,"
                "\"t\\u00e4gs\":[{}],\"Value\":2}",
                "blog/home", 1, 0);
    assert_string_equal(unknown, "expires t??gs Value ");
    assert_good("{\"a123456789012345678901234567890123456789012345678901234567890123456789\":1,"
                "\"namespace\":\"blog\",\"key\":\"home\",\"value\":1}",
                "blog/home", 1, 0);
    assert_int_equal(strlen(unknown), COUNTER_LINE_FIELD_BYTES);
}

static void what_is_no_json_is_refused(void **state)
{
    static const char *const lines[] = {
        "{",
        "{}x",
        "{} {}",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1,}",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":01}",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":9223372036854775808}",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1e999}",
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1,\"value\":1}",
        "{\"namespace\":\"blog\",\"key\":\"h\xffme\",\"value\":1}",
        "{\"namespace\":\"blog\",\"key\":\"h\\u0000me\",\"value\":1}",
        "{\"namespace\":\"blog\",\"key\":\"h\\ud800me\",\"value\":1}",
        "{'namespace':'blog'}",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_wrong(lines[i], "it is no JSON: ");
    }
    assert_wrong_slice(SLICE("{\"namespace\":\"blog\",\"key\":\"h\0me\",\"value\":1}"),
                       "it is no JSON: ");
    assert_wrong_slice(SLICE("{\"namespace\":\"blog\",\0\"key\":\"home\",\"value\":1}"),
                       "it is no JSON: ");
}

static void an_object_has_at_least_names_and_a_value(void **state)
{
    static const char *const lines[] = {
        "{}",
        "{\"namespace\":\"blog\",\"key\":\"home\"}",
        "{\"namespace\":\"blog\",\"value\":1}",
        "{\"key\":\"home\",\"value\":1}",
        "{\"ns\":\"blog\",\"key\":\"home\",\"n\":1}",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_wrong(lines[i], "an object takes namespace, key and value at least");
    }
}

static void each_field_that_is_not_right_is_named(void **state)
{
    static const struct {
        const char *name;
        const char *value;
    } cases[] = {
        {"created", "-1"},
        {"created", "\"1\""},
        {"created", "1.5"},
        {"created", "true"},
        {"counted", "-1"},
        {"counted", "{}"},
        {"adjusted", "null"},
        {"adjusted", "1.0"},
        {"bounds", "null"},
        {"bounds", "[]"},
        {"bounds", "[0]"},
        {"bounds", "[0,1,2]"},
        {"bounds", "[1,2]"},
        {"bounds", "[-2,-1]"},
        {"bounds", "[0,1.5]"},
        {"bounds", "{\"low\":0}"},
        {"enable_reset", "1"},
        {"enable_reset", "null"},
        {"owner_hash", "\"\""},
        {"owner_hash", "\"" HASH_A "\""},
        {"owner_hash", "7"},
        {"owner_hash", "\"" HASH_A HASH_A "0\""},
        {"owner_hash", "\"" HASH_A "g0112233445566778899aabbccddeeff\""},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        char sentence[64];

        (void)snprintf(text, sizeof text,
                       "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1,\"%s\":%s}",
                       cases[i].name, cases[i].value);
        (void)snprintf(sentence, sizeof sentence, "%s is not right: it takes ", cases[i].name);
        assert_wrong(text, sentence);
    }
    assert_wrong("{\"namespace\":1,\"key\":\"home\",\"value\":1}", "namespace is not right");
    assert_wrong("{\"namespace\":\"blog\",\"key\":null,\"value\":1}", "key is not right");
    assert_wrong("{\"namespace\":\"blog\",\"key\":\"home\",\"value\":\"1\"}", "value is not right");
    assert_wrong("{\"namespace\":\"blog\",\"key\":\"home\",\"value\":1.0}", "value is not right");
    assert_wrong("{\"namespace\":\"\",\"key\":\"home\",\"value\":1}", "the namespace is no name");
}

/* ---- the front counter ---- */

static void the_front_counter_is_named_by_its_key(void **state)
{
    (void)state;
    assert_good("default counter 5", FRONT, 5, 0);
    assert_true(line.is_front);
    assert_good("default counters 5", "default/counters", 5, 0);
    assert_false(line.is_front);
    assert_int_equal(read_slice(SLICE("default a:b\"\\ 5"), "a:b\"\\"), COUNTER_LINE_GOOD);
    assert_true(line.is_front);
    assert_int_equal(read_slice(SLICE("default a:c 5"), "a:b"), COUNTER_LINE_WRONG);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            read_slice(slice_of(i == 0 ? "blog home 5" : "default blog/home 5"), "blog/home"),
            COUNTER_LINE_GOOD);
        assert_true(line.is_front);
        assert_true(slice_is((struct slice){line.key, line.key_length}, "blog/home"));
    }
    assert_int_equal(read_slice(SLICE("blog home2 5"), "blog/home"), COUNTER_LINE_GOOD);
    assert_false(line.is_front);
}

static void the_front_counter_is_given_to_nobody(void **state)
{
    static const char *const fields[] = {"\"enable_reset\":true", "\"bounds\":[-1,1]",
                                         "\"bounds\":[0,2]",
                                         "\"owner_hash\":\"" HASH_A HASH_A "\""};

    (void)state;
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char text[256];

        (void)snprintf(text, sizeof text,
                       "{\"namespace\":\"default\",\"key\":\"counter\","
                       "\"value\":1,%s}",
                       fields[i]);
        assert_wrong(text, "the front counter takes no owner_hash, enable_reset and bounds");
    }
    assert_good("{\"namespace\":\"default\",\"key\":\"counter\",\"value\":1,\"bounds\":[0,1],"
                "\"enable_reset\":false,\"owner_hash\":null,\"adjusted\":1}",
                FRONT, 1,
                STORE_GIVEN_BOUNDS | STORE_GIVEN_SET | STORE_GIVEN_OWNER | STORE_GIVEN_ADJUSTED);
}

/* ---- writing ---- */

static void assert_comes_back(const char *key, bool is_front, const struct store_record *record)
{
    char text[COUNTER_LINE_BYTES_MAX];
    const struct slice key_slice = guarded(slice_of(key));
    const size_t length = counter_line_write(key_slice, is_front, record, text);

    assert_in_range(length, 1, sizeof text);
    assert_true(text[length - 1] == '\n');
    if (read_slice((struct slice){text, length - 1}, is_front ? key : FRONT) != COUNTER_LINE_GOOD) {
        fail_msg("%s is written as %.*s and not read: %s", key, (int)length, text, problem);
    }
    assert_true(slice_is((struct slice){line.key, line.key_length}, key));
    assert_int_equal(line.is_front, is_front);
    assert_int_equal(line.given, 63);
    assert_true(line.record.value == record->value && line.record.adjusted == record->adjusted);
    assert_true(line.record.low == record->low && line.record.high == record->high);
    assert_int_equal(line.record.created_ms, record->created_ms);
    assert_int_equal(line.record.counted_ms, record->counted_ms);
    assert_int_equal(line.record.may_be_set, record->may_be_set);
    assert_int_equal(line.record.has_owner, record->has_owner);
    assert_memory_equal(line.record.owner, record->owner, sizeof record->owner);
    assert_string_equal(unknown, "");
}

static void what_is_written_is_read_as_it_was(void **state)
{
    char longest[130];
    char front[STORE_KEY_BYTES_MAX + 1];
    struct store_record record = {
        .exists = true,
        .may_be_set = true,
        .has_owner = true,
        .value = INT64_MIN,
        .adjusted = INT64_MIN,
        .low = INT64_MIN,
        .high = INT64_MAX,
        .created_ms = INT64_MAX,
        .counted_ms = INT64_MAX,
    };

    (void)state;
    memset(longest, 'n', sizeof longest);
    longest[64] = '/';
    longest[129] = '\0';
    for (unsigned i = 0; i < STORE_OWNER_BYTES; i++) {
        record.owner[i] = (uint8_t)(i * 37);
    }
    assert_comes_back(longest, false, &record);
    assert_comes_back("blog/home", false, &store_record_of_visits);
    assert_comes_back("counter", true, &store_record_of_visits);
    assert_comes_back("blog/home", true, &store_record_of_visits);
    record = store_record_of_visits;
    record.value = record.adjusted = INT64_MIN;
    record.created_ms = record.counted_ms = INT64_MAX;
    memset(front, '"', sizeof front);
    front[100] = '/';
    front[STORE_KEY_BYTES_MAX] = '\0';
    assert_comes_back(front, true, &record);
}

static void a_line_has_its_fields_in_this_order(void **state)
{
    static const char expected[] =
        "{\"namespace\":\"blog\",\"key\":\"home\",\"value\":0,\"created\":null,\"counted\":null,"
        "\"adjusted\":0,\"bounds\":[0,1],\"enable_reset\":false,\"owner_hash\":null}\n";
    char text[COUNTER_LINE_BYTES_MAX];

    (void)state;
    assert_true(slice_is((struct slice){text, counter_line_write(SLICE("blog/home"), false,
                                                                 &store_record_of_visits, text)},
                         expected));
}

static void what_has_no_name_is_not_written(void **state)
{
    static const char *const keys[] = {"counter", "blog/", "/home", "blog/ho", "blog/home/x", ""};
    char text[COUNTER_LINE_BYTES_MAX];
    char long_key[400];

    (void)state;
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        assert_int_equal(
            counter_line_write(slice_of(keys[i]), false, &store_record_of_visits, text), 0);
    }
    memset(long_key, 'n', sizeof long_key);
    assert_int_equal(counter_line_write((struct slice){long_key, sizeof long_key}, true,
                                        &store_record_of_visits, text),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_words_are_a_counter_whatever_blanks_stand_between),
        cmocka_unit_test(empty_lines_and_comments_are_none),
        cmocka_unit_test(other_numbers_of_words_are_refused),
        cmocka_unit_test(what_is_no_number_of_64_bits_is_refused),
        cmocka_unit_test(names_follow_the_rule_of_the_calls),
        cmocka_unit_test(an_object_says_as_much_as_it_wants),
        cmocka_unit_test(null_is_what_is_not_known_or_not_there),
        cmocka_unit_test(fields_that_are_not_known_are_told_and_left_out),
        cmocka_unit_test(what_is_no_json_is_refused),
        cmocka_unit_test(an_object_has_at_least_names_and_a_value),
        cmocka_unit_test(each_field_that_is_not_right_is_named),
        cmocka_unit_test(the_front_counter_is_named_by_its_key),
        cmocka_unit_test(the_front_counter_is_given_to_nobody),
        cmocka_unit_test(what_is_written_is_read_as_it_was),
        cmocka_unit_test(a_line_has_its_fields_in_this_order),
        cmocka_unit_test(what_has_no_name_is_not_written),
    };

    return cmocka_run_group_tests_name("counter_line", tests, NULL, NULL);
}
