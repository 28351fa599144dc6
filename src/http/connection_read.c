/*
 * connection_read.c - bytes become requests, requests become exchanges, whole ones are handled.
 *
 * The loop lends its buffer for the call. Requests that are whole in it are read where they lie;
 * only what is left over is kept, and goes on from there when more comes.
 */
#include "http/connection.h"

#include "base/fault_point.h"
#include "http/forwarded.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { INPUT_BYTES_MIN = 4096 };

void connection_drop_input(struct connection *connection)
{
    free(connection->input);
    connection->input = NULL;
}

/* Makes room for `more` bytes behind what is kept. 0 or -ENOMEM. */
static int reserve_input(struct connection *connection, size_t more)
{
    struct input *input = connection->input;
    size_t length = input == NULL ? 0 : input->length;
    size_t capacity = input == NULL ? INPUT_BYTES_MIN : input->capacity;

    while (capacity < length + more) {
        capacity *= 2;
    }
    if (input != NULL && capacity == input->capacity) {
        return 0;
    }
    input = realloc(input, sizeof *input + capacity);
    if (input == NULL) {
        return -ENOMEM;
    }
    input->length = length;
    input->capacity = capacity;
    connection->input = input;
    return 0;
}

/* ---- exchanges ---- */

static void add_exchange(struct connection *connection, struct exchange *exchange)
{
    if (connection->youngest == NULL) {
        connection->oldest = exchange;
    } else {
        connection->youngest->next = exchange;
    }
    connection->youngest = exchange;
    connection->exchanges_count++;
    exchange->client = connection->client;
}

/* Since when it is there, and for who wants to know of answers, what it asks for. `request` is NULL
 * where that cannot be read. */
static void note_request(const struct connection *connection, struct exchange *exchange,
                         const struct request *request)
{
    struct http_server *server = connection->server;

    exchange->begun_ms =
        connection->state == CONNECTION_HEAD ? connection->entered_ms : loop_now_ms(server->loop);
    if (server->settings.answered != NULL && request != NULL) {
        exchange_note(&server->exchanges, exchange, request->method_name, request->path);
    }
}

/* The youngest request is answered without its body, and is the last. */
static void answer_at_once(struct connection *connection)
{
    struct exchange *exchange = connection->youngest;

    exchange->is_whole = exchange->is_ready = true;
    exchange->wants_continue = false;
    exchange->keeps_alive = false;
    connection_drop_input(connection);
    connection_enter(connection, CONNECTION_ENDING);
    connection_flush_later(connection);
}

void connection_refuse(struct connection *connection, uint16_t status, const char *sentence)
{
    struct http_server *server = connection->server;
    struct exchange *exchange = connection->youngest;

    if (connection->state != CONNECTION_BODY) { /* else its head has made one */
        exchange = exchange_take(&server->exchanges, connection);
        if (exchange == NULL) {
            connection_abort(connection);
            return;
        }
        note_request(connection, exchange, NULL);
        add_exchange(connection, exchange);
    }
    reply_set_error(&exchange->reply, status, sentence);
    exchange->reply.fields = server->settings.error_fields;
    answer_at_once(connection);
}

static void refuse_fault(struct connection *connection, enum parse_fault fault)
{
    const struct http_settings *settings = &connection->server->settings;
    const struct refusal *refusal = refusal_of(fault);

    if (settings->refused != NULL) {
        settings->refused(settings->owner, refusal);
    }
    connection_refuse(connection, refusal->status, refusal->sentence);
}

/* The last byte of the youngest request is here and well formed: it counts. */
static void handle_whole(struct connection *connection)
{
    struct exchange *exchange = connection->youngest;
    const bool keeps_alive = exchange->keeps_alive;

    exchange->is_whole = true;
    exchange->wants_continue = false;
    if (!keeps_alive) {
        connection_enter(connection, CONNECTION_ENDING);
    } else if (connection->exchanges_count >= connection->server->settings.unanswered_max) {
        connection_enter(connection, CONNECTION_PAUSED);
    } else {
        connection_enter(connection, CONNECTION_IDLE);
    }
    if (exchange->handler == NULL) {
        exchange->is_ready = true;
        connection_flush_later(connection);
    } else {
        const struct router *router = &connection->server->router;
        const uint64_t ticket = exchange_ticket(exchange);

        exchange->handler(exchange->call != NULL ? router->calls.owner : router->owner, ticket);
        exchange_drop_body(exchange_find(&connection->server->exchanges, ticket));
    }
}

