/*
 * check.h - footfall check FILE: whether a settings file is right, before a server meets it.
 */
#ifndef FOOTFALL_COMMANDS_CHECK_H
#define FOOTFALL_COMMANDS_CHECK_H

/* Writes "FILE: ok" to standard output, or what is wrong with it to standard error. Returns the
 * exit status (command.h). */
int command_check(int words_count, char *const *words);

#endif
