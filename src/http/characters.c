/*
 * characters.c - the table of characters, and the search for the end of a line.
 *
 * Bytes above 127 are obs-text: they may stand in field values and quoted strings, which ask for
 * controls only, and nowhere else, so no row of the table names them.
 */
#include "http/characters.h"

#include <endian.h>

enum {
    TOKEN = CHARACTER_TOKEN,
    TARGET = CHARACTER_TARGET,
    HOST = CHARACTER_HOST,
    CONTROL = CHARACTER_CONTROL,
    LETTER = TOKEN | TARGET | HOST,
    HEX_LETTER = LETTER | CHARACTER_HEX,
    FIGURE = HEX_LETTER | CHARACTER_DIGIT,
};

/* Laid out by hand: clang-format would give each entry a line of its own. */
/* clang-format off */
const uint8_t character_kinds[256] = {
    /* Letters and digits are unreserved: good in tokens, targets and hosts. */
    ['A'] = HEX_LETTER, ['B'] = HEX_LETTER, ['C'] = HEX_LETTER, ['D'] = HEX_LETTER,
    ['E'] = HEX_LETTER, ['F'] = HEX_LETTER, ['G'] = LETTER, ['H'] = LETTER, ['I'] = LETTER,
    ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER, ['M'] = LETTER, ['N'] = LETTER, ['O'] = LETTER,
    ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER, ['S'] = LETTER, ['T'] = LETTER, ['U'] = LETTER,
    ['V'] = LETTER, ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER,
    ['a'] = HEX_LETTER, ['b'] = HEX_LETTER, ['c'] = HEX_LETTER, ['d'] = HEX_LETTER,
    ['e'] = HEX_LETTER, ['f'] = HEX_LETTER, ['g'] = LETTER, ['h'] = LETTER, ['i'] = LETTER,
    ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER, ['n'] = LETTER, ['o'] = LETTER,
    ['p'] = LETTER, ['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER, ['t'] = LETTER, ['u'] = LETTER,
    ['v'] = LETTER, ['w'] = LETTER, ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER, ['0'] = FIGURE,
    ['1'] = FIGURE, ['2'] = FIGURE, ['3'] = FIGURE, ['4'] = FIGURE, ['5'] = FIGURE, ['6'] = FIGURE,
    ['7'] = FIGURE, ['8'] = FIGURE, ['9'] = FIGURE,
    /* RFC 3986 2.3 and 2.2: unreserved marks and sub-delimiters that a token may hold. */
    ['-'] = LETTER, ['.'] = LETTER, ['_'] = LETTER, ['~'] = LETTER, ['!'] = LETTER, ['$'] = LETTER,
    ['&'] = LETTER, ['\''] = LETTER, ['*'] = LETTER, ['+'] = LETTER,
    /* Sub-delimiters that a token may not hold. */
    ['('] = TARGET | HOST, [')'] = TARGET | HOST, [','] = TARGET | HOST, [';'] = TARGET | HOST,
    ['='] = TARGET | HOST,
    /* The delimiters of paths and queries; a percent sign is looked at by who reads a host. */
    [':'] = TARGET, ['@'] = TARGET, ['/'] = TARGET, ['?'] = TARGET, ['%'] = TOKEN | TARGET,
    /* Not part of a URI outside of an authority's brackets, but browsers send them as they are
     * (docs/decisions/0005). */
    ['^'] = TOKEN | TARGET, ['`'] = TOKEN | TARGET, ['|'] = TOKEN | TARGET, ['['] = TARGET,
    [']'] = TARGET, ['\\'] = TARGET, ['{'] = TARGET, ['}'] = TARGET,
    /* Ends a target. */
    ['#'] = TOKEN,
    /* The tab, 9, is missing on purpose. */
    [0] = CONTROL, [1] = CONTROL, [2] = CONTROL, [3] = CONTROL, [4] = CONTROL, [5] = CONTROL,
    [6] = CONTROL, [7] = CONTROL, [8] = CONTROL, [10] = CONTROL, [11] = CONTROL, [12] = CONTROL,
    [13] = CONTROL, [14] = CONTROL, [15] = CONTROL, [16] = CONTROL, [17] = CONTROL, [18] = CONTROL,
    [19] = CONTROL, [20] = CONTROL, [21] = CONTROL, [22] = CONTROL, [23] = CONTROL, [24] = CONTROL,
    [25] = CONTROL, [26] = CONTROL, [27] = CONTROL, [28] = CONTROL, [29] = CONTROL, [30] = CONTROL,
    [31] = CONTROL, [127] = CONTROL,
};
/* clang-format on */

enum { WORD_BYTES = 8 };

/* The same byte eight times. */
static const uint64_t EACH = 0x0101010101010101;

/* Bit 7 of each byte that is below 32 or 127. A borrow can raise the bit of a byte wrongly, but
 * only behind one that is rightly raised, and the first is all that is asked for. */
static uint64_t word_controls(uint64_t word)
{
    const uint64_t without_delete = word ^ EACH * 0x7f;
    const uint64_t below_space = (word - EACH * 0x20) & ~word;
    const uint64_t is_delete = (without_delete - EACH) & ~without_delete;

    return (below_space | is_delete) & EACH * 0x80;
}

size_t characters_before_control(struct slice bytes)
{
    size_t count = 0;

    while (bytes.length - count >= WORD_BYTES) {
        uint64_t word;
        uint64_t controls;

        memcpy(&word, bytes.bytes + count, sizeof word);
        controls = word_controls(le64toh(word)); /* the first byte is the lowest one */
        if (controls == 0) {
            count += WORD_BYTES;
            continue;
        }
        count += (size_t)__builtin_ctzll(controls) / 8;
        if (bytes.bytes[count] != '\t') {
            return count;
        }
        count++;
    }
    while (count < bytes.length && !character_is(bytes.bytes[count], CHARACTER_CONTROL)) {
        count++;
    }
    return count;
}
