/*
 * redis_link.c - one connection to a Redis server, kept up as well as can be.
 *
 * One state, moved by link_enter() alone. A connection that was lost is cut: when it is closed,
 * the attempt goes on with the next address, or the next attempt is waited for. Callbacks may
 * close the link, so its state is looked at again behind each; the memory stays, because closing
 * always takes another turn.
 */
#include "store/redis_link.h"

#include "store/redis_backoff.h"
#include "store/redis_connection.h"
#include "store/redis_finder.h"
#include "store/redis_greeting.h"

#include "loop/loop.h"
#include "loop/timer.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

/* For each of several addresses, however short the timeout; and for any, however long. */
enum { CONNECT_MS_MIN = 250, CONNECT_MS_MAX = 5000 };

enum link_state {
    LINK_WAITING,    /* for the time of the next attempt */
    LINK_FINDING,    /* for the server's addresses */
    LINK_CONNECTING, /* for one address to answer */
    LINK_GREETING,   /* for the answers to AUTH, SELECT, PING, CLIENT SETNAME */
    LINK_UP,
    LINK_CUTTING, /* for a lost connection to be closed */
    LINK_CLOSING, /* for whatever is still open, then it is freed */
};

static const uint8_t link_may_enter[] = {
    [LINK_WAITING] = 1U << LINK_FINDING | 1U << LINK_CLOSING,
    [LINK_FINDING] = 1U << LINK_WAITING | 1U << LINK_CONNECTING | 1U << LINK_CLOSING,
    [LINK_CONNECTING] = 1U << LINK_GREETING | 1U << LINK_CUTTING | 1U << LINK_CLOSING,
    [LINK_GREETING] = 1U << LINK_UP | 1U << LINK_CUTTING | 1U << LINK_CLOSING,
    [LINK_UP] = 1U << LINK_CUTTING | 1U << LINK_CLOSING,
    [LINK_CUTTING] = 1U << LINK_WAITING | 1U << LINK_CONNECTING | 1U << LINK_CLOSING,
    [LINK_CLOSING] = 0,
};

struct redis_link {
    struct loop *loop;
    const struct redis_link_events *events;
    void *owner;
    struct redis_url url;
    uint32_t timeout_ms;
    enum link_state state;
    bool was_up;     /* the connection that is being cut */
    bool is_skipped; /* and the attempt goes on with the next address */
    struct redis_connection connection;
    enum redis_greeting_step greeting_step; /* whose answer is next */
    char client_name[REDIS_CLIENT_NAME_BYTES];

    /* The attempt: the addresses found, and how many of them were tried. */
    struct redis_finder finder;
    bool finder_is_open;
    const struct resolver_address *addresses;
    unsigned addresses_count;
    unsigned addresses_tried;
    struct redis_backoff backoff;
    struct timer_queue timers;
    struct timer timer; /* of the wait for the next attempt */

    /* Why the attempt failed, where it got furthest. */
    enum link_state reason_state;
    char reason[REDIS_REASON_BYTES];

    void (*closed)(void *closed_owner);
    void *closed_owner;
};

/* ---- reasons ---- */

/* Notes why the attempt failed in `state`. Of several addresses the one that got furthest says
 * most: a refused AUTH more than a refused connection. */
__attribute__((format(printf, 3, 4))) static void
link_note(struct redis_link *link, enum link_state state, const char *format, ...)
{
    va_list arguments;

    if (state < link->reason_state) {
        return;
    }
    link->reason_state = state;
    va_start(arguments, format);
    (void)vsnprintf(link->reason, sizeof link->reason, format, arguments); /* may be cut */
    va_end(arguments);
}

/* ---- states ---- */

/* Moves to `next` and starts what that state waits for. Nothing else writes `state`. */
static void link_enter(struct redis_link *link, enum link_state next)
{
    assert((link_may_enter[link->state] & 1U << next) != 0);
    link->state = next;
    timer_stop(&link->timer);
    switch (next) { /* no default: -Wswitch names the state somebody forgot */
    case LINK_WAITING:
        timer_start(&link->timer, &link->timers,
                    redis_backoff_next(&link->backoff, link->was_up, loop_now_ms(link->loop),
                                       arc4random()));
        break;
    case LINK_FINDING:
        redis_finder_start(&link->finder); /* may be over at once */
        break;
    case LINK_CONNECTING: /* the connection was opened before, since that may fail */
    case LINK_GREETING:
        break;
    case LINK_UP:
        link->events->up(link->owner, redis_connection_address(&link->connection));
        break;
    case LINK_CUTTING: /* the connection is closing by itself */
        break;
    case LINK_CLOSING:
        redis_finder_close(&link->finder);
        redis_connection_close(&link->connection, -ECANCELED);
        break;
    }
}

