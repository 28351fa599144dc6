/*
 * resolver.c - a host's addresses, looked up off the loop.
 *
 * A lookup has two holders, the resolver and its thread; the last one to let go frees it. The
 * thread touches nothing else but the resolver's wakeup, and that only under the lookup's mutex
 * and while the resolver still holds the lookup.
 */
#include "store/resolver.h"

#include "base/thread.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct resolver_lookup {
    pthread_mutex_t mutex;
    /* Guarded by the mutex. */
    struct wakeup *wakeup; /* the resolver's; NULL once it has let go */
    unsigned holders;
    bool is_done;
    /* The thread's until is_done, the resolver's from then on. */
    struct resolver_answer answer;
    /* Constant. */
    char host[RESOLVER_HOST_BYTES_MAX + 1];
    char port[sizeof "65535"];
    uint16_t port_number;
};

/* ---- both threads ---- */

static void lookup_free(struct resolver_lookup *lookup)
{
    (void)pthread_mutex_destroy(&lookup->mutex); /* fails only while somebody holds it */
    free(lookup);
}

static int errno_from_getaddrinfo(int error, int system_error)
{
    switch (error) {
    case EAI_SYSTEM:
        return system_error > 0 ? -system_error : -EIO;
    case EAI_MEMORY:
        return -ENOMEM;
    case EAI_AGAIN:
        return -EAGAIN;
    default:
        return -ENOENT;
    }
}

/* Asks getaddrinfo(3). The order is its own, RFC 6724's. */
static void lookup_run(struct resolver_lookup *lookup, int flags)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = flags | AI_NUMERICSERV,
    };
    struct resolver_answer *answer = &lookup->answer;
    struct addrinfo *list = NULL;
    int error = getaddrinfo(lookup->host, lookup->port, &hints, &list);

    answer->addresses_count = 0;
    if (error != 0) {
        answer->result = errno_from_getaddrinfo(error, errno);
        answer->problem = gai_strerror(error);
        return;
    }
    for (const struct addrinfo *item = list;
         item != NULL && answer->addresses_count < RESOLVER_ADDRESSES_MAX; item = item->ai_next) {
        struct resolver_address *address = &answer->addresses[answer->addresses_count];

        if (item->ai_addrlen > sizeof address->address) {
            continue;
        }
        memcpy(&address->address, item->ai_addr, item->ai_addrlen);
        address->length = item->ai_addrlen;
        answer->addresses_count++;
    }
    freeaddrinfo(list);
    answer->result = answer->addresses_count > 0 ? 0 : -ENOENT;
    answer->problem = answer->addresses_count > 0 ? NULL : "No address";
}

/* ---- the lookup's thread ---- */

static void *lookup_thread(void *argument)
{
    struct resolver_lookup *lookup = argument;
    bool is_last;

    lookup_run(lookup, 0);
    (void)pthread_mutex_lock(&lookup->mutex); /* a plain mutex, held for moments: cannot fail */
    lookup->is_done = true;
    if (lookup->wakeup != NULL) {
        wakeup_signal(lookup->wakeup); /* under the mutex, or it might be closed by now */
    }
    lookup->holders--;
    is_last = lookup->holders == 0;
    (void)pthread_mutex_unlock(&lookup->mutex);
    if (is_last) {
        lookup_free(lookup);
    }
    return NULL;
}

/* ---- the loop's thread ---- */

/* Starts the thread, which takes its hold on the lookup. 0 or -errno. */
static int lookup_start_thread(struct resolver_lookup *lookup)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int result = -pthread_attr_init(&attributes);

    if (result < 0) {
        return result;
    }
    /* Detached: nobody could join it without waiting. */
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    lookup->holders = 2;
    result = thread_start(&thread, &attributes, lookup_thread, lookup);
    if (result < 0) {
        lookup->holders = 1;
    }
    (void)pthread_attr_destroy(&attributes);
    return result;
}

