/*
 * ring_buffers.h - the buffers that io_uring receives into, one taken for each receive that
 * completes. Private to the io_uring backend.
 *
 * The kernel picks a buffer only when bytes have come, so that an idle connection owns none
 * (io_uring_register_buf_ring(3), Linux 5.19).
 */
#ifndef FOOTFALL_LOOP_RING_BUFFERS_H
#define FOOTFALL_LOOP_RING_BUFFERS_H

#include <liburing.h>
#include <stdint.h>

enum {
    RING_BUFFERS_GROUP = 0, /* for sqe->buf_group */
    RING_BUFFER_BYTES = 4096,
};

struct ring_buffers {
    struct io_uring_buf_ring *entries;
    char *bytes;
    uint16_t returned; /* since the last publish */
};

/* Maps the buffers and registers all of them. 0 or -errno. */
int ring_buffers_open(struct ring_buffers *buffers, struct io_uring *ring);

/* Unmaps; the ring must be gone. */
void ring_buffers_close(struct ring_buffers *buffers);

/* The bytes that a completion has brought. */
const char *ring_buffers_bytes(const struct ring_buffers *buffers,
                               const struct io_uring_cqe *completion);

/* Gives the completion's buffer back, if it has one; the kernel sees it after the publish. */
void ring_buffers_return(struct ring_buffers *buffers, const struct io_uring_cqe *completion);
void ring_buffers_publish(struct ring_buffers *buffers);

#endif
