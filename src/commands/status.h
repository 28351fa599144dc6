/*
 * status.h - footfall status: how a running footfall is, for people.
 */
#ifndef FOOTFALL_COMMANDS_STATUS_H
#define FOOTFALL_COMMANDS_STATUS_H

/* Writes it to standard output, or why it cannot be known to standard error. Words: --admin PLACE,
 * --json, --watch. Returns the exit status (command.h). */
int command_status(int words_count, char *const *words);

#endif
