/*
 * badge.h - a counter's number as a picture: an SVG image of 20 pixels in height.
 *
 * The same badge is the same bytes each time, and well-formed XML whatever it is asked for. It
 * names nothing outside of itself and has no ids, so a page may hold several inline. Pure.
 */
#ifndef FOOTFALL_VISITS_BADGE_H
#define FOOTFALL_VISITS_BADGE_H

#include "base/slice.h"
#include "visits/badge_number.h"
#include "visits/badge_text.h"

#include <stdint.h>

enum badge_style {
    BADGE_FLAT,        /* with round corners */
    BADGE_FLAT_SQUARE, /* without */
};

/* Zero-initialized but for its number it has every default. All slices are borrowed, and taken as
 * they are: whoever has them from a query decodes them first. */
struct badge {
    struct slice label;       /* any bytes, see badge_text.h; NULL: "visitors"; with nothing to see
                               * ("", blanks): the number stands alone */
    struct slice color;       /* behind the number, see badge_color.h; else blue */
    struct slice label_color; /* behind the label; else dark grey */
    enum badge_style style;
    enum badge_number_format number_format;
    int64_t number;
};

enum { BADGE_BYTES_MAX = 3 * BADGE_TEXT_BYTES_MAX + 800 };

/* The style of that name, "flat" or "flat-square" in any case; for every other BADGE_FLAT. */
enum badge_style badge_style_of(struct slice name);

/* Writes the badge as image/svg+xml, UTF-8, into BADGE_BYTES_MAX bytes, and returns how many it
 * took. */
size_t badge_write(const struct badge *badge, char *out_bytes);

#endif
