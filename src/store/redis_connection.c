/*
 * redis_connection.c - commands and answers on one connection to a Redis server.
 *
 * Callbacks may cut or close the connection, so its state is looked at again behind each. Its
 * memory stays: closed() never comes before the present call has returned.
 */
#include "store/redis_connection.h"

#include "store/redis_error.h"
#include "store/resp_writer.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

enum {
    KEEPALIVE_IDLE_S = 10,
    KEEPALIVE_INTERVAL_S = 3,
    KEEPALIVE_PROBES = 3,
    USER_TIMEOUT_MS_MIN = 500,
    USER_TIMEOUT_FOREVER_MS = 30 * 1000, /* where answers may take for ever */
};

static const uint8_t connection_may_enter[] = {
    [REDIS_CONNECTION_CLOSED] = 1U << REDIS_CONNECTION_CONNECTING,
    [REDIS_CONNECTION_CONNECTING] = 1U << REDIS_CONNECTION_OPEN | 1U << REDIS_CONNECTION_CLOSING,
    [REDIS_CONNECTION_OPEN] = 1U << REDIS_CONNECTION_CLOSING,
    [REDIS_CONNECTION_CLOSING] = 1U << REDIS_CONNECTION_CLOSED,
};

/* Closes the descriptor. With commands unanswered it is a reset, so that the kernel drops what of
 * them has not left: the less of what was given up still arrives, the better. */
static void connection_let_go(struct redis_connection *connection)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0}; /* socket(7) */

    if (redis_pipeline_oldest(&connection->pipeline) == NULL) {
        descriptor_close(&connection->descriptor);
        return;
    }
    /* Where it fails they may arrive, and count for nobody. */
    (void)setsockopt(connection->descriptor.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    descriptor_release(&connection->descriptor); /* without the shutdown, which would send them */
}

/* Moves to `next`. Nothing else writes `state`. */
static void connection_enter(struct redis_connection *connection, enum redis_connection_state next)
{
    assert((connection_may_enter[connection->state] & 1U << next) != 0);
    connection->state = next;
    timer_stop(&connection->timer); /* each state has its own use for it */
    switch (next) {
    case REDIS_CONNECTION_CLOSED:
        redis_output_clear(&connection->output); /* the kernel holds nothing of it any more */
        break;
    case REDIS_CONNECTION_CONNECTING:
        connection->send_result = 0;
        resp_reader_init(&connection->reader, REDIS_REPLY_BYTES_MAX, REDIS_REPLY_DEPTH_MAX);
        break;
    case REDIS_CONNECTION_OPEN:
        descriptor_receive(&connection->descriptor);
        break;
    case REDIS_CONNECTION_CLOSING:
        deferred_cancel(&connection->flush);
        connection_let_go(connection);
        break;
    }
}

/* ---- the end ---- */

/* Tells every unanswered command its error, once, whatever the callbacks do. */
static void connection_fail_commands(struct redis_connection *connection, int result)
{
    struct redis_command command;

    while (redis_pipeline_pop(&connection->pipeline, &command)) {
        command.answered(command.owner, command.subject, result, NULL);
    }
}

void redis_connection_cut(struct redis_connection *connection, int result, const char *reason)
{
    char text[REDIS_REASON_BYTES];

    if (connection->state != REDIS_CONNECTION_CONNECTING &&
        connection->state != REDIS_CONNECTION_OPEN) {
        return;
    }
    (void)snprintf(text, sizeof text, "%s: %s", connection->address_text, reason); /* may be cut */
    connection_enter(connection, REDIS_CONNECTION_CLOSING);
    connection->events->lost(connection->owner, result, text);
    connection_fail_commands(connection, result);
}

void redis_connection_close(struct redis_connection *connection, int result)
{
    if (connection->state == REDIS_CONNECTION_CONNECTING ||
        connection->state == REDIS_CONNECTION_OPEN) {
        connection_enter(connection, REDIS_CONNECTION_CLOSING);
    }
    connection_fail_commands(connection, result);
}

static void connection_closed(void *owner)
{
    struct redis_connection *connection = owner;

    connection_enter(connection, REDIS_CONNECTION_CLOSED);
    connection->events->closed(connection->owner);
}

/* ---- the deadline ---- */

static void connection_start_timer(struct redis_connection *connection, uint64_t delay_ms)
{
    if (delay_ms > 0) { /* 0: no deadline */
        timer_start(&connection->timer, &connection->timers, delay_ms);
    }
}

