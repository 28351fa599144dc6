/*
 * export.h - footfall export: every counter of a store as a line, to standard output.
 */
#ifndef FOOTFALL_COMMANDS_EXPORT_H
#define FOOTFALL_COMMANDS_EXPORT_H

/* Gets the words behind its name; returns the exit status (command.h). */
int command_export(int words_count, char *const *words);

#endif
