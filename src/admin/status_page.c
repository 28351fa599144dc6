/*
 * status_page.c - how everything is, as JSON.
 */
#include "admin/pages.h"

#include "base/clock.h"
#include "base/process_memory.h"
#include "base/scoreboard.h"

#include <inttypes.h>
#include <time.h>

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {
        [WORKER_ABSENT] = "absent",
        [WORKER_STARTING] = "starting",
        [WORKER_SERVING] = "serving",
        [WORKER_DRAINING] = "draining",
    };

    return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static double seconds_since(uint64_t then_ms, uint64_t now_ms)
{
    return then_ms == 0 || then_ms > now_ms ? 0.0 : (double)(now_ms - then_ms) / 1000.0;
}

static void add_shared(struct text *text, const char *name, const struct shared_text *shared)
{
    char copy[SHARED_TEXT_BYTES];

    (void)shared_text_read(shared, copy);
    text_add(text, "\"%s\":", name);
    text_add_json(text, copy);
}

static void add_store(struct text *text, const struct scoreboard_store *store, uint64_t now_ms)
{
    text_add(text, "{\"is_linked\":%s,\"since_seconds\":%.3f,",
             atomic_load(&store->is_linked) ? "true" : "false",
             seconds_since(atomic_load(&store->since_ms), now_ms));
    text_add(text,
             "\"reconnects\":%" PRIu64 ",\"batches_resent\":%" PRIu64 ",\"hits_refused\":%" PRIu64
             ",\"went_back\":%" PRIu64 ",",
             counter_get(&store->reconnects), counter_get(&store->batches_resent),
             counter_get(&store->hits_refused), counter_get(&store->went_back));
    add_shared(text, "last_error", &store->last_error);
    text_add(text, ",");
    add_shared(text, "risk", &store->risk);
    text_add(text, ",");
    add_shared(text, "warning", &store->warning);
    text_add(text, "}");
}

static void add_worker(struct text *text, const struct scoreboard_slot *slot, uint32_t index,
                       uint64_t now_ms)
{
    const struct scoreboard_traffic *traffic = &slot->traffic;
    const int64_t pid = atomic_load(&slot->pid);
    const uint32_t state = atomic_load(&slot->state);
    const uint64_t starts = counter_get(&slot->starts) - atomic_load(&slot->placed_at);

    text_add(text, "{\"slot\":%" PRIu32 ",\"pid\":%" PRId64 ",\"state\":\"%s\",", index, pid,
             state_name(state));
    text_add(text, "\"age_seconds\":%.3f,\"restarts\":%" PRIu64 ",\"connections\":%" PRIu32 ",",
             seconds_since(atomic_load(&slot->started_ms), now_ms), starts > 0 ? starts - 1 : 0,
             atomic_load(&slot->connections));
    text_add(text, "\"memory_bytes\":%" PRIu64 ",\"connections_taken\":%" PRIu64 ",\"answers\":{",
             state == WORKER_ABSENT ? 0 : process_memory_bytes((pid_t)pid),
             counter_get(&traffic->connections));
    for (unsigned i = 2; i <= 5; i++) {
        text_add(text, "%s\"%uxx\":%" PRIu64, i > 2 ? "," : "", i,
                 counter_get(&traffic->answers[i]));
    }
    text_add(text, "},\"limits\":{");
    for (unsigned i = 0; i < LIMITS_COUNT; i++) {
        text_add(text, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", limit_name((enum limit)i),
                 counter_get(&traffic->limits[i]));
    }
    text_add(text, "},\"hits\":%" PRIu64 ",\"batches\":%" PRIu64 ",\"store\":",
             counter_get(&traffic->hits), histogram_count(&traffic->batch_hits));
    add_store(text, &slot->store, now_ms);
    text_add(text, "}");
}

static const char *master_state_name(uint32_t state)
{
    static const char *const names[] = {
        [MASTER_STARTING] = "starting",
        [MASTER_SERVING] = "serving",
        [MASTER_PAUSED] = "paused",
        [MASTER_STOPPING] = "stopping",
    };

    return state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

/* RFC 3339, in UTC. */
static void add_time(struct text *text, int64_t at_ms)
{
    const time_t seconds = at_ms / 1000;
    struct tm parts;
    char written[32];

    (void)gmtime_r(&seconds, &parts);
    (void)strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%SZ", &parts);
    text_add_json(text, written);
}

static void add_change(struct text *text, const struct scoreboard_change *change)
{
    static const char *const kinds[] = {"none", "reload", "upgrade"};
    static const char *const results[] = {"under way", "done", "failed"};

    if (atomic_load(&change->kind) == CHANGE_NONE) {
        text_add(text, "null");
        return;
    }
    text_add(text,
             "{\"kind\":\"%s\",\"result\":\"%s\",\"asked_ms\":%" PRId64 ",\"ended_ms\":%" PRId64
             ",",
             kinds[atomic_load(&change->kind)], results[atomic_load(&change->result)],
             atomic_load(&change->asked_ms), atomic_load(&change->ended_ms));
    add_shared(text, "reason", &change->reason);
    text_add(text, "}");
}

/* Those of slots that somebody has, or is to have. */
static void add_workers(struct text *text, const struct scoreboard *scoreboard, uint64_t now_ms)
{
    const uint32_t slots = atomic_load(&scoreboard->master.slots);
    const char *before = "";

    text_add(text, "\"workers\":[");
    for (uint32_t i = 0; i < slots; i++) {
        const struct scoreboard_slot *slot = &scoreboard->slots[i];

        if (atomic_load(&slot->is_wanted) || atomic_load(&slot->state) != WORKER_ABSENT) {
            text_add(text, "%s", before);
            add_worker(text, slot, i, now_ms);
            before = ",";
        }
    }
    text_add(text, "]");
}

void status_page_write(struct text *text, const struct admin_view *view, uint64_t now_ms)
{
    const struct scoreboard_master *master = &view->scoreboard->master;

    text_add(text, "{\"version\":\"%s\",\"pid\":%" PRId64 ",\"state\":\"%s\",", view->version,
             atomic_load(&master->pid), master_state_name(atomic_load(&master->state)));
    text_add(text, "\"started\":");
    add_time(text, atomic_load(&master->started_at_ms));
    text_add(text, ",\"uptime_seconds\":%.3f,\"listen\":[",
             seconds_since(atomic_load(&master->started_ms), now_ms));
    for (uint32_t i = 0; i < view->listen_count; i++) {
        text_add(text, "%s", i > 0 ? "," : "");
        text_add_json(text, view->listen[i]);
    }
    text_add(text, "],\"store\":");
    text_add_json(text, view->store);
    text_add(text, ",\"key\":");
    text_add_json(text, view->key);
    text_add(text, ",\"generation\":%" PRIu64 ",\"workers_wanted\":%" PRIu32 ",\"last_change\":",
             counter_get(&master->generation), atomic_load(&master->workers_wanted));
    add_change(text, &master->change);
    text_add(text, ",");
    add_workers(text, view->scoreboard, now_ms);
    text_add(text, "}\n");
}
