/*
 * fake_redis.h - a Redis server that answers what a test wants it to.
 *
 * It listens on a free port or on a unix socket and runs on the test's own loop, so that a test
 * is one thread and decides what happens before what. Each whole command goes to `command`, which
 * may answer, answer a part, say nothing, or close; fake_answer() is a well-behaved one.
 *
 * What footfall asks is known here by short names:
 *   NAME                   CLIENT SETNAME
 *   SCRIPT?  SCRIPT!       whether the script is known; the same with its text
 *   INSPECT                CONFIG GET or INFO, which the log leaves out
 *   CLAIM                  SET footfall:1:surveyed, and MARK at the end of a survey
 *   COUNT key n sequence   a batch, and what else is said of it; COUNT! with the script's text
 *   CHANGE key sequence    what a counter is; with BEFORE>AFTER behind it a change; CHANGE!
 * likewise Anything else is its words joined by blanks.
 */
#ifndef FOOTFALL_TEST_FAKE_REDIS_H
#define FOOTFALL_TEST_FAKE_REDIS_H

#include "loop/descriptor.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "store/redis_ledger.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    FAKE_CONNECTIONS_MAX = 64,
    FAKE_INPUT_BYTES = 256 * 1024,
    FAKE_LOG_BYTES = 16 * 1024,
    FAKE_COMMAND_BYTES = 16 * 1024,
    FAKE_NOTED_MAX = 8,
    FAKE_WORDS_MAX = 512,
    FAKE_RECORD_BYTES = 512,
};

struct fake_redis;

struct fake_connection {
    struct descriptor descriptor;
    struct fake_redis *server;
    bool is_open;
    bool is_silent; /* what it is answered is not sent */
    bool is_mute;   /* what comes on it is no longer given to `command` */
    unsigned commands_count;
    size_t input_length;
    size_t input_taken;
    char input[FAKE_INPUT_BYTES];
};

struct fake_redis {
    struct loop *loop;
    struct descriptor listener;
    bool is_listening;
    uint16_t port;
    int64_t count; /* of every key */
    bool forgets_script;
    bool logs_names;                /* what is asked of the directory of names, too */
    char record[FAKE_RECORD_BYTES]; /* of every key, as redis_change.lua writes it */
    /* What that script noted last. */
    unsigned long long changed_sequence;
    char changed[FAKE_RECORD_BYTES];
    const char *layout; /* of every key, as an answer; NULL: none is noted */
    /* What the script noted: the newest batch of each key. */
    struct {
        char key[64];
        unsigned long long sequence;
        int64_t answer;
    } noted[FAKE_NOTED_MAX];
    /* Called for each command by its short name. */
    void (*command)(struct fake_connection *connection, const char *command);
    void (*accepted)(struct fake_connection *connection); /* may be NULL */
    void *test;
    unsigned accepted_count;
    uint64_t accepted_ms[FAKE_CONNECTIONS_MAX];
    unsigned commands_count;
    size_t log_length;
    char log[FAKE_LOG_BYTES]; /* the first commands, each with a '|' behind it */
    struct fake_connection *connections[FAKE_CONNECTIONS_MAX];
};

/* Sends bytes now; few enough for the socket to take them. A client that is gone is fine. */
static inline void fake_send_bytes(struct fake_connection *connection, const char *bytes,
                                   size_t length)
{
    if (connection->is_open && connection->descriptor.fd >= 0 && !connection->is_silent) {
        ssize_t sent = send(connection->descriptor.fd, bytes, length, MSG_NOSIGNAL);

        assert_true(sent == (ssize_t)length || errno == EPIPE || errno == ECONNRESET);
    }
}

static inline void fake_send(struct fake_connection *connection, const char *text)
{
    fake_send_bytes(connection, text, strlen(text));
}

static inline void fake_close(struct fake_connection *connection)
{
    if (connection->is_open) {
        descriptor_close(&connection->descriptor);
    }
}

