/*
 * visitor_limits.c - the door: who gets in, and what those are told who do not.
 */
#include "process/visitor_limits.h"

#include "base/counter.h"
#include "base/process_memory.h"
#include "base/settings.h"

#include <sys/socket.h>
#include <unistd.h>

enum {
    LOG_PERIOD_MS = 10000, /* one line of each limit within it */
    REQUEST_BYTES = 4096,  /* of a request that has come already */
    CROWD_MIN = 1024,      /* connections that leave memory worth giving back */
};

/* What is worth a line: closing idle connections is daily business. */
static const enum log_level levels[LIMITS_COUNT] = {
    [LIMIT_CONNECTIONS] = LOG_WARN,    [LIMIT_ADDRESS] = LOG_WARN,
    [LIMIT_HEADER_TIMEOUT] = LOG_INFO, [LIMIT_BODY_TIMEOUT] = LOG_INFO,
    [LIMIT_IDLE] = LOG_DEBUG,          [LIMIT_SLOW_SENDER] = LOG_INFO,
    [LIMIT_SLOW_READER] = LOG_INFO,    [LIMIT_PENDING_HITS] = LOG_WARN,
    [LIMIT_RATE] = LOG_INFO,           [LIMIT_WRONG_TOKENS] = LOG_WARN,
    [LIMIT_COUNTERS] = LOG_WARN,
};

/* 0 is no limit. */
static uint64_t limit_of(uint64_t setting, uint64_t when_auto)
{
    if (setting == SETTING_AUTO) {
        return when_auto;
    }
    return setting == 0 ? UINT64_MAX : setting;
}

void visitor_limits_init(struct visitor_limits *limits, const struct settings *settings,
                         const struct scoreboard *scoreboard, struct scoreboard_slot *slot,
                         uint32_t slot_index, uint32_t worker_connections_max)
{
    const uint64_t workers = settings->workers == 0 ? 1 : settings->workers;
    const uint64_t by_descriptors = workers * worker_connections_max;
    const uint64_t connections_max = limit_of(settings->connections_max, UINT64_MAX);
    const uint64_t most = connections_max < by_descriptors ? connections_max : by_descriptors;

    *limits = (struct visitor_limits){
        .scoreboard = scoreboard,
        .slot = slot,
        .slot_index = slot_index,
        .census =
            {
                .connections_max = connections_max,
                .address_connections_max =
                    limit_of(settings->address_connections_max, most - most / 2),
            },
    };
    for (unsigned i = 0; i < LIMITS_COUNT; i++) {
        limits->log_limits[i] = (struct log_limit){.burst = 1, .period_ms = LOG_PERIOD_MS};
    }
    census_join(scoreboard, slot_index);
}

/* What has come of the request is read first, or the close would be a reset that takes the answer
 * away. A client that has sent nothing yet may still see a reset. (As in nginx, 503.) */
static void refuse(const struct visitor_limits *limits, int connection_fd)
{
    static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                 "Content-Type: application/json\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "Content-Length: 33\r\n"
                                 "Retry-After: 1\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "{\"error\":\"Too many connections.\"}";
    char request[REQUEST_BYTES];

    (void)recv(connection_fd, request, sizeof request, MSG_DONTWAIT);
    (void)send(connection_fd, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)shutdown(connection_fd, SHUT_RDWR); /* another process may hold a copy */
    (void)close(connection_fd);
    counter_add(&limits->slot->traffic.answers[5], 1);
}

bool visitor_limits_admit(struct visitor_limits *limits, int connection_fd,
                          const struct network_address *client, uint32_t *out_place)
{
    const enum census_answer answer =
        census_enter(limits->scoreboard, limits->slot_index, &limits->census, client, out_place);

    if (answer == CENSUS_COUNTED) {
        const uint32_t connections = census_of_slot(limits->scoreboard, limits->slot_index);

        if (limits->connections_peak < connections) {
            limits->connections_peak = connections;
        }
        return true;
    }
    refuse(limits, connection_fd);
    visitor_limits_reached(limits, answer == CENSUS_IS_FULL ? LIMIT_CONNECTIONS : LIMIT_ADDRESS,
                           client);
    return false;
}

void visitor_limits_leave(struct visitor_limits *limits, uint32_t place)
{
    census_leave(limits->scoreboard, limits->slot_index, place);
}

void visitor_limits_beat(struct visitor_limits *limits)
{
    const uint32_t connections = census_of_slot(limits->scoreboard, limits->slot_index);

    if (limits->connections_peak >= CROWD_MIN && connections < limits->connections_peak / 4) {
        limits->connections_peak = connections;
        process_memory_give_back();
    }
}

void visitor_limits_reached(void *owner, enum limit limit, const struct network_address *client)
{
    static const struct network_address nobody = {{0}};
    struct visitor_limits *limits = owner;
    char text[NETWORK_ADDRESS_TEXT_BYTES];

    counter_add(&limits->slot->traffic.limits[limit], 1);
    if (!log_is_on(levels[limit])) {
        return;
    }
    /* Whose it is the log says only when it is asked to say everything. */
    network_address_write(client == NULL || !log_is_on(LOG_DEBUG) ? &nobody : client, text);
    (void)LOG_EVENT_LIMITED(&limits->log_limits[limit], levels[limit], "limit_reached",
                            LOG_FIELD_TEXT("limit", limit_name(limit)),
                            LOG_FIELD_NUMBER("slot", limits->slot_index),
                            LOG_FIELD_TEXT("client", text));
}
