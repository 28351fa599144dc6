/*
 * redis_report.c - what is told of a server: how the store stands to it, and the news of it.
 */
#include "store/redis_report.h"

#include "store/redis_error.h"

#include <stdio.h>

void redis_report_init(struct redis_report *report, const struct store_events *events)
{
    *report = (struct redis_report){.events = events};
    report->status = (struct store_status){
        .last_error = report->last_error,
        .risk = "",
        .warning = report->warning,
    };
    redis_news_init(&report->news, events);
}

static void tell_status(struct redis_report *report)
{
    report->events->status(report->events->owner, &report->status);
}

static void note_error(struct redis_report *report, struct slice error)
{
    slice_copy_printable(error, report->last_error, sizeof report->last_error);
    tell_status(report);
}

void redis_report_link_up(struct redis_report *report, uint64_t now_ms, const char *address)
{
    (void)snprintf(report->address, sizeof report->address, "%s", address);
    report->status.is_up = true;
    report->status.reconnects += report->status.since_ms > 0 ? 1 : 0;
    report->status.since_ms = now_ms;
    tell_status(report);
}

void redis_report_link_down(struct redis_report *report, uint64_t now_ms, const char *reason)
{
    if (report->status.is_up) {
        report->status.since_ms = now_ms;
    }
    report->status.is_up = false;
    note_error(report, slice_of(reason));
    redis_news_down(&report->news, now_ms, reason);
}

void redis_report_inspected(struct redis_report *report, const struct redis_inspection *inspection)
{
    report->status.risk = redis_inspection_risk(inspection);
    redis_inspection_write_warning(inspection, report->warning);
    tell_status(report);
}

void redis_report_serving(struct redis_report *report, uint64_t now_ms)
{
    char detail[REDIS_NEWS_UP_BYTES];

    (void)snprintf(detail, sizeof detail, "%s: %s", report->address, report->status.risk);
    redis_news_up(&report->news, now_ms, detail);
    redis_news_warn(&report->news, report->warning);
}

void redis_report_ready(struct redis_report *report)
{
    tell_status(report);
}

void redis_report_refused(struct redis_report *report, uint64_t now_ms, struct slice error)
{
    note_error(report, error);
    redis_news_refused(&report->news, now_ms, error);
}

/* What follows from the error, and the error. */
static void write_detail(char out_detail[REDIS_NEWS_BYTES], const char *outcome, struct slice error)
{
    char text[REDIS_NEWS_BYTES / 2];

    slice_copy_printable(error, text, sizeof text);
    (void)snprintf(out_detail, REDIS_NEWS_BYTES, "%s: %s", outcome, text);
}

void redis_report_plain(struct redis_report *report, struct slice error)
{
    char detail[REDIS_NEWS_BYTES];

    write_detail(detail, "visits whose answer is lost are refused, for no script may be run",
                 error);
    redis_news_plain(&report->news, detail);
}

void redis_report_scripted(struct redis_report *report)
{
    redis_news_plain(&report->news, "");
}

void redis_report_unlisted(struct redis_report *report, struct slice error)
{
    char detail[REDIS_NEWS_BYTES];

    write_detail(detail, "counters are neither listed nor limited in number", error);
    redis_news_unlisted(&report->news, detail);
}
