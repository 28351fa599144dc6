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
    LEAST = 16,  /* however low the limit is, if there are as many */
    OWN = 8,     /* of a worker, before it serves: the loop's, the signals', the store's */
};

void descriptors_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit); /* up to the hard limit this is allowed */
    }
}

static rlim_t count_open(rlim_t limit)
{
    rlim_t count = 0;

    for (rlim_t fd = 0; fd < limit; fd++) {
        count += fcntl((int)fd, F_GETFD) >= 0;
    }
    return count;
}

/* Of few descriptors: what is not open yet and will not be the worker's own, but not much of it. */
static uint32_t share_of_few(rlim_t limit)
{
    rlim_t taken = count_open(limit) + OWN;
    rlim_t left = limit > taken ? limit - taken : 1;

    return left < LEAST ? (uint32_t)left : LEAST;
}

uint32_t descriptors_for_connections(uint32_t others)
{
    const rlim_t reserved = others + OTHERS;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > UINT32_MAX) {
        return UINT32_MAX;
    }
    return limit.rlim_cur < reserved + LEAST ? share_of_few(limit.rlim_cur)
                                             : (uint32_t)(limit.rlim_cur - reserved);
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
