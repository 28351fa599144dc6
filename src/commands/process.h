/*
 * process.h - what can be told of a process by its pid.
 */
#ifndef FOOTFALL_COMMANDS_PROCESS_H
#define FOOTFALL_COMMANDS_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether it runs, whoever's it is. One that has ended and is not waited for does not. */
bool process_is_running(pid_t pid);

/* Whether the process has our name: a pid file may be older than the pid, and a pid may be one of
 * another host or container. */
bool process_is_footfall(pid_t pid);

#endif
