/*
 * connection_write.c - answers become bytes, in the order of the requests.
 *
 * Answers that became ready in one turn leave in one send. While a send is running the kernel
 * owns its buffer, and what becomes ready meanwhile goes with the next.
 */
#include "http/connection.h"

#include "base/counter.h"

#include <assert.h>

void connection_flush_later(struct connection *connection)
{
    struct http_server *server = connection->server;

    if (connection->is_to_be_flushed || connection->state == CONNECTION_CLOSED) {
        return;
    }
    connection->is_to_be_flushed = true;
    connection->next_flush = server->flush_first;
    server->flush_first = connection;
    deferred_start(&server->flush, server->loop);
}

/* Whether this answer is the connection's last. While the server drains, it is the one to the
 * last request of which anything has come. */
static bool is_last_answer(const struct connection *connection, const struct exchange *exchange)
{
    if (!exchange->keeps_alive) {
        return true;
    }
    if (exchange->next != NULL) {
        return false;
    }
    return (connection->server->is_draining && connection->state == CONNECTION_IDLE) ||
           connection->state == CONNECTION_ENDING;
}

/* The date of this moment, in the usual head too. */
static struct slice present_date(struct http_server *server)
{
    struct slice date = date_text(&server->date, loop_now_ms(server->loop));

    if (server->usual_head_second != server->date.second) {
        reply_head_prepare(&server->usual_head, date);
        server->usual_head_second = server->date.second;
    }
    return date;
}

static size_t write_answer(struct connection *connection, struct exchange *exchange,
                           char *out_bytes)
{
    struct http_server *server = connection->server;
    struct reply_manner manner = {
        .is_head = exchange->is_head,
        .closes = is_last_answer(connection, exchange),
        .prepared = &server->usual_head,
        .date = present_date(server),
    };

    if (server->settings.answers != NULL) {
        counter_add(&server->settings.answers[exchange->reply.status / 100], 1);
    }
    manner.says_keep_alive = !manner.closes && exchange->minor_version == 0;
    if (manner.closes && connection->state != CONNECTION_ENDING) {
        connection_drop_input(connection);
        connection_enter(connection, CONNECTION_ENDING);
    }
    exchange->head_written = (uint16_t)reply_write(out_bytes, &exchange->reply, &manner);
    return exchange->head_written;
}

/* The answer is whole in the output: says so to who wants to know. */
static void tell_answered(const struct http_server *server, const struct exchange *exchange)
{
    const struct request_note *note = exchange->note;
    struct http_answered answered = {
        .status = exchange->reply.status,
        .number = exchange->reply.number,
        .bytes = exchange->head_written + exchange->content_written,
        .duration_ms = loop_now_ms(server->loop) - exchange->begun_ms,
        .client = &exchange->client,
    };

    if (note != NULL) {
        answered.method = (struct slice){note->method, note->method_length};
        answered.path = (struct slice){note->path, note->path_length};
    }
    server->settings.answered(server->settings.answered_owner, &answered);
}

static void drop_oldest(struct connection *connection)
{
    struct exchange *exchange = connection->oldest;

    connection->oldest = exchange->next;
    if (connection->oldest == NULL) {
        connection->youngest = NULL;
    }
    connection->exchanges_count--;
    exchange_give(&connection->server->exchanges, exchange);
}

/* Writes what has room of the answer's content; the rest goes with the next output. Returns how
 * many bytes that made. */
static size_t write_content(struct exchange *exchange, char *out_bytes, size_t room)
{
    const struct content *content = exchange->reply.content;
    size_t length = content->length - exchange->content_written;

    if (length > room) {
        length = room;
    }
    memcpy(out_bytes, content->bytes + exchange->content_written, length);
    exchange->content_written += length;
    return length;
}

static bool has_content_left(const struct exchange *exchange)
{
    const struct content *content = exchange->reply.content;

    return content != NULL && !exchange->is_head && exchange->content_written < content->length;
}

/* Writes what is ready into the output; returns how many bytes that made. */
static size_t fill_output(struct connection *connection)
{
    size_t length = 0;

    while (connection->oldest != NULL && length + REPLY_BYTES_MAX <= OUTPUT_BYTES) {
        struct exchange *exchange = connection->oldest;
        char *bytes = connection->output->bytes;

        if (exchange->wants_continue) {
            exchange->wants_continue = false;
            length += reply_write_continue(bytes + length);
        }
        if (!exchange->is_ready) {
            break;
        }
        if (!exchange->is_begun) {
            exchange->is_begun = true;
            length += write_answer(connection, exchange, bytes + length);
        }
        if (has_content_left(exchange)) {
            length += write_content(exchange, bytes + length, OUTPUT_BYTES - length);
        }
        if (has_content_left(exchange)) {
            break;
        }
        if (connection->server->settings.answered != NULL) {
            tell_answered(connection->server, exchange);
        }
        drop_oldest(connection);
    }
    return length;
}

static bool has_something_to_write(const struct connection *connection)
{
    return connection->oldest != NULL &&
           (connection->oldest->is_ready || connection->oldest->wants_continue);
}

void connection_flush(struct connection *connection)
{
    struct http_server *server = connection->server;
    size_t length;

    if (connection->state == CONNECTION_CLOSED || connection->output != NULL) {
        return;
    }
    if (!has_something_to_write(connection)) {
        if (connection->state == CONNECTION_ENDING && connection->exchanges_count == 0) {
            connection_finish(connection);
        }
        return;
    }
    connection->output = pool_take(&server->outputs);
    if (connection->output == NULL) {
        connection_abort(connection);
        return;
    }
    length = fill_output(connection);
    connection->sent_ms = loop_now_ms(server->loop);
    connection_pace_watch(connection);
    if (connection->state == CONNECTION_ENDING && connection->exchanges_count == 0) {
        descriptor_send_last(&connection->descriptor, connection->output->bytes, length);
    } else {
        descriptor_send(&connection->descriptor, connection->output->bytes, length);
    }
    if (connection->state == CONNECTION_PAUSED &&
        connection->exchanges_count < server->settings.unanswered_max) {
        connection_resume(connection);
    }
}

void connection_write_done(void *owner, int result)
{
    struct connection *connection = owner;

    pool_give(&connection->server->outputs, connection->output);
    connection->output = NULL;
    if (result < 0) {
        connection_abort(connection);
        return;
    }
    if (connection->state == CONNECTION_IDLE && connection->exchanges_count == 0) {
        connection_enter(connection, CONNECTION_IDLE); /* idle from now on, not since it asked */
    }
    connection_flush(connection);
}
