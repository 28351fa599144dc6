/*
 * exchange.c - a table that grows by blocks, so that exchanges never move.
 */
#include "http/exchange.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    GENERATION_MAX = (1 << 30) - 1, /* the two top bits of a ticket are others' */
    BLOCK_EXCHANGES = 64,
    NOTES_KEPT_MAX = 4096, /* unused ones, for the next */
};

void exchange_table_init(struct exchange_table *table, const struct route_calls *calls)
{
    *table = (struct exchange_table){.calls = calls};
    pool_init(&table->notes, sizeof(struct request_note), NOTES_KEPT_MAX);
}

void exchange_table_finish(struct exchange_table *table)
{
    for (uint32_t i = 0; i < table->blocks_count; i++) { /* all of them unused */
        free(table->blocks[i]);
    }
    free(table->blocks);
    pool_finish(&table->notes);
    exchange_table_init(table, table->calls);
}

/* Adds a block of unused exchanges; does nothing without memory. */
static void grow(struct exchange_table *table)
{
    struct exchange **blocks =
        realloc(table->blocks, (table->blocks_count + 1) * sizeof(struct exchange *));
    struct exchange *block;

    if (blocks == NULL) {
        return;
    }
    table->blocks = blocks;
    block = calloc(BLOCK_EXCHANGES, sizeof *block);
    if (block == NULL) {
        return;
    }
    for (uint32_t i = 0; i < BLOCK_EXCHANGES; i++) {
        block[i].index = table->blocks_count * BLOCK_EXCHANGES + i;
        block[i].next = table->unused;
        table->unused = &block[i];
    }
    blocks[table->blocks_count++] = block;
}

struct exchange *exchange_take(struct exchange_table *table, struct connection *connection)
{
    struct exchange *exchange;

    if (table->unused == NULL) {
        grow(table);
        if (table->unused == NULL) {
            return NULL;
        }
    }
    exchange = table->unused;
    table->unused = exchange->next;
    exchange->next = NULL;
    exchange->connection = connection;
    exchange->handler = NULL;
    exchange->is_whole = exchange->is_ready = exchange->is_head = false;
    exchange->keeps_alive = exchange->wants_continue = exchange->is_begun = false;
    exchange->head_written = 0;
    exchange->content_written = 0;
    exchange->begun_ms = 0;
    exchange->note = NULL;
    exchange->call = NULL;
    exchange->body = NULL;
    exchange->wants_body = false;
    exchange->reply.content = NULL;
    exchange->reply.fields = exchange->reply.text = (struct slice){NULL, 0};
    exchange->minor_version = 1;
    return exchange;
}

void exchange_note(struct exchange_table *table, struct exchange *exchange, struct slice method,
                   struct slice path)
{
    exchange->note = pool_take(&table->notes);
    if (exchange->note != NULL) {
        request_note_write(exchange->note, method, path);
    }
}

int exchange_add_body(struct exchange *exchange, struct slice data)
{
    const size_t length = exchange->body == NULL ? 0 : exchange->body->length;
    struct content *body = realloc(exchange->body, sizeof *body + length + data.length);

    if (body == NULL) {
        return -ENOMEM;
    }
    memcpy(body->bytes + length, data.bytes, data.length);
    body->length = length + data.length;
    exchange->body = body;
    return 0;
}

void exchange_drop_body(struct exchange *exchange)
{
    if (exchange != NULL) {
        free(exchange->body);
        exchange->body = NULL;
    }
}

void exchange_give(struct exchange_table *table, struct exchange *exchange)
{
    pool_give(&table->notes, exchange->note);
    exchange->note = NULL;
    if (exchange->call != NULL) {
        table->calls->drop(table->calls->owner, exchange->call);
        exchange->call = NULL;
    }
    exchange_drop_body(exchange);
    free(exchange->reply.content);
    exchange->reply.content = NULL;
    exchange->connection = NULL;
    exchange->generation = (exchange->generation + 1) & GENERATION_MAX;
    exchange->next = table->unused;
    table->unused = exchange;
}

uint64_t exchange_ticket(const struct exchange *exchange)
{
    return (uint64_t)exchange->generation << 32 | exchange->index;
}

struct exchange *exchange_find(const struct exchange_table *table, uint64_t ticket)
{
    uint32_t index = (uint32_t)ticket;
    struct exchange *exchange;

    if (index / BLOCK_EXCHANGES >= table->blocks_count) {
        return NULL;
    }
    exchange = &table->blocks[index / BLOCK_EXCHANGES][index % BLOCK_EXCHANGES];
    if (exchange->connection == NULL || exchange->generation != (uint32_t)(ticket >> 32)) {
        return NULL;
    }
    return exchange;
}