/* Whom a trusted proxy names in the head at the beginning of `bytes`. */
static struct network_address forwarded_by(const struct connection *connection,
                                           const struct request_parser *parser, struct slice bytes,
                                           const struct request *request)
{
    const struct http_proxies *proxies = &connection->server->settings.proxies;
    struct network_address client;
    const char *by = forwarded_client(parser, bytes, request->fields_count, proxies->trusted,
                                      &connection->client, &client);

    if (by != NULL && proxies->named_client != NULL) {
        proxies->named_client(proxies->owner, by, &connection->client, &client);
    }
    return client;
}

/* A head of `client` was read, by a parser that is ready for the next one afterwards: finds who
 * answers, and begins with the body. */
static void begin_exchange(struct connection *connection, struct request_parser *parser,
                           struct slice bytes, const struct request *request,
                           const struct network_address *client)
{
    const struct request_fields fields = {parser, bytes, request->fields_count};
    struct http_server *server = connection->server;
    struct exchange *exchange = exchange_take(&server->exchanges, connection);
    struct routed routed;

    if (exchange == NULL) {
        connection_abort(connection);
        return;
    }
    note_request(connection, exchange, request);
    exchange->minor_version = request->minor_version;
    exchange->keeps_alive = request->keep_alive;
    exchange->is_head = request->method == METHOD_HEAD;
    exchange->wants_continue = request->expects_continue;
    router_find(&server->router, request, &fields, client, &routed, &exchange->reply);
    request_parser_init(parser);
    if (routed.handler == NULL && exchange->reply.status >= 400) {
        exchange->reply.fields = server->settings.error_fields;
    }
    exchange->handler = routed.handler;
    exchange->call = routed.call;
    exchange->wants_body = routed.wants_body;
    add_exchange(connection, exchange);
    exchange->client = *client;
    if (request->expects_other) {
        answer_at_once(connection); /* whether its body comes is not known */
        return;
    }
    if (request->framing == BODY_NONE) {
        handle_whole(connection);
        return;
    }
    body_parser_init(&connection->body, request);
    connection_enter(connection, CONNECTION_BODY);
}

/* ---- bytes ---- */

/* Reads a head at the beginning of `bytes`. Returns how many bytes it took; 0: it is not whole,
 * or the connection is over. */
static size_t read_head(struct connection *connection, struct request_parser *parser,
                        struct slice bytes)
{
    struct network_address client = connection->client;
    struct request request;
    enum parse_fault fault;

    switch (request_parser_read(parser, &connection->server->settings.limits, bytes, &request,
                                &fault)) {
    case PARSE_MORE:
        if (connection->state == CONNECTION_IDLE || connection->state == CONNECTION_PAUSED) {
            connection_enter(connection, CONNECTION_HEAD);
        }
        return 0;
    case PARSE_DONE:
        if (connection->is_trusted) {
            client = forwarded_by(connection, parser, bytes, &request);
        }
        begin_exchange(connection, parser, bytes, &request, &client);
        return request.head_bytes;
    case PARSE_BAD:
        refuse_fault(connection, fault);
        return 0;
    }
    return 0;
}

/* Reads on in the body, and keeps it for who wants it. */
static enum parse_result parse_body(struct connection *connection, struct slice bytes,
                                    size_t *out_consumed, enum parse_fault *out_fault)
{
    const struct request_limits *limits = &connection->server->settings.limits;
    struct exchange *exchange = connection->youngest;
    enum parse_result result = PARSE_MORE;

    if (!exchange->wants_body || bytes.length == 0) {
        return body_parser_read(&connection->body, limits, bytes, out_consumed, out_fault);
    }
    for (*out_consumed = 0; *out_consumed < bytes.length && result == PARSE_MORE;) {
        struct slice piece = slice_after(bytes, *out_consumed);
        const uint64_t data = body_parser_data(&connection->body);
        size_t consumed;

        if (data > 0 && data < piece.length) {
            piece.length = (size_t)data;
        } else if (data == 0) {
            piece.length = 1;
        }
        if (data > 0 && exchange_add_body(exchange, piece) < 0) {
            *out_fault = FAULT_BODY_TOO_LARGE; /* for us, now */
            return PARSE_BAD;
        }
        result = body_parser_read(&connection->body, limits, piece, &consumed, out_fault);
        *out_consumed += consumed;
    }
    return result;
}

/* Reads on in a body. Returns how many bytes it took. */
static size_t read_body(struct connection *connection, struct slice bytes)
{
    size_t consumed;
    enum parse_fault fault;

    switch (parse_body(connection, bytes, &consumed, &fault)) {
    case PARSE_MORE:
        connection->pace.body_bytes += consumed;
        if (connection->youngest->wants_continue) {
            connection_flush_later(connection);
        }
        break;
    case PARSE_DONE:
        handle_whole(connection);
        break;
    case PARSE_BAD:
        refuse_fault(connection, fault);
        break;
    }
    return consumed;
}

