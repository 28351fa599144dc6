/*
 * redis_output.c - commands on their way to a server: one buffer on its way, one filling.
 */
#include "store/redis_output.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { FIRST_CAPACITY_BYTES = 4096 };

void redis_output_init(struct redis_output *output, size_t bytes_max)
{
    *output = (struct redis_output){.bytes_max = bytes_max};
}

void redis_output_finish(struct redis_output *output)
{
    free(output->buffers[0].bytes);
    free(output->buffers[1].bytes);
    *output = (struct redis_output){0};
}

int redis_output_reserve(struct redis_output *output, size_t length, char **out_room)
{
    struct redis_output_buffer *buffer = &output->buffers[output->filling];
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY_BYTES;

    if (length > output->bytes_max - buffer->length) {
        return -EAGAIN;
    }
    while (capacity - buffer->length < length) {
        capacity *= 2; /* does not wrap: length is at most bytes_max, which malloc could not give */
    }
    if (capacity > buffer->capacity) {
        char *bytes = realloc(buffer->bytes, capacity);

        if (bytes == NULL) {
            return -ENOMEM;
        }
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    *out_room = buffer->bytes + buffer->length;
    return 0;
}

void redis_output_add(struct redis_output *output, size_t length)
{
    struct redis_output_buffer *buffer = &output->buffers[output->filling];

    assert(length <= buffer->capacity - buffer->length);
    buffer->length += length;
}

bool redis_output_take(struct redis_output *output, struct slice *out_bytes)
{
    const struct redis_output_buffer *buffer = &output->buffers[output->filling];

    if (output->is_sending || buffer->length == 0) {
        return false;
    }
    *out_bytes = (struct slice){buffer->bytes, buffer->length};
    output->is_sending = true;
    output->filling = 1 - output->filling;
    return true;
}

void redis_output_sent(struct redis_output *output)
{
    output->buffers[1 - output->filling].length = 0;
    output->is_sending = false;
}

void redis_output_clear(struct redis_output *output)
{
    output->buffers[0].length = 0;
    output->buffers[1].length = 0;
    output->is_sending = false;
}
