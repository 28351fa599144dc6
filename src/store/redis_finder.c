/*
 * redis_finder.c - where the server is now: the addresses that an attempt to connect may try.
 */
#include "store/redis_finder.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

enum { REASON_BYTES = 512 };

__attribute__((format(printf, 2, 3))) static void miss(struct redis_finder *finder,
                                                       const char *format, ...)
{
    char reason[REASON_BYTES];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, format, arguments); /* may be cut */
    va_end(arguments);
    finder->events->missed(finder->owner, reason);
}

static void resolved(void *owner, const struct resolver_answer *answer)
{
    struct redis_finder *finder = owner;

    timer_stop(&finder->timer);
    if (answer->result < 0) {
        miss(finder, "%s: %s", finder->url->host, answer->problem);
        return;
    }
    memcpy(finder->addresses, answer->addresses, sizeof finder->addresses);
    finder->events->found(finder->owner, finder->addresses, answer->addresses_count);
}

static void lookup_timed_out(void *owner)
{
    struct redis_finder *finder = owner;

    resolver_cancel(&finder->resolver); /* its thread goes on for the next attempt */
    miss(finder, "%s: not looked up within %u ms", finder->url->host, (unsigned)finder->timeout_ms);
}

static void find_path(struct redis_finder *finder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, finder->url->path, sizeof address.sun_path); /* with its NUL */
    memcpy(&finder->addresses[0].address, &address, sizeof address);
    finder->addresses[0].length = sizeof address;
    finder->events->found(finder->owner, finder->addresses, 1);
}

static void find_host(struct redis_finder *finder)
{
    int result = resolver_start(&finder->resolver, finder->url->host, finder->url->port);

    if (result < 0) {
        miss(finder, "%s: no lookup: %s", finder->url->host, strerrordesc_np(-result));
    } else if (finder->timeout_ms > 0) {
        timer_start(&finder->timer, &finder->timers, finder->timeout_ms);
    }
}

void redis_finder_start(struct redis_finder *finder)
{
    if (finder->url->is_unix) {
        find_path(finder);
    } else {
        find_host(finder);
    }
}

static void resolver_closed(void *owner)
{
    struct redis_finder *finder = owner;

    timer_queue_finish(&finder->timers);
    finder->events->closed(finder->owner);
}

static const struct resolver_events finder_resolver_events = {
    .resolved = resolved,
    .closed = resolver_closed,
};

int redis_finder_open(struct redis_finder *finder, struct loop *loop, const struct redis_url *url,
                      uint32_t timeout_ms, const struct redis_finder_events *events, void *owner)
{
    int result = resolver_open(&finder->resolver, loop, &finder_resolver_events, finder);

    if (result < 0) {
        return result;
    }
    finder->url = url;
    finder->timeout_ms = timeout_ms;
    finder->events = events;
    finder->owner = owner;
    timer_queue_init(&finder->timers, loop);
    timer_init(&finder->timer, lookup_timed_out, finder);
    return 0;
}

void redis_finder_close(struct redis_finder *finder)
{
    timer_stop(&finder->timer);
    resolver_close(&finder->resolver);
}
