/*
 * rate_table.c - sets of 31 clients, and a word in each that orders how they come.
 *
 * A place is one word: who (29 bits), when the window ends (19 bits of its second), how many hits.
 * The upper bits of that second are mixed into the first part: six days later the same 19 bits are
 * those of somebody else. A hit of a client that has a place is one compare-and-swap of that word.
 *
 * That a client comes, or begins its next window, is written into the set's order word first: who,
 * until when, at which place. Whoever finds that announced writes it to the place and then takes
 * the announcement back. So nobody comes between the look at a set and the announcement without
 * changing the order word, and no client gets two places, whatever two processes think of the time.
 * An order word does not come again: the same client does not come twice with the same end. Nor
 * does the word of a place that somebody comes to; who is late with writing there changes nothing.
 *
 * All is sequentially consistent: a look at the places comes after that at the order word.
 */
#include "base/rate_table.h"

#include "base/hash.h"
#include "base/network_address.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

enum {
    SET_BYTES = 256,
    SET_PLACES = SET_BYTES / 8 - 1,
    CLIENT_PLACES = 3, /* so that sets are hardly ever full while the table is not */

    /* In a place, from below. */
    COUNT_BITS = 16,
    END_BITS = 19,
    TAG_BITS = 64 - END_BITS - COUNT_BITS,

    /* In an order word, from below: who and when, then these. */
    ORDER_PLACE_SHIFT = TAG_BITS + END_BITS,
    ORDER_PLACE_BITS = 5,
    ORDER_NUMBER_SHIFT = ORDER_PLACE_SHIFT + ORDER_PLACE_BITS,
    ORDER_NUMBER_BITS = 10,

    /* A process may be late with what it takes for the present, or its clock be behind others. What
     * ends later than that explains is of a clock that has gone back. */
    CLOCK_BEHIND_S_MAX = 60,
    LEFT_S_MAX = RATE_WINDOW_S_MAX + CLOCK_BEHIND_S_MAX,
};

#define BITS(count) ((UINT64_C(1) << (count)) - 1)
#define ORDER_ANNOUNCED (UINT64_C(1) << 63)

_Static_assert(ORDER_NUMBER_SHIFT + ORDER_NUMBER_BITS == 63, "an order word is full");
_Static_assert(SET_PLACES <= 1 << ORDER_PLACE_BITS, "an order word names any place");
_Static_assert(RATE_AMOUNT_MAX == (1 << COUNT_BITS) - 1, "a place holds any count");
_Static_assert(LEFT_S_MAX < 1 << (END_BITS - 1), "a place tells what is to come from what was");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "who is killed holds no lock");

/* Free places, which are zero, come after all others: who comes takes the first that may go. */
struct rate_set {
    _Alignas(SET_BYTES) _Atomic uint64_t order;
    _Atomic uint64_t places[SET_PLACES];
};

_Static_assert(sizeof(struct rate_set) == SET_BYTES, "a set is whole cache lines");

struct rate_table {
    uint32_t sets_count; /* a power of two; written before the first fork */
    struct rate_set sets[];
};

/* One who asks. */
struct visit {
    struct rate_set *set;
    uint64_t tag;
    const struct rate_limit *limit;
    uint64_t now_s;
};

/* What a look at a set has found. */
struct finding {
    _Atomic uint64_t *place; /* the client's own, else the first that may go, else NULL */
    bool is_counting;        /* it is the client's own, and its window has not ended */
    uint64_t word;           /* then: what is in it, */
    uint32_t left_s;         /* and how long that window lasts; without a place: the soonest end */
};

static size_t size_of(uint32_t sets_count)
{
    return sizeof(struct rate_table) + sets_count * sizeof(struct rate_set);
}

int rate_table_create(uint32_t clients_max, struct rate_table **out_table)
{
    uint32_t sets_count = 1;
    void *memory;

    assert(clients_max > 0);
    while ((uint64_t)sets_count * SET_PLACES < (uint64_t)clients_max * CLIENT_PLACES) {
        sets_count *= 2;
    }
    /* What no client has come to is never touched, so it is not set aside. */
    memory = mmap(NULL, size_of(sets_count), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return -errno;
    }
    *out_table = memory;
    (*out_table)->sets_count = sets_count;
    return 0;
}

void rate_table_destroy(struct rate_table *table)
{
    if (table != NULL) {
        (void)munmap(table, size_of(table->sets_count));
    }
}

static struct visit visit_of(struct rate_table *table, const struct network_address *client,
                             const struct rate_limit *limit, uint64_t now_s)
{
    const struct network_address counted = network_address_counted(client);
    char bytes[sizeof counted.bytes + sizeof limit->policy_id];
    uint64_t hash;

    assert(limit->amount_max <= RATE_AMOUNT_MAX);
    assert(limit->window_s >= 1 && limit->window_s <= RATE_WINDOW_S_MAX);
    memcpy(bytes, counted.bytes, sizeof counted.bytes);
    memcpy(bytes + sizeof counted.bytes, &limit->policy_id, sizeof limit->policy_id);
    hash = hash_of((struct slice){bytes, sizeof bytes});
    return (struct visit){
        .set = &table->sets[hash & (table->sets_count - 1)],
        .tag = hash >> (64 - TAG_BITS),
        .limit = limit,
        .now_s = now_s,
    };
}

/* Who and when, as they stand above the count of a place. */
static uint64_t name_of(uint64_t tag, uint64_t end_s)
{
    return ((tag ^ end_s >> END_BITS) & BITS(TAG_BITS)) << END_BITS | (end_s & BITS(END_BITS));
}

/* How long the window of a place lasts; below 1: it has ended. Of all seconds with these lower bits
 * it ends in the one that is nearest to now. */
