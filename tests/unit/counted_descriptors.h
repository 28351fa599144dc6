/*
 * counted_descriptors.h - how many descriptors this process has, to find those that were leaked.
 */
#ifndef FOOTFALL_TEST_COUNTED_DESCRIPTORS_H
#define FOOTFALL_TEST_COUNTED_DESCRIPTORS_H

#include "test.h"

#include <dirent.h>
#include <fcntl.h>

static inline unsigned descriptors_open_now(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    assert_int_equal(closedir(folder), 0);
    return count - 3; /* ".", ".." and the folder's own */
}

static inline bool descriptor_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

#endif
