/*
 * progress.c - one line that is written over.
 */
#include "commands/progress.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    SHOW_EVERY_MS = 200,
    BAR_COLUMNS = 40,
};

void progress_init(struct progress *progress, const char *things)
{
    const int is_terminal = isatty(STDERR_FILENO);

    *progress = (struct progress){.things = things, .is_wanted = is_terminal == 1};
}

void progress_show(struct progress *progress, uint64_t done, uint64_t total, uint64_t count)
{
    const uint64_t now_ms = progress->is_wanted ? clock_monotonic_ms() : 0;
    char bar[BAR_COLUMNS + 1];
    unsigned share;

    if (!progress->is_wanted ||
        (now_ms < progress->next_ms && progress->is_total_known == (total > 0))) {
        return;
    }
    progress->is_total_known = total > 0;
    progress->next_ms = now_ms + SHOW_EVERY_MS;
    progress->is_shown = true;
    if (total == 0) {
        (void)fprintf(stderr, "\r%" PRIu64 " %s\033[K", count, progress->things);
        return;
    }
    share = done >= total ? 1000 : (unsigned)(1000.0 * (double)done / (double)total);
    memset(bar, '.', BAR_COLUMNS);
    memset(bar, '#', (size_t)BAR_COLUMNS * share / 1000);
    bar[BAR_COLUMNS] = '\0';
    (void)fprintf(stderr, "\r[%s] %3u %%  %" PRIu64 " %s\033[K", bar, share / 10, count,
                  progress->things);
}

void progress_clear(struct progress *progress)
{
    if (progress->is_shown) {
        (void)fputs("\r\033[K", stderr);
        progress->is_shown = false;
        progress->next_ms = 0;
    }
}
