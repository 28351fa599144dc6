/*
 * command.c - the table of commands.
 */
#include "commands/command.h"

#include "base/settings.h"
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
    bool has_help; /* of its own: --help may be any of its words */
} commands[] = {
    {"check", command_check, false},  {"export", command_export, true},
    {"import", command_import, true}, {"reload", command_reload, false},
    {"scale", command_scale, false},  {"status", command_status, false},
    {"stop", command_stop, false},    {"upgrade", command_upgrade, false},
};

int command_fail(const char *command, const char *reason)
{
    (void)fprintf(stderr, "footfall: %s: %s\n", command, reason);
    return COMMAND_FAILED;
}

static bool asks_for_help(int words_count, char *const *words)
{
    return words_count == 1 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0);
}

bool command_run(int arguments_count, char *const *arguments, int *out_exit_status)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (arguments_count > 1 && strcmp(arguments[1], commands[i].name) == 0) {
            if (!commands[i].has_help && asks_for_help(arguments_count - 2, arguments + 2)) {
                settings_write_help(stdout, false);
                *out_exit_status = COMMAND_DONE;
            } else {
                *out_exit_status = commands[i].run(arguments_count - 2, arguments + 2);
            }
            return true;
        }
    }
    return false;
}