/* The attempt is over, or the link that was up has fallen: wait for the next one. */
static void link_wait(struct redis_link *link)
{
    if (!link->was_up) { /* else it was told when it fell */
        link->events->down(link->owner, link->reason);
    }
    if (link->state != LINK_CLOSING) {
        link_enter(link, LINK_WAITING);
    }
}

/* ---- attempts ---- */

/* The share of one of several addresses: a dead first one must leave time for the second. */
static uint64_t link_connect_ms(const struct redis_link *link)
{
    const uint32_t share_ms = link->timeout_ms / link->addresses_count;

    if (link->timeout_ms == 0 || share_ms > CONNECT_MS_MAX) {
        return CONNECT_MS_MAX;
    }
    if (share_ms >= CONNECT_MS_MIN) {
        return share_ms;
    }
    return link->timeout_ms < CONNECT_MS_MIN ? link->timeout_ms : CONNECT_MS_MIN;
}

/* Connects to the next address, or ends the attempt behind the last. */
static void link_connect_next(struct redis_link *link)
{
    while (link->addresses_tried < link->addresses_count) {
        const struct resolver_address *address = &link->addresses[link->addresses_tried++];
        int result =
            redis_connection_open(&link->connection, (const struct sockaddr *)&address->address,
                                  address->length, link_connect_ms(link));

        if (result == 0) {
            link_enter(link, LINK_CONNECTING);
            return;
        }
        link_note(link, LINK_CONNECTING, "%s: no socket: %s",
                  redis_connection_address(&link->connection), strerrordesc_np(-result));
    }
    link_wait(link);
}

static void link_found(void *owner, const struct resolver_address *addresses, unsigned count)
{
    struct redis_link *link = owner;

    link->addresses = addresses;
    link->addresses_count = count;
    link_connect_next(link);
}

static void link_missed(void *owner, const char *reason)
{
    struct redis_link *link = owner;

    link_note(link, LINK_FINDING, "%s", reason);
    link_wait(link);
}

/* Forgets what became of the attempt before. */
static void link_begin(struct redis_link *link)
{
    link->was_up = false;
    link->is_skipped = false;
    link->reason_state = LINK_WAITING;
}

static void link_attempt(void *owner)
{
    struct redis_link *link = owner;

    link_begin(link);
    link->addresses_count = 0;
    link->addresses_tried = 0;
    link_enter(link, LINK_FINDING);
}

/* ---- the greeting ---- */

/* The answer to the greeting's present step. */
static void link_greeted(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_link *link = owner;
    char reason[REDIS_REASON_BYTES];

    (void)subject;
    if (result < 0) {
        return; /* the connection was lost, and link_lost() knows */
    }
    result = redis_greeting_check(&link->url, link->greeting_step, reply, reason, sizeof reason);
    if (result < 0) {
        redis_connection_cut(&link->connection, result, reason);
        return;
    }
    link->greeting_step = redis_greeting_next(&link->url, link->greeting_step + 1);
    if (link->greeting_step == GREETING_OVER) {
        link_enter(link, LINK_UP);
    }
}

/* Sends all of the greeting at once; its answers come one by one. */
static void link_connected(void *owner)
{
    struct redis_link *link = owner;
    enum redis_greeting_step step = redis_greeting_next(&link->url, GREETING_AUTH);

    link_enter(link, LINK_GREETING);
    link->greeting_step = step;
    while (step != GREETING_OVER) {
        struct redis_greeting_words words;
        int result;

        redis_greeting_words(&link->url, link->client_name, step, &words);
        result = redis_connection_send(&link->connection, words.words, words.count, link_greeted,
                                       link, NULL);
        if (result < 0) {
            redis_connection_cut(&link->connection, result, strerrordesc_np(-result));
            return;
        }
        step = redis_greeting_next(&link->url, step + 1);
    }
}

