/*
 * import.h - footfall import FILE: counters from lines into a store.
 */
#ifndef FOOTFALL_COMMANDS_IMPORT_H
#define FOOTFALL_COMMANDS_IMPORT_H

/* Gets the words behind its name; returns the exit status (command.h). */
int command_import(int words_count, char *const *words);

#endif
