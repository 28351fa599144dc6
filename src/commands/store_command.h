/*
 * store_command.h - what commands that work on a store have in common: the settings that name it.
 */
#ifndef FOOTFALL_COMMANDS_STORE_COMMAND_H
#define FOOTFALL_COMMANDS_STORE_COMMAND_H

#include "commands/configuration.h"

#include <stdbool.h>

struct store_command {
    const char *name;
    const char *usage; /* lines for --help, behind "  footfall NAME" */
    /* Takes a word that is no setting's. False: it is not right. */
    bool (*take)(void *owner, const char *word);
    void *owner;
};

/* Reads the words behind the command's name, and the environment and the file as a server does, and
 * gets the process ready for a store. False: it ends with *out_exit_status, and it was said why. */
bool store_command_begin(const struct store_command *command, int words_count, char *const *words,
                         struct configuration *out_configuration, int *out_exit_status);

#endif
