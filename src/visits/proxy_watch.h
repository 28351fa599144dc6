/*
 * proxy_watch.h - what operators are told of the proxies before a server of visitors: connections
 * refused for their PROXY header, as a metric and at level debug, and clients that were named, at
 * level debug. Belongs to one worker.
 */
#ifndef FOOTFALL_VISITS_PROXY_WATCH_H
#define FOOTFALL_VISITS_PROXY_WATCH_H

#include "base/log.h"
#include "base/network.h"
#include "base/scoreboard.h"
#include "http/server.h"

struct proxy_watch {
    const struct network_list *trusted;
    struct scoreboard_slot *slot;
    struct log_limit refused_limit;
    struct log_limit named_limit;
};

/* Borrows `trusted` and `slot`, where it counts. */
void proxy_watch_init(struct proxy_watch *watch, const struct network_list *trusted,
                      struct scoreboard_slot *slot);

/* For the settings of the server, which borrows the watch. */
struct http_proxies proxy_watch_proxies(struct proxy_watch *watch);

#endif
