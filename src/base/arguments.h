/*
 * arguments.h - the words of the command line, kept for ourselves and cleaned for others.
 *
 * Whoever is on this machine may read the memory that main() gets its arguments in, in
 * /proc/PID/cmdline and by ps(1), for as long as the process runs. Settings are read from the copy.
 */
#ifndef FOOTFALL_BASE_ARGUMENTS_H
#define FOOTFALL_BASE_ARGUMENTS_H

/* A copy of `count` words, and NULL behind them, in one block for free(). NULL: no memory. */
char **arguments_copy(int count, char *const *arguments);

/* Overwrites the password of every URL among the words, in place. A process made afterwards has
 * none either. */
void arguments_hide_passwords(int count, char *const *arguments);

#endif
