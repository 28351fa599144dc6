/*
 * stop.h - footfall stop: ends a running footfall, and waits until it has ended.
 */
#ifndef FOOTFALL_COMMANDS_STOP_H
#define FOOTFALL_COMMANDS_STOP_H

/* Words: --admin PLACE. Returns the exit status (command.h): failed when it has not ended within
 * thirty seconds, too. */
int command_stop(int words_count, char *const *words);

#endif
