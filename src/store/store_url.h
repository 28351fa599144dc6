/*
 * store_url.h - which store a URL names, and opening it.
 *
 *   memory:   lmdb:PATH[?map_max=SIZE]   redis://…   redis+unix://…  (redis_url.h)
 */
#ifndef FOOTFALL_STORE_STORE_URL_H
#define FOOTFALL_STORE_STORE_URL_H

#include "store/redis_url.h"
#include "store/store.h"

#include <limits.h>
#include <stddef.h>

struct loop;

enum store_scheme {
    STORE_MEMORY,
    STORE_LMDB,
    STORE_REDIS,
};

enum {
    STORE_REASON_BYTES = 512,
    STORE_URL_TEXT_BYTES = PATH_MAX > REDIS_URL_TEXT_BYTES ? PATH_MAX : REDIS_URL_TEXT_BYTES,
};

struct store_url {
    enum store_scheme scheme;
    struct redis_url redis;
    size_t map_bytes;    /* the most that LMDB may take */
    char path[PATH_MAX]; /* of LMDB's folder */
};

/* 0; or -EINVAL with *out_url untouched and *out_problem a sentence, which repeats nothing of the
 * text: any part of it may be a misplaced password. */
int store_url_parse(struct slice text, struct store_url *out_url, const char **out_problem);

/* Reads what the URL leaves to a file (redis_password.h): after each parse, before it is opened. 0;
 * or -EINVAL with *url untouched, and out_problem says which file and what is wrong with it. */
int store_url_read_secrets(struct store_url *url, char out_problem[STORE_REASON_BYTES]);

/* The URL without its password, and a NUL. */
void store_url_write(const struct store_url *url, char out_text[STORE_URL_TEXT_BYTES]);

/* Opens the store. `timeout_ms` is how long a hit waits for it at most, 0 for ever. 0: the caller
 * owns *out_store. -errno: untouched, and out_reason says what is wrong and how to mend it. */
int store_url_open(const struct store_url *url, struct loop *loop, uint64_t timeout_ms,
                   const struct store_events *events, struct store **out_store,
                   char out_reason[STORE_REASON_BYTES]);

/* What speaks against keeping counts there, as a sentence to warn of, or NULL. */
const char *store_url_warning(const struct store_url *url);

#endif
