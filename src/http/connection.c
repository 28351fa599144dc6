/*
 * connection.c - the life of a connection: its states, its patience and its end.
 */
#include "http/connection.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 2000,     /* after the last answer, for the peer to read it and close */
    DRAIN_IDLE_MS = 1000, /* idle for so long is closed when the server drains */
    LOOK_AGAIN_MS = 1000, /* at one that has waited long enough, and has a reason to */
};

/* Which state may follow which. */
static const uint8_t connection_may_enter[] = {
    [CONNECTION_PROXY_HEADER] = 1U << CONNECTION_PROXY_HEADER | 1U << CONNECTION_IDLE |
                                1U << CONNECTION_ENDING | 1U << CONNECTION_CLOSED,
    [CONNECTION_IDLE] = 1U << CONNECTION_IDLE | 1U << CONNECTION_HEAD | 1U << CONNECTION_BODY |
                        1U << CONNECTION_PAUSED | 1U << CONNECTION_ENDING | 1U << CONNECTION_CLOSED,
    [CONNECTION_HEAD] = 1U << CONNECTION_IDLE | 1U << CONNECTION_BODY | 1U << CONNECTION_PAUSED |
                        1U << CONNECTION_ENDING | 1U << CONNECTION_CLOSED,
    [CONNECTION_BODY] = 1U << CONNECTION_IDLE | 1U << CONNECTION_HEAD | 1U << CONNECTION_PAUSED |
                        1U << CONNECTION_ENDING | 1U << CONNECTION_CLOSED,
    [CONNECTION_PAUSED] = 1U << CONNECTION_IDLE | 1U << CONNECTION_HEAD | 1U << CONNECTION_BODY |
                          1U << CONNECTION_ENDING | 1U << CONNECTION_CLOSED,
    [CONNECTION_ENDING] = 1U << CONNECTION_LINGERING | 1U << CONNECTION_CLOSED,
    [CONNECTION_LINGERING] = 1U << CONNECTION_CLOSED,
    [CONNECTION_CLOSED] = 0,
};

/* Starts the state's patience; 0 is endless. */
static void wait_at_most(struct connection *connection, struct timer_queue *queue,
                         uint64_t timeout_ms)
{
    if (timeout_ms == 0) {
        timer_stop(&connection->timer);
    } else {
        timer_start(&connection->timer, queue, timeout_ms);
    }
}

static void enter_idle(struct connection *connection)
{
    struct http_server *server = connection->server;

    if (server->is_draining && !server->keeps_idle) {
        connection_watch_drain(connection);
    } else {
        wait_at_most(connection, &server->idle_timers, server->settings.idle_timeout_ms);
    }
}

void connection_enter(struct connection *connection, enum connection_state next)
{
    struct http_server *server = connection->server;
    const bool has_lingered = connection->state == CONNECTION_LINGERING;

    assert((connection_may_enter[connection->state] & 1U << next) != 0);
    connection->state = (uint8_t)next;
    connection->is_idle_ending = false;
    connection->entered_ms = loop_now_ms(server->loop);
    switch (next) {
    case CONNECTION_PROXY_HEADER: /* balancers send it at once: its first byte has no other time */
    case CONNECTION_HEAD:
        wait_at_most(connection, &server->header_timers, server->settings.header_timeout_ms);
        break;
    case CONNECTION_IDLE:
        enter_idle(connection);
        break;
    case CONNECTION_BODY:
        wait_at_most(connection, &server->body_timers, server->settings.body_timeout_ms);
        connection_pace_watch(connection);
        break;
    case CONNECTION_PAUSED: /* the peer must take its answers within an idle time-out */
    case CONNECTION_ENDING:
        wait_at_most(connection, &server->idle_timers, server->settings.idle_timeout_ms);
        break;
    case CONNECTION_LINGERING:
        descriptor_shutdown_write(&connection->descriptor);
        timer_start(&connection->timer, &server->linger_timers, LINGER_MS);
        connection_receive_on(connection);
        break;
    case CONNECTION_CLOSED:
        timer_stop(&connection->timer);
        timer_stop(&connection->pace.timer);
        if (has_lingered && connection->input_ended) {
            descriptor_release(&connection->descriptor); /* both sides have ended */
        } else {
            descriptor_close(&connection->descriptor);
        }
        break;
    }
}

/* Nothing can be done for it but to wait on: for the peer to take an answer, above the least rate
 * or else within an idle time-out, for a handler, or for the end of the turn, when an answer that
 * is ready is sent. */
static bool has_reason_to_wait(const struct connection *connection)
{
    const struct http_server *server = connection->server;
    uint64_t timeout_ms = server->settings.idle_timeout_ms;

    if (connection->output != NULL) {
        return connection_pace_is_watched(connection) || timeout_ms == 0 ||
               loop_now_ms(server->loop) - connection->sent_ms < timeout_ms;
    }
    return connection->exchanges_count > 0;
}

/* Whether nothing of the next request is here, nor of what goes before the first. */
static bool is_without_a_byte(const struct connection *connection)
{
    return connection->state == CONNECTION_IDLE ||
           (connection->state == CONNECTION_PROXY_HEADER && connection->input == NULL);
}

