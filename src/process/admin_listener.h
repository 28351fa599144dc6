/*
 * admin_listener.h - where operators reach a footfall, and the file that says its pid.
 *
 * By default both are in the runtime folder and are named after the port of the first listener, so
 * that several footfalls of one host do not meet.
 */
#ifndef FOOTFALL_PROCESS_ADMIN_LISTENER_H
#define FOOTFALL_PROCESS_ADMIN_LISTENER_H

#include "base/settings.h"
#include "process/listener.h"

#include <limits.h>

/* The file with the pid; "" for none. */
struct pid_file {
    char path[PATH_MAX];
};

/* Opens what `settings` ask for as one more of `listeners`, whose others are open. By default
 * trouble is a warning in the log; where the operator has named the place it is a negative -errno,
 * with a sentence in `out_reason`. */
int admin_listener_open(const struct settings *settings, struct listeners *listeners,
                        struct pid_file *out_file, char out_reason[LISTENER_REASON_BYTES]);

/* Takes the file away, if it still says our pid. */
void pid_file_remove(const struct pid_file *file);

#endif
