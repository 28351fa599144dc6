/*
 * change.h - footfall reload, upgrade and scale: what changes a running footfall.
 */
#ifndef FOOTFALL_COMMANDS_CHANGE_H
#define FOOTFALL_COMMANDS_CHANGE_H

/* Each asks for the change by its signal, and waits until the admin side tells how it went: 30
 * seconds at most. The words behind the command's name; returns enum command_exit. */
int command_reload(int words_count, char *const *words);
int command_upgrade(int words_count, char *const *words);

/* scale N */
int command_scale(int words_count, char *const *words);

#endif