static void link_sent(void *owner)
{
    const struct redis_link *link = owner;

    if (link->state == LINK_UP) { /* else it was the greeting */
        link->events->sent(link->owner);
    }
}

static void link_lost(void *owner, int result, const char *reason)
{
    struct redis_link *link = owner;

    (void)result;
    link_note(link, link->state, "%s", reason);
    link->was_up = link->state == LINK_UP;
    link_enter(link, LINK_CUTTING);
    if (link->was_up) {
        link->events->down(link->owner, link->reason);
    }
}

/* ---- the end ---- */

/* Frees a link that is being closed once nothing of it is on the loop any more. */
static void link_free_when_closed(struct redis_link *link)
{
    void (*closed)(void *owner) = link->closed;
    void *closed_owner = link->closed_owner;

    if (link->finder_is_open || link->connection.state != REDIS_CONNECTION_CLOSED) {
        return;
    }
    redis_connection_finish(&link->connection);
    timer_queue_finish(&link->timers);
    free(link);
    if (closed != NULL) {
        closed(closed_owner);
    }
}

static void link_finder_closed(void *owner)
{
    struct redis_link *link = owner;

    link->finder_is_open = false;
    link_free_when_closed(link);
}

static void link_connection_closed(void *owner)
{
    struct redis_link *link = owner;

    if (link->state == LINK_CLOSING) {
        link_free_when_closed(link);
    } else if (link->is_skipped && link->addresses_tried < link->addresses_count) {
        link_begin(link);
        link_connect_next(link);
    } else if (link->was_up) {
        link_wait(link); /* the host is looked up anew */
    } else {
        link_connect_next(link);
    }
}

static const struct redis_finder_events link_finder_events = {
    .found = link_found,
    .missed = link_missed,
    .closed = link_finder_closed,
};

static const struct redis_connection_events link_connection_events = {
    .connected = link_connected,
    .sent = link_sent,
    .lost = link_lost,
    .closed = link_connection_closed,
};

/* ---- what others call ---- */

int redis_link_open(struct loop *loop, const struct redis_url *url, uint32_t timeout_ms,
                    const struct redis_link_events *events, void *owner,
                    struct redis_link **out_link)
{
    struct redis_link *link = calloc(1, sizeof *link);
    int result;

    if (link == NULL) {
        return -ENOMEM;
    }
    link->loop = loop;
    link->events = events;
    link->owner = owner;
    link->url = *url;
    link->timeout_ms = timeout_ms;
    redis_client_name(link->client_name);
    result =
        redis_finder_open(&link->finder, loop, &link->url, timeout_ms, &link_finder_events, link);
    if (result < 0) {
        free(link);
        return result;
    }
    link->finder_is_open = true;
    redis_connection_init(&link->connection, loop, timeout_ms, &link_connection_events, link);
    redis_backoff_init(&link->backoff);
    timer_queue_init(&link->timers, loop);
    timer_init(&link->timer, link_attempt, link);
    /* LINK_WAITING, for no time: nothing may be told from inside this call. */
    timer_start(&link->timer, &link->timers, 0);
    *out_link = link;
    return 0;
}

bool redis_link_is_up(const struct redis_link *link)
{
    return link->state == LINK_UP;
}

int redis_link_send(struct redis_link *link, const struct slice *words, size_t words_count,
                    redis_answered *answered, void *owner, void *subject)
{
    if (link->state != LINK_UP) {
        return -ENOTCONN;
    }
    return redis_connection_send(&link->connection, words, words_count, answered, owner, subject);
}

void redis_link_cut(struct redis_link *link, int result, const char *reason)
{
    if (link->state == LINK_UP) {
        redis_connection_cut(&link->connection, result, reason);
    }
}

void redis_link_skip(struct redis_link *link, int result, const char *reason)
{
    link->is_skipped = link->state == LINK_UP;
    redis_link_cut(link, result, reason);
}

void redis_link_close(struct redis_link *link, void (*closed)(void *owner), void *owner)
{
    link->closed = closed;
    link->closed_owner = owner;
    link_enter(link, LINK_CLOSING);
}
