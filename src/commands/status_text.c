/*
 * status_text.c - the page /status as people read it.
 */
#include "commands/status_text.h"

#include <stdio.h>

enum { FIGURE_BYTES = 32 };

static double number_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "?" : text;
}

/* "3 s", "12 min", "5 h", "8 d": in the largest unit of which there are two. */
static const char *write_age(double seconds, char out_text[FIGURE_BYTES])
{
    static const struct {
        double seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;

    while (i < 3 && seconds < 2 * units[i].seconds) {
        i++;
    }
    (void)snprintf(out_text, FIGURE_BYTES, "%.0f %s", seconds / units[i].seconds, units[i].name);
    return out_text;
}

static const char *write_bytes(double bytes, char out_text[FIGURE_BYTES])
{
    (void)snprintf(out_text, FIGURE_BYTES, "%.1f MiB", bytes / (1024 * 1024));
    return out_text;
}

/* The sum of a number over all workers; of their store's with `in_store`. */
static double sum_of(const json_t *status, const char *name, bool in_store)
{
    const json_t *workers = json_object_get(status, "workers");
    double sum = 0;

    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *worker = json_array_get(workers, i);

        sum += number_of(in_store ? json_object_get(worker, "store") : worker, name);
    }
    return sum;
}

/* How much of it came in a second; "-" while that is not known. */
static const char *write_rate(double now, double before, double seconds,
                              char out_text[FIGURE_BYTES])
{
    (void)snprintf(out_text, FIGURE_BYTES, "-");
    if (seconds > 0 && now >= before) {
        (void)snprintf(out_text, FIGURE_BYTES, "%.0f", (now - before) / seconds);
    }
    return out_text;
}

static double answers_of(const json_t *worker)
{
    const json_t *answers = json_object_get(worker, "answers");

    return number_of(answers, "2xx") + number_of(answers, "3xx") + number_of(answers, "4xx") +
           number_of(answers, "5xx");
}

/* Whether a server cannot be reached: it was, or why it is not is known. Stores without a server
 * have neither. */
static bool is_away(const json_t *store)
{
    return !json_is_true(json_object_get(store, "is_linked")) &&
           (number_of(store, "since_seconds") > 0 || text_of(store, "last_error")[0] != '\0');
}

static void add_worker(struct text *text, const json_t *worker, const json_t *before,
                       double seconds)
{
    const json_t *store = json_object_get(worker, "store");
    char age[FIGURE_BYTES];
    char memory[FIGURE_BYTES];
    char rate[FIGURE_BYTES];

    text_add(text, "%4.0f  %7.0f  %-8s  %7s  %11.0f  %10s  %8.0f  %9s  %s\n",
             number_of(worker, "slot"), number_of(worker, "pid"), text_of(worker, "state"),
             write_age(number_of(worker, "age_seconds"), age), number_of(worker, "connections"),
             write_rate(answers_of(worker), answers_of(before), before == NULL ? 0 : seconds, rate),
             number_of(worker, "restarts"), write_bytes(number_of(worker, "memory_bytes"), memory),
             json_is_true(json_object_get(store, "is_linked")) ? "up"
             : is_away(store)                                  ? "down"
                                                               : "-");
}

static void add_store(struct text *text, const json_t *now, const json_t *before, double seconds)
{
    const double hits = sum_of(now, "hits", false);
    const double batches = sum_of(now, "batches", false);
    char hits_rate[FIGURE_BYTES];
    char batches_rate[FIGURE_BYTES];

    text_add(text, "\nhits %.0f, %s/s; batches %.0f, %s/s; hits per batch %.1f; ", hits,
             write_rate(hits, sum_of(before, "hits", false), seconds, hits_rate), batches,
             write_rate(batches, sum_of(before, "batches", false), seconds, batches_rate),
             batches > 0 ? hits / batches : 0.0);
    text_add(text, "resent %.0f; refused %.0f\n", sum_of(now, "batches_resent", true),
             sum_of(now, "hits_refused", true));
}

/* What still holds of what the log has warned of. */
static void add_warnings(struct text *text, const json_t *workers)
{
    for (size_t i = 0; i < json_array_size(workers); i++) {
        const json_t *worker = json_array_get(workers, i);
        const json_t *store = json_object_get(worker, "store");

        if (text_of(store, "warning")[0] != '\0') {
            text_add(text, "warning: slot %zu: %s\n", i, text_of(store, "warning"));
        }
        if (is_away(store)) {
            text_add(text, "warning: slot %zu: the store is away: %s\n", i,
                     text_of(store, "last_error"));
        }
    }
}

bool status_text_write(struct text *text, const json_t *now, const json_t *before)
{
    const json_t *workers = json_object_get(now, "workers");
    const json_t *listen = json_object_get(now, "listen");
    const double seconds =
        before == NULL ? 0 : number_of(now, "uptime_seconds") - number_of(before, "uptime_seconds");
    char age[FIGURE_BYTES];

    if (!json_is_array(workers)) {
        return false;
    }
    text_add(text, "footfall %s, pid %.0f, %s for %s\n", text_of(now, "version"),
             number_of(now, "pid"), text_of(now, "state"),
             write_age(number_of(now, "uptime_seconds"), age));
    for (size_t i = 0; i < json_array_size(listen); i++) {
        text_add(text, "listening on %s\n", json_string_value(json_array_get(listen, i)));
    }
    text_add(text, "store %s, key %s\n\n", text_of(now, "store"), text_of(now, "key"));
    text_add(text, "slot      pid  state         age  connections  requests/s  restarts     memory"
                   "  link\n");
    for (size_t i = 0; i < json_array_size(workers); i++) {
        add_worker(text, json_array_get(workers, i),
                   json_array_get(json_object_get(before, "workers"), i), seconds);
    }
    add_store(text, now, before, seconds);
    add_warnings(text, workers);
    return true;
}
