/*
 * spelling.c - the distance of two words, and the word with the smallest.
 */
#include "base/spelling.h"

#include <stdint.h>

static size_t smallest(size_t one, size_t other, size_t third)
{
    size_t result = one < other ? one : other;

    return result < third ? result : third;
}

/* How many bytes must be put in, left out or changed to make one of the other (Levenshtein). The
 * other has at most SPELLING_BYTES_MAX. */
static size_t distance_of(struct slice one, struct slice other)
{
    size_t row[SPELLING_BYTES_MAX + 1]; /* to each beginning of `other` */

    for (size_t j = 0; j <= other.length; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < one.length; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < other.length; j++) {
            size_t change = diagonal + (one.bytes[i] != other.bytes[j]);

            diagonal = row[j + 1];
            row[j + 1] = smallest(change, diagonal + 1, row[j] + 1);
        }
    }
    return row[other.length];
}

const char *spelling_nearest(struct slice word, const char *const *known, size_t count)
{
    const char *nearest = NULL;
    size_t distance_min = SIZE_MAX;

    if (word.length > SPELLING_BYTES_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (known[i] != NULL) {
            size_t distance = distance_of(slice_of(known[i]), word);

            if (distance < distance_min && distance <= strlen(known[i]) / 2) {
                nearest = known[i];
                distance_min = distance;
            }
        }
    }
    return nearest;
}
