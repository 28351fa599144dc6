/*
 * redis_greeting.h - what is said on a new connection before anything is counted on it.
 *
 * AUTH where the URL has a password, SELECT where it has a database, always PING (only an answer
 * shows that the server lives, for a stopped one's kernel still connects, that it lets us in and
 * has its data), and CLIENT SETNAME, so that an operator sees in CLIENT LIST who we are. Pure:
 * which words to send, and what an answer means.
 */
#ifndef FOOTFALL_STORE_REDIS_GREETING_H
#define FOOTFALL_STORE_REDIS_GREETING_H

#include "store/redis_url.h"
#include "store/resp_reader.h"

#include "base/decimal.h"
#include "base/slice.h"

#include <stddef.h>

enum redis_greeting_step {
    GREETING_AUTH,
    GREETING_SELECT,
    GREETING_PING,
    GREETING_NAME, /* last: an error to the first says why there is no connection */
    GREETING_OVER,
};

struct redis_greeting_words {
    struct slice words[3];
    size_t count;
    char digits[DECIMAL_BYTES_MAX]; /* of the database: one of the words */
};

enum { REDIS_CLIENT_NAME_BYTES = 96 };

/* Writes "footfall:HOST:PID" and a NUL. */
void redis_client_name(char out_name[REDIS_CLIENT_NAME_BYTES]);

/* The first step at or after `step` that the URL asks for; GREETING_OVER behind the last. */
enum redis_greeting_step redis_greeting_next(const struct redis_url *url,
                                             enum redis_greeting_step step);

/* Fills in the command of one step. The words are borrowed from the URL, the client's name and
 * *out_words. */
void redis_greeting_words(const struct redis_url *url, const char *client_name,
                          enum redis_greeting_step step, struct redis_greeting_words *out_words);

/* 0: go on. -EACCES: the server refuses; -EPROTO: no answer to that question; `out_reason` then
 * says which in a few words, without the password even if the server repeats it. */
int redis_greeting_check(const struct redis_url *url, enum redis_greeting_step step,
                         const struct resp_reply *reply, char *out_reason, size_t reason_bytes);

#endif
