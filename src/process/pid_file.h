/*
 * pid_file.h - the file that says which process the master is, or the single one.
 */
#ifndef FOOTFALL_PROCESS_PID_FILE_H
#define FOOTFALL_PROCESS_PID_FILE_H

#include <limits.h>
#include <stdbool.h>

struct pid_file {
    char path[PATH_MAX]; /* "": there is none */
};

/* Writes our pid. False after a warning in the log; then there is no file. */
bool pid_file_write(struct pid_file *file);

/* Takes the file away, if it still says our pid. */
void pid_file_remove(const struct pid_file *file);

#endif