/* Closes with a reset. */
static inline void fake_reset(struct fake_connection *connection)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(
        setsockopt(connection->descriptor.fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger), 0);
    descriptor_release(&connection->descriptor); /* without the shutdown that would be an end */
}

static inline void fake_send_count(struct fake_connection *connection, int64_t count)
{
    char digits[32];
    char answer[64];

    (void)snprintf(digits, sizeof digits, "%" PRId64, count);
    (void)snprintf(answer, sizeof answer, "$%zu\r\n%s\r\n", strlen(digits), digits);
    fake_send(connection, answer);
}

/* Counts a batch as the script does. */
static inline void fake_count(struct fake_connection *connection, const char *command)
{
    struct fake_redis *server = connection->server;
    unsigned long long sequence;
    char key[64];
    long hits;
    size_t i = 0;

    assert_int_equal(sscanf(strchr(command, ' '), "%63s %ld %llu", key, &hits, &sequence), 3);
    while (server->noted[i].key[0] != '\0' && strcmp(server->noted[i].key, key) != 0) {
        i++;
        assert_true(i < FAKE_NOTED_MAX);
    }
    if (sequence < server->noted[i].sequence) {
        fake_send(connection, "-STALE\r\n");
        return;
    }
    if (sequence > server->noted[i].sequence) {
        server->count += hits;
        memcpy(server->noted[i].key, key, sizeof key);
        server->noted[i].sequence = sequence;
        server->noted[i].answer = server->count;
    }
    fake_send_count(connection, server->noted[i].answer);
}

static inline void fake_send_text(struct fake_connection *connection, const char *text)
{
    char answer[FAKE_RECORD_BYTES + 32];

    (void)snprintf(answer, sizeof answer, "$%zu\r\n%s\r\n", strlen(text), text);
    fake_send(connection, answer);
}

/* Tells or changes the counter as the script does. */
static inline void fake_change(struct fake_connection *connection, const char *command)
{
    struct fake_redis *server = connection->server;
    unsigned long long sequence;
    int length = 0;
    const char *wanted;
    const char *mark;

    assert_int_equal(sscanf(command, "%*s %*s %llu%n", &sequence, &length), 1);
    wanted = command[length] == ' ' ? command + length + 1 : "";
    mark = strchr(wanted, '>');
    if (sequence == server->changed_sequence) {
        fake_send_text(connection, server->changed);
        return;
    }
    if (mark == NULL || strlen(server->record) != (size_t)(mark - wanted) ||
        memcmp(server->record, wanted, (size_t)(mark - wanted)) != 0) {
        fake_send_text(connection, server->record);
        return;
    }
    server->changed_sequence = sequence;
    assert_true(strlen(wanted) < FAKE_RECORD_BYTES);
    (void)snprintf(server->changed, FAKE_RECORD_BYTES, "%s", wanted);
    (void)snprintf(server->record, FAKE_RECORD_BYTES, "%s", mark + 1);
    fake_send_text(connection, server->changed);
}

/* Whether the directory of names is asked, or told, something. */
static inline bool fake_is_of_names(const char *command)
{
    static const char *const commands[] = {"ZADD",      "ZREM",  "EXISTS", "ZCARD",
                                           "ZLEXCOUNT", "CLAIM", "MARK"};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strncmp(command, commands[i], strlen(commands[i])) == 0) {
            return true;
        }
    }
    return false;
}

