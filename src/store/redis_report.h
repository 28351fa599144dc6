/*
 * redis_report.h - what is told of a server: how the store stands to it, and the news of it.
 *
 * Embedded in the store; belongs to the loop's thread. Any of its calls may come back to the owner
 * by store_events. Times are the loop's.
 */
#ifndef FOOTFALL_STORE_REDIS_REPORT_H
#define FOOTFALL_STORE_REDIS_REPORT_H

#include "base/slice.h"
#include "store/redis_inspection.h"
#include "store/redis_news.h"
#include "store/store.h"

#include <stdint.h>

struct redis_report {
    const struct store_events *events;
    struct redis_news news;
    struct store_status status;
    char address[REDIS_NEWS_BYTES];
    char last_error[REDIS_NEWS_BYTES];
    char warning[REDIS_WARNING_BYTES];
};

/* Borrows `events` as long as the report is used. */
void redis_report_init(struct redis_report *report, const struct store_events *events);

/* The link to that address is up; it is down, or an attempt failed. */
void redis_report_link_up(struct redis_report *report, uint64_t now_ms, const char *address);
void redis_report_link_down(struct redis_report *report, uint64_t now_ms, const char *reason);

/* What the server may lose is known; the line at the start, and after each change: who it is, and
 * what it may lose. */
void redis_report_inspected(struct redis_report *report, const struct redis_inspection *inspection);
void redis_report_serving(struct redis_report *report, uint64_t now_ms);

/* It takes batches from now on. */
void redis_report_ready(struct redis_report *report);

/* It refused something by `error` (borrowed). */
void redis_report_refused(struct redis_report *report, uint64_t now_ms, struct slice error);

/* No script may be run, or no directory be kept, by `error`. redis_report_scripted(): one may. */
void redis_report_plain(struct redis_report *report, struct slice error);
void redis_report_scripted(struct redis_report *report);
void redis_report_unlisted(struct redis_report *report, struct slice error);

#endif
