/*
 * thread.h - threads beside the loop's.
 */
#ifndef FOOTFALL_BASE_THREAD_H
#define FOOTFALL_BASE_THREAD_H

#include <pthread.h>

/* Starts a thread with every signal blocked: signals are the loop's. `attributes` may be NULL.
 * 0; -errno of pthread_create(3). */
int thread_start(pthread_t *out_thread, const pthread_attr_t *attributes, void *(*run)(void *),
                 void *argument);

#endif
