/*
 * check.c - the file of the settings, read and said to be right or wrong.
 */
#include "commands/check.h"

#include "commands/command.h"
#include "commands/configuration.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int command_check(int words_count, char *const *words)
{
    char problem[SETTINGS_PROBLEM_BYTES];

    if (words_count != 1 || words[0][0] == '-') {
        (void)fputs("footfall: check takes the path of one settings file, as in footfall check "
                    "footfall.ini; footfall --help names all\n",
                    stderr);
        return COMMAND_WRONG;
    }
    if (configuration_check(words[0], problem) != SETTINGS_READ) {
        (void)fprintf(stderr, "%s\n", problem);
        return COMMAND_WRONG;
    }
    if (printf("%s: ok\n", words[0]) < 0 || fflush(stdout) != 0) {
        (void)fprintf(stderr, "footfall: check: %s\n", strerror(errno));
        return COMMAND_FAILED;
    }
    return COMMAND_DONE;
}
