/*
 * process_memory.h - how much memory a process of this host has, and giving some back.
 */
#ifndef FOOTFALL_BASE_PROCESS_MEMORY_H
#define FOOTFALL_BASE_PROCESS_MEMORY_H

#include <stdint.h>
#include <sys/types.h>

/* Bytes resident in memory (proc(5), statm); 0 when it is gone or not ours to see. Reads a file. */
uint64_t process_memory_bytes(pid_t pid);

/* Gives what is free back to the system, as far as the C library can (malloc_trim(3)). Takes
 * milliseconds when that is much. */
void process_memory_give_back(void);

#endif