/* Answers as Redis does. */
static inline void fake_answer(struct fake_connection *connection, const char *command)
{
    char answer[64];

    if (strcmp(command, "SCRIPT!") == 0 || strncmp(command, "COUNT!", 6) == 0 ||
        strncmp(command, "CHANGE!", 7) == 0) {
        connection->server->forgets_script = false;
    }
    if (strncmp(command, "SCRIPT?", 7) == 0 || strncmp(command, "COUNT ", 6) == 0 ||
        strncmp(command, "CHANGE ", 7) == 0) {
        if (connection->server->forgets_script) {
            fake_send(connection, "-NOSCRIPT No matching script.\r\n");
            return;
        }
    }
    if (strncmp(command, "SCRIPT", 6) == 0) {
        fake_send(connection, "$1\r\n1\r\n");
    } else if (strncmp(command, "COUNT", 5) == 0) {
        fake_count(connection, command);
    } else if (strncmp(command, "CHANGE", 6) == 0) {
        fake_change(connection, command);
    } else if (strcmp(command, "INSPECT") == 0) {
        fake_send(connection, "-NOPERM\r\n");
    } else if (strncmp(command, "GET {", 5) == 0) {
        fake_send(connection,
                  connection->server->layout == NULL ? "$-1\r\n" : connection->server->layout);
    } else if (strncmp(command, "GET ", 4) == 0) {
        fake_send_count(connection, connection->server->count);
    } else if (strncmp(command, "PING", 4) == 0) {
        fake_send(connection, "+PONG\r\n");
    } else if (strncmp(command, "INCRBY ", 7) == 0) {
        connection->server->count += strtoll(strrchr(command, ' '), NULL, 10);
        (void)snprintf(answer, sizeof answer, ":%" PRId64 "\r\n", connection->server->count);
        fake_send(connection, answer);
    } else if (strcmp(command, "CLAIM") == 0) {
        fake_send(connection, "$-1\r\n"); /* somebody else surveys */
    } else if (fake_is_of_names(command)) {
        fake_send(connection, ":0\r\n");
    } else {
        fake_send(connection, "+OK\r\n");
    }
}

/* Reads "*3\r\n" or "$7\r\n" at *at. False when it is not whole. */
static inline bool fake_read_header(const struct fake_connection *connection, size_t *at, char type,
                                    size_t *out_number)
{
    const char *begin = connection->input + *at;
    const char *end;

    if (*at == connection->input_length) {
        return false;
    }
    end = memchr(begin, '\n', connection->input_length - *at);
    if (end == NULL) {
        return false;
    }
    assert_int_equal(*begin, type);
    *out_number = strtoul(begin + 1, NULL, 10);
    *at += (size_t)(end - begin) + 1;
    return true;
}

/* Takes one command off the input, as words that are borrowed from it. Their number, or 0 when no
 * command is whole. */
static inline size_t fake_take_words(struct fake_connection *connection, struct slice *out_words)
{
    size_t at = connection->input_taken;
    size_t words_count;

    if (!fake_read_header(connection, &at, '*', &words_count)) {
        return 0;
    }
    assert_true(words_count > 0 && words_count <= FAKE_WORDS_MAX);
    for (size_t i = 0; i < words_count; i++) {
        size_t word_length;

        if (!fake_read_header(connection, &at, '$', &word_length) ||
            connection->input_length - at < word_length + 2) {
            return 0;
        }
        out_words[i] = (struct slice){connection->input + at, word_length};
        assert_memory_equal(connection->input + at + word_length, "\r\n", 2);
        at += word_length + 2;
    }
    connection->input_taken = at;
    return words_count;
}

static inline void fake_append(char *command, const char *separator, struct slice word)
{
    const size_t length = strlen(command);

    assert_true(length + word.length + 2 < FAKE_COMMAND_BYTES);
    (void)snprintf(command + length, FAKE_COMMAND_BYTES - length, "%s%.*s", separator,
                   (int)word.length, word.bytes);
}

