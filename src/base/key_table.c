/*
 * key_table.c - open addressing with linear steps, at most three quarters full.
 */
#include "base/key_table.h"

#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { PLACES_MIN = 16 };

void key_table_init(struct key_table *table)
{
    *table = (struct key_table){0};
}

void key_table_finish(struct key_table *table)
{
    free(table->places);
    key_table_init(table);
}

struct key_entry *key_table_find(const struct key_table *table, struct slice key)
{
    uint64_t hash;
    uint32_t mask = table->places_count - 1;

    if (table->entries_count == 0) {
        return NULL;
    }
    hash = hash_of(key);
    for (uint32_t place = (uint32_t)hash & mask; table->places[place] != NULL;
         place = (place + 1) & mask) {
        struct key_entry *entry = table->places[place];

        if (entry->hash == hash && slice_equals(entry->key, key)) {
            return entry;
        }
    }
    return NULL;
}

static void put(struct key_entry **places, uint32_t places_count, struct key_entry *entry)
{
    uint32_t mask = places_count - 1;
    uint32_t place = (uint32_t)entry->hash & mask;

    while (places[place] != NULL) {
        place = (place + 1) & mask;
    }
    places[place] = entry;
}

static int grow(struct key_table *table)
{
    uint32_t places_count = table->places_count == 0 ? PLACES_MIN : table->places_count * 2;
    struct key_entry **places = calloc(places_count, sizeof *places);

    if (places == NULL) {
        return -ENOMEM;
    }
    for (uint32_t i = 0; i < table->places_count; i++) {
        if (table->places[i] != NULL) {
            put(places, places_count, table->places[i]);
        }
    }
    free(table->places);
    table->places = places;
    table->places_count = places_count;
    return 0;
}

int key_table_insert(struct key_table *table, struct key_entry *entry)
{
    assert(key_table_find(table, entry->key) == NULL);
    if ((table->entries_count + 1) * 4 > table->places_count * 3) {
        int result = grow(table);

        if (result < 0) {
            return result;
        }
    }
    entry->hash = hash_of(entry->key);
    put(table->places, table->places_count, entry);
    table->entries_count++;
    return 0;
}

struct key_entry *key_table_take_any(struct key_table *table)
{
    for (uint32_t i = 0; i < table->places_count && table->entries_count > 0; i++) {
        struct key_entry *entry = table->places[i];

        if (entry != NULL) {
            /* Leaves a hole that would hide others: good for emptying the table, nothing else. */
            table->places[i] = NULL;
            table->entries_count--;
            return entry;
        }
    }
    return NULL;
}
