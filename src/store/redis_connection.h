/*
 * redis_connection.h - commands and answers on one connection to a Redis server.
 *
 * It connects to one address, sends commands pipelined, what is written in a turn in one send,
 * and hands the answers over in order. It ends, once and for good, when the peer ends it, when
 * an answer is overdue, or when what comes is no RESP; every unanswered command is then told its
 * error. Afterwards it may be opened anew, to the same address or another, with the buffers that
 * it has.
 *
 * Embedded in its owner (redis_link.h); belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_CONNECTION_H
#define FOOTFALL_STORE_REDIS_CONNECTION_H

#include "loop/descriptor.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "store/redis_output.h"
#include "store/redis_pipeline.h"
#include "store/resp_reader.h"

#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    REDIS_COMMANDS_MAX = 65536,        /* unanswered at a time */
    REDIS_OUTPUT_BYTES_MAX = 16 << 20, /* gathered, and as many on their way */
    REDIS_REPLY_BYTES_MAX = 64 << 10,  /* what we ask is only longer where others wrote it */
    REDIS_REPLY_DEPTH_MAX = 4,
    REDIS_ADDRESS_TEXT_BYTES = 128,
    REDIS_REASON_BYTES = 400,
};

struct redis_connection_events {
    /* The server's kernel has connected: commands are taken from now on. */
    void (*connected)(void *owner);
    /* What had been written is the kernel's. */
    void (*sent)(void *owner);
    /* It is over, `result` (-errno) is what the unanswered commands are going to be told, and
     * `reason` (borrowed) says why, with the address. */
    void (*lost)(void *owner, int result, const char *reason);
    /* The last call: it may be opened anew, or its memory be reused. */
    void (*closed)(void *owner);
};

enum redis_connection_state {
    REDIS_CONNECTION_CLOSED,
    REDIS_CONNECTION_CONNECTING,
    REDIS_CONNECTION_OPEN,
    REDIS_CONNECTION_CLOSING, /* until the descriptor's closed() */
};

struct redis_connection {
    struct loop *loop;
    const struct redis_connection_events *events;
    void *owner;
    uint32_t timeout_ms;
    enum redis_connection_state state;
    struct descriptor descriptor;
    struct timer_queue timers;
    struct timer timer; /* of the connect, then of the oldest unanswered command */
    struct deferred flush;
    struct redis_output output;
    struct redis_pipeline pipeline;
    struct resp_reader reader;
    int send_result; /* of a send that failed; what can be read is read first */
    char address_text[REDIS_ADDRESS_TEXT_BYTES];
};

/* Makes a closed connection. A command is answered within `timeout_ms` or the connection is
 * over; 0: it may take for ever. Borrows the others until redis_connection_finish(). */
void redis_connection_init(struct redis_connection *connection, struct loop *loop,
                           uint32_t timeout_ms, const struct redis_connection_events *events,
                           void *owner);

/* Frees the buffers of a closed connection. */
void redis_connection_finish(struct redis_connection *connection);

/* Connects a closed one; `address` is borrowed for the call. 0: connected() or lost() comes,
 * later, the latter after `connect_ms` (0: never) at the latest. -errno of socket(2): no call
 * comes, and it is still closed. */
int redis_connection_open(struct redis_connection *connection, const struct sockaddr *address,
                          socklen_t address_length, uint64_t connect_ms);

/* The address of the last redis_connection_open(): "127.0.0.1:6379", "[::1]:6379" or a path. */
const char *redis_connection_address(const struct redis_connection *connection);

/* Sends the command of these words (borrowed for the call) at the end of the turn.
 * 0: answered(owner, subject, ...) comes exactly once, never from inside this call.
 * -ENOTCONN: it is not open; -EAGAIN: a bound is reached; -ENOMEM: the call does not come. */
int redis_connection_send(struct redis_connection *connection, const struct slice *words,
                          size_t words_count, redis_answered *answered, void *owner, void *subject);

/* Ends it as if the peer had: lost(), the unanswered commands, and later closed(). Does nothing
 * when it is closed or closing. */
void redis_connection_cut(struct redis_connection *connection, int result, const char *reason);

/* Ends it without lost(): the unanswered commands are told `result`. closed() follows unless it
 * is closed already. */
void redis_connection_close(struct redis_connection *connection, int result);

#endif
