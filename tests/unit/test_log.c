/*
 * test_log.c - lines as an operator's tools will read them.
 *
 * Standard error goes through a pipe while a line is written.
 */
#include "base/clock.h"
#include "base/log.h"
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STAMP_LENGTH = 24, LINE_BYTES_MAX = 4096 };

static uint64_t now_ms;
static int saved_stderr;
static int pipe_fds[2];
static char line[2 * LINE_BYTES_MAX];

uint64_t __wrap_clock_monotonic_ms(void);

uint64_t __wrap_clock_monotonic_ms(void)
{
    return now_ms;
}

static void capture(void)
{
    (void)fflush(stderr);
    assert_int_equal(pipe(pipe_fds), 0);
    saved_stderr = dup(STDERR_FILENO);
    assert_true(saved_stderr >= 0);
    assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(pipe_fds[1]), 0);
}

/* What was written since capture(), in `line`. Returns its length. */
static size_t captured(void)
{
    ssize_t length;

    assert_int_equal(dup2(saved_stderr, STDERR_FILENO), STDERR_FILENO);
    assert_int_equal(close(saved_stderr), 0);
    length = read(pipe_fds[0], line, sizeof line - 1); /* a line is one write(2) */
    assert_true(length >= 0);
    line[length] = '\0';
    assert_int_equal(close(pipe_fds[0]), 0);
    return (size_t)length;
}

/* The line behind its time. */
static const char *text_of(enum log_level level, const char *event, const struct log_field *fields,
                           size_t fields_count)
{
    capture();
    log_write(level, event, fields, fields_count);
    assert_true(captured() > STAMP_LENGTH);
    return line + STAMP_LENGTH;
}

/* Whether a JSON text is one object whose strings end: enough to catch what is cut. */
static bool is_one_object(const char *text)
{
    bool in_string = false;
    unsigned depth = 0;

    for (; *text != '\0'; text++) {
        if (in_string) {
            if ((unsigned char)*text < 0x20) {
                return false;
            }
            if (*text == '\\' && text[1] != '\0') {
                text++;
            } else {
                in_string = *text != '"';
            }
        } else if (*text == '"') {
            in_string = true;
        } else if (*text == '{') {
            depth++;
        } else if (*text == '}') {
            return --depth == 0 && strcmp(text + 1, "\n") == 0;
        }
    }
    return false;
}

static void a_text_line_has_time_level_event_and_fields(void **state)
{
    const struct log_field fields[] = {
        LOG_FIELD_NUMBER("slot", 1),
        LOG_FIELD_NUMBER("least", INT64_MIN),
        LOG_FIELD_TEXT("path", "/tmp/x"),
    };

    (void)state;
    log_init(LOG_INFO, LOG_TEXT);
    assert_string_equal(text_of(LOG_WARN, "worker_died", fields, 3),
                        " warn worker_died slot=1 least=-9223372036854775808 path=/tmp/x\n");
    assert_int_equal(line[4], '-');
    assert_int_equal(line[10], 'T');
    assert_int_equal(line[19], '.');
    assert_int_equal(line[23], 'Z');
    assert_string_equal(text_of(LOG_ERROR, "empty", NULL, 0), " error empty\n");
}

static void values_are_quoted_where_a_reader_would_stumble(void **state)
{
    static const struct {
        const char *value;
        const char *written;
    } rows[] = {
        {"plain", "plain"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"x\"", "\"say \\\"x\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"line\nbreak\r\t", "\"line\\u000abreak\\u000d\\u0009\""},
        {"\x7f\x01", "\"\\u007f\\u0001\""},
        {"\xc3\xa9", "\"\xc3\xa9\""},
        {"slot=1\nerror forged", "\"slot=1\\u000aerror forged\""},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct log_field field = LOG_FIELD_TEXT("v", rows[i].value);
        char expected[128];

        log_init(LOG_INFO, LOG_TEXT);
        (void)snprintf(expected, sizeof expected, " info e v=%s\n", rows[i].written);
        assert_string_equal(text_of(LOG_INFO, "e", &field, 1), expected);
        log_init(LOG_INFO, LOG_JSON);
        (void)snprintf(expected, sizeof expected, ",\"v\":%s%s%s}\n",
                       rows[i].written[0] == '"' ? "" : "\"", rows[i].written,
                       rows[i].written[0] == '"' ? "" : "\"");
        assert_non_null(strstr(text_of(LOG_INFO, "e", &field, 1), expected));
        assert_true(is_one_object(line));
    }
}

