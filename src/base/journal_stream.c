/*
 * journal_stream.c - JOURNAL_STREAM compared with what the descriptor is.
 */
#include "base/journal_stream.h"

#include "base/decimal.h"

#include <sys/stat.h>

bool journal_stream_is(int fd, const char *variable)
{
    const char *colon = variable == NULL ? NULL : strchr(variable, ':');
    struct stat status;
    uint64_t device;
    uint64_t inode;

    return colon != NULL &&
           decimal_read((struct slice){variable, (size_t)(colon - variable)}, UINT64_MAX,
                        &device) &&
           decimal_read(slice_of(colon + 1), UINT64_MAX, &inode) && fstat(fd, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}
