/*
 * server.c - all connections of a worker: taking, answering, draining.
 */
#include "http/server.h"

#include "base/fault_point.h"
#include "http/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum {
    CONNECTIONS_KEPT_MAX = 1024, /* unused ones, for the next */
    OUTPUTS_KEPT_MAX = 64,
};

const struct request_limits http_default_limits = {
    .request_line_bytes_max = 8192,
    .field_line_bytes_max = 8192,
    .head_bytes_max = 32768,
    .fields_max = REQUEST_FIELDS_MAX,
    .empty_lines_max = 2,
    .body_bytes_max = 65536,
    .chunk_line_bytes_max = 256,
};

static void flush_all(void *owner)
{
    struct http_server *server = owner;

    while (server->flush_first != NULL) {
        struct connection *connection = server->flush_first;

        server->flush_first = connection->next_flush;
        connection->is_to_be_flushed = false;
        connection_flush(connection);
    }
}

static void tell_drained(void *owner)
{
    struct http_server *server = owner;

    if (server->connections_count == 0) {
        server->drained(server->settings.owner);
    }
}

int http_server_create(struct loop *loop, const struct http_settings *settings,
                       struct http_server **out_server)
{
    struct http_server *server = calloc(1, sizeof *server);

    if (server == NULL) {
        return -ENOMEM;
    }
    assert(settings->unanswered_max > 0 && settings->unanswered_max <= UINT8_MAX);
    server->loop = loop;
    server->settings = *settings;
    server->router = (struct router){
        .routes = settings->routes,
        .routes_count = settings->routes_count,
        .owner = settings->routes_owner,
        .calls = settings->calls,
    };
    date_init(&server->date);
    server->usual_head_second = -1;
    exchange_table_init(&server->exchanges, &server->router.calls);
    pool_init(&server->connections, sizeof(struct connection), CONNECTIONS_KEPT_MAX);
    pool_init(&server->outputs, sizeof(struct output), OUTPUTS_KEPT_MAX);
    deferred_init(&server->flush, flush_all, server);
    deferred_init(&server->tell_drained, tell_drained, server);
    timer_queue_init(&server->header_timers, loop);
    timer_queue_init(&server->body_timers, loop);
    timer_queue_init(&server->idle_timers, loop);
    timer_queue_init(&server->linger_timers, loop);
    timer_queue_init(&server->drain_timers, loop);
    timer_queue_init(&server->pace_timers, loop);
    *out_server = server;
    return 0;
}

static int take(struct http_server *server, int fd, const struct network_address *client,
                enum connection_state first, uint32_t note)
{
    struct connection *connection = connection_begin(server, fd, client, first, note);

    if (connection == NULL) {
        return -ENOMEM;
    }
    FAULT_POINT(FAULT_BEFORE_RECEIVE);
    descriptor_receive(&connection->descriptor);
    return 0;
}

int http_server_take(struct http_server *server, int fd, const struct network_address *client,
                     uint32_t note)
{
    return take(server, fd, client, CONNECTION_IDLE, note);
}

int http_server_take_proxied(struct http_server *server, int fd, const struct network_address *peer,
                             uint32_t note)
{
    return take(server, fd, peer, CONNECTION_PROXY_HEADER, note);
}

void http_server_answer(struct http_server *server, uint64_t ticket, const struct reply *reply)
{
    struct exchange *exchange = exchange_find(&server->exchanges, ticket);

    if (exchange == NULL) {
        free(reply->content);
        return; /* the connection is gone: what was counted stays counted */
    }
    assert(exchange->is_whole && !exchange->is_ready);
    exchange->reply.status = reply->status;
    exchange->reply.retry_after_s = reply->retry_after_s;
    exchange->reply.has_no_length = reply->has_no_length;
    exchange->reply.allow = reply->allow;
    exchange->reply.content_type = reply->content_type;
    exchange->reply.cache_control = reply->cache_control;
    exchange->reply.number = reply->number;
    exchange->reply.content = reply->content;
    exchange->reply.fields = reply->fields;
    exchange->reply.text = reply->text;
    exchange->reply.body_length = reply->body_length;
    memcpy(exchange->reply.body, reply->body, reply->body_length);
    exchange->is_ready = true;
    connection_flush_later(exchange->connection);
}

void *http_server_call(const struct http_server *server, uint64_t ticket)
{
    const struct exchange *exchange = exchange_find(&server->exchanges, ticket);

    return exchange == NULL ? NULL : exchange->call;
}

struct slice http_server_body(const struct http_server *server, uint64_t ticket)
{
    const struct exchange *exchange = exchange_find(&server->exchanges, ticket);

    if (exchange == NULL || exchange->body == NULL) {
        return SLICE("");
    }
    return (struct slice){exchange->body->bytes, exchange->body->length};
}

void http_server_drain(struct http_server *server, bool keeps_idle, void (*drained)(void *owner))
{
    const bool was_draining = server->is_draining;

    server->drained = drained;
    if (was_draining && (keeps_idle || !server->keeps_idle)) {
        return;
    }
    server->is_draining = true;
    server->keeps_idle = keeps_idle;
    for (struct connection *connection = server->first; connection != NULL;
         connection = connection->next) {
        connection_watch_drain(connection);
    }
    if (server->connections_count == 0) {
        deferred_start(&server->tell_drained, server->loop);
    }
}

void http_server_resume(struct http_server *server)
{
    server->is_draining = server->keeps_idle = false;
    deferred_cancel(&server->tell_drained);
}

void http_server_set_timeouts(struct http_server *server, uint64_t header_timeout_ms,
                              uint64_t body_timeout_ms, uint64_t idle_timeout_ms)
{
    server->settings.header_timeout_ms = header_timeout_ms;
    server->settings.body_timeout_ms = body_timeout_ms;
    server->settings.idle_timeout_ms = idle_timeout_ms;
}

void http_server_abort(struct http_server *server)
{
    for (struct connection *connection = server->first; connection != NULL;
         connection = connection->next) {
        connection_abort(connection); /* stays in the list until the loop lets go of it */
    }
}

uint32_t http_server_connections(const struct http_server *server)
{
    return server->connections_count;
}

void http_server_destroy(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    assert(server->connections_count == 0);
    deferred_cancel(&server->flush);
    deferred_cancel(&server->tell_drained);
    timer_queue_finish(&server->header_timers);
    timer_queue_finish(&server->body_timers);
    timer_queue_finish(&server->idle_timers);
    timer_queue_finish(&server->linger_timers);
    timer_queue_finish(&server->drain_timers);
    timer_queue_finish(&server->pace_timers);
    exchange_table_finish(&server->exchanges);
    pool_finish(&server->connections);
    pool_finish(&server->outputs);
    free(server);
}