/* Has the oldest command waited too long? The timer is not restarted with each command; this
 * looks again when it may be time. */
static void connection_check_oldest(struct redis_connection *connection)
{
    const struct redis_command *oldest = redis_pipeline_oldest(&connection->pipeline);
    char reason[64];
    uint64_t age_ms;

    if (oldest == NULL) {
        return; /* the next command starts the timer */
    }
    age_ms = loop_now_ms(connection->loop) - oldest->since_ms;
    if (age_ms < connection->timeout_ms) {
        connection_start_timer(connection, connection->timeout_ms - age_ms);
        return;
    }
    (void)snprintf(reason, sizeof reason, "no answer within %u ms",
                   (unsigned)connection->timeout_ms);
    redis_connection_cut(connection, -ETIMEDOUT, reason);
}

static void connection_timer_expired(void *owner)
{
    struct redis_connection *connection = owner;

    if (connection->state == REDIS_CONNECTION_CONNECTING) {
        redis_connection_cut(connection, -ETIMEDOUT, strerrordesc_np(ETIMEDOUT));
    } else {
        connection_check_oldest(connection);
    }
}

/* ---- sending ---- */

int redis_connection_send(struct redis_connection *connection, const struct slice *words,
                          size_t words_count, redis_answered *answered, void *owner, void *subject)
{
    const struct redis_command command = {
        .answered = answered,
        .owner = owner,
        .subject = subject,
        .since_ms = loop_now_ms(connection->loop),
    };
    char *room;
    int result;

    if (connection->state != REDIS_CONNECTION_OPEN) {
        return -ENOTCONN;
    }
    result = redis_pipeline_reserve(&connection->pipeline);
    if (result < 0) {
        return result;
    }
    result =
        redis_output_reserve(&connection->output, resp_command_length(words, words_count), &room);
    if (result < 0) {
        return result;
    }
    redis_output_add(&connection->output, resp_write_command(room, words, words_count));
    redis_pipeline_push(&connection->pipeline, &command);
    if (!timer_is_running(&connection->timer)) {
        connection_start_timer(connection, connection->timeout_ms);
    }
    deferred_start(&connection->flush, connection->loop);
    return 0;
}

/* The end of a turn in which something was written, or of a send. */
static void connection_flush(void *owner)
{
    struct redis_connection *connection = owner;
    struct slice bytes;

    if (connection->send_result == 0 && redis_output_take(&connection->output, &bytes)) {
        descriptor_send(&connection->descriptor, bytes.bytes, bytes.length);
    }
}

static void connection_write_done(void *owner, int result)
{
    struct redis_connection *connection = owner;

    if (connection->state == REDIS_CONNECTION_CONNECTING) {
        if (result < 0) {
            redis_connection_cut(connection, result, strerrordesc_np(-result));
            return;
        }
        connection_enter(connection, REDIS_CONNECTION_OPEN);
        connection->events->connected(connection->owner);
        return;
    }
    if (result < 0) {
        /* The server is gone, but what it said before may still be there to read: answers, or
         * why it does not want us. */
        connection->send_result = result;
        descriptor_receive_last(&connection->descriptor);
        return;
    }
    redis_output_sent(&connection->output);
    connection->events->sent(connection->owner);
    connection_flush(connection);
}

/* ---- receiving ---- */

/* Hands over what came. False when the connection ended by that. */
static bool connection_take_replies(struct redis_connection *connection, struct slice input)
{
    while (input.length > 0) {
        struct redis_command command;
        struct resp_reply reply;

        switch (resp_reader_read(&connection->reader, &input, &reply)) {
        case RESP_MORE:
            return true;
        case RESP_BAD:
            redis_connection_cut(connection, -EPROTO,
                                 resp_fault_text(resp_reader_fault(&connection->reader)));
            return false;
        case RESP_DONE:
            break;
        }
        if (!redis_pipeline_pop(&connection->pipeline, &command)) {
            redis_connection_cut(connection, -EPROTO, "an answer to no command");
            return false;
        }
        command.answered(command.owner, command.subject, 0, &reply);
        if (connection->state != REDIS_CONNECTION_OPEN) {
            return false;
        }
    }
    return true;
}

