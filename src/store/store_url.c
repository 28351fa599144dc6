/*
 * store_url.c - schemes of store URLs.
 */
#include "store/store_url.h"

#include "base/decimal.h"
#include "store/lmdb.h"
#include "store/memory.h"
#include "store/redis.h"
#include "store/redis_password.h"

#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

enum { MAP_BYTES_MIN = 65536 };
static const size_t map_bytes_default = (size_t)64 << 30; /* sparse: takes what is used */

/* A number of bytes with K, M, G or T behind it, or nothing. */
static bool parse_size(struct slice text, size_t *out_bytes)
{
    static const char units[] = "KMGT";
    const size_t page_bytes = 4096;
    unsigned shift = 0;
    const char *unit;
    uint64_t number;

    if (text.length == 0) {
        return false;
    }
    unit = strchr(units, text.bytes[text.length - 1]);
    if (unit != NULL) {
        shift = 10 * (unsigned)(unit - units + 1);
        text.length--;
    }
    if (!decimal_read(text, ((uint64_t)1 << 46) >> shift, &number) ||
        number << shift < MAP_BYTES_MIN) {
        return false;
    }
    *out_bytes = ((number << shift) + page_bytes - 1) / page_bytes * page_bytes;
    return true;
}

static int parse_lmdb(struct slice text, struct store_url *url, const char **out_problem)
{
    static const struct slice map_max = {"map_max=", 8};
    const char *question = memchr(text.bytes, '?', text.length);
    struct slice path = text;

    url->scheme = STORE_LMDB;
    url->map_bytes = map_bytes_default;
    if (question != NULL) {
        struct slice query = slice_after(text, (size_t)(question - text.bytes) + 1);

        path.length = (size_t)(question - text.bytes);
        if (!slice_starts_with(query, map_max) ||
            !parse_size(slice_after(query, map_max.length), &url->map_bytes)) {
            *out_problem = "behind lmdb:PATH? it takes map_max=SIZE, from 64K to 64T";
            return -EINVAL;
        }
    }
    if (path.length == 0 || path.length >= sizeof url->path ||
        memchr(path.bytes, '\0', path.length) != NULL) {
        *out_problem = "lmdb: needs the path of a folder behind it, as in lmdb:./footfall-data";
        return -EINVAL;
    }
    memcpy(url->path, path.bytes, path.length);
    url->path[path.length] = '\0';
    return 0;
}

int store_url_parse(struct slice text, struct store_url *out_url, const char **out_problem)
{
    struct store_url url = {.scheme = STORE_MEMORY};
    int result = 0;

    if (slice_is(text, "memory:")) {
        url.scheme = STORE_MEMORY;
    } else if (slice_starts_with(text, SLICE("lmdb:"))) {
        result = parse_lmdb(slice_after(text, 5), &url, out_problem);
    } else if (slice_starts_with(text, SLICE("redis"))) {
        url.scheme = STORE_REDIS;
        result = redis_url_parse(text, &url.redis, out_problem);
    } else {
        *out_problem = "it takes memory:, lmdb:PATH, redis://… or redis+unix://…";
        result = -EINVAL;
    }
    if (result == 0) {
        *out_url = url;
    }
    return result;
}

_Static_assert((int)STORE_REASON_BYTES >= (int)REDIS_PASSWORD_PROBLEM_BYTES, "one for the other");

int store_url_read_secrets(struct store_url *url, char out_problem[STORE_REASON_BYTES])
{
    return url->scheme == STORE_REDIS ? redis_password_read(&url->redis, out_problem) : 0;
}

void store_url_write(const struct store_url *url, char out_text[STORE_URL_TEXT_BYTES])
{
    switch (url->scheme) {
    case STORE_MEMORY:
        (void)snprintf(out_text, STORE_URL_TEXT_BYTES, "memory:");
        break;
    case STORE_LMDB:
        (void)snprintf(out_text, STORE_URL_TEXT_BYTES, "lmdb:%.*s", PATH_MAX - 6, url->path);
        break;
    case STORE_REDIS:
        redis_url_write(&url->redis, out_text);
        break;
    }
}

int store_url_open(const struct store_url *url, struct loop *loop, uint64_t timeout_ms,
                   const struct store_events *events, struct store **out_store,
                   char out_reason[STORE_REASON_BYTES])
{
    int result = 0;

    switch (url->scheme) {
    case STORE_MEMORY:
        result = store_memory_open(loop, events, out_store);
        break;
    case STORE_LMDB:
        return store_lmdb_open(loop, url->path, url->map_bytes, events, out_store, out_reason,
                               STORE_REASON_BYTES);
    case STORE_REDIS:
        result = store_redis_open(loop, &url->redis, (uint32_t)timeout_ms, events, out_store);
        break;
    }
    if (result < 0) {
        (void)snprintf(out_reason, STORE_REASON_BYTES, "the store cannot be started: %s",
                       strerror(-result));
    }
    return result;
}

const char *store_url_warning(const struct store_url *url)
{
    enum { CIFS = 0x517b /* SMB */, SMB2 = (int)0xfe534d42, CIFS_NUMBER = (int)0xff534d42 };
    struct statfs information;
    char path[PATH_MAX + 4];

    if (url->scheme != STORE_LMDB) {
        return NULL;
    }
    (void)snprintf(path, sizeof path, "%s", url->path);
    if (statfs(path, &information) < 0) {
        /* It is made at the start, in the folder above. */
        if (statfs(dirname(path), &information) < 0) {
            return NULL;
        }
    }
    switch ((int)information.f_type) {
    case NFS_SUPER_MAGIC:
    case CIFS:
    case SMB2:
    case CIFS_NUMBER:
    case V9FS_MAGIC:
    case AFS_SUPER_MAGIC:
        return "the folder is on a network file system, where LMDB's locks and its memory map may "
               "not hold: keep it on a local disk";
    default:
        return NULL;
    }
}
