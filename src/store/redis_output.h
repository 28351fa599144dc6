/*
 * redis_output.h - commands on their way to a server: one buffer on its way, one filling.
 *
 * What is written during a turn gathers in the filling buffer and leaves in one send; while that
 * runs the other one fills. Both grow by need, up to a bound, and are then used again, so that
 * the steady state allocates nothing. Embedded in its link; knows no descriptor.
 */
#ifndef FOOTFALL_STORE_REDIS_OUTPUT_H
#define FOOTFALL_STORE_REDIS_OUTPUT_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

struct redis_output_buffer {
    char *bytes;
    size_t length;
    size_t capacity;
};

struct redis_output {
    struct redis_output_buffer buffers[2];
    size_t bytes_max; /* of each */
    unsigned filling; /* which of the two */
    bool is_sending;  /* the other one is the kernel's */
};

/* Makes an empty output whose buffers may grow to `bytes_max` each. */
void redis_output_init(struct redis_output *output, size_t bytes_max);

/* Frees the buffers. Zeroed memory is fine. */
void redis_output_finish(struct redis_output *output);

/* Makes room for `length` more bytes. 0: *out_room is where to write them, before
 * redis_output_add(). -EAGAIN: the bound is reached; -ENOMEM. */
int redis_output_reserve(struct redis_output *output, size_t length, char **out_room);

/* Says that `length` bytes were written to the room. */
void redis_output_add(struct redis_output *output, size_t length);

/* Takes what has gathered as the next send: *out_bytes stay as they are until
 * redis_output_sent() or redis_output_clear(). False when nothing has, or a send runs already. */
bool redis_output_take(struct redis_output *output, struct slice *out_bytes);

/* The send is over. */
void redis_output_sent(struct redis_output *output);

/* Forgets everything but the memory. The kernel must hold nothing any more. */
void redis_output_clear(struct redis_output *output);

#endif
