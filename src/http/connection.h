/*
 * connection.h - one visitor's connection, and what all of a server share. Private to this folder.
 *
 * Reading (connection_read.c) turns bytes into exchanges, writing (connection_write.c) turns
 * answered exchanges into bytes, and connection.c moves the state between them. A connection owns
 * no buffer while nothing of a request is here and nothing of an answer is on its way.
 */
#ifndef FOOTFALL_HTTP_CONNECTION_H
#define FOOTFALL_HTTP_CONNECTION_H

#include "base/limit.h"
#include "base/network_address.h"
#include "base/pool.h"
#include "http/body_parser.h"
#include "http/date.h"
#include "http/exchange.h"
#include "http/proxy_header.h"
#include "http/server.h"
#include "loop/descriptor.h"
#include "loop/loop.h"
#include "loop/timer.h"

enum connection_state {
    CONNECTION_PROXY_HEADER, /* its balancer has not said whose it is yet */
    CONNECTION_IDLE,         /* between requests: nothing of the next one is here */
    CONNECTION_HEAD,         /* the beginning of a head is here */
    CONNECTION_BODY,         /* a head was read, its body is under way */
    CONNECTION_PAUSED,       /* too many unanswered requests: what is here waits, nothing is read */
    CONNECTION_ENDING,       /* nothing more is read; what was read is still answered */
    CONNECTION_LINGERING, /* all is answered, the write side is shut: reading on, so that no reset
                             eats the answer */
    CONNECTION_CLOSED,    /* the loop still holds the descriptor */
};

/* The beginning of a request that is not whole, or requests that wait for their turn. */
struct input {
    struct request_parser parser; /* of the head at the beginning */
    size_t length;
    size_t capacity;
    char bytes[];
};

enum { OUTPUT_BYTES = 16384 };

/* Answers on their way; the kernel's until the send has completed. */
struct output {
    char bytes[OUTPUT_BYTES];
};

/* How a body comes and answers are taken: connection_pace.c. */
struct pace {
    struct timer timer;          /* the end of the window; not running: nothing to look at */
    uint64_t send_ms;            /* when the send began that runs since the window's begin */
    uint64_t acknowledged_bytes; /* at that begin */
    uint64_t body_bytes;         /* since that begin */
    bool is_unknown;             /* what is taken nobody can tell */
};

struct connection {
    struct descriptor descriptor;
    struct http_server *server;
    struct connection *previous; /* in the server's list */
    struct connection *next;
    struct connection *next_flush; /* in the list of those with answers to write */
    struct timer timer;            /* what the state waits for at most */
    uint64_t entered_ms;           /* when the state began */
    uint64_t sent_ms;              /* when the last send began */
    struct exchange *oldest;       /* in order of arrival; the youngest may still be read */
    struct exchange *youngest;
    struct input *input;   /* NULL: nothing is kept */
    struct output *output; /* NULL: no send is running */
    struct pace pace;
    struct body_parser body;
    struct network_address client;
    uint32_t note; /* http_server_take()'s */
    uint8_t state; /* enum connection_state; connection_enter() alone writes it */
    uint8_t exchanges_count;
    bool input_ended;      /* the peer has shut its write side */
    bool is_to_be_flushed; /* in that list */
    bool is_idle_ending;   /* the last receive before an idle close is running */
    bool is_trusted;       /* the client is a proxy whose word is taken for whom it comes from */
};

struct http_server {
    struct loop *loop;
    struct http_settings settings;
    struct router router;
    struct date date;
    struct reply_head usual_head;
    int64_t usual_head_second; /* whose date it has; -1: it is not made yet */
    struct exchange_table exchanges;
    struct pool connections;
    struct pool outputs;
    struct request_parser parser; /* for heads that come whole */
    struct connection *first;     /* all open connections */
    struct connection *flush_first;
    struct deferred flush;
    struct timer_queue header_timers;
    struct timer_queue body_timers;
    struct timer_queue idle_timers;
    struct timer_queue linger_timers;
    struct timer_queue drain_timers;
    struct timer_queue pace_timers;
    struct deferred tell_drained;
    uint32_t connections_count;
    bool is_draining;
    bool keeps_idle; /* while it drains */
    void (*drained)(void *owner);
};

/* ---- connection.c ---- */

/* Moves to `next` and starts what that state waits for. Nothing else writes `state`. */
void connection_enter(struct connection *connection, enum connection_state next);

/* Whether nothing more will be read as a request. */
static inline bool connection_is_over(const struct connection *connection)
{
    return connection->state >= CONNECTION_ENDING;
}

/* Begins a connection of `client` on `fd`, in its first state: IDLE or PROXY_HEADER. NULL without
 * memory; the descriptor is taken in any case. */
struct connection *connection_begin(struct http_server *server, int fd,
                                    const struct network_address *client,
                                    enum connection_state first, uint32_t note);

/* Tells the owner of the server that this connection has reached a limit. */
void connection_tell_limit(const struct connection *connection, enum limit limit);

/* Ends it now, unanswered requests and all. */
void connection_abort(struct connection *connection);

/* Everything is answered and sent: lingers, or ends when the peer has said its last. */
void connection_finish(struct connection *connection);

/* The server has begun to drain: looks when an idle connection may be closed. */
void connection_watch_drain(struct connection *connection);

/* ---- connection_read.c ---- */

/* Bytes, an end or an error from the descriptor. */
void connection_read_done(void *owner, int result, const char *bytes);

/* Asks for more, unless it has been asked for, or what comes is to wait: for room, or to be thrown
 * away once the last answer has left. */
void connection_receive_on(struct connection *connection);

/* There is room for requests again: reads what was kept, then on. */
void connection_resume(struct connection *connection);

/* Puts in an answer of the server's own (408, 400 …), after which the connection ends. */
void connection_refuse(struct connection *connection, uint16_t status, const char *sentence);

/* Lets go of kept bytes. */
void connection_drop_input(struct connection *connection);

/* ---- connection_proxy.c ---- */

/* Notes whose connection it is, and whether that is a trusted proxy: as a balancer names it, or as
 * the socket's own peer. */
void connection_know_client(struct connection *connection, const struct network_address *client);
void connection_know_peer(struct connection *connection, const struct network_address *peer);

/* Reads the header of PROXY_HEADER at the beginning of `bytes`. Returns how many bytes it took; 0:
 * it is not whole, or the connection is over. */
size_t connection_read_proxy_header(struct connection *connection, struct slice bytes);

/* Ends it without an answer: whoever is there does not wait for one. */
void connection_refuse_proxy(struct connection *connection, enum proxy_fault fault);

/* ---- connection_pace.c ---- */

void connection_pace_init(struct connection *connection);

/* A body or a send has begun: looks in a while how it goes. */
void connection_pace_watch(struct connection *connection);

/* Whether a send that takes its time is looked after here. */
bool connection_pace_is_watched(const struct connection *connection);

/* The peer does not take what it asked for: ends the connection now. */
void connection_abort_slow_reader(struct connection *connection);

/* ---- connection_write.c ---- */

/* The send has completed. */
void connection_write_done(void *owner, int result);

/* Has the answers that are ready written at the end of the turn. */
void connection_flush_later(struct connection *connection);

/* Writes the answers at the head of the line that are ready, all in one send. */
void connection_flush(struct connection *connection);

#endif
