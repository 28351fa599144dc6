/*
 * redis_greeting.c - what is said on a new connection before anything is counted on it.
 */
#include "store/redis_greeting.h"

#include "store/redis_error.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const step_names[] = {
    [GREETING_AUTH] = "AUTH",
    [GREETING_SELECT] = "SELECT",
    [GREETING_PING] = "PING",
    [GREETING_NAME] = "CLIENT",
};

enum redis_greeting_step redis_greeting_next(const struct redis_url *url,
                                             enum redis_greeting_step step)
{
    if (step == GREETING_AUTH && !url->has_password) {
        step = GREETING_SELECT;
    }
    if (step == GREETING_SELECT && url->database == 0) {
        step = GREETING_PING;
    }
    return step;
}

void redis_client_name(char out_name[REDIS_CLIENT_NAME_BYTES])
{
    char host[HOST_NAME_MAX + 1] = "?";

    (void)gethostname(host, sizeof host); /* "?" where it fails */
    for (char *byte = host; *byte != '\0'; byte++) {
        if (*byte <= ' ' || *byte > '~') {
            *byte = '?'; /* CLIENT SETNAME takes printable ASCII without blanks */
        }
    }
    (void)snprintf(out_name, REDIS_CLIENT_NAME_BYTES, "footfall:%s:%ld", host, (long)getpid());
}

void redis_greeting_words(const struct redis_url *url, const char *client_name,
                          enum redis_greeting_step step, struct redis_greeting_words *out_words)
{
    struct slice *words = out_words->words;
    size_t count = 0;

    words[count++] = slice_of(step_names[step]);
    if (step == GREETING_AUTH) {
        if (url->user[0] != '\0') { /* before Redis 6 there are no users */
            words[count++] = slice_of(url->user);
        }
        words[count++] = slice_of(url->password);
    } else if (step == GREETING_SELECT) {
        words[count++] =
            (struct slice){out_words->digits, decimal_write(out_words->digits, url->database)};
    } else if (step == GREETING_NAME) {
        words[count++] = SLICE("SETNAME");
        words[count++] = slice_of(client_name);
    }
    out_words->count = count;
}

/* The kinds of errors that AUTH is answered with, in words of our own. */
static struct slice auth_error_kind(struct slice text)
{
    static const char *const kinds[] = {"WRONGPASS", "ERR", "NOAUTH", "NOPERM"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (slice_is(redis_error_kind(text), kinds[i])) {
            return slice_of(kinds[i]);
        }
    }
    return SLICE("it was answered with an error");
}

/* What of an error may be shown. "unknown command 'AUTH', with args beginning with: 'secret'" is
 * how a server without AUTH answers, so an error of AUTH ends at its first quotation mark
 * (Redis 4: a backquote), and one that holds the password elsewhere, if only because that is a
 * common word, is shown as its kind. */
static struct slice showable_part(const struct redis_url *url, enum redis_greeting_step step,
                                  struct slice text)
{
    if (step != GREETING_AUTH) {
        return text;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (strchr("'`\"", text.bytes[i]) != NULL) {
            text.length = i;
        }
    }
    if (redis_error_holds(text, slice_of(url->password))) {
        return auth_error_kind(text);
    }
    return text;
}

/* A user who may count need not be allowed to PING, and PING may have been renamed. A server that
 * cannot write to its disk says MISCONF to each batch by itself. The name is only shown: what else
 * is wrong PING is told as well. */
static bool is_answer_all_the_same(enum redis_greeting_step step, const struct resp_reply *reply)
{
    if (step == GREETING_NAME) {
        return true;
    }
    return step == GREETING_PING && (slice_is(redis_error_kind(reply->text), "NOPERM") ||
                                     slice_is(redis_error_kind(reply->text), "MISCONF") ||
                                     redis_error_holds(reply->text, SLICE("ERR unknown command")));
}

int redis_greeting_check(const struct redis_url *url, enum redis_greeting_step step,
                         const struct resp_reply *reply, char *out_reason, size_t reason_bytes)
{
    char text[360]; /* longer than any error of Redis' own */

    if (reply->type == RESP_SIMPLE) {
        return 0;
    }
    if (reply->type != RESP_ERROR) {
        (void)snprintf(out_reason, reason_bytes, "%s got an answer of an unexpected type",
                       step_names[step]);
        return -EPROTO;
    }
    if (is_answer_all_the_same(step, reply)) {
        return 0;
    }
    slice_copy_printable(showable_part(url, step, reply->text), text, sizeof text);
    (void)snprintf(out_reason, reason_bytes, "%s refused: %s", step_names[step], text);
    return -EACCES;
}
