/*
 * redis_news_scene.h - news of a server, and what was told of them.
 *
 * What was told stands in one text, a line each: its level, its event, its detail.
 */
#ifndef FOOTFALL_TEST_REDIS_NEWS_SCENE_H
#define FOOTFALL_TEST_REDIS_NEWS_SCENE_H

#include "store/redis_news.h"
#include "test.h"

#include <stdio.h>

enum { TOLD_BYTES = 16 * 1024 };

static char told[TOLD_BYTES];
static struct redis_news news;
static uint64_t now_ms; /* of refusals */

static inline void note_notice(void *owner, enum store_notice level, const char *event,
                               const char *detail)
{
    static const char *const levels[] = {
        [STORE_NOTICE_INFO] = "info",
        [STORE_NOTICE_WARNING] = "warning",
        [STORE_NOTICE_ERROR] = "error",
    };
    const size_t length = strlen(told);
    int added =
        snprintf(told + length, sizeof told - length, "%s %s %s\n", levels[level], event, detail);

    assert_ptr_equal(owner, told);
    assert_true(added > 0 && (size_t)added < sizeof told - length);
}

static inline void begin(void)
{
    static const struct store_events events = {.notice = note_notice, .owner = told};

    told[0] = '\0';
    now_ms = 1;
    redis_news_init(&news, &events);
}

/* What was told since the last call is `expected`. */
static inline void assert_told(const char *expected)
{
    assert_string_equal(told, expected);
    told[0] = '\0';
}

static inline void refuse(const char *error)
{
    redis_news_refused(&news, now_ms, slice_of(error));
}

#endif
