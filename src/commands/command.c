/*
 * command.c - the table of commands.
 */
#include "commands/command.h"

#include "commands/change.h"
#include "commands/check.h"
#include "commands/export.h"
#include "commands/import.h"
#include "commands/status.h"
#include "commands/stop.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    /* Gets the words behind its name. */
    int (*run)(int words_count, char *const *words);
} commands[] = {
    {"check", command_check},   {"export", command_export},   {"import", command_import},
    {"reload", command_reload}, {"scale", command_scale},     {"status", command_status},
    {"stop", command_stop},     {"upgrade", command_upgrade},
};

int command_fail(const char *command, const char *reason)
{
    (void)fprintf(stderr, "footfall: %s: %s\n", command, reason);
    return COMMAND_FAILED;
}

bool command_run(int arguments_count, char *const *arguments, int *out_exit_status)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (arguments_count > 1 && strcmp(arguments[1], commands[i].name) == 0) {
            *out_exit_status = commands[i].run(arguments_count - 2, arguments + 2);
            return true;
        }
    }
    return false;
}
