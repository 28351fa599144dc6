/*
 * resolver_lookups.h - what the resolver calls, made to answer, fail and hang as a test wants.
 */
#ifndef FOOTFALL_TEST_RESOLVER_LOOKUPS_H
#define FOOTFALL_TEST_RESOLVER_LOOKUPS_H

#include "store/resolver.h"
#include "test.h"
#include "turning_loop.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

/* What the next lookups of names answer, and how many there were. */
static atomic_int lookup_error;
static atomic_int lookup_errno;
static atomic_uint lookup_addresses;
static atomic_bool lookup_hangs;
static atomic_bool lookup_blocks_signals; /* what the thread of the last one did */
static atomic_uint lookups_begun;
static atomic_uint lookups_ended;
static unsigned threads_count;        /* ever made */
static unsigned lookups_begun_before; /* the present test */
static sem_t let_go;

static unsigned failing_calloc;
static int failing_pthread_create;
static int failing_eventfd;
static int failing_mutex_init;

int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);

/* A list of numeric addresses 10.0.0.1, 10.0.0.2 …, made by the real function, so that the real
 * freeaddrinfo(3) frees it. */
static inline int make_list(const char *port, const struct addrinfo *hints, unsigned count,
                            struct addrinfo **out_list)
{
    struct addrinfo numeric = *hints;
    struct addrinfo **end = out_list;

    numeric.ai_flags |= AI_NUMERICHOST;
    for (unsigned i = 1; i <= count; i++) {
        char host[INET_ADDRSTRLEN];
        const struct in_addr address = {htonl(0x0a000000 + i)};

        /* No asserts here: this is another thread than the test's. */
        if (inet_ntop(AF_INET, &address, host, sizeof host) == NULL ||
            __real_getaddrinfo(host, port, &numeric, end) != 0) {
            return EAI_FAIL;
        }
        while (*end != NULL) {
            end = &(*end)->ai_next;
        }
    }
    return 0;
}

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list)
{
    sigset_t blocked;
    int error;

    if ((hints->ai_flags & AI_NUMERICHOST) != 0) {
        return __real_getaddrinfo(host, port, hints, out_list);
    }
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    atomic_store(&lookup_blocks_signals,
                 sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGCHLD) == 1);
    (void)atomic_fetch_add(&lookups_begun, 1);
    if (atomic_load(&lookup_hangs)) {
        while (sem_wait(&let_go) < 0) {
            /* a signal: wait on */
        }
    }
    error = atomic_load(&lookup_error);
    if (error == 0) {
        error = make_list(port, hints, atomic_load(&lookup_addresses), out_list);
    }
    (void)atomic_fetch_add(&lookups_ended, 1);
    errno = atomic_load(&lookup_errno);
    return error;
}

void *__wrap_calloc(size_t count, size_t size)
{
    if (failing_calloc > 0 && --failing_calloc == 0) {
        return NULL;
    }
    return __real_calloc(count, size);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    if (failing_pthread_create != 0) {
        return failing_pthread_create;
    }
    threads_count++;
    return __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_eventfd(unsigned count, int flags)
{
    if (failing_eventfd != 0) {
        errno = failing_eventfd;
        return -1;
    }
    return __real_eventfd(count, flags);
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    return failing_mutex_init != 0 ? failing_mutex_init
                                   : __real_pthread_mutex_init(mutex, attributes);
}

#endif