/* Reads all that can be read of `bytes`; returns how many bytes were used up. */
static size_t read_requests(struct connection *connection, struct request_parser *parser,
                            struct slice bytes)
{
    size_t used = 0;

    while (!connection_is_over(connection)) {
        struct slice rest = slice_after(bytes, used);

        if (connection->state == CONNECTION_BODY) {
            used += read_body(connection, rest);
            if (connection->state == CONNECTION_BODY) {
                break; /* the body has taken all there was */
            }
        } else if (rest.length == 0 ||
                   connection->exchanges_count >= connection->server->settings.unanswered_max) {
            break;
        } else {
            size_t head_bytes = connection->state == CONNECTION_PROXY_HEADER
                                    ? connection_read_proxy_header(connection, rest)
                                    : read_head(connection, parser, rest);

            if (head_bytes == 0) {
                break;
            }
            used += head_bytes;
        }
    }
    return used;
}

/* Keeps what is left of the lent bytes, with the parser's knowledge of them. */
static void keep_rest(struct connection *connection, struct slice rest)
{
    if (reserve_input(connection, rest.length) < 0) {
        connection_abort(connection);
        return;
    }
    connection->input->parser = connection->server->parser;
    memcpy(connection->input->bytes, rest.bytes, rest.length);
    connection->input->length = rest.length;
}

/* Reads from the kept bytes, and keeps what is left of them. */
static void read_kept(struct connection *connection)
{
    struct input *input = connection->input;
    size_t used =
        read_requests(connection, &input->parser, (struct slice){input->bytes, input->length});

    if (connection->input == NULL) {
        return; /* the connection is over and has dropped it */
    }
    if (used == input->length || connection_is_over(connection)) {
        connection_drop_input(connection);
        return;
    }
    input->length -= used;
    memmove(input->bytes, input->bytes + used, input->length);
}

static void read_bytes(struct connection *connection, struct slice bytes)
{
    if (connection->input == NULL) {
        size_t used;

        request_parser_init(&connection->server->parser);
        used = read_requests(connection, &connection->server->parser, bytes);
        if (used < bytes.length && !connection_is_over(connection)) {
            keep_rest(connection, slice_after(bytes, used));
        }
        return;
    }
    if (reserve_input(connection, bytes.length) < 0) {
        connection_abort(connection);
        return;
    }
    memcpy(connection->input->bytes + connection->input->length, bytes.bytes, bytes.length);
    connection->input->length += bytes.length;
    read_kept(connection);
}

void connection_receive_on(struct connection *connection)
{
    if (connection->state != CONNECTION_CLOSED && connection->state != CONNECTION_PAUSED &&
        connection->state != CONNECTION_ENDING && connection->descriptor.read == READ_NONE) {
        descriptor_receive(&connection->descriptor);
    }
}

/* The peer has shut its write side: what it has asked for whole is still answered. */
static void end_of_input(struct connection *connection)
{
    connection->input_ended = true;
    if (connection->state == CONNECTION_LINGERING) {
        connection_abort(connection);
        return;
    }
    if (connection->state == CONNECTION_BODY) {
        connection_refuse(connection, 400, "The body ended too early.");
        return;
    }
    connection_drop_input(connection);
    if (connection->state != CONNECTION_ENDING) {
        connection_enter(connection, CONNECTION_ENDING);
    }
    connection_flush_later(connection);
}

void connection_read_done(void *owner, int result, const char *bytes)
{
    struct connection *connection = owner;

    if (connection->state == CONNECTION_PROXY_HEADER && connection->input != NULL && result <= 0 &&
        result != -EAGAIN) {
        connection_refuse_proxy(connection, PROXY_CUT);
        return;
    }
    if (result == -EAGAIN) {
        if (connection->is_idle_ending) {
            if (!connection->server->is_draining) {
                connection_tell_limit(connection, LIMIT_IDLE);
            }
            connection_enter(connection, CONNECTION_ENDING);
            connection_finish(connection);
        }
    } else if (result < 0) {
        connection_abort(connection);
    } else if (result == 0) {
        end_of_input(connection);
        return;
    } else {
        FAULT_POINT(FAULT_AFTER_RECEIVE);
        if (!connection_is_over(connection)) {
            read_bytes(connection, (struct slice){bytes, (size_t)result});
        }
    }
    connection_receive_on(connection);
}

void connection_resume(struct connection *connection)
{
    assert(connection->state == CONNECTION_PAUSED);
    connection_enter(connection, CONNECTION_IDLE);
    if (connection->input != NULL) {
        read_kept(connection);
    }
    connection_receive_on(connection);
}
