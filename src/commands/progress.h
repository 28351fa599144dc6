/*
 * progress.h - how far a command has come, on a terminal; nothing where standard error is none.
 */
#ifndef FOOTFALL_COMMANDS_PROGRESS_H
#define FOOTFALL_COMMANDS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *things; /* what is counted: "lines" */
    bool is_wanted;     /* there is a terminal */
    bool is_shown;
    bool is_total_known;
    uint64_t next_ms; /* not shown anew before that */
};

/* Borrows `things`. */
void progress_init(struct progress *progress, const char *things);

/* Shows `done` of `total` (0: not known), and how many things that are; a few times a second. */
void progress_show(struct progress *progress, uint64_t done, uint64_t total, uint64_t count);

/* Takes the bar away: before anything else is written to the terminal, and at the end. */
void progress_clear(struct progress *progress);

#endif
