/*
 * badge_width.h - how wide a text is, without a font. Pure.
 *
 * For Verdana and what stands in for it, at 11 pixels, in hundredths of a pixel. It need not be
 * exact: a badge tells its reader's browser how long the text shall be.
 */
#ifndef FOOTFALL_VISITS_BADGE_WIDTH_H
#define FOOTFALL_VISITS_BADGE_WIDTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ZERO_WIDTH_JOINER = 0x200d,
    BADGE_CHARACTER_WIDTH_MAX = 1350, /* an emoji's */
};

/* The width of `count` code points as one line. A sequence of emoji is as wide as one, and so is a
 * flag of two letters. */
uint32_t badge_width(const uint32_t *points, size_t count);

/* Whether a code point takes no place of its own: combining marks, joiners, variation selectors. */
bool badge_point_is_mark(uint32_t point);

/* Whether `point`, behind `before`, belongs to the same character, as far as a reader sees. */
bool badge_point_continues(uint32_t before, uint32_t point);

#endif
