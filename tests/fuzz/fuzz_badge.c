/*
 * fuzz_badge.c - whatever a label says, the badge is well-formed and its texts are two.
 *
 * The first byte of the input picks style, format and sign, the rest is the label and, up to its
 * first line end, a colour as well.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "visits/badge.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What XML 1.0 allows (2.2), less what is only trouble. */
static bool is_allowed(uint32_t point)
{
    return point == '\n' || (point >= 0x20 && point < 0x7f) ||
           (point >= 0xa0 && (point & 0xfffe) != 0xfffe);
}

/* Takes the reference that begins at an ampersand. */
static void reference_take(struct slice *rest)
{
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};

    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        const struct slice reference = slice_of(references[i]);

        if (slice_starts_with(*rest, reference)) {
            *rest = slice_after(*rest, reference.length);
            return;
        }
    }
    abort();
}

struct seen {
    unsigned depth;
    unsigned texts;
};

/* One tag, whose "<" is the first byte: of those that badges are made of. */
static void tag_take(struct slice *rest, struct seen *seen)
{
    const bool is_end = slice_starts_with(*rest, SLICE("</"));
    const bool is_path = slice_starts_with(*rest, SLICE("<path "));
    bool is_quoted = false;

    seen->texts += slice_starts_with(*rest, SLICE("<text ")) ? 1 : 0;
    *rest = slice_after(*rest, 1);
    while (check(rest->length > 0), is_quoted || rest->bytes[0] != '>') {
        if (rest->bytes[0] == '&') {
            check(is_quoted);
            reference_take(rest);
            continue;
        }
        is_quoted ^= rest->bytes[0] == '"';
        check(rest->bytes[0] != '<' && is_allowed(utf8_take(rest)));
    }
    *rest = slice_after(*rest, 1);
    check(!is_end || seen->depth > 0);
    seen->depth += is_path ? 0U : is_end ? -1U : 1U;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice label = {(const char *)data + 1, size - 1};
    const char *line_end;
    char bytes[BADGE_BYTES_MAX];
    struct seen seen = {0};
    struct badge badge;
    struct slice rest;

    if (size == 0) {
        return 0;
    }
    line_end = memchr(label.bytes, '\n', label.length);
    badge = (struct badge){
        .label = label,
        .color = {label.bytes, line_end == NULL ? 0 : (size_t)(line_end - label.bytes)},
        .style = data[0] & 1 ? BADGE_FLAT : BADGE_FLAT_SQUARE,
        .number_format = data[0] & 2 ? BADGE_NUMBER_PLAIN : BADGE_NUMBER_SHORT,
        .number = data[0] & 4 ? INT64_MIN : data[0] * 12345LL,
    };
    rest = (struct slice){bytes, badge_write(&badge, bytes)};
    check(rest.length < BADGE_BYTES_MAX);
    while (rest.length > 0) {
        if (rest.bytes[0] == '<') {
            tag_take(&rest, &seen);
        } else if (rest.bytes[0] == '&') {
            reference_take(&rest);
        } else {
            check(rest.bytes[0] != '>' && is_allowed(utf8_take(&rest)));
        }
    }
    check(seen.depth == 0 && (seen.texts == 1 || seen.texts == 2));
    return 0;
}
