/*
 * runtime_folder.c - the folder of sockets and pid files.
 */
#include "base/runtime_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool runtime_folder_find(char *out_path, size_t bytes)
{
    const char *given = getenv("RUNTIME_DIRECTORY");
    const char *user = getenv("XDG_RUNTIME_DIR");
    int length = 0;

    if (given != NULL && given[0] != '\0') {
        length = snprintf(out_path, bytes, "%.*s", (int)strcspn(given, ":"), given);
    } else if (geteuid() == 0) {
        length = snprintf(out_path, bytes, "/run/footfall");
    } else if (user != NULL && user[0] != '\0') {
        length = snprintf(out_path, bytes, "%s/footfall", user);
    }
    return length > 0 && (size_t)length < bytes;
}
