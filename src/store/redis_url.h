/*
 * redis_url.h - where a Redis server is and who we are to it, read from a store URL.
 *
 *   redis://[user:password@]host[:port][/database][?mode=plain][&password-file=path]
 *   redis+unix://[user:password@]/path/to.sock[?db=database][&mode=plain][&password-file=path]
 *
 * `mode=plain` counts by INCRBY alone: an answer that is lost is then a visit refused.
 * `redis://:password@host` gives a password without a user, `password-file` (redis_password.h) one
 * that does not stand in the URL: then `user@` may stand alone. User, password and paths may hold
 * percent-encoded bytes. An IPv6 address stands in brackets. Port 6379 and database 0 are the
 * defaults. Pure; what it says of a bad URL never repeats a part of it, since any part may be a
 * misplaced password.
 */
#ifndef FOOTFALL_STORE_REDIS_URL_H
#define FOOTFALL_STORE_REDIS_URL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REDIS_HOST_BYTES_MAX = 255, /* of a name, RFC 1035 2.3.4 */
    REDIS_PATH_BYTES_MAX = 107, /* sun_path of unix(7), without its NUL */
    REDIS_USER_BYTES_MAX = 255,
    REDIS_PASSWORD_BYTES_MAX = 1024, /* tokens of hosted servers are long */
    REDIS_PORT_DEFAULT = 6379,
    REDIS_DATABASE_MAX = INT32_MAX, /* Redis keeps their number in an int */
    REDIS_PASSWORD_PATH_BYTES_MAX = 255,
    /* Room for what redis_url_write() writes, its NUL too. */
    REDIS_URL_TEXT_BYTES = 2048,
};

struct redis_url {
    bool is_unix;
    bool has_password;
    bool is_plain; /* no script is to be used */
    uint16_t port;
    uint32_t database;
    char host[REDIS_HOST_BYTES_MAX + 1]; /* a name or an address without brackets; "" for unix */
    char path[REDIS_PATH_BYTES_MAX + 1]; /* of the socket; "" without unix */
    char user[REDIS_USER_BYTES_MAX + 1]; /* "" when there is none */
    char password[REDIS_PASSWORD_BYTES_MAX + 1];
    char password_file[REDIS_PASSWORD_PATH_BYTES_MAX + 1]; /* "" when the URL names none */
};

/* 0: *out_url is filled in. -EINVAL: *out_url is untouched, and *out_problem is a sentence that
 * says what is wrong and what would be right. */
int redis_url_parse(struct slice text, struct redis_url *out_url, const char **out_problem);

/* Writes the URL with `***` for its password, as in "redis://user:***@host:6379/2", and a NUL. The
 * path of a password file is written, what stands in the file is not. */
void redis_url_write(const struct redis_url *url, char out_text[REDIS_URL_TEXT_BYTES]);

#endif
