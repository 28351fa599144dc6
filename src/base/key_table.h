/*
 * key_table.h - finds what belongs to a key, without a pause however many there are.
 *
 * Open addressing over pointers to entries, which are embedded as first member in whatever the
 * owner keeps for a key. The table owns no entry and no key. One thread.
 *
 * A table that has become too small or too large gets another size in steps: both live, and each
 * insert and each removal looks at KEY_TABLE_STEP places of the former and moves what is there. So
 * no operation touches more than that and the run of taken places that a key falls into. New places
 * are zero without anybody writing to them, and those that are passed are given back in pieces.
 */
#ifndef FOOTFALL_BASE_KEY_TABLE_H
#define FOOTFALL_BASE_KEY_TABLE_H

#include "base/slice.h"

#include <stdint.h>

enum { KEY_TABLE_STEP = 32 };

struct key_entry {
    struct slice key; /* must stay as it is while the entry is in a table */
    uint64_t hash;    /* the table's */
};

/* A run of taken places ends where a free one is, or where all have been looked at. */
struct key_places {
    struct key_entry **entries; /* NULL: free */
    uint32_t count;             /* a power of two, or 0 without any */
    uint32_t first;             /* what was in the places before it has been taken out in order */
    uint32_t given_back;        /* the memory of the places before it is the system's again */
};

struct key_table {
    struct key_places places;
    struct key_places former; /* whose entries are on the move, or none */
    uint32_t entries_count;
};

/* An empty table; allocates nothing. */
void key_table_init(struct key_table *table);

/* Frees the table, not its entries. */
void key_table_finish(struct key_table *table);

/* The entry of `key`, or NULL. */
struct key_entry *key_table_find(const struct key_table *table, struct slice key);

/* Puts in an entry whose key is not there yet. 0, or -ENOMEM with nothing changed: a table that
 * cannot grow takes entries until seven of eight places are taken; fuller it would be slow. */
int key_table_insert(struct key_table *table, struct key_entry *entry);

/* Takes out an entry that is in the table. It leaves no trace, so a table through which any number
 * of keys pass is as quick as a new one; needing no memory, it cannot fail. */
void key_table_remove(struct key_table *table, struct key_entry *entry);

/* The next entry of a walk over all of them, which begins with *position 0, or NULL at its end. No
 * entry comes or goes meanwhile. */
struct key_entry *key_table_next(const struct key_table *table, uint64_t *position);

/* Takes out any one entry, or NULL when the table is empty: for freeing all of them, in one pass
 * over the places. Once begun, nothing is put in before all are out. */
struct key_entry *key_table_take_any(struct key_table *table);

#endif
