/*
 * descriptors.h - how many descriptors this process may have, and letting go of them.
 */
#ifndef FOOTFALL_PROCESS_DESCRIPTORS_H
#define FOOTFALL_PROCESS_DESCRIPTORS_H

#include <stdint.h>

/* Raises RLIMIT_NOFILE to its hard limit, for this process and its children. */
void descriptors_raise_limit(void);

/* How many connections that limit leaves room for beside everything else. */
uint32_t descriptors_for_connections(void);

/* Closes every descriptor above standard error but `fd`: for a forked child. */
void descriptors_close_all_but(int fd);

#endif