static int64_t left_of(uint64_t word, uint64_t now_s)
{
    const uint64_t half = UINT64_C(1) << (END_BITS - 1);
    uint64_t left = ((word >> COUNT_BITS) - now_s + half) & BITS(END_BITS);

    return (int64_t)left - (int64_t)half;
}

static struct finding look_at(const struct visit *visit)
{
    struct finding finding = {.left_s = LEFT_S_MAX};

    for (unsigned i = 0; i < SET_PLACES; i++) {
        _Atomic uint64_t *place = &visit->set->places[i];
        const uint64_t word = atomic_load(place);
        const int64_t left_s = left_of(word, visit->now_s);

        if (word == 0) {
            finding.place = finding.place == NULL ? place : finding.place;
            break;
        }
        if (word >> COUNT_BITS == name_of(visit->tag, visit->now_s + (uint64_t)left_s)) {
            return (struct finding){
                .place = place,
                .is_counting =
                    left_s > 0 && left_s <= (int64_t)visit->limit->window_s + CLOCK_BEHIND_S_MAX,
                .word = word,
                .left_s = (uint32_t)left_s,
            };
        }
        if (left_s <= 0 || left_s > LEFT_S_MAX) {
            finding.place = finding.place == NULL ? place : finding.place;
        } else if (left_s < finding.left_s) {
            finding.left_s = (uint32_t)left_s;
        }
    }
    return finding;
}

/* Writes what is announced to its place, unless somebody has, and takes the announcement back. */
static void finish(struct rate_set *set, uint64_t order)
{
    const uint64_t name = order & BITS(ORDER_PLACE_SHIFT);
    _Atomic uint64_t *place = &set->places[order >> ORDER_PLACE_SHIFT & BITS(ORDER_PLACE_BITS)];
    uint64_t word = atomic_load(place);

    while (word >> COUNT_BITS != name) {
        if (atomic_load(&set->order) != order) {
            return; /* somebody has, and more may have happened since */
        }
        /* This was there while it was announced. Somebody whose clock is behind may still count in
         * it; then once more. The first hit of the new window is counted with it. */
        if (atomic_compare_exchange_strong(place, &word, name << COUNT_BITS | 1)) {
            break;
        }
    }
    (void)atomic_compare_exchange_strong(&set->order, &order, order & ~ORDER_ANNOUNCED);
}

/* Comes to that place, unless somebody came to the set since `order` was read. */
static bool come(const struct visit *visit, uint64_t order, const _Atomic uint64_t *place)
{
    const uint64_t name = name_of(visit->tag, visit->now_s + visit->limit->window_s);
    const uint64_t place_index = (uint64_t)(place - visit->set->places);
    const uint64_t number = ((order >> ORDER_NUMBER_SHIFT) + 1) & BITS(ORDER_NUMBER_BITS);
    const uint64_t announced =
        ORDER_ANNOUNCED | number << ORDER_NUMBER_SHIFT | place_index << ORDER_PLACE_SHIFT | name;

    if (!atomic_compare_exchange_strong(&visit->set->order, &order, announced)) {
        return false;
    }
    finish(visit->set, announced);
    return true;
}

/* That of one who has counted `count` hits, with the present one. */
static struct rate_answer allowed(const struct rate_limit *limit, uint32_t count, uint32_t left_s)
{
    return (struct rate_answer){RATE_ALLOWED, limit->amount_max - count, left_s};
}

/* The answer that needs nothing to be changed, if there is one. */
static bool is_refused(const struct rate_limit *limit, const struct finding *finding,
                       struct rate_answer *out_answer)
{
    if (finding->is_counting ? (finding->word & BITS(COUNT_BITS)) >= limit->amount_max
                             : limit->amount_max == 0) {
        *out_answer = (struct rate_answer){
            RATE_EXCEEDED, 0, finding->is_counting ? finding->left_s : limit->window_s};
        return true;
    }
    if (finding->place == NULL) {
        *out_answer = (struct rate_answer){RATE_NO_PLACE, 0, finding->left_s};
        return true;
    }
    return false;
}

struct rate_answer rate_table_take(struct rate_table *table, const struct network_address *client,
                                   const struct rate_limit *limit, uint64_t now_s)
{
    const struct visit visit = visit_of(table, client, limit, now_s);

    for (;;) { /* each time round somebody else has got on */
        const uint64_t order = atomic_load(&visit.set->order);
        struct rate_answer answer;
        struct finding finding;

        if ((order & ORDER_ANNOUNCED) != 0) {
            finish(visit.set, order);
            continue;
        }
        finding = look_at(&visit);
        if (is_refused(limit, &finding, &answer)) {
            if (answer.verdict == RATE_NO_PLACE && atomic_load(&visit.set->order) != order) {
                continue; /* it may have come itself, by a clock that is ahead */
            }
            return answer;
        }
        if (!finding.is_counting) {
            if (come(&visit, order, finding.place)) {
                return allowed(limit, 1, limit->window_s);
            }
        } else if (atomic_compare_exchange_strong(finding.place, &finding.word, finding.word + 1)) {
            return allowed(limit, (uint32_t)(finding.word & BITS(COUNT_BITS)) + 1, finding.left_s);
        }
    }
}

void rate_table_give_back(struct rate_table *table, const struct network_address *client,
                          const struct rate_limit *limit, uint64_t now_s)
{
    const struct visit visit = visit_of(table, client, limit, now_s);
    struct finding finding;

    do {
        finding = look_at(&visit);
        if (!finding.is_counting || (finding.word & BITS(COUNT_BITS)) == 0) {
            return;
        }
    } while (!atomic_compare_exchange_strong(finding.place, &finding.word, finding.word - 1));
}
