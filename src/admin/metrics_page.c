/*
 * metrics_page.c - how everything is, as numbers for Prometheus.
 *
 * A series belongs to a slot and not to a process, so that it goes on when a worker is replaced.
 * (prometheus.io, exposition formats; names and units by its conventions.)
 */
#include "admin/pages.h"

#include "base/process_memory.h"
#include "base/scoreboard.h"
#include "http/proxy_header.h"

#include <inttypes.h>

static void add_head(struct text *text, const char *name, const char *type, const char *help)
{
    text_add(text, "# HELP footfall_%s %s\n# TYPE footfall_%s %s\n", name, help, name, type);
}

/* A value of each slot. */
struct slot_metric {
    const char *name;
    const char *type;
    const char *help;
    uint64_t (*read)(const struct scoreboard_slot *slot);
};

static uint64_t read_up(const struct scoreboard_slot *slot)
{
    return atomic_load(&slot->state) == WORKER_SERVING ? 1 : 0;
}

static uint64_t read_starts(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->starts);
}

static uint64_t read_memory(const struct scoreboard_slot *slot)
{
    return atomic_load(&slot->state) == WORKER_ABSENT
               ? 0
               : process_memory_bytes((pid_t)atomic_load(&slot->pid));
}

static uint64_t read_connections(const struct scoreboard_slot *slot)
{
    return atomic_load(&slot->connections);
}

static uint64_t read_connections_taken(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->traffic.connections);
}

static uint64_t read_access_lines_dropped(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->traffic.access_lines_dropped);
}

static uint64_t read_hits(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->traffic.hits);
}

static uint64_t read_hits_refused(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->store.hits_refused);
}

static uint64_t read_went_back(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->store.went_back);
}

static uint64_t read_link(const struct scoreboard_slot *slot)
{
    return atomic_load(&slot->store.is_linked) ? 1 : 0;
}

static uint64_t read_reconnects(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->store.reconnects);
}

static uint64_t read_batches_resent(const struct scoreboard_slot *slot)
{
    return counter_get(&slot->store.batches_resent);
}

static const struct slot_metric slot_metrics[] = {
    {"worker_up", "gauge", "Whether the slot's worker serves.", read_up},
    {"worker_starts_total", "counter", "Workers that the slot has had.", read_starts},
    {"worker_memory_bytes", "gauge", "Resident memory of the slot's worker.", read_memory},
    {"connections", "gauge", "Connections of visitors that are open.", read_connections},
    {"connections_total", "counter", "Connections of visitors taken.", read_connections_taken},
    {"hits_total", "counter", "Visits that were given a number.", read_hits},
    {"hits_refused_total", "counter", "Visits that were given none.", read_hits_refused},
    {"went_back_total", "counter", "Counters found smaller than they had been.", read_went_back},
    {"store_link_up", "gauge", "Whether the link to the store's server is up.", read_link},
    {"store_reconnects_total", "counter", "Links to the store that came up again.",
     read_reconnects},
    {"store_batches_resent_total", "counter", "Batches sent again, whose answer had been lost.",
     read_batches_resent},
    {"access_log_dropped_total", "counter", "Lines of the access log that were dropped.",
     read_access_lines_dropped},
};

/* Slots keep their counters when nobody has them any more. */
static uint32_t slots_in_use(const struct admin_view *view)
{
    return atomic_load(&view->scoreboard->master.slots);
}

static void add_slot_metric(struct text *text, const struct admin_view *view,
                            const struct slot_metric *metric)
{
    add_head(text, metric->name, metric->type, metric->help);
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        text_add(text, "footfall_%s{slot=\"%" PRIu32 "\"} %" PRIu64 "\n", metric->name, i,
                 metric->read(&view->scoreboard->slots[i]));
    }
}

static void add_answers(struct text *text, const struct admin_view *view)
{
    add_head(text, "answers_total", "counter", "Answers to visitors, by kind of status.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        for (unsigned digit = 2; digit <= 5; digit++) {
            text_add(text,
                     "footfall_answers_total{slot=\"%" PRIu32 "\",code=\"%uxx\"} %" PRIu64 "\n", i,
                     digit, counter_get(&view->scoreboard->slots[i].traffic.answers[digit]));
        }
    }
}

static void add_proxy_refused(struct text *text, const struct admin_view *view)
{
    add_head(text, "proxy_refused_total", "counter",
             "Connections closed for want of a right PROXY header.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        for (unsigned fault = 0; fault < PROXY_FAULTS_COUNT; fault++) {
            text_add(text,
                     "footfall_proxy_refused_total{slot=\"%" PRIu32 "\",reason=\"%s\"} %" PRIu64
                     "\n",
                     i, proxy_fault_name(fault),
                     counter_get(&view->scoreboard->slots[i].traffic.proxy_refused[fault]));
        }
    }
}

