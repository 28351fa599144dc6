/*
 * line_ranges.c - sorted, then in runs.
 */
#include "commands/line_ranges.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

void line_ranges_add(struct line_ranges *ranges, uint64_t line)
{
    assert(ranges->count < IMPORT_QUEUE_MAX);
    ranges->lines[ranges->count++] = line;
}

static int compare(const void *left, const void *right)
{
    const uint64_t first = *(const uint64_t *)left;
    const uint64_t second = *(const uint64_t *)right;

    return (first > second) - (first < second);
}

void line_ranges_write(struct line_ranges *ranges, FILE *file)
{
    const uint64_t *lines = ranges->lines;

    qsort(ranges->lines, ranges->count, sizeof ranges->lines[0], compare);
    for (uint32_t i = 0, next; i < ranges->count; i = next) {
        for (next = i + 1; next < ranges->count && lines[next] == lines[next - 1] + 1;) {
            next++;
        }
        (void)fprintf(file, "%s%" PRIu64, i > 0 ? ", " : "", lines[i]);
        if (next > i + 1) {
            (void)fprintf(file, "-%" PRIu64, lines[next - 1]);
        }
    }
}
