/*
 * badge_color.c - the colours that a badge is asked for.
 */
#include "visits/badge_color.h"

#include "base/hexadecimal.h"

#include <stddef.h>

/* As shields.io shows them, whose names people know from other badges; then the names of CSS
 * (css-color-4, 6.1) that it does not use for something else. */
static const struct {
    const char *name;
    uint32_t color;
} colors[] = {
    {"brightgreen", 0x44cc11}, {"green", 0x97ca00},      {"yellowgreen", 0xa4a61d},
    {"yellow", 0xdfb317},      {"orange", 0xfe7d37},     {"red", 0xe05d44},
    {"blue", 0x007ec6},        {"grey", 0x555555},       {"gray", 0x555555},
    {"lightgrey", 0x9f9f9f},   {"lightgray", 0x9f9f9f},  {"success", 0x44cc11},
    {"important", 0xfe7d37},   {"critical", 0xe05d44},   {"informational", 0x007ec6},
    {"inactive", 0x9f9f9f},    {"blueviolet", 0x8a2be2}, {"aqua", 0x00ffff},
    {"black", 0x000000},       {"brown", 0xa52a2a},      {"crimson", 0xdc143c},
    {"cyan", 0x00ffff},        {"darkgreen", 0x006400},  {"fuchsia", 0xff00ff},
    {"gold", 0xffd700},        {"indigo", 0x4b0082},     {"lime", 0x00ff00},
    {"magenta", 0xff00ff},     {"maroon", 0x800000},     {"navy", 0x000080},
    {"olive", 0x808000},       {"pink", 0xffc0cb},       {"purple", 0x800080},
    {"silver", 0xc0c0c0},      {"teal", 0x008080},       {"tomato", 0xff6347},
    {"turquoise", 0x40e0d0},   {"violet", 0xee82ee},     {"white", 0xffffff},
};

static uint32_t digits_read(struct slice digits, uint32_t fallback)
{
    uint32_t color = 0;

    if (digits.length != 3 && digits.length != 6) {
        return fallback;
    }
    for (size_t i = 0; i < digits.length; i++) {
        const int digit = hexadecimal_value(digits.bytes[i]);

        if (digit < 0) {
            return fallback;
        }
        /* Each of three stands for two that are equal. */
        color =
            digits.length == 3 ? color << 8 | (uint32_t)digit * 0x11 : color << 4 | (uint32_t)digit;
    }
    return color;
}

uint32_t badge_color_of(struct slice text, uint32_t fallback)
{
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++) {
        if (slice_equals_ignoring_case(text, slice_of(colors[i].name))) {
            return colors[i].color;
        }
    }
    if (slice_starts_with(text, SLICE("#"))) {
        text = slice_after(text, 1);
    }
    return digits_read(text, fallback);
}

bool badge_color_is_light(uint32_t color)
{
    const uint32_t red = color >> 16 & 0xff;
    const uint32_t green = color >> 8 & 0xff;
    const uint32_t blue = color & 0xff;
    /* Relative luminance as WCAG 2.1 defines it, with the square in place of its curve, which is
     * near enough; contrast to white is 1.05 / (luminance + 0.05). */
    const uint32_t luminance = 2126 * red * red + 7152 * green * green + 722 * blue * blue;

    return luminance > 3 * 1000U * 255 * 255;
}