static void a_json_line_is_one_object(void **state)
{
    const struct log_field fields[] = {
        LOG_FIELD_NUMBER("slot", -1),
        LOG_FIELD_TEXT("why", "x"),
    };

    (void)state;
    log_init(LOG_INFO, LOG_JSON);
    assert_string_equal(
        text_of(LOG_ERROR, "it_failed", fields, 2) + 10,
        ",\"level\":\"error\",\"event\":\"it_failed\",\"slot\":-1,\"why\":\"x\"}\n");
    assert_memory_equal(line, "{\"time\":\"2", 10);
    assert_true(is_one_object(line));
}

static void levels_above_the_chosen_one_are_silent(void **state)
{
    (void)state;
    for (unsigned level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        log_init((enum log_level)level, LOG_TEXT);
        for (unsigned each = LOG_ERROR; each <= LOG_DEBUG; each++) {
            assert_int_equal(log_is_on((enum log_level)each), each <= level);
        }
        capture();
        if (level < LOG_DEBUG) {
            log_write((enum log_level)(level + 1), "silent", NULL, 0);
        }
        log_write((enum log_level)level, "said", NULL, 0);
        (void)captured();
        assert_null(strstr(line, "silent"));
        assert_non_null(strstr(line, "said"));
    }
}

static void a_value_is_cut_at_its_maximum(void **state)
{
    char value[LOG_VALUE_BYTES_MAX + 2];
    const struct log_field field = LOG_FIELD_TEXT("v", value);
    const size_t before_value = strlen(" info e v=");

    (void)state;
    memset(value, 'v', sizeof value);
    log_init(LOG_INFO, LOG_TEXT);
    value[LOG_VALUE_BYTES_MAX] = '\0';
    assert_int_equal(strlen(text_of(LOG_INFO, "e", &field, 1)),
                     before_value + LOG_VALUE_BYTES_MAX + 1);
    value[LOG_VALUE_BYTES_MAX] = 'v';
    value[LOG_VALUE_BYTES_MAX + 1] = '\0';
    assert_int_equal(strlen(text_of(LOG_INFO, "e", &field, 1)),
                     before_value + LOG_VALUE_BYTES_MAX + 3); /* in quotes: it was cut */
}

/* Many long values: the line is cut, and still ends as its format wants. */
static void a_line_that_is_too_long_is_cut_and_still_whole(void **state)
{
    static char value[LOG_VALUE_BYTES_MAX + 1];
    struct log_field fields[12];

    (void)state;
    for (unsigned kind = 0; kind < 3; kind++) { /* plain, needing two bytes each, needing six */
        memset(value, "v\"\n"[kind], sizeof value - 1);
        for (unsigned i = 0; i < 12; i++) {
            fields[i] = LOG_FIELD_TEXT("value", value);
        }
        log_init(LOG_INFO, LOG_TEXT);
        (void)text_of(LOG_INFO, "long", fields, 12);
        assert_true(strlen(line) <= LINE_BYTES_MAX);
        assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
        log_init(LOG_INFO, LOG_JSON);
        (void)text_of(LOG_INFO, "long", fields, 12);
        assert_true(strlen(line) <= LINE_BYTES_MAX);
        assert_true(is_one_object(line));
    }
}

/* A cut in the middle of a character would leave bytes that are no UTF-8, and no JSON. */
static void a_value_is_not_cut_within_a_character(void **state)
{
    static char value[LOG_VALUE_BYTES_MAX + 8];
    const struct log_field field = LOG_FIELD_TEXT("v", value);
    const char *end;

    (void)state;
    memset(value, 'v', LOG_VALUE_BYTES_MAX - 1);
    (void)snprintf(value + LOG_VALUE_BYTES_MAX - 1, 8, "\xe2\x82\xac"); /* U+20AC */
    log_init(LOG_INFO, LOG_JSON);
    end = strstr(text_of(LOG_INFO, "e", &field, 1), "\"}\n");
    assert_non_null(end);
    assert_true((unsigned char)end[-1] < 0x80 || memcmp(end - 3, "\xe2\x82\xac", 3) == 0);
}

