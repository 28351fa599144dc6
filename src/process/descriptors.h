/*
 * descriptors.h - how many descriptors this process may have, and letting go of them.
 */
#ifndef FOOTFALL_PROCESS_DESCRIPTORS_H
#define FOOTFALL_PROCESS_DESCRIPTORS_H

#include <stdint.h>

/* Raises RLIMIT_NOFILE to its hard limit, for this process and its children. */
void descriptors_raise_limit(void);

/* How many connections that limit leaves room for beside `others` descriptors and the few that
 * every process has. */
uint32_t descriptors_for_connections(uint32_t others);

/* Opens /dev/null for those of descriptors 0, 1 and 2 that the process was started without, so that
 * no socket gets their numbers. */
void descriptors_fill_standard(void);

/* Closes every descriptor above standard error but those of `kept`, which it puts in order: for a
 * forked child. */
void descriptors_close_all_but(int *kept, uint32_t kept_count);

#endif
