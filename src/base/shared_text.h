/*
 * shared_text.h - a short text that one process writes and others read, without a lock.
 *
 * It lies in memory that they share. A reader sees a text as it was written, never half of one: it
 * looks at the version before and behind, which is odd while the text changes. A writer that was
 * killed in between leaves it odd; the text is then unreadable until the next is written.
 */
#ifndef FOOTFALL_BASE_SHARED_TEXT_H
#define FOOTFALL_BASE_SHARED_TEXT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { SHARED_TEXT_BYTES = 256 }; /* its NUL too */

/* Zeroed memory is the empty text. */
struct shared_text {
    _Atomic uint32_t version;
    _Atomic uint64_t words[SHARED_TEXT_BYTES / 8];
};

/* Writes `text`, cut to fit. One writer at a time. */
void shared_text_write(struct shared_text *shared, const char *text);

/* True with a copy of the text. False, with "", when it could not be read whole within a few
 * tries. */
bool shared_text_read(const struct shared_text *shared, char out_text[SHARED_TEXT_BYTES]);

#endif
