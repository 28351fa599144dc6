/*
 * process_memory.c - how much memory a process of this host has, and giving some back.
 */
#include "base/process_memory.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <unistd.h>

uint64_t process_memory_bytes(pid_t pid)
{
    char path[40];
    uint64_t pages = 0;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    if (fscanf(file, "%*u %" SCNu64, &pages) != 1) {
        pages = 0;
    }
    (void)fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void process_memory_give_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0); /* whether there was any is nobody's concern */
#endif
}
