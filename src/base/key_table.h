/*
 * key_table.h - finds what belongs to a key.
 *
 * Open addressing over pointers to entries, which are embedded as first member in whatever the
 * owner keeps for a key. The table owns no entry and no key. One thread.
 */
#ifndef FOOTFALL_BASE_KEY_TABLE_H
#define FOOTFALL_BASE_KEY_TABLE_H

#include "base/slice.h"

#include <stdint.h>

struct key_entry {
    struct slice key; /* must stay as it is while the entry is in a table */
    uint64_t hash;    /* the table's */
};

struct key_table {
    struct key_entry **places; /* NULL: free */
    uint32_t places_count;     /* a power of two, or 0 before the first insert */
    uint32_t entries_count;
};

/* An empty table; allocates nothing. */
void key_table_init(struct key_table *table);

/* Frees the table, not its entries. */
void key_table_finish(struct key_table *table);

/* The entry of `key`, or NULL. */
struct key_entry *key_table_find(const struct key_table *table, struct slice key);

/* Puts in an entry whose key is not there yet. 0, or -ENOMEM with nothing changed. */
int key_table_insert(struct key_table *table, struct key_entry *entry);

/* Takes out any one entry, or NULL when the table is empty: for freeing all of them. */
struct key_entry *key_table_take_any(struct key_table *table);

#endif
