/*
 * test_access_log_line.c - formats, and the lines that they make.
 */
#include "admin/access_log_line.h"
#include "base/network_address.h"
#include "http/request_note.h"
#include "test.h"

#include <stdlib.h>

static const struct access_log_process process = {
    .time = {"2026-11-26T20:21:45.123Z", 24},
    .slot = 3,
    .pid = 4711,
};

static struct network_address client;

static struct http_answered make_answered(void)
{
    assert_true(network_address_parse(SLICE("192.0.2.1"), &client));
    return (struct http_answered){
        .status = 200,
        .method = SLICE("GET"),
        .path = SLICE("/"),
        .number = 17,
        .bytes = 158,
        .duration_ms = 2,
        .client = &client,
    };
}

/* The line that `format` makes, laid against nothing that it may touch. */
static const char *line_of(const char *format_text, const struct http_answered *answered)
{
    static char line[ACCESS_LOG_LINE_BYTES_MAX + 2];
    struct access_log_format format;
    size_t length;

    assert_true(access_log_format_parse(format_text, &format));
    memset(line, '#', sizeof line);
    length = access_log_line_write(line, &format, &process, answered);
    assert_true(length > 0 && length <= ACCESS_LOG_LINE_BYTES_MAX);
    assert_int_equal(line[length], '#');
    line[length] = '\0';
    return line;
}

static void each_format_makes_its_line(void **state)
{
    static const struct {
        const char *format;
        const char *line;
    } rows[] = {
        {"text", "2026-11-26T20:21:45.123Z 200 GET / 17 158 2 3\n"},
        {"json", "{\"time\":\"2026-11-26T20:21:45.123Z\",\"status\":200,\"method\":\"GET\","
                 "\"path\":\"/\",\"number\":17,\"bytes\":158,\"duration\":2,\"worker\":3,"
                 "\"pid\":4711}\n"},
        {"json:client", "{\"client\":\"192.0.2.1\"}\n"},
        {"json:pid,number", "{\"pid\":4711,\"number\":17}\n"},
        {"{client}", "192.0.2.1\n"},
        {"a{{b}}c {pid}", "a{b}c 4711\n"},
        {"{{{pid}}}", "{4711}\n"},
        {"{number}{status}", "17200\n"},
        {"\t{pid}\xc3\xa9", "\t4711\xc3\xa9\n"},
        {"{client}{time}{status}{method}{path}{number}{bytes}{duration}{worker}{pid}",
         "192.0.2.12026-11-26T20:21:45.123Z200GET/17158234711\n"},
    };
    const struct http_answered answered = make_answered();

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_string_equal(line_of(rows[i].format, &answered), rows[i].line);
    }
}

static void what_is_not_known_is_said(void **state)
{
    static const struct network_address nobody;
    struct http_answered answered = make_answered();

    (void)state;
    answered.method = answered.path = (struct slice){NULL, 0};
    answered.number = 0;
    answered.client = &nobody;
    assert_string_equal(line_of("{method} {path} {number} {client}", &answered), "- - - -\n");
    assert_string_equal(line_of("json:method,path,number,client", &answered),
                        "{\"method\":null,\"path\":null,\"number\":null,\"client\":null}\n");
}

static void no_byte_of_a_request_ends_a_line_a_column_or_a_text(void **state)
{
    struct http_answered answered = make_answered();

    (void)state;
    answered.path = SLICE("/a b\"\\\n\x7f\xff/\x01~");
    assert_string_equal(line_of("{path}", &answered),
                        "/a\\u0020b\\u0022\\u005c\\u000a\\u007f\\u00ff/\\u0001~\n");
    answered.method = SLICE("\"");
    assert_string_equal(line_of("json:method", &answered), "{\"method\":\"\\u0022\"}\n");
    for (unsigned byte = 0; byte < 256; byte++) {
        const char bytes[] = {(char)byte};
        const char *line;

        answered.path = (struct slice){bytes, 1};
        line = line_of("{path}", &answered);
        assert_int_equal(strcspn(line, "\n"), strlen(line) - 1);
        assert_int_equal(strcspn(line, " \"\t\r\v\f"), strlen(line));
    }
}

static void the_longest_line_fits(void **state)
{
    static const char all[] =
        "{client}{time}{status}{method}{path}{number}{bytes}{duration}{worker}{pid}";
    static char path[REQUEST_NOTE_PATH_BYTES_MAX];
    static char method[REQUEST_NOTE_METHOD_BYTES_MAX];
    static char format[ACCESS_LOG_FORMAT_BYTES_MAX * 2];
    struct access_log_format parsed;
    struct http_answered answered = make_answered();

    (void)state;
    assert_true(network_address_parse(SLICE("1111:2222:3333:4444:5555:6666:7777:8888"), &client));
    answered.method = (struct slice){method, sizeof method};
    answered.path = (struct slice){path, sizeof path};
    answered.number = INT64_MIN;
    answered.bytes = answered.duration_ms = UINT64_MAX;
    memset(format, 'x', ACCESS_LOG_FORMAT_BYTES_MAX - 1); /* with the line's end that is all */
    memcpy(format + ACCESS_LOG_FORMAT_BYTES_MAX - 1, all, sizeof all);
    assert_true(strlen(line_of(format, &answered)) > 3700);
    memset(format, 'x', ACCESS_LOG_FORMAT_BYTES_MAX);
    memcpy(format + ACCESS_LOG_FORMAT_BYTES_MAX, all, sizeof all);
    assert_false(access_log_format_parse(format, &parsed));
}

