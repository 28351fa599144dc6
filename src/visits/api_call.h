/*
 * api_call.h - one request to the counting API, from its head to its answer.
 *
 * Taken from a pool when the head is read, given back when the answer has left or the connection is
 * gone. The answer's fields and text live here.
 */
#ifndef FOOTFALL_VISITS_API_CALL_H
#define FOOTFALL_VISITS_API_CALL_H

#include "base/network_address.h"
#include "http/reply.h"
#include "http/request.h"
#include "store/store_change.h"
#include "visits/counter_name.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    API_CALLBACK_BYTES_MAX = 128,
    API_WORD_BYTES_MAX = 24,
};

/* A short word of a query, decoded. */
struct api_word {
    uint8_t length;
    char bytes[API_WORD_BYTES_MAX];
};

enum api_verb {
    API_HIT,
    API_GET,
    API_CREATE,
    API_SET,
    API_UPDATE,
    API_RESET,
    API_DELETE,
    API_INFO,
    API_STATS,
    API_BATCH,
    API_LIST,
    API_TOP,
    API_BADGE,
    API_SCRIPT,
    API_VERBS_COUNT,
};

/* Tickets of calls have it on their way through the tally, so that those whose client has gone are
 * known, too. Exchanges have tickets without it. */
#define API_CALL_TICKET (UINT64_C(1) << 62)

struct api_call {
    enum api_verb verb;
    enum method method;
    struct network_address client;
    /* An answer that stands before anything is done; status 0: none. */
    uint16_t refused_status;
    const char *refused_sentence;
    const char *allow;
    bool has_name;
    bool has_namespace; /* and no name */
    bool is_image;
    bool is_list_form; /* of create: CountAPI's, all in the query */
    bool has_amount;
    bool has_token;
    const struct policy *policy; /* of its namespace; NULL: it has none */
    uint8_t callback_length;     /* 0: no JSONP */
    char callback[API_CALLBACK_BYTES_MAX];
    struct counter_name name;
    bool counts;    /* a badge that does */
    bool has_label; /* of a badge: label_length bytes of `text` */
    bool is_flat_square;
    bool is_short;
    bool is_unchanged; /* a script that the client has */
    uint16_t listed_max;
    uint8_t after_length;
    char after[STORE_LISTED_KEY_BYTES_MAX];
    uint16_t label_length;
    struct api_word color;
    struct api_word label_color;
    int64_t amount; /* what the query says: value, amount or initializer */
    struct store_record created;
    char key[40];                     /* of the new owner */
    uint8_t token[STORE_OWNER_BYTES]; /* its hash */
    bool is_token_taken;              /* it counts as a wrong one as long as it is not known */
    bool has_rate;                    /* the answer says what is left of it */
    uint32_t rate_max;
    uint32_t rate_s;
    uint32_t rate_left;
    uint32_t rate_left_s;
    uint32_t retry_after_s;
    uint16_t fields_length;
    uint16_t text_length;
    char fields[REPLY_FIELDS_BYTES_MAX];
    char text[REPLY_TEXT_BYTES_MAX];
};

#endif
