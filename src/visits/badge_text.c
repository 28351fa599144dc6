/*
 * badge_text.c - a label of strangers, made fit for a badge.
 */
#include "visits/badge_text.h"

#include "base/utf8.h"
#include "visits/badge_width.h"

enum {
    ELLIPSIS = 0x2026,
    CUT_BACK_MAX = 16, /* code points that a cut goes back for a whole character */
};

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t point)
{
    for (size_t i = 0; i < count; i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

#define IS_IN(ranges, point) is_in(ranges, sizeof(ranges) / sizeof(ranges)[0], point)

/* What ends a line somewhere, and the tab. XML would make blanks of some. */
static const struct range blanks[] = {{'\t', '\r'}, {' ', ' '}, {0x85, 0x85}, {0x2028, 0x2029}};

static const struct range dropped[] = {
    {0, 0x1f},          /* of these XML 1.0 allows only blanks */
    {0x7f, 0x9f},       /* allowed, and nothing but trouble (XML 1.0 2.2, note) */
    {0xad, 0xad},       /* a hyphen that shows at the end of a line only */
    {0x61c, 0x61c},     /* directions (UAX 9): this one, */
    {0x200e, 0x200f},   /* these marks, */
    {0x202a, 0x202e},   /* embeddings and overrides, */
    {0x2066, 0x2069},   /* isolates */
    {0x206a, 0x206f},   /* deprecated formatting */
    {0xfeff, 0xfeff},   /* the mark of byte order */
    {0xfff9, 0xfffb},   /* annotations */
    {0xe0001, 0xe0001}, /* a deprecated tag */
};

/* Scripts from right to left. Digits and marks among them change nothing here. */
static const struct range right_to_left[] = {
    {0x590, 0x8ff}, {0xfb1d, 0xfdff}, {0xfe70, 0xfeff}, {0x10800, 0x10fff}, {0x1e800, 0x1efff}};

/* No letters: a direction is not told by these. */
static const struct range neutral[] = {
    {0, 0x40},        {0x5b, 0x60},      {0x7b, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},
    {0xbb, 0xbf},     {0xd7, 0xd7},      {0xf7, 0xf7},     {0x2000, 0x2070}, {0x2074, 0x207e},
    {0x2080, 0x208e}, {0x20a0, 0x20cf},  {0x2190, 0x2bff}, {0x3000, 0x3004}, {0x3008, 0x3020},
    {0xfffd, 0xfffd}, {0x1f000, 0x1faff}};

/* How a code point is shown; 0 when it is not. */
static uint32_t shown_as(uint32_t point)
{
    if (IS_IN(blanks, point)) {
        return ' ';
    }
    if (IS_IN(dropped, point)) {
        return 0;
    }
    /* Noncharacters (Unicode 23.7); XML 1.0 forbids the first two. */
    if ((point & 0xfffe) == 0xfffe || (point >= 0xfdd0 && point <= 0xfdef)) {
        return UTF8_REPLACEMENT;
    }
    return point;
}

/* Where to cut `points`, of which count - 1 are the most, so that no character loses its end. */
static size_t cut_place(const uint32_t *points, size_t count)
{
    const size_t place_max = count - 1;
    size_t place = place_max;

    while (place > place_max - CUT_BACK_MAX &&
           badge_point_continues(points[place - 1], points[place])) {
        place--;
    }
    if (place == place_max - CUT_BACK_MAX) {
        place = place_max; /* marks upon marks */
    }
    while (place > 0 && points[place - 1] == ' ') {
        place--;
    }
    return place;
}

/* The code points that are shown, at most BADGE_CHARACTERS_MAX, and how many those are. */
static size_t points_gather(struct slice label, uint32_t *out_points)
{
    size_t count = 0;

    while (label.length > 0) {
        const uint32_t point = shown_as(utf8_take(&label));
        const bool is_blank_too_many = point == ' ' && (count == 0 || out_points[count - 1] == ' ');

        if (point == 0 || is_blank_too_many) {
            continue;
        }
        if (count == BADGE_CHARACTERS_MAX) {
            if (point == ' ') { /* perhaps only blanks come */
                continue;
            }
            count = cut_place(out_points, count);
            out_points[count++] = ELLIPSIS;
            break;
        }
        out_points[count++] = point;
    }
    while (count > 0 && out_points[count - 1] == ' ') {
        count--;
    }
    return count;
}

static struct slice markup_escaped(uint32_t point)
{
    switch (point) {
    case '&':
        return SLICE("&amp;");
    case '<':
        return SLICE("&lt;");
    case '>':
        return SLICE("&gt;");
    case '"':
        return SLICE("&quot;");
    case '\'':
        return SLICE("&#39;");
    default:
        return SLICE("");
    }
}

static void add_point(struct badge_text *text, uint32_t point)
{
    const struct slice escaped = markup_escaped(point);

    if (escaped.length > 0) {
        memcpy(text->bytes + text->length, escaped.bytes, escaped.length);
        text->length += escaped.length;
    } else {
        text->length += utf8_write(text->bytes + text->length, point);
    }
}

void badge_text_make(struct slice label, struct badge_text *out_text)
{
    uint32_t points[BADGE_CHARACTERS_MAX];
    const size_t count = points_gather(label, points);
    bool has_letter = false;

    out_text->length = 0;
    out_text->width = badge_width(points, count);
    out_text->is_right_to_left = false;
    out_text->has_right_to_left = false;
    for (size_t i = 0; i < count; i++) {
        add_point(out_text, points[i]);
        if (IS_IN(right_to_left, points[i])) {
            out_text->has_right_to_left = true;
            out_text->is_right_to_left |= !has_letter;
            has_letter = true;
        } else if (!IS_IN(neutral, points[i]) && !badge_point_is_mark(points[i])) {
            has_letter = true;
        }
    }
}
