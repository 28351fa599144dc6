/*
 * proxy_watch.c - lines of the log, limited: strangers can make as many as they like.
 */
#include "visits/proxy_watch.h"

#include "base/counter.h"

enum { LINES_MAX = 100, PERIOD_MS = 1000 };

_Static_assert((int)SCOREBOARD_PROXY_FAULTS == (int)PROXY_FAULTS_COUNT, "each has its number");

static void refused(void *owner, enum proxy_fault fault, const struct network_address *peer)
{
    struct proxy_watch *watch = owner;
    char peer_text[NETWORK_ADDRESS_TEXT_BYTES];

    counter_add(&watch->slot->traffic.proxy_refused[fault], 1);
    network_address_write(peer, peer_text);
    (void)LOG_EVENT_LIMITED(&watch->refused_limit, LOG_DEBUG, "proxy_header_refused",
                            LOG_FIELD_TEXT("reason", proxy_fault_name(fault)),
                            LOG_FIELD_TEXT("peer", peer_text)); /* left out: it is counted */
}

static void named_client(void *owner, const char *by, const struct network_address *peer,
                         const struct network_address *client)
{
    struct proxy_watch *watch = owner;
    char peer_text[NETWORK_ADDRESS_TEXT_BYTES];
    char client_text[NETWORK_ADDRESS_TEXT_BYTES];

    network_address_write(peer, peer_text);
    network_address_write(client, client_text);
    (void)LOG_EVENT_LIMITED(&watch->named_limit, LOG_DEBUG, "client_named",
                            LOG_FIELD_TEXT("by", by), LOG_FIELD_TEXT("peer", peer_text),
                            LOG_FIELD_TEXT("client", client_text)); /* it is for trying out */
}

void proxy_watch_init(struct proxy_watch *watch, const struct network_list *trusted,
                      struct scoreboard_slot *slot)
{
    *watch = (struct proxy_watch){
        .trusted = trusted,
        .slot = slot,
        .refused_limit = {.burst = LINES_MAX, .period_ms = PERIOD_MS},
        .named_limit = {.burst = LINES_MAX, .period_ms = PERIOD_MS},
    };
}

struct http_proxies proxy_watch_proxies(struct proxy_watch *watch)
{
    return (struct http_proxies){
        .trusted = watch->trusted,
        .refused = refused,
        .named_client = log_is_on(LOG_DEBUG) ? named_client : NULL,
        .owner = watch,
    };
}
