/*
 * limited_descriptors.h - this process has no descriptor left, for as long as a test wants.
 */
#ifndef FOOTFALL_TEST_LIMITED_DESCRIPTORS_H
#define FOOTFALL_TEST_LIMITED_DESCRIPTORS_H

#include "test.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* What to give back to descriptors_allow_again(). Exactly `left` more can be opened. */
static inline struct rlimit descriptors_limit_to(unsigned left)
{
    struct rlimit before;
    struct rlimit limit;
    int lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(lowest >= 0);
    assert_int_equal(close(lowest), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    /* Numbers below `lowest` are all in use; the tests leave no holes above it. */
    limit = (struct rlimit){.rlim_cur = (rlim_t)lowest + left, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    return before;
}

static inline void descriptors_allow_again(struct rlimit before)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

#endif
