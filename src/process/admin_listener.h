/*
 * admin_listener.h - where operators reach a footfall.
 *
 * By default that is a socket in the runtime folder, and beside it a file with the pid. Both are
 * named after the port of the first listener, so that several footfalls of one host do not meet.
 */
#ifndef FOOTFALL_PROCESS_ADMIN_LISTENER_H
#define FOOTFALL_PROCESS_ADMIN_LISTENER_H

#include "base/settings.h"
#include "process/listener.h"
#include "process/pid_file.h"

/* Says to a change of listeners, after those for visitors, what `settings` ask for, and where the
 * pid is to be written. By default trouble is a warning in the log; where the operator has named
 * the place it is a negative -errno, with a sentence in `out_reason`. */
int admin_listener_want(const struct settings *settings, const struct listeners *current,
                        struct listeners *next, struct pid_file *out_file,
                        char out_reason[LISTENER_REASON_BYTES]);

#endif
