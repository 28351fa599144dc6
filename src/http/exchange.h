/*
 * exchange.h - one request that waits for its answer, and the answer until its turn comes.
 *
 * Exchanges live in a table and are named by tickets (place and generation), so that an answer
 * which comes late finds its request or nothing, never another's. The two top bits of a ticket are
 * never set: who gives tickets of their own to the same tally may set them.
 */
#ifndef FOOTFALL_HTTP_EXCHANGE_H
#define FOOTFALL_HTTP_EXCHANGE_H

#include "base/network_address.h"
#include "base/pool.h"
#include "http/reply.h"
#include "http/request_note.h"
#include "http/router.h"

#include <stdbool.h>
#include <stdint.h>

struct connection;

struct exchange {
    struct exchange *next;         /* younger, of the same connection; or unused as well */
    struct connection *connection; /* NULL while unused */
    uint32_t index;
    uint32_t generation;
    struct network_address client; /* whom the request comes from, as far as it is believed */
    route_handler *handler;        /* NULL: the reply stands already */
    bool is_whole;                 /* the last byte of the request is here */
    bool is_ready;                 /* the reply may go out */
    bool is_head;
    bool keeps_alive;
    bool wants_continue; /* 100 Continue is owed */
    bool is_begun;       /* the head of the answer has been written */
    uint8_t minor_version;
    uint16_t head_written;     /* bytes of the answer without the reply's content */
    size_t content_written;    /* bytes of that */
    uint64_t begun_ms;         /* when the request's first byte was here */
    struct request_note *note; /* NULL: nobody asks, or what it wanted is not known */
    void *call;                /* what its handler keeps of it; NULL: nothing */
    struct content *body;      /* as far as it has come; NULL: nothing, or nobody wants it */
    bool wants_body;
    struct reply reply;
};

struct exchange_table {
    struct exchange **blocks;
    uint32_t blocks_count;
    struct exchange *unused;
    struct pool notes;
    const struct route_calls *calls; /* borrowed: who is told of dropped calls */
};

void exchange_table_init(struct exchange_table *table, const struct route_calls *calls);

/* Frees the table with all exchanges in it. */
void exchange_table_finish(struct exchange_table *table);

/* An exchange of `connection` with its members zeroed, or NULL without memory. */
struct exchange *exchange_take(struct exchange_table *table, struct connection *connection);

/* Keeps what its request asks for; without memory nothing is kept. */
void exchange_note(struct exchange_table *table, struct exchange *exchange, struct slice method,
                   struct slice path);

/* Keeps more of its body. 0 or -ENOMEM. */
int exchange_add_body(struct exchange *exchange, struct slice data);

/* Frees what is kept of its body. NULL is fine. */
void exchange_drop_body(struct exchange *exchange);

/* Gives it back, and frees the content of its reply; its ticket names nothing from now on. */
void exchange_give(struct exchange_table *table, struct exchange *exchange);

uint64_t exchange_ticket(const struct exchange *exchange);

/* The exchange that `ticket` names, or NULL when it is gone. */
struct exchange *exchange_find(const struct exchange_table *table, uint64_t ticket);

#endif
