/*
 * counting.c - what a worker counts with, put together.
 */
#include "visits/counting.h"

#include "base/scoreboard.h"
#include "base/settings.h"
#include "http/server.h"
#include "store/store_url.h"
#include "visits/api_batch.h"
#include "visits/api_call.h"
#include "visits/api_token.h"
#include "visits/tally.h"

#include <errno.h>
#include <unistd.h>

enum { WAITING_HITS_MAX = 65536 };

/* ---- what store and tally tell ---- */

static void store_ready(void *owner)
{
    struct counting *counting = owner;

    tally_store_ready(counting->tally);
}

static void store_noticed(void *owner, enum store_notice level, const char *event,
                          const char *detail)
{
    struct counting *counting = owner;

    store_watch_notice(&counting->watch, level, event, detail);
}

static void store_status_changed(void *owner, const struct store_status *status)
{
    struct counting *counting = owner;

    store_watch_status(&counting->watch, status);
}

static void counter_went_back(void *owner, struct slice key, int64_t before, int64_t number)
{
    struct counting *counting = owner;

    store_watch_went_back(&counting->watch, key, before, number);
}

static void hit_ended(void *owner, uint64_t ticket, int result, int64_t number)
{
    struct counting *counting = owner;
    struct api_call *call;

    if (api_batch_has(ticket)) {
        api_batch_counted(&counting->api, ticket, result, number);
    } else if ((ticket & API_CALL_TICKET) != 0) {
        ticket &= ~API_CALL_TICKET;
        call = http_server_call(counting->hits.server, ticket);
        if (call != NULL) { /* else its connection is gone */
            api_counted(&counting->api, call, ticket, result, number);
        }
    } else {
        hit_done(&counting->hits, ticket, result, number);
    }
}

static void change_ended(void *owner, uint64_t ticket, int result,
                         const struct store_change *change)
{
    struct counting *counting = owner;
    struct api_call *call;

    ticket &= ~API_CALL_TICKET;
    call = http_server_call(counting->hits.server, ticket);
    if (call != NULL) { /* else its connection is gone */
        api_changed(&counting->api, call, ticket, result, change);
    }
}

static void store_closed(void *owner)
{
    struct counting *counting = owner;

    counting->store = NULL;
    tally_set_store(counting->tally, NULL);
    counting->closed(counting->owner);
}

/* ---- beginning and end ---- */

int counting_init(struct counting *counting, struct loop *loop,
                  const struct counting_settings *settings)
{
    const struct tally_settings tally_settings = {
        .waiting_hits_max = WAITING_HITS_MAX,
        .timeout_ms = settings->store_timeout_ms,
        .traffic = &settings->slot->traffic,
        .all_keys_max = settings->settings_in_use->counters_max,
    };
    const struct tally_events events = {hit_ended, change_ended, counter_went_back, counting};
    int result;

    counting->settings = *settings;
    counting->loop = loop;
    store_watch_init(&counting->watch, settings->slot, settings->slot_index);
    hits_init(&counting->hits, settings->key, getpid());
    counting->hits.refused = &settings->slot->store.hits_refused;
    counting->hits.limit_listener = settings->limit_listener;
    if (!api_token_begin()) {
        return -EIO;
    }
    result = tally_create(loop, &tally_settings, &events, &counting->tally);
    counting->hits.tally = counting->tally;
    api_init(&counting->api);
    counting->api.tally = counting->tally;
    counting->api.front_key = settings->key;
    counting->api.refused = counting->hits.refused;
    counting->api.limit_listener = settings->limit_listener;
    counting->api.settings = settings->settings_in_use;
    counting->api.rates = settings->rates;
    counting->api.scoreboard = settings->scoreboard;
    counting->api.calls_counts = settings->slot->traffic.calls;
    counting->api.version = settings->version;
    return result;
}

int counting_open(struct counting *counting, struct http_server *server, char *out_reason)
{
    const struct counting_settings *settings = &counting->settings;
    const struct store_events events = {
        .ready = store_ready,
        .notice = store_noticed,
        .status = store_status_changed,
        .owner = counting,
    };
    int result = store_url_open(settings->store, counting->loop, settings->store_timeout_ms,
                                &events, &counting->store, out_reason);

    counting->hits.server = server;
    counting->api.server = server;
    if (result == 0) {
        tally_set_store(counting->tally, counting->store);
    }
    return result;
}

bool counting_is_ready(const struct counting *counting)
{
    return counting->store != NULL && store_is_ready(counting->store);
}

void counting_beat(struct counting *counting)
{
    store_watch_beat(&counting->watch);
}

void counting_close(struct counting *counting, void (*closed)(void *owner), void *owner)
{
    counting->closed = closed;
    counting->owner = owner;
    store_close(counting->store, store_closed, counting);
}

void counting_finish(struct counting *counting)
{
    tally_destroy(counting->tally);
    counting->tally = NULL;
    api_finish(&counting->api);
}
