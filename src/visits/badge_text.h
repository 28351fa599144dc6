/*
 * badge_text.h - a label of strangers, made fit for a badge. Pure.
 */
#ifndef FOOTFALL_VISITS_BADGE_TEXT_H
#define FOOTFALL_VISITS_BADGE_TEXT_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    BADGE_CHARACTERS_MAX = 200,                      /* code points; the ellipsis is one of them */
    BADGE_TEXT_BYTES_MAX = 6 * BADGE_CHARACTERS_MAX, /* "&quot;" */
};

struct badge_text {
    /* UTF-8 without a NUL, in characters that XML 1.0 allows, with its markup escaped: may stand
     * between tags and between quotes. */
    char bytes[BADGE_TEXT_BYTES_MAX];
    size_t length;
    uint32_t width;         /* see badge_width.h; 0 when there is nothing to see */
    bool is_right_to_left;  /* its first letter is */
    bool has_right_to_left; /* some letter is */
};

/* Makes one of `label` (borrowed), any bytes. What is no UTF-8 or no character becomes U+FFFD, runs
 * of blanks and line ends become one blank, none at the ends; other control characters, and
 * those that would turn the direction of what stands beside the label, are dropped. A label of
 * more than BADGE_CHARACTERS_MAX code points ends in an ellipsis, behind a whole character if one
 * ends in the last few code points. */
void badge_text_make(struct slice label, struct badge_text *out_text);

#endif
