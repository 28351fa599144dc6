/*
 * badge.c - a counter's number as a picture.
 *
 * Label and number are two boxes of whole pixels, so that the border between them is sharp, each
 * with its text in the middle. Texts are told how long to be, because the reader's font is
 * unknown here.
 */
#include "visits/badge.h"

#include "visits/badge_color.h"
#include "visits/badge_width.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum {
    PADDING = 6, /* pixels left and right of a text */
    CORNER = 3,  /* radius, in pixels, of BADGE_FLAT */

    COLOR_DEFAULT = 0x007ec6,
    LABEL_COLOR_DEFAULT = 0x555555,
    LETTERS_LIGHT = 0xffffff,
    LETTERS_DARK = 0x222222,
};

struct output {
    char *bytes;
    size_t length;
};

/* One half of the badge. */
struct box {
    struct slice text; /* escaped */
    uint32_t text_width;
    uint32_t color;
    bool is_right_to_left;
    uint32_t left, width; /* pixels */
};

/* Adds what printf(3) would write. That it fits is ours to know: BADGE_BYTES_MAX. */
__attribute__((format(printf, 2, 3))) static void put(struct output *output, const char *format,
                                                      ...)
{
    const size_t room = BADGE_BYTES_MAX - output->length;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(output->bytes + output->length, room, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < room);
    output->length += (size_t)length;
}

static void put_slice(struct output *output, struct slice slice)
{
    assert(slice.length < BADGE_BYTES_MAX - output->length);
    memcpy(output->bytes + output->length, slice.bytes, slice.length);
    output->length += slice.length;
}

/* What the badge says, in one line. Isolates (UAX 9) keep the number in its place behind a label
 * from right to left; nobody else has to meet them. */
static void put_name(struct output *output, const struct badge_text *label, struct slice number)
{
    if (label->width > 0) {
        put(output, "%s", label->has_right_to_left ? "\u2068" : "");
        put_slice(output, (struct slice){label->bytes, label->length});
        put(output, "%s: ", label->has_right_to_left ? "\u2069" : "");
    }
    put_slice(output, number);
}

/* The outline clockwise, from the top left. */
static void put_background(struct output *output, const struct box *box, uint32_t left_corner,
                           uint32_t right_corner)
{
    put(output, "<path fill=\"#%06" PRIx32 "\" d=\"M%" PRIu32 " 0H%" PRIu32, box->color,
        box->left + left_corner, box->left + box->width - right_corner);
    put(output, "%s", right_corner > 0 ? "a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3" : "v20");
    put(output, "H%" PRIu32, box->left + left_corner);
    put(output, "%s", left_corner > 0 ? "a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z\"/>" : "z\"/>");
}

static void put_text(struct output *output, const struct box *box)
{
    const uint32_t tenths = (box->text_width + 5) / 10;
    const uint32_t halves = 2 * box->left + box->width;

    put(output, "<text x=\"%" PRIu32 "%s\" y=\"14\" fill=\"#%06x\"", halves / 2,
        halves % 2 != 0 ? ".5" : "",
        badge_color_is_light(box->color) ? (unsigned)LETTERS_DARK : (unsigned)LETTERS_LIGHT);
    /* "spacing" alone would tear the letters of joined scripts apart. */
    put(output, " textLength=\"%" PRIu32 ".%" PRIu32 "\" lengthAdjust=\"spacingAndGlyphs\"%s>",
        tenths / 10, tenths % 10, box->is_right_to_left ? " direction=\"rtl\"" : "");
    put_slice(output, box->text);
    put(output, "</text>");
}

static void put_image(struct output *output, const struct badge *badge, const struct box *label,
                      const struct box *number)
{
    const uint32_t corner = badge->style == BADGE_FLAT ? CORNER : 0;

    if (label->width > 0) {
        put_background(output, label, corner, 0);
    }
    put_background(output, number, label->width > 0 ? 0 : corner, corner);
    put(output, "<g font-family=\"Verdana,Geneva,DejaVu Sans,sans-serif\" font-size=\"11\" "
                "text-anchor=\"middle\" text-rendering=\"geometricPrecision\">");
    if (label->width > 0) {
        put_text(output, label);
    }
    put_text(output, number);
    put(output, "</g>");
}

static uint32_t box_width(uint32_t text_width)
{
    return text_width > 0 ? (text_width + 99) / 100 + 2 * PADDING : 0;
}

static uint32_t number_width(struct slice number)
{
    uint32_t points[BADGE_NUMBER_BYTES_MAX];

    for (size_t i = 0; i < number.length; i++) {
        points[i] = (unsigned char)number.bytes[i];
    }
    return badge_width(points, number.length);
}

enum badge_style badge_style_of(struct slice name)
{
    return slice_equals_ignoring_case(name, SLICE("flat-square")) ? BADGE_FLAT_SQUARE : BADGE_FLAT;
}

size_t badge_write(const struct badge *badge, char *out_bytes)
{
    struct output output = {0};
    struct badge_text text;
    char digits[BADGE_NUMBER_BYTES_MAX];
    struct box label = {.color = badge_color_of(badge->label_color, LABEL_COLOR_DEFAULT)};
    struct box number = {.color = badge_color_of(badge->color, COLOR_DEFAULT)};

    output.bytes = out_bytes;
    badge_text_make(badge->label.bytes == NULL ? SLICE("visitors") : badge->label, &text);
    label.text = (struct slice){text.bytes, text.length};
    label.text_width = text.width;
    label.is_right_to_left = text.is_right_to_left;
    label.width = box_width(label.text_width);
    number.text =
        (struct slice){digits, badge_number_write(digits, badge->number, badge->number_format)};
    number.text_width = number_width(number.text);
    number.left = label.width;
    number.width = box_width(number.text_width);

    put(&output,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%" PRIu32 "\" height=\"20\" "
        "viewBox=\"0 0 %" PRIu32 " 20\" direction=\"ltr\" role=\"img\" aria-label=\"",
        label.width + number.width, label.width + number.width);
    put_name(&output, &text, number.text);
    put(&output, "\"><title>");
    put_name(&output, &text, number.text);
    put(&output, "</title>");
    put_image(&output, badge, &label, &number);
    put(&output, "</svg>\n");
    return output.length;
}
