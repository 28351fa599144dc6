/*
 * descriptor.h - one file descriptor on a loop and the operations that run on it.
 *
 * A descriptor has at most one operation on its read side (receive, accept, await_readable)
 * and one on its write side (connect, send) at a time. Each operation completes with exactly
 * one call, never from inside the call that started it. After descriptor_close() what was
 * running is dropped without a call, and closed() is the last call of all: only then may the
 * memory be reused. What the kernel still holds of a send must stay readable until then.
 *
 * struct descriptor is embedded in its owner, who reads no member but `fd`. It belongs to the
 * loop's thread.
 */
#ifndef FOOTFALL_LOOP_DESCRIPTOR_H
#define FOOTFALL_LOOP_DESCRIPTOR_H

#include "loop/arrivals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct loop;

/* The most that one receive brings. */
enum { LOOP_RECEIVE_BYTES_MAX = 16384 };

/* What an owner is told. `owner` is what descriptor_open() was given. Calls for operations
 * that are never started may be NULL. */
struct descriptor_events {
    /* Receive: `result` > 0 bytes are at `bytes`, lent by the loop until the call returns;
     * 0: the peer shut its write side; -errno. Accept: `result` is a new descriptor, nonblocking
     * and close-on-exec, owned by the callee; or -errno. Await_readable: 0. */
    void (*read_done)(void *owner, int result, const char *bytes);
    /* Connect: 0 or -errno. Send: 0 when every byte is the kernel's, or -errno. */
    void (*write_done)(void *owner, int result);
    /* The last call. NULL when the owner does not want to know. */
    void (*closed)(void *owner);
};

enum read_operation {
    READ_NONE,
    READ_RECEIVE,
    READ_RECEIVE_LAST,
    READ_ACCEPT,
    READ_ACCEPT_LAST,
    READ_AWAIT,
};

enum write_operation {
    WRITE_NONE,
    WRITE_SEND,
    WRITE_CONNECT,
};

struct descriptor {
    int fd; /* -1 once closed */
    bool closing;
    bool is_received_from; /* its first receive has been tried */
    bool submitted;        /* in the loop's list of what is to be handed to the kernel */
    uint8_t read;          /* enum read_operation */
    uint8_t write;         /* enum write_operation */
    int write_result;      /* connect(2)'s, told when it is submitted */
    union {
        uint32_t armed_events;   /* epoll: what the kernel watches, 0 when it watches nothing */
        uint32_t prepared_batch; /* io_uring: of which submission its last operation is a part */
    };
    uint8_t kernel_read; /* io_uring: the enum read_operation that the kernel holds */
    bool is_read_cancelled;
    bool has_lost_bytes; /* for lack of memory: it ends with -ENOMEM */
    bool is_write_held;
    bool is_write_cancelled;
    bool arrivals_are_connections; /* it accepts */
    int send_flags;                /* for send(2) */
    struct arrivals arrivals;
    const struct descriptor_events *events;
    void *owner;
    struct loop *loop;
    const char *send_bytes;
    size_t send_length;
    struct descriptor *next; /* the loop's lists */
};

/* Puts `fd` (nonblocking) on the loop and takes it; events and owner are borrowed until
 * closed(). Nothing runs yet, and no system call is made. */
void descriptor_open(struct descriptor *descriptor, struct loop *loop, int fd,
                     const struct descriptor_events *events, void *owner);

/* Asks for the next bytes: read_done() once. The loop lends the buffer. */
void descriptor_receive(struct descriptor *descriptor);

/* Ends a running receive now: read_done() comes with what has arrived by then (or 0 at the
 * end, or an error), or with -EAGAIN when nothing has. */
void descriptor_receive_last(struct descriptor *descriptor);

/* Asks for the next connection of a listening socket: read_done() once. */
void descriptor_accept(struct descriptor *descriptor);

/* Ends a running accept now: read_done() comes with a connection that has been accepted by then,
 * or with -EAGAIN when there is none. */
void descriptor_accept_last(struct descriptor *descriptor);

/* A connection that is queued now, without waiting: a new descriptor as above, -EAGAIN when the
 * queue is empty, -errno when descriptors or memory are short. */
int descriptor_accept_now(const struct descriptor *descriptor);

/* Asks to be told when a read would not block (also at the end or an error). */
void descriptor_await_readable(struct descriptor *descriptor);

/* Takes back whatever runs on the read side, without a call. Nothing that has arrived is lost: the
 * next receive or accept brings it. */
void descriptor_cancel_read(struct descriptor *descriptor);

/* Connects; `address` is borrowed for the call. write_done() once. */
void descriptor_connect(struct descriptor *descriptor, const struct sockaddr *address,
                        socklen_t address_length);

/* Sends all of `length` > 0 bytes, which must stay as they are until write_done() or closed(). */
void descriptor_send(struct descriptor *descriptor, const char *bytes, size_t length);

/* The same for the last bytes of all, behind which the caller shuts or closes at once: they leave
 * together with the end, in one packet less (MSG_MORE of send(2)). */
void descriptor_send_last(struct descriptor *descriptor, const char *bytes, size_t length);

/* Shuts the write side: the peer sees the end once it has read what was sent before. No send
 * may be running. */
void descriptor_shutdown_write(struct descriptor *descriptor);

/* Shuts both sides (another process may share the socket) and closes. closed() follows later
 * in the turn, or in the next; a second call does nothing. */
void descriptor_close(struct descriptor *descriptor);

/* Closes without shutting the connection down: for a descriptor that was given to another
 * process, and for what is no connection. */
void descriptor_release(struct descriptor *descriptor);

#endif
