/*
 * census.c - sheets of counts, one writer each, added up by whoever asks.
 *
 * An address has two buckets, by two parts of its hash, so that one is hardly ever full while
 * others are empty. All counting is sequentially consistent: that of two who count at once one
 * sees both rests on it.
 */
#include "base/census.h"

#include "base/hash.h"
#include "base/network_address.h"
#include "base/scoreboard.h"

#include <assert.h>
#include <errno.h>
#include <sys/mman.h>

enum {
    BUCKET_BITS = 12,
    COUNT_BITS = 20,
};

_Static_assert(1 << BUCKET_BITS == CENSUS_BUCKETS, "a bucket has a number of so many bits");

#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)

/* Where an address may stand, and how it is told from others there. */
struct spot {
    uint64_t tag; /* in the upper bits of a place */
    uint32_t buckets[2];
};

static size_t size_of(uint32_t slots_count)
{
    return sizeof(struct census) + slots_count * sizeof(struct census_sheet);
}

int census_create(uint32_t slots_count, struct census **out_census)
{
    /* Most of it is never touched, so none of it is set aside. */
    void *memory = mmap(NULL, size_of(slots_count), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED) {
        return -errno;
    }
    *out_census = memory;
    return 0;
}

void census_destroy(struct census *census, uint32_t slots_count)
{
    if (census != NULL) {
        (void)munmap(census, size_of(slots_count));
    }
}

void census_sheet_clear(struct census_sheet *sheet)
{
    if (sheet == NULL || madvise(sheet, sizeof *sheet, MADV_REMOVE) == 0) {
        return; /* zero, and given back */
    }
    for (uint32_t i = 0; i < CENSUS_PLACES; i++) {
        if (atomic_load_explicit(&sheet->places[i], memory_order_relaxed) != 0) {
            atomic_store_explicit(&sheet->places[i], 0, memory_order_relaxed);
        }
    }
    atomic_store(&sheet->connections, 0);
}

void census_join(const struct scoreboard *scoreboard, uint32_t slot)
{
    struct census *census = scoreboard->census;
    uint32_t used = atomic_load(&census->slots_used);

    while (used <= slot && !atomic_compare_exchange_weak(&census->slots_used, &used, slot + 1)) {
    }
}

static struct spot spot_of(const struct network_address *client)
{
    const struct network_address counted = network_address_counted(client);
    uint64_t hash = hash_of((struct slice){(const char *)counted.bytes, sizeof counted.bytes});

    return (struct spot){
        .tag = hash & ~COUNT_MASK,
        .buckets = {(uint32_t)hash % CENSUS_BUCKETS,
                    (uint32_t)(hash >> (64 - BUCKET_BITS)) % CENSUS_BUCKETS},
    };
}

/* How many of that address the sheet has. */
static uint64_t count_of(const struct census_sheet *sheet, const struct spot *spot)
{
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned j = 0; j < CENSUS_BUCKET_PLACES; j++) {
            uint64_t place =
                atomic_load(&sheet->places[spot->buckets[i] * CENSUS_BUCKET_PLACES + j]);

            if ((place & COUNT_MASK) > 0 && (place & ~COUNT_MASK) == spot->tag) {
                return place & COUNT_MASK;
            }
        }
    }
    return 0;
}

/* The place that the address has in the worker's own sheet, else a free one in the emptier of its
 * buckets, else none. */
static uint32_t place_for(const struct census_sheet *sheet, const struct spot *spot)
{
    uint32_t found = CENSUS_NO_PLACE;
    unsigned most_free = 0;

    for (unsigned i = 0; i < 2; i++) {
        uint32_t free_index = CENSUS_NO_PLACE;
        unsigned free_count = 0;

        for (unsigned j = 0; j < CENSUS_BUCKET_PLACES; j++) {
            uint32_t index = spot->buckets[i] * CENSUS_BUCKET_PLACES + j;
            uint64_t place = atomic_load_explicit(&sheet->places[index], memory_order_relaxed);

            if ((place & COUNT_MASK) == 0) {
                free_index = index;
                free_count++;
            } else if ((place & ~COUNT_MASK) == spot->tag) {
                return (place & COUNT_MASK) == COUNT_MASK ? CENSUS_NO_PLACE : index;
            }
        }
        if (free_count > most_free) {
            most_free = free_count;
            found = free_index;
        }
    }
    return found;
}

/* The sheet of another slot, if it has a worker that lives; of the own one in any case. */
static const struct census_sheet *living_sheet(const struct scoreboard *scoreboard, uint32_t slot,
                                               uint32_t own_slot)
{
    if (slot != own_slot && atomic_load(&scoreboard->slots[slot].state) == WORKER_ABSENT) {
        return NULL;
    }
    return &scoreboard->census->sheets[slot];
}

/* Whether the connection just counted is one too many. `spot` is NULL where only all count. */
static enum census_answer judge(const struct scoreboard *scoreboard, uint32_t own_slot,
                                const struct census_limits *limits, const struct spot *spot)
{
    const uint32_t slots_used = atomic_load(&scoreboard->census->slots_used);
    uint64_t connections = 0;
    uint64_t of_address = 0;

    for (uint32_t i = 0; i < slots_used; i++) {
        const struct census_sheet *sheet = living_sheet(scoreboard, i, own_slot);

        if (sheet != NULL) {
            connections += atomic_load(&sheet->connections);
            of_address += spot == NULL ? 0 : count_of(sheet, spot);
        }
    }
    if (connections > limits->connections_max) {
        return CENSUS_IS_FULL;
    }
    return of_address > limits->address_connections_max ? CENSUS_ADDRESS_IS_FULL : CENSUS_COUNTED;
}

enum census_answer census_enter(const struct scoreboard *scoreboard, uint32_t slot,
                                const struct census_limits *limits,
                                const struct network_address *client, uint32_t *out_place)
{
    struct census_sheet *sheet = &scoreboard->census->sheets[slot];
    uint32_t place = CENSUS_NO_PLACE;
    struct spot spot;
    enum census_answer answer;

    if (limits->address_connections_max != UINT64_MAX && network_address_is_known(client)) {
        spot = spot_of(client);
        place = place_for(sheet, &spot);
    }
    if (place != CENSUS_NO_PLACE) {
        uint64_t count = atomic_load_explicit(&sheet->places[place], memory_order_relaxed);

        atomic_store(&sheet->places[place], spot.tag | ((count & COUNT_MASK) + 1));
    }
    atomic_store(&sheet->connections,
                 atomic_load_explicit(&sheet->connections, memory_order_relaxed) + 1);
    answer = judge(scoreboard, slot, limits, place == CENSUS_NO_PLACE ? NULL : &spot);
    if (answer == CENSUS_COUNTED) {
        *out_place = place;
    } else {
        census_leave(scoreboard, slot, place);
    }
    return answer;
}

uint32_t census_of_slot(const struct scoreboard *scoreboard, uint32_t slot)
{
    return atomic_load_explicit(&scoreboard->census->sheets[slot].connections,
                                memory_order_relaxed);
}

void census_leave(const struct scoreboard *scoreboard, uint32_t slot, uint32_t place)
{
    struct census_sheet *sheet = &scoreboard->census->sheets[slot];
    uint32_t connections = atomic_load_explicit(&sheet->connections, memory_order_relaxed);

    assert(connections > 0);
    if (place != CENSUS_NO_PLACE) {
        uint64_t count = atomic_load_explicit(&sheet->places[place], memory_order_relaxed);

        assert((count & COUNT_MASK) > 0);
        atomic_store(&sheet->places[place], count - 1);
    }
    atomic_store(&sheet->connections, connections - 1);
}