static void idle_timer_expired(struct connection *connection)
{
    if (connection->output != NULL) {
        connection_abort_slow_reader(connection);
    } else {
        connection->is_idle_ending = true;
        descriptor_receive_last(&connection->descriptor);
    }
}

static void connection_timer_expired(void *owner)
{
    struct connection *connection = owner;

    switch ((enum connection_state)connection->state) {
    case CONNECTION_PROXY_HEADER:
        if (is_without_a_byte(connection) && connection->server->is_draining) {
            idle_timer_expired(connection);
        } else {
            connection_refuse_proxy(connection, PROXY_LATE);
        }
        break;
    case CONNECTION_HEAD:
        connection_tell_limit(connection, LIMIT_HEADER_TIMEOUT);
        connection_refuse(connection, 408, "The head of the request took too long.");
        break;
    case CONNECTION_BODY:
        connection_tell_limit(connection, LIMIT_BODY_TIMEOUT);
        connection_refuse(connection, 408, "The body of the request took too long.");
        break;
    case CONNECTION_IDLE:
    case CONNECTION_PAUSED:
    case CONNECTION_ENDING:
        if (has_reason_to_wait(connection)) {
            timer_start(&connection->timer, &connection->server->drain_timers, LOOK_AGAIN_MS);
        } else if (connection->state == CONNECTION_IDLE) {
            idle_timer_expired(connection);
        } else if (connection->output != NULL) {
            connection_abort_slow_reader(connection);
        } else {
            connection_abort(connection);
        }
        break;
    case CONNECTION_LINGERING:
        connection_abort(connection);
        break;
    case CONNECTION_CLOSED:
        break;
    }
}

void connection_tell_limit(const struct connection *connection, enum limit limit)
{
    limit_tell(&connection->server->settings.limit_listener, limit, &connection->client);
}

void connection_watch_drain(struct connection *connection)
{
    struct http_server *server = connection->server;
    uint64_t idle_ms = loop_now_ms(server->loop) - connection->entered_ms;

    if (is_without_a_byte(connection) && !connection->is_idle_ending && !server->keeps_idle) {
        timer_start(&connection->timer, &server->drain_timers,
                    idle_ms >= DRAIN_IDLE_MS ? 0 : DRAIN_IDLE_MS - idle_ms);
    }
}

static void drop_exchanges(struct connection *connection)
{
    while (connection->oldest != NULL) {
        struct exchange *exchange = connection->oldest;

        connection->oldest = exchange->next;
        exchange_give(&connection->server->exchanges, exchange);
    }
    connection->youngest = NULL;
    connection->exchanges_count = 0;
}

void connection_abort(struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        return;
    }
    drop_exchanges(connection);
    connection_drop_input(connection);
    connection_enter(connection, CONNECTION_CLOSED);
}

void connection_finish(struct connection *connection)
{
    assert(connection->exchanges_count == 0 && connection->output == NULL);
    if (connection->input_ended) {
        connection_abort(connection);
    } else if (connection->state == CONNECTION_ENDING) {
        connection_enter(connection, CONNECTION_LINGERING);
    }
}

static void set_connections_count(struct http_server *server, uint32_t count)
{
    server->connections_count = count;
    atomic_store_explicit(server->settings.connections_gauge, count, memory_order_relaxed);
}

/* The loop has let go of it: the last call. */
static void connection_closed(void *owner)
{
    struct connection *connection = owner;
    struct http_server *server = connection->server;
    const uint32_t note = connection->note;

    assert(!connection->is_to_be_flushed); /* deferred calls run before what is closed is told */
    if (connection->previous == NULL) {
        server->first = connection->next;
    } else {
        connection->previous->next = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    pool_give(&server->outputs, connection->output);
    pool_give(&server->connections, connection);
    set_connections_count(server, server->connections_count - 1);
    if (server->settings.connection_ended != NULL) {
        server->settings.connection_ended(server->settings.owner, note);
    }
    if (server->is_draining && server->connections_count == 0) {
        deferred_start(&server->tell_drained, server->loop);
    }
}

static const struct descriptor_events connection_events = {
    .read_done = connection_read_done,
    .write_done = connection_write_done,
    .closed = connection_closed,
};

struct connection *connection_begin(struct http_server *server, int fd,
                                    const struct network_address *client,
                                    enum connection_state first, uint32_t note)
{
    struct connection *connection = pool_take(&server->connections);

    if (connection == NULL) {
        (void)shutdown(fd, SHUT_RDWR); /* another process may hold a copy */
        (void)close(fd);
        return NULL;
    }
    *connection = (struct connection){.server = server, .next = server->first, .note = note};
    if (server->first != NULL) {
        server->first->previous = connection;
    }
    server->first = connection;
    descriptor_open(&connection->descriptor, server->loop, fd, &connection_events, connection);
    timer_init(&connection->timer, connection_timer_expired, connection);
    connection_pace_init(connection);
    set_connections_count(server, server->connections_count + 1);
    connection_know_peer(connection, client);
    connection_enter(connection, first);
    if (server->is_draining) {
        connection_watch_drain(connection);
    }
    return connection;
}
