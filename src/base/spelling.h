/*
 * spelling.h - what somebody meant who wrote a word that nothing here knows. Pure.
 */
#ifndef FOOTFALL_BASE_SPELLING_H
#define FOOTFALL_BASE_SPELLING_H

#include "base/slice.h"

enum { SPELLING_BYTES_MAX = 60 }; /* of a word that can be compared; no known one is so long */

/* The one of `count` known words that is nearest to `word`, or NULL when no more than half of it
 * would stay, or the word is longer than SPELLING_BYTES_MAX. NULLs among the known are passed over.
 */
const char *spelling_nearest(struct slice word, const char *const *known, size_t count);

#endif
