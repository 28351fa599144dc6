/*
 * redis_survey.h - the directory (redis_directory.h) put right, once a day, by one worker of all.
 *
 * Names get lost where a worker ends between counting and noting, and where others make or remove
 * counters. So once a day somebody walks through the keys of the database (SCAN), slowly, and notes
 * what is there, and then through the directory, and takes out what is not. Who that is decides
 * `footfall:1:surveyed`: whoever makes it, for a minute at a time, and for a day at the end.
 * Where Redis forbids it nothing is put right.
 *
 * Embedded in the store; belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_SURVEY_H
#define FOOTFALL_STORE_REDIS_SURVEY_H

#include "base/decimal.h"
#include "loop/timer.h"
#include "store/redis_directory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_SURVEY_KEY "footfall:1:surveyed"

struct redis_survey {
    struct loop *loop;
    struct redis_directory *directory;
    const char *writer; /* who we are */
    bool is_scanning;
    uint64_t claimed_ms;
    uint32_t page_keys;
    size_t cursor_length;
    char cursor[DECIMAL_BYTES_MAX]; /* of SCAN */
    struct timer_queue timers;
    struct timer pause; /* until the next page, or the next look whether it is time */
};

/* Borrows all of them. */
void redis_survey_init(struct redis_survey *survey, struct loop *loop,
                       struct redis_directory *directory, const char *writer);

/* No call comes after, once the link is closed. */
void redis_survey_finish(struct redis_survey *survey);

/* The directory is in use on a link: looks whether it is time, now and as long as that is up. */
void redis_survey_start(struct redis_survey *survey);

/* The link is down. */
void redis_survey_stop(struct redis_survey *survey);

#endif
