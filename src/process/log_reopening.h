/*
 * log_reopening.h - USR1: log files are opened anew, after they were renamed.
 */
#ifndef FOOTFALL_PROCESS_LOG_REOPENING_H
#define FOOTFALL_PROCESS_LOG_REOPENING_H

#include "base/scoreboard.h"
#include "base/settings.h"

#include <stdbool.h>

/* When this signal means that, asks every worker to open its files anew, which they do with their
 * next beat. False for another signal, and where there is no file. The master's, or the single
 * process's. */
bool log_reopening_ask(int signal_number, const struct settings *settings,
                       struct scoreboard *scoreboard);

#endif
