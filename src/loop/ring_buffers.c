/*
 * ring_buffers.c - one mapping: the ring of entries, behind it the bytes.
 */
#include "loop/ring_buffers.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

enum {
    BUFFERS_COUNT = 512, /* a power of two; those that wait in one turn, not connections */
    ENTRIES_BYTES = BUFFERS_COUNT * sizeof(struct io_uring_buf),
    MAPPED_BYTES = ENTRIES_BYTES + BUFFERS_COUNT * RING_BUFFER_BYTES,
};

static void give(struct ring_buffers *buffers, uint16_t id)
{
    io_uring_buf_ring_add(buffers->entries, buffers->bytes + (size_t)id * RING_BUFFER_BYTES,
                          RING_BUFFER_BYTES, id, io_uring_buf_ring_mask(BUFFERS_COUNT),
                          buffers->returned);
    buffers->returned++;
}

int ring_buffers_open(struct ring_buffers *buffers, struct io_uring *ring)
{
    struct io_uring_buf_reg registration = {
        .ring_entries = BUFFERS_COUNT,
        .bgid = RING_BUFFERS_GROUP,
    };
    void *mapped =
        mmap(NULL, MAPPED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int result;

    if (mapped == MAP_FAILED) {
        return -errno;
    }
    registration.ring_addr = (uintptr_t)mapped;
    result = io_uring_register_buf_ring(ring, &registration, 0);
    if (result < 0) {
        (void)munmap(mapped, MAPPED_BYTES);
        return result;
    }
    *buffers = (struct ring_buffers){
        .entries = mapped,
        .bytes = (char *)mapped + ENTRIES_BYTES,
    };
    io_uring_buf_ring_init(buffers->entries);
    for (unsigned id = 0; id < BUFFERS_COUNT; id++) {
        give(buffers, (uint16_t)id);
    }
    ring_buffers_publish(buffers);
    return 0;
}

void ring_buffers_close(struct ring_buffers *buffers)
{
    (void)munmap(buffers->entries, MAPPED_BYTES);
}

static uint16_t buffer_id(const struct io_uring_cqe *completion)
{
    return (uint16_t)(completion->flags >> IORING_CQE_BUFFER_SHIFT);
}

const char *ring_buffers_bytes(const struct ring_buffers *buffers,
                               const struct io_uring_cqe *completion)
{
    assert((completion->flags & IORING_CQE_F_BUFFER) != 0);
    return buffers->bytes + (size_t)buffer_id(completion) * RING_BUFFER_BYTES;
}

void ring_buffers_return(struct ring_buffers *buffers, const struct io_uring_cqe *completion)
{
    if ((completion->flags & IORING_CQE_F_BUFFER) != 0) {
        give(buffers, buffer_id(completion));
    }
}

void ring_buffers_publish(struct ring_buffers *buffers)
{
    io_uring_buf_ring_advance(buffers->entries, buffers->returned);
    buffers->returned = 0;
}
