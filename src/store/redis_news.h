/*
 * redis_news.h - what an operator is told of a server: each change once.
 *
 * Trouble is a link that is down, or a server that refuses to count. The same trouble is told
 * again once the server has proven itself: a batch has counted, or the link has stayed up for a
 * while. Until then it is told again only where "up" was told behind it, and only from time to
 * time; and after a few troubles, new ones as well only from time to time. So a server that is away
 * is one line for each reason, one that lets us in and fails, again and again, is two lines now and
 * then, and the last line is never "up" for long while the server is not. The address before a
 * reason does not make another reason of it. Pure: it tells by store_events, and the time is an
 * argument.
 */
#ifndef FOOTFALL_STORE_REDIS_NEWS_H
#define FOOTFALL_STORE_REDIS_NEWS_H

#include "base/slice.h"
#include "store/store.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REDIS_NEWS_BYTES = 400,                     /* longer than any error of Redis' own */
    REDIS_NEWS_UP_BYTES = 2 * REDIS_NEWS_BYTES, /* an address and a risk */
    REDIS_NEWS_TOLD_MAX = 4,
    REDIS_NEWS_PROVEN_MS = 5000, /* a link that is up for so long has proven itself */
    REDIS_NEWS_AGAIN_MS = 10000, /* from time to time */
};

enum redis_trouble {
    REDIS_TROUBLE_NONE,
    REDIS_TROUBLE_LINK,    /* down for the reason told */
    REDIS_TROUBLE_REFUSAL, /* errors of the kind told */
};

struct redis_news {
    const struct store_events *events;
    enum redis_trouble trouble; /* the latest, not over yet */
    /* What was told since the server has proven itself last: a ring, for troubles come in turn. */
    struct redis_told {
        enum redis_trouble trouble;
        uint64_t at_ms;
        char what[REDIS_NEWS_BYTES];
    } told[REDIS_NEWS_TOLD_MAX];
    unsigned told_count;
    uint64_t told_ms;               /* the latest of them */
    char refusal[REDIS_NEWS_BYTES]; /* the latest */
    bool is_up_told;                /* behind the trouble, or at the start */
    bool is_left;                   /* the link is cut for the refusal: its fall is no news */
    uint64_t up_since_ms;
    char up[REDIS_NEWS_UP_BYTES]; /* of the present link */
    char told_up[REDIS_NEWS_UP_BYTES];
    char told_warning[REDIS_NEWS_BYTES];
    char told_plain[REDIS_NEWS_BYTES];
    char told_unlisted[REDIS_NEWS_BYTES];
};

/* Borrows `events` as long as the news are used. */
void redis_news_init(struct redis_news *news, const struct store_events *events);

/* The link is up and the server ready to count; `detail` says who it is. A server that refused
 * before has to count first: who it is comes behind redis_counts_again, where that is another. */
void redis_news_up(struct redis_news *news, uint64_t now_ms, const char *detail);

/* The link fell, or an attempt to make it failed. */
void redis_news_down(struct redis_news *news, uint64_t now_ms, const char *reason);

/* The server answered a batch with this error (borrowed; it may hold any byte). */
void redis_news_refused(struct redis_news *news, uint64_t now_ms, struct slice error);

/* The link is going to be cut because the server refused, which was told: the fall that is next is
 * no news. */
void redis_news_left(struct redis_news *news);

/* The server has counted a batch. */
void redis_news_counted(struct redis_news *news);

/* What an operator is to know of the server, "" for nothing. */
void redis_news_warn(struct redis_news *news, const char *warning);

/* Why counting is plain though nobody asked for that, "" where it is not. */
void redis_news_plain(struct redis_news *news, const char *why);

/* Why counters are not listed, "" where they are. */
void redis_news_unlisted(struct redis_news *news, const char *why);

#endif
