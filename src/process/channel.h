/*
 * channel.h - what master and worker say to each other over their pair of sockets.
 *
 * The master deals connections: a number, which listener it came from, and the descriptor
 * (SCM_RIGHTS, unix(7)). The worker says single words. SOCK_SEQPACKET keeps messages whole and in
 * order. Nothing here waits: both ends are nonblocking.
 */
#ifndef FOOTFALL_PROCESS_CHANNEL_H
#define FOOTFALL_PROCESS_CHANNEL_H

#include <stdint.h>

struct deal {
    uint64_t number;   /* one more for each deal to the same worker, from 1 */
    uint32_t listener; /* which of the listeners the connection came to */
    uint32_t unused;   /* no byte of a message is left undefined */
};

enum channel_word {
    CHANNEL_READY = 1, /* deal to me from now on */
    CHANNEL_LEAVING,   /* no more, please */
};

/* A pair of sockets, close-on-exec: [0] the master's, [1] the worker's. 0 or -errno. */
int channel_open(int out_fds[2]);

/* Sends a deal with a copy of `connection_fd`; the caller keeps its own. 0; -EAGAIN when the
 * channel, or the kernel's limit for descriptors on their way, is full; -errno when the worker is
 * gone. */
int channel_send_deal(int fd, const struct deal *deal, int connection_fd);

/* Receives a deal. 1: *out_deal, and *out_connection_fd, close-on-exec, is the caller's; it is -1
 * when this process was out of descriptors and the connection did not arrive. 0: the master will
 * deal no more. -EAGAIN: nothing is there. -errno. */
int channel_receive_deal(int fd, struct deal *out_deal, int *out_connection_fd);

/* 0 or -errno. */
int channel_send_word(int fd, enum channel_word word);

/* 1 with *out_word, 0 at the end, -EAGAIN, -errno. */
int channel_receive_word(int fd, enum channel_word *out_word);

#endif
