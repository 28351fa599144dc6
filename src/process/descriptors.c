/*
 * descriptors.c - RLIMIT_NOFILE and close_range(2).
 */
#include "process/descriptors.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OTHERS = 64, /* the store, the loop, files */
    LEAST = 16,  /* or half of them, if the limit is lower still */
};

void descriptors_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit this is allowed */
    }
}

uint32_t descriptors_for_connections(uint32_t others)
{
    const rlim_t reserved = others + OTHERS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > UINT32_MAX) {
        return UINT32_MAX;
    }
    if (limit.rlim_cur >= reserved + LEAST) {
        return (uint32_t)(limit.rlim_cur - reserved);
    }
    return limit.rlim_cur / 2 < LEAST ? (uint32_t)limit.rlim_cur / 2 : LEAST;
}

void descriptors_fill_standard(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR); /* without close-on-exec, as such are */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO) {
        (void)close(fd);
    }
}

static int compare(const void *left, const void *right)
{
    const int first = *(const int *)left;
    const int second = *(const int *)right;

    return (first > second) - (first < second);
}

void descriptors_close_all_but(int *kept, uint32_t kept_count)
{
    unsigned first = STDERR_FILENO + 1;

    qsort(kept, kept_count, sizeof *kept, compare);
    for (uint32_t i = 0; i < kept_count; i++) {
        if ((unsigned)kept[i] > first) {
            (void)close_range(first, (unsigned)kept[i] - 1, 0);
        }
        first = (unsigned)kept[i] + 1;
    }
    (void)close_range(first, ~0U, 0);
}
