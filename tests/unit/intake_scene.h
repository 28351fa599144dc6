/*
 * intake_scene.h - clients of an accept intake, and what it has brought.
 */
#ifndef FOOTFALL_TEST_INTAKE_SCENE_H
#define FOOTFALL_TEST_INTAKE_SCENE_H

#include "process/entrance.h"
#include "test.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS_MAX = 128 };

static int clients[CLIENTS_MAX];
static unsigned clients_count;
static unsigned took_count;
static unsigned ended_count;

/* The intake's took(). */
static inline void note_took(void *owner, int connection_fd, enum entrance entrance)
{
    (void)entrance;
    (void)owner;
    assert_int_equal(ended_count, 0);
    assert_true((fcntl(connection_fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(connection_fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(close(connection_fd), 0);
    took_count++;
}

static inline void forget_clients(void)
{
    clients_count = took_count = ended_count = 0;
}

static inline void connect_clients_to(const struct sockaddr_in *address, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0 && clients_count < CLIENTS_MAX);
        assert_int_equal(connect(fd, (const struct sockaddr *)address, sizeof *address), 0);
        clients[clients_count++] = fd;
    }
}

static inline void close_clients(void)
{
    for (unsigned i = 0; i < clients_count; i++) {
        assert_int_equal(close(clients[i]), 0);
    }
}

/* All that have connected were taken. */
static inline bool all_are_taken(void *test)
{
    (void)test;
    return took_count == clients_count;
}

static inline bool has_ended(void *test)
{
    (void)test;
    return ended_count > 0;
}

#endif
