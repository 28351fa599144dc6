/*
 * date.h - the Date field, made once a second (RFC 9110 5.6.7, IMF-fixdate). One thread.
 */
#ifndef FOOTFALL_HTTP_DATE_H
#define FOOTFALL_HTTP_DATE_H

#include "base/slice.h"

#include <stdint.h>

enum { DATE_BYTES = 29 };

struct date {
    uint64_t checked_ms; /* monotonic: when the wall clock was last read */
    int64_t second;      /* what the text says, since 1970 */
    char text[DATE_BYTES + 1];
};

/* Nothing is made yet. */
void date_init(struct date *date);

/* The present date. `now_ms` is the loop's time: within the same tenth of a second the wall clock
 * is not read again. Valid until the next call. */
struct slice date_text(struct date *date, uint64_t now_ms);

/* Writes `second` (since 1970) as IMF-fixdate, DATE_BYTES bytes and a NUL. */
void date_write(char *out_text, int64_t second);

#endif
