/*
 * signal_set.h - which signals footfall's processes hear, and which of them mean stop. Pure.
 */
#ifndef FOOTFALL_PROCESS_SIGNAL_SET_H
#define FOOTFALL_PROCESS_SIGNAL_SET_H

#include <signal.h>
#include <stdbool.h>

/* Fills in the signals that a process takes as events. `all`: the master and the single process
 * hear every one that the contract names; a worker hears those that ask to stop, and ignores the
 * others, which a terminal or systemd sends to the whole group. */
void signal_set_handled(sigset_t *out_set, bool all);

/* Sets the dispositions of a worker: what only the master acts on is ignored. */
void signal_set_ignore_masters(void);

/* TERM, INT and QUIT; and HUP when no process sent it: the terminal is gone. */
bool signal_set_asks_to_stop(int signal_number, bool from_process);

#endif