/* The short name of a script of footfall's with its words. */
static inline void fake_name_script(const struct slice *words, size_t count, char *out_command)
{
    const bool is_whole = slice_is(words[0], "EVAL");
    const size_t keys_count = (size_t)(words[2].bytes[0] - '0');
    const struct slice *arguments = words + 3 + keys_count;
    const struct slice *word_end = words + count;
    struct redis_ledger_command counting;
    bool is_count;

    redis_ledger_question(is_whole ? REDIS_LEDGER_WHOLE : REDIS_LEDGER_SHORT, &counting);
    is_count = slice_equals(words[1], counting.words[1]);
    if (keys_count == 0) {
        (void)snprintf(out_command, FAKE_COMMAND_BYTES, "%s", is_whole ? "SCRIPT!" : "SCRIPT?");
        return;
    }
    /* keys: counter entry layout [record]; arguments: sequence hits lifetime … | sequence lifetime
     */
    (void)snprintf(out_command, FAKE_COMMAND_BYTES, "%s%s %.*s", is_count ? "COUNT" : "CHANGE",
                   is_whole ? "!" : "", (int)words[3].length, words[3].bytes);
    if (is_count) {
        fake_append(out_command, " ", arguments[1]);
    }
    (void)snprintf(out_command + strlen(out_command), 24, " %llu",
                   strtoull(arguments[0].bytes, NULL, 10));
    if (!is_count && word_end > arguments + 4) {
        word_end = arguments + 4; /* without what hits would have moved */
    }
    for (const struct slice *word = arguments + (is_count ? 3 : 2); word < word_end; word++) {
        fake_append(out_command, !is_count && word == arguments + 3 ? ">" : " ", *word);
    }
}

/* Takes one command off the input by its short name. False when none is whole. */
static inline bool fake_take_command(struct fake_connection *connection, char *out_command)
{
    struct slice words[FAKE_WORDS_MAX];
    const size_t count = fake_take_words(connection, words);

    if (count == 0) {
        return false;
    }
    out_command[0] = '\0';
    if (slice_is(words[0], "EVAL") || slice_is(words[0], "EVALSHA")) {
        fake_name_script(words, count, out_command);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        fake_append(out_command, i > 0 ? " " : "", words[i]);
    }
    if (strncmp(out_command, "CLIENT SETNAME footfall:", 24) == 0) {
        memcpy(out_command, "NAME", 5);
    } else if (strncmp(out_command, "CONFIG GET ", 11) == 0 ||
               strncmp(out_command, "INFO ", 5) == 0) {
        memcpy(out_command, "INSPECT", 8);
    } else if (strncmp(out_command, "SET footfall:1:surveyed ", 24) == 0) {
        (void)snprintf(out_command, FAKE_COMMAND_BYTES, "%s",
                       strstr(out_command, " 60000 NX") != NULL ? "CLAIM" : "MARK");
    }
    return true;
}

static inline void fake_log(struct fake_redis *server, const char *command)
{
    const size_t length = strlen(command);

    server->commands_count++;
    if (strcmp(command, "INSPECT") == 0 || (!server->logs_names && fake_is_of_names(command))) {
        return;
    }
    if (server->log_length + length + 2 <= sizeof server->log) {
        memcpy(server->log + server->log_length, command, length);
        server->log_length += length;
        memcpy(server->log + server->log_length, "|", 2);
        server->log_length++;
    }
}

static inline void fake_read_done(void *owner, int result, const char *bytes)
{
    struct fake_connection *connection = owner;
    char command[FAKE_COMMAND_BYTES];

    if (result <= 0) {
        fake_close(connection);
        return;
    }
    assert_true((size_t)result <= sizeof connection->input - connection->input_length);
    memcpy(connection->input + connection->input_length, bytes, (size_t)result);
    connection->input_length += (size_t)result;
    while (connection->descriptor.fd >= 0 && fake_take_command(connection, command)) {
        fake_log(connection->server, command);
        connection->commands_count++;
        if (!connection->is_mute) {
            connection->server->command(connection, command);
        }
    }
    connection->input_length -= connection->input_taken;
    memmove(connection->input, connection->input + connection->input_taken,
            connection->input_length);
    connection->input_taken = 0;
    if (connection->descriptor.fd >= 0) {
        descriptor_receive(&connection->descriptor);
    }
}

