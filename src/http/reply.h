/*
 * reply.h - what is answered, and its bytes. Pure.
 */
#ifndef FOOTFALL_HTTP_REPLY_H
#define FOOTFALL_HTTP_REPLY_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    REPLY_BODY_BYTES_MAX = 192,   /* what an exchange can keep until its turn comes */
    REPLY_FIELDS_BYTES_MAX = 768, /* of more fields */
    REPLY_TEXT_BYTES_MAX = 1536,
    REPLY_BYTES_MAX = 3072, /* head and body */
    REPLY_HEAD_BYTES_MAX = 190,
};

/* A body that is too long to be copied about. */
struct content {
    size_t length;
    char bytes[];
};

struct reply {
    uint16_t status;        /* one that reply_has_status() knows */
    uint32_t retry_after_s; /* 0: none */
    uint8_t body_length;
    bool has_no_length;        /* the answer to HEAD where the body's length cannot be known */
    const char *allow;         /* static, NULL: none */
    const char *content_type;  /* static, NULL: application/json */
    const char *cache_control; /* static, NULL: no-store */
    int64_t number;            /* of the visit, which the body tells as well; 0: none */
    struct content *content;   /* of malloc(3): goes with the answer and is freed; NULL: the body */
    /* Both borrowed from the request's call, which stays until the request is answered. */
    struct slice fields; /* more of them, each "\r\nName: value"; of an error the server's */
    struct slice text;   /* in place of the body, where it has bytes */
    char body[REPLY_BODY_BYTES_MAX];
};

/* The head that nearly every answer has, up to the digits of its length: made once a second. */
struct reply_head {
    uint16_t length;
    char bytes[REPLY_HEAD_BYTES_MAX];
};

/* How the reply goes out, which is the connection's affair. */
struct reply_manner {
    bool is_head;         /* the body stays away */
    bool closes;          /* Connection: close */
    bool says_keep_alive; /* Connection: keep-alive, which HTTP/1.0 needs to be told */
    const struct reply_head *prepared;
    struct slice date;
};

/* Whether there is a reason phrase for `status`. */
bool reply_has_status(uint16_t status);

/* Fills in an error: `{"error":"sentence"}`. The sentence is plain ASCII without quotes, and fits.
 */
void reply_set_error(struct reply *out_reply, uint16_t status, const char *sentence);

/* Makes the head for this date. */
void reply_head_prepare(struct reply_head *out_head, struct slice date);

/* Writes the reply into at least REPLY_BYTES_MAX bytes and returns its length; of one with content
 * the head alone. */
size_t reply_write(char *out_bytes, const struct reply *reply, const struct reply_manner *manner);

/* Writes the interim answer 100 (RFC 9110 15.2.1), likewise. */
size_t reply_write_continue(char *out_bytes);

#endif