static void add_limits(struct text *text, const struct admin_view *view)
{
    add_head(text, "limits_reached_total", "counter", "How often visitors reached each limit.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        for (unsigned limit = 0; limit < LIMITS_COUNT; limit++) {
            text_add(text,
                     "footfall_limits_reached_total{slot=\"%" PRIu32 "\",limit=\"%s\"} %" PRIu64
                     "\n",
                     i, limit_name((enum limit)limit),
                     counter_get(&view->scoreboard->slots[i].traffic.limits[limit]));
        }
    }
}

static void add_calls(struct text *text, const struct admin_view *view)
{
    static const struct {
        enum scoreboard_call call;
        const char *name;
    } kinds[] = {
        {SCOREBOARD_CALL_HIT, "hit"},
        {SCOREBOARD_CALL_GET, "get"},
        {SCOREBOARD_CALL_CREATE, "create"},
        {SCOREBOARD_CALL_OTHER, "other"},
    };

    add_head(text, "api_calls_total", "counter", "Calls of the counting API.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        for (unsigned kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
            text_add(text,
                     "footfall_api_calls_total{slot=\"%" PRIu32 "\",call=\"%s\"} %" PRIu64 "\n", i,
                     kinds[kind].name,
                     counter_get(&view->scoreboard->slots[i].traffic.calls[kinds[kind].call]));
        }
    }
}

/* A histogram of each slot; values are divided by `units` to become seconds, or what they are. */
static void add_histogram_of(struct text *text, const char *name, uint32_t slot,
                             const struct histogram *histogram, histogram_bounds bounds,
                             double units)
{
    uint64_t count = 0;

    for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += counter_get(&histogram->counts[i]);
        text_add(text, "footfall_%s_bucket{slot=\"%" PRIu32 "\",le=\"%g\"} %" PRIu64 "\n", name,
                 slot, (double)bounds[i] / units, count);
    }
    count += counter_get(&histogram->counts[HISTOGRAM_BOUNDS]);
    text_add(text, "footfall_%s_bucket{slot=\"%" PRIu32 "\",le=\"+Inf\"} %" PRIu64 "\n", name, slot,
             count);
    text_add(text, "footfall_%s_sum{slot=\"%" PRIu32 "\"} %.15g\n", name, slot,
             (double)counter_get(&histogram->sum) / units);
    text_add(text, "footfall_%s_count{slot=\"%" PRIu32 "\"} %" PRIu64 "\n", name, slot, count);
}

static void add_histograms(struct text *text, const struct admin_view *view)
{
    const struct scoreboard_slot *slots = view->scoreboard->slots;

    add_head(text, "hit_duration_seconds", "histogram",
             "From a visit's request to its number, or to none; in whole milliseconds.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        add_histogram_of(text, "hit_duration_seconds", i, &slots[i].traffic.hit_ms,
                         histogram_milliseconds, 1e3);
    }
    add_head(text, "store_batch_duration_seconds", "histogram",
             "From giving a batch to the store to its answer.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        add_histogram_of(text, "store_batch_duration_seconds", i, &slots[i].traffic.batch_us,
                         histogram_microseconds, 1e6);
    }
    add_head(text, "store_batch_hits", "histogram", "Visits of a batch.");
    for (uint32_t i = 0; i < slots_in_use(view); i++) {
        add_histogram_of(text, "store_batch_hits", i, &slots[i].traffic.batch_hits, histogram_sizes,
                         1);
    }
}

void metrics_page_write(struct text *text, const struct admin_view *view)
{
    const struct scoreboard_master *master = &view->scoreboard->master;

    add_head(text, "info", "gauge", "Always 1; the labels tell what runs.");
    text_add(text, "footfall_info{version=\"%s\"} 1\n", view->version);
    add_head(text, "start_time_seconds", "gauge", "When the master was started, since 1970.");
    text_add(text, "footfall_start_time_seconds %.3f\n",
             (double)atomic_load(&master->started_at_ms) / 1e3);
    add_head(text, "workers", "gauge", "Workers that are to serve.");
    text_add(text, "footfall_workers %" PRIu32 "\n", atomic_load(&master->workers_wanted));
    add_head(text, "settings_generation", "gauge", "1, and one more for each reload.");
    text_add(text, "footfall_settings_generation %" PRIu64 "\n", counter_get(&master->generation));
    for (size_t i = 0; i < sizeof slot_metrics / sizeof slot_metrics[0]; i++) {
        add_slot_metric(text, view, &slot_metrics[i]);
    }
    add_answers(text, view);
    add_proxy_refused(text, view);
    add_limits(text, view);
    add_calls(text, view);
    add_histograms(text, view);
}
