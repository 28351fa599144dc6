/*
 * key_table.c - open addressing with linear steps, at most three quarters full.
 *
 * Entries leave the former places in order, from the first place on. To a key that is looked for
 * there, the places that they have left are still taken: it passes over them. The new places for
 * two neighbours are neighbours as well, so that moving is two streams through memory.
 */
#include "base/key_table.h"

#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    PLACES_MIN = 16,
    PLACES_MAX = 1 << 30,
    /* From here on places are mapped: calloc(3) would clear what was in use before, all at once.
     * They are given back by as many. */
    PLACES_MAPPED = 16384,
};

#define NOWHERE UINT32_MAX

_Static_assert(PLACES_MAPPED % KEY_TABLE_STEP == 0, "a step ends where a piece does");

static int places_create(uint32_t count, struct key_places *out_places)
{
    void *memory;

    if (count < PLACES_MAPPED) {
        memory = calloc(count, sizeof *out_places->entries);
    } else {
        memory = mmap(NULL, count * sizeof *out_places->entries, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memory = memory == MAP_FAILED ? NULL : memory;
    }
    if (memory == NULL) {
        return -ENOMEM;
    }
    *out_places = (struct key_places){.entries = memory, .count = count};
    return 0;
}

/* Gives back the mapped memory of the places up to `end` that is still there. */
static void places_give_back(struct key_places *places, uint32_t end)
{
    /* It fails only where the kernel may not cut a mapping in two; then that stays until the end of
     * the process. */
    (void)munmap(places->entries + places->given_back,
                 (end - places->given_back) * sizeof *places->entries);
    places->given_back = end;
}

static void places_destroy(struct key_places *places)
{
    if (places->count < PLACES_MAPPED) {
        free(places->entries);
    } else {
        places_give_back(places, places->count);
    }
    *places = (struct key_places){0};
}

/* Where a key of that hash is looked for first. */
static uint32_t home_of(const struct key_places *places, uint64_t hash)
{
    uint32_t home = (uint32_t)hash & (places->count - 1);

    return home < places->first ? places->first : home;
}

static uint32_t place_after(const struct key_places *places, uint32_t place)
{
    return place + 1 == places->count ? places->first : place + 1;
}

/* The place of an entry with that hash, which is `wanted` or, if that is NULL, has that key. */
static uint32_t place_of(const struct key_places *places, uint64_t hash,
                         const struct key_entry *wanted, struct slice key)
{
    uint32_t place = home_of(places, hash);

    for (uint32_t left = places->count - places->first; left > 0; left--) {
        const struct key_entry *entry = places->entries[place];

        if (entry == NULL) {
            break;
        }
        if (wanted != NULL ? entry == wanted
                           : entry->hash == hash && slice_equals(entry->key, key)) {
            return place;
        }
        place = place_after(places, place);
    }
    return NOWHERE;
}

/* There is a free place. */
static void put(struct key_places *places, struct key_entry *entry)
{
    uint32_t place = home_of(places, entry->hash);

    while (places->entries[place] != NULL) {
        place = place_after(places, place);
    }
    places->entries[place] = entry;
}

/* Frees a place and closes the gap: what comes after it, and could not be there because it was
 * taken, moves up (Knuth, The Art of Computer Programming 3, 6.4, algorithm R). */
static void take_out(struct key_places *places, uint32_t gap)
{
    const uint32_t mask = places->count - 1;

    places->entries[gap] = NULL;
    for (uint32_t place = place_after(places, gap); places->entries[place] != NULL;
         place = place_after(places, place)) {
        struct key_entry *entry = places->entries[place];
        uint32_t way_from_home = (place - (uint32_t)entry->hash) & mask;

        if (way_from_home >= ((place - gap) & mask)) {
            places->entries[gap] = entry;
            places->entries[place] = NULL;
            gap = place;
        }
    }
}

/* The next entry in the order of places, taken out, of at most so many places; or NULL. */
static struct key_entry *take_next(struct key_places *places, uint32_t *places_left)
{
    while (*places_left > 0 && places->first < places->count) {
        struct key_entry *entry = places->entries[places->first];

        places->entries[places->first] = NULL;
        places->first++;
        --*places_left;
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

/* Moves what is in the next places of the former ones. */
static void move_some(struct key_table *table)
{
    uint32_t places_left = KEY_TABLE_STEP;
    struct key_entry *entry;

    if (table->former.count == 0) {
        return;
    }
    while ((entry = take_next(&table->former, &places_left)) != NULL) {
        put(&table->places, entry);
    }
    if (table->former.first == table->former.count) {
        places_destroy(&table->former);
    } else if (table->former.first % PLACES_MAPPED == 0) { /* a large one, then */
        places_give_back(&table->former, table->former.first);
    }
}

/* Begins the move into so many places. */
static int resize(struct key_table *table, uint32_t count)
{
    struct key_places places;
    int result = places_create(count, &places);

    if (result < 0) {
        return result;
    }
    assert(table->former.count == 0);
    table->former = table->places;
    table->places = places;
    return 0;
}

/* Sees to it that one more entry has a place. A move takes fewer inserts than there are places left
 * at its begin, since each of them empties KEY_TABLE_STEP of the former: so there is never a need
 * to grow during one. */
static int make_room(struct key_table *table)
{
    const uint64_t entries = (uint64_t)table->entries_count + 1;
    const uint64_t count = table->places.count;

    if (entries * 4 <= count * 3 || table->former.count > 0) {
        return 0;
    }
    if (count < PLACES_MAX &&
        resize(table, count == 0 ? PLACES_MIN : table->places.count * 2) == 0) {
        return 0;
    }
    return entries * 8 <= count * 7 ? 0 : -ENOMEM;
}

void key_table_init(struct key_table *table)
{
    *table = (struct key_table){0};
}

void key_table_finish(struct key_table *table)
{
    places_destroy(&table->places);
    places_destroy(&table->former);
    key_table_init(table);
}

struct key_entry *key_table_find(const struct key_table *table, struct slice key)
{
    uint32_t place;
    uint64_t hash;

    if (table->entries_count == 0) {
        return NULL;
    }
    hash = hash_of(key);
    place = place_of(&table->places, hash, NULL, key);
    if (place != NOWHERE) {
        return table->places.entries[place];
    }
    place = table->former.count == 0 ? NOWHERE : place_of(&table->former, hash, NULL, key);
    return place == NOWHERE ? NULL : table->former.entries[place];
}

int key_table_insert(struct key_table *table, struct key_entry *entry)
{
    int result;

    assert(key_table_find(table, entry->key) == NULL);
    assert(table->places.first == 0);
    result = make_room(table);
    if (result < 0) {
        return result;
    }
    entry->hash = hash_of(entry->key);
    put(&table->places, entry);
    table->entries_count++;
    move_some(table);
    return 0;
}

static void note_one_less(struct key_table *table)
{
    table->entries_count--;
    if (table->entries_count == 0) {
        table->places.first = 0; /* all places are free, wherever taking them out has come to */
    }
}

void key_table_remove(struct key_table *table, struct key_entry *entry)
{
    struct key_places *places = &table->places;
    uint32_t place = place_of(places, entry->hash, entry, entry->key);

    if (place == NOWHERE && table->former.count > 0) {
        places = &table->former;
        place = place_of(places, entry->hash, entry, entry->key);
    }
    assert(place != NOWHERE);
    take_out(places, place);
    note_one_less(table);
    /* Without memory for fewer places they stay as they are. */
    if (table->former.count == 0 && table->places.first == 0 && table->places.count > PLACES_MIN &&
        table->entries_count < table->places.count / 8) {
        (void)resize(table, table->places.count / 2);
    }
    move_some(table);
}

struct key_entry *key_table_take_any(struct key_table *table)
{
    uint32_t places_left = UINT32_MAX; /* any number */
    struct key_entry *entry;

    if (table->entries_count == 0) {
        return NULL;
    }
    entry = take_next(&table->former, &places_left);
    if (entry == NULL) {
        places_destroy(&table->former);
        entry = take_next(&table->places, &places_left);
    }
    note_one_less(table);
    return entry;
}

struct key_entry *key_table_next(const struct key_table *table, uint64_t *position)
{
    const uint64_t count = (uint64_t)table->former.count + table->places.count;

    while (*position < count) {
        const uint64_t place = (*position)++;
        const bool is_former = place < table->former.count;
        const struct key_places *places = is_former ? &table->former : &table->places;
        const uint64_t index = is_former ? place : place - table->former.count;

        if (index >= places->first && places->entries[index] != NULL) {
            return places->entries[index];
        }
    }
    return NULL;
}
