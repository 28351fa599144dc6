/*
 * visitor_limits.h - how many connections visitors may have, and what is told of limits.
 *
 * The census counts them, over all workers of the host. One too many gets a short 503 at once and
 * is closed, without a place anywhere. Each limit that is reached, these and all others, is counted
 * in the worker's slot, and logged once in a while. One worker's loop; the worker owns it.
 */
#ifndef FOOTFALL_PROCESS_VISITOR_LIMITS_H
#define FOOTFALL_PROCESS_VISITOR_LIMITS_H

#include "base/census.h"
#include "base/limit.h"
#include "base/log.h"
#include "base/network_address.h"
#include "base/scoreboard.h"

#include <stdbool.h>
#include <stdint.h>

struct settings;

struct visitor_limits {
    const struct scoreboard *scoreboard; /* borrowed, as the slot */
    struct scoreboard_slot *slot;
    uint32_t slot_index;
    struct census_limits census;
    uint32_t connections_peak; /* since memory was given back */
    struct log_limit log_limits[LIMITS_COUNT];
};

/* `worker_connections_max` is what a worker's descriptors allow: by it the limits are found that
 * settings leave open. */
void visitor_limits_init(struct visitor_limits *limits, const struct settings *settings,
                         const struct scoreboard *scoreboard, struct scoreboard_slot *slot,
                         uint32_t slot_index, uint32_t worker_connections_max);

/* Whether `client` may have one more connection; then it is counted, until
 * visitor_limits_leave(*out_place). If not, `connection_fd` is answered and closed. */
bool visitor_limits_admit(struct visitor_limits *limits, int connection_fd,
                          const struct network_address *client, uint32_t *out_place);

/* That connection is closed. */
void visitor_limits_leave(struct visitor_limits *limits, uint32_t place);

/* Looks now and then whether a crowd has gone, whose memory may go, too. */
void visitor_limits_beat(struct visitor_limits *limits);

/* A limit was reached; `owner` is the struct visitor_limits. For struct limit_listener. */
void visitor_limits_reached(void *owner, enum limit limit, const struct network_address *client);

#endif