static void repeated_events_are_limited_and_counted(void **state)
{
    const struct log_field field = LOG_FIELD_NUMBER("n", 1);
    struct log_limit limit = {.burst = 2, .period_ms = 1000};

    (void)state;
    log_init(LOG_INFO, LOG_TEXT);
    now_ms = 50000;
    for (unsigned period = 0; period < 2; period++) {
        for (unsigned i = 0; i < 5; i++) {
            capture();
            log_write_limited(&limit, LOG_INFO, "again", &field, 1);
            assert_int_equal(captured() > 0, i < 2);
            assert_int_equal(strstr(line, "left_out=3") != NULL, period == 1 && i == 0);
            now_ms += 199; /* five times that is still one period */
        }
        now_ms += 5;
    }
}

/* Points JOURNAL_STREAM at the pipe that a line goes to, or near it, and initializes. */
static void init_for_journal(enum log_format format, const char *between, const char *behind,
                             uint64_t inode_off)
{
    struct stat status;
    char value[64];

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    (void)snprintf(value, sizeof value, "%" PRIu64 "%s%" PRIu64 "%s", (uint64_t)status.st_dev,
                   between, (uint64_t)status.st_ino + inode_off, behind);
    assert_int_equal(setenv("JOURNAL_STREAM", value, 1), 0);
    log_init(LOG_DEBUG, format);
}

static void for_the_journal_a_line_begins_with_its_priority_and_not_with_the_time(void **state)
{
    static const struct {
        enum log_level level;
        const char *line;
    } rows[] = {{LOG_ERROR, "<3>error it\n"},
                {LOG_WARN, "<4>warn it\n"},
                {LOG_INFO, "<6>info it\n"},
                {LOG_DEBUG, "<7>debug it\n"}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture();
        init_for_journal(LOG_TEXT, ":", "", 0);
        log_write(rows[i].level, "it", NULL, 0);
        (void)captured();
        assert_string_equal(line, rows[i].line);
    }
    capture();
    log_ready("unix:/x");
    (void)captured();
    assert_string_equal(line, "<6>info ready listening on unix:/x\n");
    capture();
    init_for_journal(LOG_JSON, ":", "", 0);
    log_write(LOG_WARN, "it", NULL, 0);
    (void)captured();
    assert_memory_equal(line, "<4>{\"time\":\"2", 13);
    assert_non_null(strstr(line, "\"level\":\"warn\",\"event\":\"it\"}\n"));
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
}

static void a_journal_that_is_not_where_the_log_goes_is_nothing(void **state)
{
    static const struct {
        const char *between;
        const char *behind;
        uint64_t inode_off;
    } rows[] = {{":", "", 1},  {"", "", 0},   {"::", "", 0}, {":x", "", 0},
                {":", ":", 0}, {":", " ", 0}, {" :", "", 0}, {":-", "", 0}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        capture();
        init_for_journal(LOG_TEXT, rows[i].between, rows[i].behind, rows[i].inode_off);
        log_write(LOG_ERROR, "it", NULL, 0);
        (void)captured();
        assert_string_equal(line + STAMP_LENGTH, " error it\n");
    }
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    log_init(LOG_INFO, LOG_TEXT);
}

static void a_ready_line_is_written_at_any_level_and_ends_with_the_name(void **state)
{
    (void)state;
    log_init(LOG_ERROR, LOG_TEXT);
    capture();
    log_ready("http://127.0.0.1:9999");
    (void)captured();
    assert_string_equal(line + STAMP_LENGTH, " info ready listening on http://127.0.0.1:9999\n");
    log_init(LOG_ERROR, LOG_JSON);
    capture();
    log_ready("http://127.0.0.1:9999");
    (void)captured();
    assert_non_null(strstr(line, "\"message\":\"listening on http://127.0.0.1:9999\"}\n"));
    capture();
    log_ready("unix:/tmp/a\"b\\c"); /* --listen takes such a path */
    (void)captured();
    assert_true(is_one_object(line));
    assert_non_null(strstr(line, "/tmp/a\\\"b\\\\c\"}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_has_time_level_event_and_fields),
        cmocka_unit_test(values_are_quoted_where_a_reader_would_stumble),
        cmocka_unit_test(a_json_line_is_one_object),
        cmocka_unit_test(levels_above_the_chosen_one_are_silent),
        cmocka_unit_test(a_value_is_cut_at_its_maximum),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_still_whole),
        cmocka_unit_test(a_value_is_not_cut_within_a_character),
        cmocka_unit_test(repeated_events_are_limited_and_counted),
        cmocka_unit_test(for_the_journal_a_line_begins_with_its_priority_and_not_with_the_time),
        cmocka_unit_test(a_journal_that_is_not_where_the_log_goes_is_nothing),
        cmocka_unit_test(a_ready_line_is_written_at_any_level_and_ends_with_the_name),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
