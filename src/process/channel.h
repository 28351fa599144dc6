/*
 * channel.h - what master and worker say to each other over their pair of sockets.
 *
 * The master deals connections, several in a message: a number, as what it came in, and
 * the descriptor (SCM_RIGHTS, unix(7)). The worker says single words, the master one.
 * SOCK_SEQPACKET keeps messages whole and in order. Nothing here waits: both ends are nonblocking.
 */
#ifndef FOOTFALL_PROCESS_CHANNEL_H
#define FOOTFALL_PROCESS_CHANNEL_H

#include <stdint.h>

struct deal {
    uint64_t number;   /* one more for each deal to the same worker, from 1 */
    uint32_t entrance; /* enum entrance: as what the connection came in */
    uint32_t unused;   /* no byte of a message is left undefined */
};

/* The most that travel in one message: fewer would be more calls, more gain next to nothing. */
enum { CHANNEL_DEALS_MAX = 16 };

/* Deals that travel together, each with its connection. */
struct deals {
    uint32_t count;
    struct deal list[CHANNEL_DEALS_MAX];
    int fds[CHANNEL_DEALS_MAX];
};

enum channel_word {
    CHANNEL_READY = 1, /* deal to me from now on */
    CHANNEL_LEAVING,   /* no more, please */
    CHANNEL_BEGIN,     /* the master's only word: accept from now on, if you accept by yourself */
};

/* A pair of sockets, close-on-exec: [0] the master's, [1] the worker's. 0 or -errno. */
int channel_open(int out_fds[2]);

/* Sends at least one deal with copies of the connections; the caller keeps its own. 0; -EAGAIN when
 * the channel, or the kernel's limit for descriptors on their way, is full; -errno when the worker
 * is gone. All of them are sent, or none. */
int channel_send_deals(int fd, const struct deals *deals);

/* Receives what was sent together. 1: *out_deals (none: it was the word to begin), whose
 * descriptors, close-on-exec, are the caller's; from the first that this process had no room for,
 * they are -1. 0: the master will deal no more. -EAGAIN: nothing is there. -errno. */
int channel_receive_deals(int fd, struct deals *out_deals);

/* 0 or -errno. */
int channel_send_word(int fd, enum channel_word word);

/* 1 with *out_word, 0 at the end, -EAGAIN, -errno. */
int channel_receive_word(int fd, enum channel_word *out_word);

#endif
