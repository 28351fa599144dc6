/*
 * badge_color.h - the colours that a badge is asked for. Pure.
 */
#ifndef FOOTFALL_VISITS_BADGE_COLOR_H
#define FOOTFALL_VISITS_BADGE_COLOR_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* What `text` names, as 0xRRGGBB: a name that badges know elsewhere, in any case, or 3 or 6
 * hexadecimal digits, with or without "#" before them. `fallback` for everything else. */
uint32_t badge_color_of(struct slice text, uint32_t fallback);

/* Whether letters on that colour had better be dark: white would have a contrast below 3 to 1. */
bool badge_color_is_light(uint32_t color);

#endif
