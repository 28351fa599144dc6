/*
 * log_reopening.c - a number in the scoreboard that grows.
 */
#include "process/log_reopening.h"

#include <signal.h>
#include <string.h>

bool log_reopening_ask(int signal_number, const struct settings *settings,
                       struct scoreboard *scoreboard)
{
    if (signal_number != SIGUSR1 || settings->access_log[0] == '\0' ||
        strcmp(settings->access_log, "-") == 0) {
        return false;
    }
    LOG_EVENT(LOG_INFO, "log_reopening", LOG_FIELD_TEXT("path", settings->access_log));
    (void)atomic_fetch_add(&scoreboard->master.log_generation, 1);
    return true;
}
