/*
 * pages.h - the pages of the admin side, written from what the scoreboard holds. Private to this
 * folder.
 */
#ifndef FOOTFALL_ADMIN_PAGES_H
#define FOOTFALL_ADMIN_PAGES_H

#include "admin/admin.h"
#include "base/text.h"

/* Adds the page /status: one JSON object (docs/operations.md has its fields). `now_ms` is the
 * monotonic time. */
void status_page_write(struct text *text, const struct admin_view *view, uint64_t now_ms);

/* Adds the page /metrics, in Prometheus' text format 0.0.4. */
void metrics_page_write(struct text *text, const struct admin_view *view);

#endif
