/*
 * utf8.c - bytes to code points and back.
 */
#include "base/utf8.h"

#include <assert.h>

/* What may follow a first byte: how many bytes, and the bounds of the next one. Bytes after that
 * are 80 to BF (Unicode 3.9, table 3-7). */
struct sequence {
    unsigned char first, last; /* first bytes */
    unsigned char more;
    unsigned char next_min, next_max;
};

static const struct sequence sequences[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, /* C0 and C1 would be overlong */
    {0xe0, 0xe0, 2, 0xa0, 0xbf}, /* less would be overlong */
    {0xe1, 0xec, 2, 0x80, 0xbf}, /**/
    {0xed, 0xed, 2, 0x80, 0x9f}, /* more would be a surrogate */
    {0xee, 0xef, 2, 0x80, 0xbf}, /**/
    {0xf0, 0xf0, 3, 0x90, 0xbf}, /* less would be overlong */
    {0xf1, 0xf3, 3, 0x80, 0xbf}, /**/
    {0xf4, 0xf4, 3, 0x80, 0x8f}, /* more would be past UTF8_POINT_MAX */
};

static const struct sequence *sequence_of(unsigned char first)
{
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        if (first >= sequences[i].first && first <= sequences[i].last) {
            return &sequences[i];
        }
    }
    return NULL;
}

uint32_t utf8_take(struct slice *rest)
{
    const unsigned char first = (unsigned char)rest->bytes[0];
    const struct sequence *sequence = first < 0x80 ? NULL : sequence_of(first);
    unsigned char next_min, next_max;
    uint32_t point;

    *rest = slice_after(*rest, 1);
    if (sequence == NULL) {
        return first < 0x80 ? first : UTF8_REPLACEMENT;
    }
    next_min = sequence->next_min;
    next_max = sequence->next_max;
    point = first & (0x3fU >> sequence->more); /* 5, 4 or 3 bits of the first byte */
    for (unsigned i = 0; i < sequence->more; i++) {
        const unsigned char next = rest->length > 0 ? (unsigned char)rest->bytes[0] : 0;

        if (next < next_min || next > next_max) {
            return UTF8_REPLACEMENT;
        }
        point = point << 6 | (next & 0x3fU);
        *rest = slice_after(*rest, 1);
        next_min = 0x80;
        next_max = 0xbf;
    }
    return point;
}

size_t utf8_write(char *out_bytes, uint32_t point)
{
    const unsigned more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char marks[] = {0, 0xc0, 0xe0, 0xf0};

    assert(point <= UTF8_POINT_MAX && (point < 0xd800 || point > 0xdfff));
    out_bytes[0] = (char)(marks[more] | point >> 6 * more);
    for (unsigned i = 1; i <= more; i++) {
        out_bytes[i] = (char)(0x80 | (point >> 6 * (more - i) & 0x3f));
    }
    return more + 1;
}