static inline void fake_connection_closed(void *owner)
{
    struct fake_connection *connection = owner;

    connection->is_open = false;
}

static inline void fake_accepted(void *owner, int result, const char *bytes)
{
    static const struct descriptor_events connection_events = {
        .read_done = fake_read_done,
        .closed = fake_connection_closed,
    };
    struct fake_redis *server = owner;
    struct fake_connection *connection = calloc(1, sizeof *connection);
    const int yes = 1;

    (void)bytes;
    assert_true(result >= 0);
    assert_non_null(connection);
    assert_true(server->accepted_count < FAKE_CONNECTIONS_MAX);
    (void)setsockopt(result, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* no TCP, no need */
    connection->server = server;
    connection->is_open = true;
    server->connections[server->accepted_count] = connection;
    server->accepted_ms[server->accepted_count] = loop_now_ms(server->loop);
    server->accepted_count++;
    descriptor_open(&connection->descriptor, server->loop, result, &connection_events, connection);
    descriptor_receive(&connection->descriptor);
    descriptor_accept(&server->listener);
    if (server->accepted != NULL) {
        server->accepted(connection);
    }
}

static inline void fake_listener_closed(void *owner)
{
    struct fake_redis *server = owner;

    server->is_listening = false;
}

static inline void fake_listen_on(struct fake_redis *server, const struct sockaddr *address,
                                  socklen_t address_length)
{
    static const struct descriptor_events listener_events = {
        .read_done = fake_accepted,
        .closed = fake_listener_closed,
    };
    const int yes = 1;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(fd, address, address_length), 0);
    assert_int_equal(listen(fd, FAKE_CONNECTIONS_MAX), 0);
    if (address->sa_family == AF_INET) {
        struct sockaddr_in bound;
        socklen_t bound_length = sizeof bound;

        assert_int_equal(getsockname(fd, (struct sockaddr *)&bound, &bound_length), 0);
        server->port = ntohs(bound.sin_port);
    }
    descriptor_open(&server->listener, server->loop, fd, &listener_events, server);
    descriptor_accept(&server->listener);
    server->is_listening = true;
}

/* Makes a server that does not listen yet. */
static inline void fake_init(struct fake_redis *server, struct loop *loop, void *test)
{
    *server =
        (struct fake_redis){.loop = loop, .command = fake_answer, .test = test, .record = "-"};
}

/* Listens on 127.0.0.1, on the port it had before or on a free one. */
static inline void fake_listen(struct fake_redis *server)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(server->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    fake_listen_on(server, (const struct sockaddr *)&address, sizeof address);
}

static inline void fake_listen_unix(struct fake_redis *server, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_true(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    fake_listen_on(server, (const struct sockaddr *)&address, sizeof address);
}

/* Refuses new connections; the loop has to turn once for it. */
static inline void fake_stop_listening(struct fake_redis *server)
{
    if (server->is_listening) {
        descriptor_release(&server->listener);
    }
}

/* The youngest connection. */
static inline struct fake_connection *fake_last(const struct fake_redis *server)
{
    assert_true(server->accepted_count > 0);
    return server->connections[server->accepted_count - 1];
}

/* Closes everything; the loop has to turn until fake_is_closed(). */
static inline void fake_close_all(struct fake_redis *server)
{
    fake_stop_listening(server);
    for (unsigned i = 0; i < server->accepted_count; i++) {
        fake_close(server->connections[i]);
    }
}

static inline bool fake_is_closed(const struct fake_redis *server)
{
    bool is_closed = !server->is_listening;

    for (unsigned i = 0; i < server->accepted_count; i++) {
        is_closed = is_closed && !server->connections[i]->is_open;
    }
    return is_closed;
}

static inline void fake_finish(struct fake_redis *server)
{
    for (unsigned i = 0; i < server->accepted_count; i++) {
        free(server->connections[i]);
    }
}

#endif