/* The resolver lets go of its lookup. */
static void resolver_drop_lookup(struct resolver *resolver)
{
    struct resolver_lookup *lookup = resolver->lookup;
    bool is_last;

    if (lookup == NULL) {
        return;
    }
    resolver->lookup = NULL;
    (void)pthread_mutex_lock(&lookup->mutex);
    lookup->wakeup = NULL;
    lookup->holders--;
    is_last = lookup->holders == 0;
    (void)pthread_mutex_unlock(&lookup->mutex);
    if (is_last) {
        lookup_free(lookup);
    }
}

static bool lookup_is_done(struct resolver_lookup *lookup)
{
    bool is_done;

    (void)pthread_mutex_lock(&lookup->mutex);
    is_done = lookup->is_done;
    (void)pthread_mutex_unlock(&lookup->mutex);
    return is_done;
}

/* Hands the answer over when it is there and wanted. */
static void resolver_tell(void *owner)
{
    struct resolver *resolver = owner;
    struct resolver_answer answer;

    if (!resolver->is_wanted || !lookup_is_done(resolver->lookup)) {
        return; /* a wakeup of a lookup that nobody wants now, or that was let go of */
    }
    answer = resolver->lookup->answer;
    resolver->is_wanted = false;
    resolver_drop_lookup(resolver);
    resolver->events->resolved(resolver->owner, &answer);
}

static void resolver_wakeup_closed(void *owner)
{
    struct resolver *resolver = owner;

    resolver->events->closed(resolver->owner);
}

int resolver_open(struct resolver *resolver, struct loop *loop,
                  const struct resolver_events *events, void *owner)
{
    *resolver = (struct resolver){.loop = loop, .events = events, .owner = owner};
    deferred_init(&resolver->tell, resolver_tell, resolver);
    return wakeup_open(&resolver->wakeup, loop, resolver_tell, resolver_wakeup_closed, resolver);
}

/* Makes a lookup that only the caller holds. NULL without memory. */
static struct resolver_lookup *lookup_create(struct resolver *resolver, const char *host,
                                             uint16_t port)
{
    struct resolver_lookup *lookup = calloc(1, sizeof *lookup);

    if (lookup == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&lookup->mutex, NULL) != 0) {
        free(lookup);
        return NULL;
    }
    lookup->wakeup = &resolver->wakeup;
    lookup->holders = 1;
    memcpy(lookup->host, host, strlen(host) + 1);
    (void)snprintf(lookup->port, sizeof lookup->port, "%u", (unsigned)port); /* fits */
    lookup->port_number = port;
    return lookup;
}

/* Goes on with the lookup that there is when it is for the same host. */
static bool resolver_resume(struct resolver *resolver, const char *host, uint16_t port)
{
    struct resolver_lookup *lookup = resolver->lookup;

    if (lookup == NULL || lookup->port_number != port || strcmp(lookup->host, host) != 0) {
        return false;
    }
    deferred_start(&resolver->tell, resolver->loop); /* it may be done by now */
    return true;
}

int resolver_start(struct resolver *resolver, const char *host, uint16_t port)
{
    int result = 0;

    assert(!resolver->is_wanted && strlen(host) <= RESOLVER_HOST_BYTES_MAX);
    if (!resolver_resume(resolver, host, port)) {
        resolver_drop_lookup(resolver);
        resolver->lookup = lookup_create(resolver, host, port);
        if (resolver->lookup == NULL) {
            return -ENOMEM;
        }
        /* Digits are read without asking anybody: getaddrinfo(3), AI_NUMERICHOST. */
        lookup_run(resolver->lookup, AI_NUMERICHOST);
        if (resolver->lookup->answer.result == 0) {
            resolver->lookup->is_done = true; /* no thread yet: needs no mutex */
            deferred_start(&resolver->tell, resolver->loop);
        } else {
            result = lookup_start_thread(resolver->lookup);
        }
    }
    if (result < 0) {
        resolver_drop_lookup(resolver);
        return result;
    }
    resolver->is_wanted = true;
    return 0;
}

void resolver_cancel(struct resolver *resolver)
{
    resolver->is_wanted = false;
    deferred_cancel(&resolver->tell);
}

void resolver_close(struct resolver *resolver)
{
    resolver_cancel(resolver);
    resolver_drop_lookup(resolver);
    wakeup_close(&resolver->wakeup);
}
