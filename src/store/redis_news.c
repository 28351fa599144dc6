/*
 * redis_news.c - what an operator is told of a server: each change once.
 */
#include "store/redis_news.h"

#include "store/redis_error.h"

#include <stdio.h>
#include <string.h>

void redis_news_init(struct redis_news *news, const struct store_events *events)
{
    *news = (struct redis_news){.events = events};
}

static void tell(const struct redis_news *news, enum store_notice level, const char *event,
                 const char *detail)
{
    news->events->notice(news->events->owner, level, event, detail);
}

/* The server has proven itself: what comes from now on is new. */
static void forget_trouble(struct redis_news *news)
{
    news->trouble = REDIS_TROUBLE_NONE;
    news->told_count = 0;
}

static struct redis_told *find_told(struct redis_news *news, enum redis_trouble trouble,
                                    const char *what)
{
    for (unsigned i = 0; i < news->told_count && i < REDIS_NEWS_TOLD_MAX; i++) {
        if (news->told[i].trouble == trouble &&
            strncmp(news->told[i].what, what, REDIS_NEWS_BYTES - 1) == 0) {
            return &news->told[i];
        }
    }
    return NULL;
}

/* Notes the trouble. Whether it is to be told. */
static bool is_news(struct redis_news *news, uint64_t now_ms, enum redis_trouble trouble,
                    const char *what)
{
    struct redis_told *told = find_told(news, trouble, what);

    news->trouble = trouble;
    if (told != NULL) {
        if (!news->is_up_told || now_ms - told->at_ms < REDIS_NEWS_AGAIN_MS) {
            return false;
        }
    } else {
        if (news->told_count >= REDIS_NEWS_TOLD_MAX &&
            now_ms - news->told_ms < REDIS_NEWS_AGAIN_MS) {
            return false;
        }
        told = &news->told[news->told_count % REDIS_NEWS_TOLD_MAX];
        told->trouble = trouble;
        (void)snprintf(told->what, REDIS_NEWS_BYTES, "%s", what); /* may be cut */
        news->told_count++;
    }
    told->at_ms = now_ms;
    news->told_ms = now_ms;
    news->is_up_told = false;
    return true;
}

static void tell_up(struct redis_news *news)
{
    news->is_up_told = true;
    (void)snprintf(news->told_up, sizeof news->told_up, "%s", news->up);
    tell(news, STORE_NOTICE_INFO, "redis_link_up", news->up);
}

void redis_news_up(struct redis_news *news, uint64_t now_ms, const char *detail)
{
    news->up_since_ms = now_ms;
    (void)snprintf(news->up, sizeof news->up, "%s", detail);
    if (!news->is_up_told && news->trouble != REDIS_TROUBLE_REFUSAL) {
        tell_up(news);
    }
}

static void tell_refusal(struct redis_news *news, uint64_t now_ms, const char *detail)
{
    if (is_news(news, now_ms, REDIS_TROUBLE_REFUSAL, news->refusal)) {
        tell(news, STORE_NOTICE_ERROR, "redis_refused", detail);
    }
}

/* A server that refused and does not let us in again, for the same reason: the same trouble. */
static bool is_known_refusal(const struct redis_news *news, const char *reason)
{
    return news->trouble == REDIS_TROUBLE_REFUSAL && news->refusal[0] != '\0' &&
           strstr(reason, news->refusal) != NULL;
}

/* What stands behind the address. */
static const char *bare_reason(const char *reason)
{
    const char *colon = strstr(reason, ": ");

    return colon == NULL ? reason : colon + 2;
}

void redis_news_down(struct redis_news *news, uint64_t now_ms, const char *reason)
{
    const bool is_left = news->is_left;

    if (!is_left && news->up_since_ms > 0 && now_ms - news->up_since_ms >= REDIS_NEWS_PROVEN_MS) {
        forget_trouble(news);
    }
    news->up_since_ms = 0;
    news->is_left = false;
    if (is_left) {
        return;
    }
    if (is_known_refusal(news, reason)) {
        tell_refusal(news, now_ms, reason);
    } else if (is_news(news, now_ms, REDIS_TROUBLE_LINK, bare_reason(reason))) {
        tell(news, STORE_NOTICE_ERROR, "redis_link_down", reason);
    }
}

/* The kind of an error is a word in capitals; of one without, and of ERR, which is the kind of
 * whatever has none, the text tells. */
static void note_refusal(struct redis_news *news, struct slice error, const char *detail)
{
    const struct slice kind = redis_error_kind(error);
    bool is_kind = kind.length > 0 && !slice_is(kind, "ERR");

    for (size_t i = 0; i < kind.length; i++) {
        is_kind = is_kind && kind.bytes[i] >= 'A' && kind.bytes[i] <= 'Z';
    }
    if (is_kind) {
        slice_copy_printable(kind, news->refusal, sizeof news->refusal);
    } else {
        (void)snprintf(news->refusal, sizeof news->refusal, "%s", detail);
    }
}

void redis_news_refused(struct redis_news *news, uint64_t now_ms, struct slice error)
{
    char detail[REDIS_NEWS_BYTES];

    slice_copy_printable(error, detail, sizeof detail);
    note_refusal(news, error, detail);
    tell_refusal(news, now_ms, detail);
}

void redis_news_left(struct redis_news *news)
{
    news->is_left = true;
}

void redis_news_counted(struct redis_news *news)
{
    const enum redis_trouble trouble = news->trouble;

    if (trouble == REDIS_TROUBLE_NONE) {
        return;
    }
    forget_trouble(news);
    if (trouble == REDIS_TROUBLE_REFUSAL) {
        news->is_up_told = true; /* this says as much */
        tell(news, STORE_NOTICE_INFO, "redis_counts_again", news->refusal);
    }
    if (strcmp(news->up, news->told_up) != 0) {
        tell_up(news); /* another than before */
    }
}

/* Tells the text unless it is the one that was told last, or "". */
static void tell_change(struct redis_news *news, char *last_told, const char *event,
                        const char *text)
{
    if (strncmp(text, last_told, REDIS_NEWS_BYTES - 1) == 0) {
        return;
    }
    (void)snprintf(last_told, REDIS_NEWS_BYTES, "%s", text);
    if (text[0] != '\0') {
        tell(news, STORE_NOTICE_WARNING, event, text);
    }
}

void redis_news_warn(struct redis_news *news, const char *warning)
{
    tell_change(news, news->told_warning, "redis_may_forget", warning);
}

void redis_news_plain(struct redis_news *news, const char *why)
{
    tell_change(news, news->told_plain, "redis_plain", why);
}

void redis_news_unlisted(struct redis_news *news, const char *why)
{
    tell_change(news, news->told_unlisted, "redis_unlisted", why);
}
