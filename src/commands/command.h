/*
 * command.h - what footfall does instead of serving, when its first word is no option.
 */
#ifndef FOOTFALL_COMMANDS_COMMAND_H
#define FOOTFALL_COMMANDS_COMMAND_H

#include <stdbool.h>

enum {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1,
    COMMAND_WRONG = 2, /* it was called wrongly, or found what it looked at wrong */
};

/* Says in the name of `command` why it could not be done. Returns COMMAND_FAILED. */
int command_fail(const char *command, const char *reason);

/* Runs the command that `arguments`, as main() gets them, begin with. False: they begin with none.
 * True: *out_exit_status is the process's. */
bool command_run(int arguments_count, char *const *arguments, int *out_exit_status);

#endif
