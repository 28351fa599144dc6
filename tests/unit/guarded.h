/*
 * guarded.h - bytes that end right before a page that cannot be read.
 *
 * A parser that looks one byte too far ends its test with SIGSEGV, with any compiler and without
 * sanitizers. Each copy lies elsewhere than a shorter one before it, and the old bytes are
 * overwritten, so one that keeps an address over two calls is found as well.
 */
#ifndef FOOTFALL_TEST_GUARDED_H
#define FOOTFALL_TEST_GUARDED_H

#include "base/slice.h"
#include "test.h"

#include <sys/mman.h>
#include <unistd.h>

enum { GUARDED_BYTES_MAX = 128 * 1024 };

/* A copy of `bytes`, at most GUARDED_BYTES_MAX, that lasts until the next call. */
static inline struct slice guarded(struct slice bytes)
{
    static char *guard; /* the page that cannot be read; never given back */
    static size_t used; /* bytes before it, of the last copy */

    if (guard == NULL) {
        const size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
        char *memory = mmap(NULL, GUARDED_BYTES_MAX + page_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        assert_ptr_not_equal(memory, MAP_FAILED);
        guard = memory + GUARDED_BYTES_MAX;
        assert_int_equal(mprotect(guard, page_bytes, PROT_NONE), 0);
    }
    assert_true(bytes.length <= GUARDED_BYTES_MAX);
    memset(guard - used, '#', used);
    used = bytes.length;
    if (bytes.length > 0) {
        memcpy(guard - bytes.length, bytes.bytes, bytes.length);
    }
    return (struct slice){guard - bytes.length, bytes.length};
}

#endif
