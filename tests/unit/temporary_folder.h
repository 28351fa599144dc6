/*
 * temporary_folder.h - a folder of a test's own, gone at its end.
 */
#ifndef FOOTFALL_TEST_TEMPORARY_FOLDER_H
#define FOOTFALL_TEST_TEMPORARY_FOLDER_H

#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEMPORARY_PATH_BYTES = 64 }; /* short enough for a unix socket in it */

struct temporary_folder {
    char path[TEMPORARY_PATH_BYTES];
};

static inline void temporary_folder_make(struct temporary_folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/footfall-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static inline int temporary_remove(const char *path, const struct stat *information, int type,
                                   struct FTW *where)
{
    (void)information;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void temporary_folder_remove(const struct temporary_folder *folder)
{
    assert_int_equal(nftw(folder->path, temporary_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
