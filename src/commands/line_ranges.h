/*
 * line_ranges.h - numbers of lines, as few words: "3-17, 20, 22-23". Pure.
 */
#ifndef FOOTFALL_COMMANDS_LINE_RANGES_H
#define FOOTFALL_COMMANDS_LINE_RANGES_H

#include "commands/import_queue.h"

#include <stdint.h>
#include <stdio.h>

struct line_ranges {
    uint32_t count;
    uint64_t lines[IMPORT_QUEUE_MAX]; /* all that can be under way */
};

/* Adds one; each is added once, in any order. There must be room. */
void line_ranges_add(struct line_ranges *ranges, uint64_t line);

/* Sorts them, and writes them to the file. */
void line_ranges_write(struct line_ranges *ranges, FILE *file);

#endif
