/*
 * descriptor_scene.h - two ends of a connection on one loop, each with a record of its calls.
 *
 * An end asserts what holds for every call: none comes from inside a call that starts something,
 * none after descriptor_close(), closed() once and last.
 */
#ifndef FOOTFALL_TEST_DESCRIPTOR_SCENE_H
#define FOOTFALL_TEST_DESCRIPTOR_SCENE_H

#include "loop/descriptor.h"
#include "loop_backends.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { END_BYTES_MAX = 64 * 1024 };

struct end {
    struct descriptor descriptor;
    struct turning_loop *turning;
    bool is_starting; /* inside of a call that starts something */
    bool is_closing;
    unsigned reads;
    unsigned writes;
    unsigned closes;
    int read_result;
    int write_result;
    size_t received; /* all bytes so far, the first of them in `bytes` */
    char bytes[END_BYTES_MAX];
    bool keeps_receiving;
    void (*on_read)(struct end *end);
    void (*on_write)(struct end *end);
    struct end *other;
};

static inline void end_read_done(void *owner, int result, const char *bytes)
{
    struct end *end = owner;

    assert_false(end->is_starting);
    assert_false(end->is_closing);
    end->reads++;
    end->read_result = result;
    if (result > 0 && bytes != NULL) {
        assert_true(result <= LOOP_RECEIVE_BYTES_MAX);
        if (end->received + (size_t)result <= END_BYTES_MAX) {
            memcpy(end->bytes + end->received, bytes, (size_t)result);
        }
        end->received += (size_t)result;
    }
    if (end->keeps_receiving && result > 0) {
        end->is_starting = true;
        descriptor_receive(&end->descriptor);
        end->is_starting = false;
    }
    if (end->on_read != NULL) {
        end->on_read(end);
    }
}

static inline void end_write_done(void *owner, int result)
{
    struct end *end = owner;

    assert_false(end->is_starting);
    assert_false(end->is_closing);
    end->writes++;
    end->write_result = result;
    if (end->on_write != NULL) {
        end->on_write(end);
    }
}

static inline void end_closed(void *owner)
{
    struct end *end = owner;

    assert_false(end->is_starting);
    assert_true(end->is_closing);
    assert_int_equal(end->closes, 0);
    end->closes++;
}

static const struct descriptor_events end_events = {
    .read_done = end_read_done,
    .write_done = end_write_done,
    .closed = end_closed,
};

static inline void end_open(struct end *end, struct turning_loop *turning, int fd)
{
    memset(end, 0, offsetof(struct end, bytes));
    end->keeps_receiving = false;
    end->on_read = end->on_write = NULL;
    end->other = NULL;
    end->turning = turning;
    descriptor_open(&end->descriptor, turning->loop, fd, &end_events, end);
}

static inline void end_receive(struct end *end)
{
    end->is_starting = true;
    descriptor_receive(&end->descriptor);
    end->is_starting = false;
}

static inline void end_receive_last(struct end *end)
{
    end->is_starting = true;
    descriptor_receive_last(&end->descriptor);
    end->is_starting = false;
}

static inline void end_accept(struct end *end)
{
    end->is_starting = true;
    descriptor_accept(&end->descriptor);
    end->is_starting = false;
}

static inline void end_accept_last(struct end *end)
{
    end->is_starting = true;
    descriptor_accept_last(&end->descriptor);
    end->is_starting = false;
}

static inline void end_send(struct end *end, const char *bytes, size_t length)
{
    end->is_starting = true;
    descriptor_send(&end->descriptor, bytes, length);
    end->is_starting = false;
}

static inline void end_connect(struct end *end, const void *address, socklen_t length)
{
    end->is_starting = true;
    descriptor_connect(&end->descriptor, address, length);
    end->is_starting = false;
}

static inline void end_close(struct end *end)
{
    end->is_closing = true;
    end->is_starting = true;
    descriptor_close(&end->descriptor);
    end->is_starting = false;
}

static inline void end_release(struct end *end)
{
    end->is_closing = true;
    end->is_starting = true;
    descriptor_release(&end->descriptor);
    end->is_starting = false;
}

static inline bool end_has_read(void *test)
{
    return ((const struct end *)test)->reads > 0;
}

static inline bool end_has_written(void *test)
{
    return ((const struct end *)test)->writes > 0;
}

static inline bool end_is_closed(void *test)
{
    return ((const struct end *)test)->closes > 0;
}

/* Closes and waits for the last call. */
static inline void end_finish(struct end *end)
{
    if (!end->is_closing) {
        end_close(end);
    }
    turn_until(end->turning, end_is_closed, end);
    assert_int_equal(end->closes, 1);
}

/* A connected pair, nonblocking. */
static inline void make_pair(int out_fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out_fds),
                     0);
}

/* A socket that listens on loopback, on a free port; `out_address` is where. */
static inline int make_listener(struct sockaddr_in *out_address)
{
    socklen_t length = sizeof *out_address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *out_address = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)out_address, length), 0);
    assert_int_equal(listen(fd, 256), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)out_address, &length), 0);
    return fd;
}

static inline int make_tcp_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    return fd;
}

/* A connected pair over TCP. */
static inline void make_tcp_pair(int out_fds[2])
{
    struct sockaddr_in address;
    int listener = make_listener(&address);

    out_fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(out_fds[0], (struct sockaddr *)&address, sizeof address), 0);
    out_fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(out_fds[1] >= 0);
    assert_int_equal(fcntl(out_fds[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(close(listener), 0);
}

/* The far end, which is no descriptor of the loop, sends and must not have to wait. */
static inline void send_from(int fd, const char *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
}

static inline void close_fd(int fd)
{
    assert_int_equal(close(fd), 0);
}

#endif
