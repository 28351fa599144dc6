/*
 * thread.c - threads beside the loop's.
 */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*run)(void *),
                 void *argument)
{
    sigset_t all;
    sigset_t before;
    int result;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    result = -pthread_create(out_thread, attributes, run, argument);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}
