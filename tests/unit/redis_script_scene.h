/*
 * redis_script_scene.h - a real redis-server that is asked word by word, and a batch at a time.
 *
 * Answers are written as texts: "$42", ":42", "+OK", "-ERR …", "null".
 */
#ifndef FOOTFALL_TEST_REDIS_SCRIPT_SCENE_H
#define FOOTFALL_TEST_REDIS_SCRIPT_SCENE_H

#include "redis_process.h"
#include "store/redis_ledger.h"
#include "store/resp_reader.h"
#include "store/resp_writer.h"
#include "test.h"

#include <stdlib.h>

enum {
    TIMEOUT_MS = 10000,
    LIFETIME_MS = 100000,
    COMMAND_BYTES_MAX = 8192,
    TEXT_BYTES = 512,
};

static struct temporary_folder folder;
static struct redis_process redis;
static int connection = -1;
static struct resp_reader reader;
static struct resp_reply reply; /* the last one; its text is the reader's */
static char text[TEXT_BYTES];   /* the same, as a text */

/* ---- asking ---- */

static void open_connection(void)
{
    if (redis.pid == 0) {
        print_message("redis-server is not installed\n");
        skip();
    }
    if (connection >= 0) {
        assert_int_equal(close(connection), 0);
    }
    connection = redis_process_connect(&redis);
    assert_true(connection >= 0);
    resp_reader_init(&reader, 65536, RESP_DEPTH_MAX);
}

static void receive_reply(void)
{
    static const char *const marks[] = {
        [RESP_SIMPLE] = "+", [RESP_ERROR] = "-",   [RESP_INTEGER] = ":",
        [RESP_BULK] = "$",   [RESP_NULL] = "null", [RESP_ARRAY] = "*",
    };
    enum resp_result result = RESP_MORE;

    while (result == RESP_MORE) {
        char bytes[1024];
        ssize_t length = recv(connection, bytes, sizeof bytes, 0);
        struct slice input = {bytes, length > 0 ? (size_t)length : 0};

        assert_true(length > 0);
        result = resp_reader_read(&reader, &input, &reply);
        assert_int_equal(input.length, 0);
    }
    assert_int_equal(result, RESP_DONE);
    assert_false(reply.text_is_cut);
    if (reply.type == RESP_INTEGER) {
        (void)snprintf(text, sizeof text, ":%lld", (long long)reply.integer);
    } else {
        (void)snprintf(text, sizeof text, "%s%.*s", marks[reply.type], (int)reply.text.length,
                       reply.text.length > 0 ? reply.text.bytes : "");
    }
}

static inline const char *ask_words(const struct slice *words, size_t count)
{
    const size_t length = resp_command_length(words, count);
    char *command = malloc(length);

    assert_non_null(command);
    assert_int_equal(resp_write_command(command, words, count), length);
    assert_int_equal(send(connection, command, length, MSG_NOSIGNAL), length);
    free(command);
    receive_reply();
    return text;
}

/* Asks what is written with blanks between its words. */
__attribute__((format(printf, 1, 2))) static inline const char *ask(const char *format, ...)
{
    char line[TEXT_BYTES];
    struct slice words[24];
    size_t count = 0;
    va_list arguments;

    va_start(arguments, format);
    assert_true(vsnprintf(line, sizeof line, format, arguments) < (int)sizeof line);
    va_end(arguments);
    for (char *rest = line, *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(count < sizeof words / sizeof words[0]);
        words[count++] = slice_of(word);
    }
    return ask_words(words, count);
}

/* Sends a batch as the store does, as `writer`, with what its hits add where `with_amounts`. */
static inline const char *send_batch_as(const char *writer, const struct store_batch *batch,
                                        bool with_amounts)
{
    struct slice amounts = SLICE("");
    struct redis_ledger ledger;
    struct redis_ledger_command command;
    const char *answer;

    redis_ledger_init(&ledger, TIMEOUT_MS);
    assert_int_equal(ledger.lifetime_ms, LIFETIME_MS);
    (void)snprintf(ledger.writer, sizeof ledger.writer, "%s", writer);
    if (with_amounts) {
        assert_int_equal(redis_ledger_amounts(batch, &amounts), 0);
    }
    redis_ledger_command(&ledger, batch, REDIS_LEDGER_WHOLE, amounts, &command);
    answer = ask_words(command.words, command.count);
    if (with_amounts) {
        free((char *)amounts.bytes);
    }
    return answer;
}

static inline const char *count_as(const char *writer, const char *key, uint64_t sequence,
                                   uint32_t hits_count)
{
    struct store_hit hit = {.amount = hits_count & STORE_AMOUNT_MAX};
    const struct store_batch batch = {
        .key = slice_of(key),
        .hits = &hit,
        .hits_count = 1,
        .sequence = sequence,
    };

    return send_batch_as(writer, &batch, false);
}

static inline const char *count(const char *key, uint64_t sequence, uint32_t hits_count)
{
    return count_as("w", key, sequence, hits_count);
}

/* The same at the end of the numbers: as so many hits that add `amount` each. */
static inline const char *count_at_end(const char *key, uint64_t sequence, uint32_t hits_count,
                                       uint32_t amount)
{
    struct store_hit *hits = calloc(hits_count, sizeof *hits);
    const struct store_batch batch = {
        .key = slice_of(key),
        .hits = hits,
        .hits_count = hits_count,
        .sequence = sequence,
    };
    const char *answer;

    assert_non_null(hits);
    for (uint32_t i = 0; i < hits_count; i++) {
        hits[i].amount = amount & STORE_AMOUNT_MAX;
    }
    answer = send_batch_as("w", &batch, true);
    free(hits);
    return answer;
}

static void assert_begins(const char *whole, const char *beginning)
{
    if (strncmp(whole, beginning, strlen(beginning)) != 0) {
        assert_string_equal(whole, beginning);
    }
}

static void assert_value(const char *key, const char *expected)
{
    assert_string_equal(ask("GET %s", key), expected);
}

/* The key holds `expected`, and writer w has no entry for it. */
static inline void assert_not_counted(const char *key, const char *expected)
{
    assert_value(key, expected);
    assert_string_equal(ask("EXISTS {%s}:footfall:1:w", key), ":0");
}

/* ---- the server ---- */

static inline int start_server(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    redis_process_start(&redis, &folder);
    return 0;
}

static inline int stop_server(void **state)
{
    (void)state;
    redis_process_stop(&redis);
    temporary_folder_remove(&folder);
    return 0;
}

#endif