static void a_wrong_format_is_explained(void **state)
{
    static const struct {
        const char *format;
        const char *sentence; /* its beginning */
    } rows[] = {
        {"", "it takes text, json,"},
        {"xml", "it takes text, json,"},
        {"TEXT", "it takes text, json,"},
        {"{{time}}", "it takes text, json,"},
        {"{tiem}", "there is no field tiem; did you mean time?"},
        {"{}", "there is no field ; the fields are time,status,"},
        {"{Time}", "there is no field Time; did you mean time?"},
        {"{something else}", "there is no field something else; the fields are time,"},
        {"json:", "there is no field ;"},
        {"json:time,", "there is no field ;"},
        {"json: time", "there is no field  time; did you mean time?"},
        {"json:pid,pid", "the field pid stands twice"},
        {"{pid} {pid}", "the field pid stands twice"},
        {"{pid", "a { has no }"},
        {"{pid} {", "a { has no }"},
        {"pid}", "a } stands alone"},
        {"{pid}\n", "it holds a control character"},
        {"{pid}\x7f", "it holds a control character"},
    };
    char sentence[200];
    struct access_log_format format;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(access_log_format_parse(rows[i].format, &format));
        access_log_format_explain(rows[i].format, sentence, sizeof sentence);
        assert_memory_equal(sentence, rows[i].sentence, strlen(rows[i].sentence));
    }
}

static void formats_of_the_same_lines_are_the_same(void **state)
{
    static const char *const formats[] = {"text",   "json",          "{pid}",
                                          "{time}", "json:pid",      "x{pid}",
                                          "{pid}x", "json:time,pid", "json:pid,time"};
    struct access_log_format one;
    struct access_log_format other;

    (void)state;
    for (unsigned i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        for (unsigned j = 0; j < sizeof formats / sizeof formats[0]; j++) {
            assert_true(access_log_format_parse(formats[i], &one));
            assert_true(access_log_format_parse(formats[j], &other));
            assert_int_equal(access_log_format_equals(&one, &other), i == j);
        }
    }
}

static void a_note_is_cut_where_it_does_not_fit(void **state)
{
    static char bytes[REQUEST_NOTE_PATH_BYTES_MAX + 1];
    struct request_note note;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    request_note_write(&note, (struct slice){bytes, REQUEST_NOTE_METHOD_BYTES_MAX},
                       (struct slice){bytes, REQUEST_NOTE_PATH_BYTES_MAX});
    assert_int_equal(note.method_length, REQUEST_NOTE_METHOD_BYTES_MAX);
    assert_int_equal(note.path_length, REQUEST_NOTE_PATH_BYTES_MAX);
    assert_int_equal(note.method[REQUEST_NOTE_METHOD_BYTES_MAX - 1], 'x');
    assert_int_equal(note.path[REQUEST_NOTE_PATH_BYTES_MAX - 1], 'x');
    request_note_write(&note, (struct slice){bytes, REQUEST_NOTE_METHOD_BYTES_MAX + 1},
                       (struct slice){bytes, REQUEST_NOTE_PATH_BYTES_MAX + 1});
    assert_int_equal(note.method_length, REQUEST_NOTE_METHOD_BYTES_MAX);
    assert_memory_equal(note.method + REQUEST_NOTE_METHOD_BYTES_MAX - 4, "x...", 4);
    assert_memory_equal(note.path + REQUEST_NOTE_PATH_BYTES_MAX - 4, "x...", 4);
    request_note_write(&note, SLICE(""), SLICE("/"));
    assert_int_equal(note.method_length, 0);
    assert_int_equal(note.path_length, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_format_makes_its_line),
        cmocka_unit_test(what_is_not_known_is_said),
        cmocka_unit_test(no_byte_of_a_request_ends_a_line_a_column_or_a_text),
        cmocka_unit_test(the_longest_line_fits),
        cmocka_unit_test(a_wrong_format_is_explained),
        cmocka_unit_test(formats_of_the_same_lines_are_the_same),
        cmocka_unit_test(a_note_is_cut_where_it_does_not_fit),
    };

    return cmocka_run_group_tests_name("access_log_line", tests, NULL, NULL);
}