static void connection_read_done(void *owner, int result, const char *bytes)
{
    struct redis_connection *connection = owner;

    if (result > 0) {
        if (connection_take_replies(connection, (struct slice){bytes, (size_t)result})) {
            descriptor_receive(&connection->descriptor);
            if (connection->send_result < 0) { /* read on until nothing is left */
                descriptor_receive_last(&connection->descriptor);
            }
        }
        return;
    }
    if (connection->send_result < 0) {
        redis_connection_cut(connection, connection->send_result,
                             strerrordesc_np(-connection->send_result));
    } else if (result == 0) {
        redis_connection_cut(connection, -ECONNRESET, "the server closed the connection");
    } else {
        redis_connection_cut(connection, result, strerrordesc_np(-result));
    }
}

static const struct descriptor_events connection_descriptor_events = {
    .read_done = connection_read_done,
    .write_done = connection_write_done,
    .closed = connection_closed,
};

/* ---- the beginning ---- */

/* Writes the address for people to read. */
static void connection_write_address(struct redis_connection *connection,
                                     const struct sockaddr *address, socklen_t address_length)
{
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (address->sa_family == AF_UNIX) {
        const struct sockaddr_un *unix_address = (const struct sockaddr_un *)address;
        const size_t length = strnlen(unix_address->sun_path, sizeof unix_address->sun_path);

        slice_copy_printable((struct slice){unix_address->sun_path, length},
                             connection->address_text,
                             sizeof connection->address_text); /* a path may hold any byte */
        return;
    }
    if (getnameinfo(address, address_length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        (void)memcpy(host, "?", 2); /* no memory: the address is only shown */
        (void)memcpy(port, "?", 2);
    }
    (void)snprintf(connection->address_text, sizeof connection->address_text,
                   address->sa_family == AF_INET6 ? "[%.100s]:%.8s" : "%.100s:%.8s", host, port);
}

void redis_connection_init(struct redis_connection *connection, struct loop *loop,
                           uint32_t timeout_ms, const struct redis_connection_events *events,
                           void *owner)
{
    *connection = (struct redis_connection){
        .loop = loop,
        .events = events,
        .owner = owner,
        .timeout_ms = timeout_ms,
        .state = REDIS_CONNECTION_CLOSED,
    };
    timer_queue_init(&connection->timers, loop);
    timer_init(&connection->timer, connection_timer_expired, connection);
    deferred_init(&connection->flush, connection_flush, connection);
    redis_output_init(&connection->output, REDIS_OUTPUT_BYTES_MAX);
    redis_pipeline_init(&connection->pipeline, REDIS_COMMANDS_MAX);
}

void redis_connection_finish(struct redis_connection *connection)
{
    assert(connection->state == REDIS_CONNECTION_CLOSED);
    timer_queue_finish(&connection->timers);
    redis_pipeline_finish(&connection->pipeline);
    redis_output_finish(&connection->output);
}

/* Half the time that a hit waits, so that what the dead path has swallowed can be sent again. A
 * server that is only slow acknowledges all the same (its kernel does) and keeps the whole. */
static int connection_user_timeout_ms(const struct redis_connection *connection)
{
    if (connection->timeout_ms == 0) {
        return USER_TIMEOUT_FOREVER_MS;
    }
    return connection->timeout_ms / 2 > USER_TIMEOUT_MS_MIN ? (int)connection->timeout_ms / 2
                                                            : USER_TIMEOUT_MS_MIN;
}

/* What TCP is to do by itself, tcp(7). Where one of these fails the link is slower, or slower to
 * notice its end, and that is all. */
static void connection_set_tcp_options(const struct redis_connection *connection, int fd)
{
    const struct {
        int level;
        int name;
        int value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1}, /* commands are gathered here already */
        {SOL_SOCKET, SO_KEEPALIVE, 1}, /* an idle link that is dead is noticed before a visit */
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, connection_user_timeout_ms(connection)},
    };

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
                         sizeof options[i].value);
    }
}

int redis_connection_open(struct redis_connection *connection, const struct sockaddr *address,
                          socklen_t address_length, uint64_t connect_ms)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int result = fd < 0 ? -errno : 0;

    connection_write_address(connection, address, address_length);
    if (result < 0) {
        return result;
    }
    if (address->sa_family != AF_UNIX) {
        connection_set_tcp_options(connection, fd);
    }
    descriptor_open(&connection->descriptor, connection->loop, fd, &connection_descriptor_events,
                    connection);
    connection_enter(connection, REDIS_CONNECTION_CONNECTING);
    connection_start_timer(connection, connect_ms);
    descriptor_connect(&connection->descriptor, address, address_length);
    return 0;
}

const char *redis_connection_address(const struct redis_connection *connection)
{
    return connection->address_text;
}
