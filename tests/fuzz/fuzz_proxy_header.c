/*
 * fuzz_proxy_header.c - what a PROXY header says does not depend on how its bytes come.
 */
#include "fuzz.h"

#include "http/proxy_header.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Reads the first `length` bytes, in memory of their own size. */
static enum parse_result read_first(const uint8_t *data, size_t length,
                                    struct proxy_header *out_header, enum proxy_fault *out_fault)
{
    char *copy = malloc(length > 0 ? length : 1);
    enum parse_result result;

    check(copy != NULL);
    if (length > 0) {
        memcpy(copy, data, length);
    }
    result = proxy_header_read((struct slice){copy, length}, out_header, out_fault);
    free(copy);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proxy_header whole = {.bytes = 0};
    enum proxy_fault whole_fault = PROXY_FAULTS_COUNT;
    const enum parse_result whole_result = read_first(data, size, &whole, &whole_fault);
    enum parse_result result = PARSE_MORE;
    size_t length = 0;

    check(whole_result != PARSE_DONE || (whole.bytes > 0 && whole.bytes <= size));
    check(whole_result == PARSE_BAD ? whole_fault <= PROXY_TOO_LONG
                                    : whole_fault == PROXY_FAULTS_COUNT);
    check(whole_result != PARSE_MORE || size < PROXY_BINARY_BYTES_MAX);
    while (result == PARSE_MORE && length <= size) {
        struct proxy_header header = {.bytes = 0};
        enum proxy_fault fault = PROXY_FAULTS_COUNT;

        result = read_first(data, length, &header, &fault);
        if (result == PARSE_DONE) {
            check(whole_result == PARSE_DONE && header.bytes == length &&
                  whole.bytes == header.bytes && whole.names_client == header.names_client &&
                  memcmp(&whole.client, &header.client, sizeof whole.client) == 0);
        } else if (result == PARSE_BAD) {
            check(whole_result == PARSE_BAD && fault == whole_fault);
        }
        length++;
    }
    check(result == whole_result);
    return 0;
}
