/*
 * process.c - signals that are not sent, and proc(5).
 */
#include "commands/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 64 }; /* of the lines that are looked for */

/* The line that begins with `beginning`; "" when there is none, or the process is gone. */
static void read_line(pid_t pid, const char *file_name, const char *beginning,
                      char out_line[LINE_BYTES])
{
    char path[64];
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, file_name);
    file = fopen(path, "re");
    while (file != NULL && fgets(out_line, LINE_BYTES, file) != NULL) {
        if (strncmp(out_line, beginning, strlen(beginning)) == 0) {
            (void)fclose(file);
            return;
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    out_line[0] = '\0';
}

bool process_is_running(pid_t pid)
{
    char state[LINE_BYTES];

    if (pid <= 0 || (kill(pid, 0) < 0 && errno != EPERM)) {
        return false;
    }
    read_line(pid, "status", "State:", state);
    return strncmp(state, "State:\tZ", 8) != 0; /* where there is no /proc, it is taken to run */
}

bool process_is_footfall(pid_t pid)
{
    char name[LINE_BYTES];
    char own_name[LINE_BYTES];

    read_line(pid, "comm", "", name);
    read_line(getpid(), "comm", "", own_name);
    return strcmp(name, "footfall\n") == 0 || (name[0] != '\0' && strcmp(name, own_name) == 0);
}
