/*
 * signal_set.c - the signals of the contract.
 */
#include "process/signal_set.h"

#include <stddef.h>

static const int stop_signals[] = {SIGTERM, SIGINT, SIGQUIT};
static const int masters_signals[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGTTIN, SIGTTOU};

void signal_set_handled(sigset_t *out_set, bool all)
{
    (void)sigemptyset(out_set);
    for (size_t i = 0; i < sizeof stop_signals / sizeof stop_signals[0]; i++) {
        (void)sigaddset(out_set, stop_signals[i]);
    }
    for (size_t i = 0; all && i < sizeof masters_signals / sizeof masters_signals[0]; i++) {
        (void)sigaddset(out_set, masters_signals[i]);
    }
}

void signal_set_ignore_masters(void)
{
    for (size_t i = 0; i < sizeof masters_signals / sizeof masters_signals[0]; i++) {
        (void)signal(masters_signals[i], SIG_IGN);
    }
}

bool signal_set_asks_to_stop(int signal_number, bool from_process)
{
    for (size_t i = 0; i < sizeof stop_signals / sizeof stop_signals[0]; i++) {
        if (signal_number == stop_signals[i]) {
            return true;
        }
    }
    return signal_number == SIGHUP && !from_process;
}
