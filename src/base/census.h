/*
 * census.h - how many connections are open on this host, in all and of each address.
 *
 * Each slot of the scoreboard has a sheet that only its worker writes; who wants to know how many
 * there are adds up the sheets of all workers that live. So a worker that is killed takes its
 * counts with it, at whatever instruction, and nothing is ever locked. A connection is first
 * counted, then all are added up, and it leaves again when that is too many: of two workers that
 * count at the same moment one at least sees both, so a limit is never exceeded (at the very edge
 * both may be refused).
 *
 * An IPv6 address stands for its /64 (network_address_counted()). Addresses that are not known,
 * those of unix sockets, are counted in all only. A sheet has room for CENSUS_PLACES addresses;
 * what finds none is counted in all only, too.
 */
#ifndef FOOTFALL_BASE_CENSUS_H
#define FOOTFALL_BASE_CENSUS_H

#include <stdatomic.h>
#include <stdint.h>

struct network_address;
struct scoreboard;

enum {
    CENSUS_BUCKETS = 4096,
    CENSUS_BUCKET_PLACES = 8, /* a cache line */
    CENSUS_PLACES = CENSUS_BUCKETS * CENSUS_BUCKET_PLACES,
};

/* Of a connection whose address has no place. */
#define CENSUS_NO_PLACE UINT32_MAX

/* What one worker has. A place holds a part of an address' hash (44 bits) and how many connections
 * it has (20 bits); without any it is free. */
struct census_sheet {
    _Alignas(64) _Atomic uint64_t places[CENSUS_PLACES];
    _Alignas(4096) _Atomic uint32_t connections;
};

struct census {
    _Atomic uint32_t slots_used; /* sheets from there on are untouched */
    struct census_sheet sheets[];
};

/* How many there may be; UINT64_MAX: any number. */
struct census_limits {
    uint64_t connections_max;
    uint64_t address_connections_max;
};

enum census_answer {
    CENSUS_COUNTED,
    CENSUS_IS_FULL,         /* no more in all */
    CENSUS_ADDRESS_IS_FULL, /* no more of this address */
};

/* 0, with *out_census zeroed and shared with all processes forked later, memory used as it is
 * written to; or -errno of mmap(2). */
int census_create(uint32_t slots_count, struct census **out_census);

/* Unmaps it from this process. NULL is fine. */
void census_destroy(struct census *census, uint32_t slots_count);

/* Forgets what a slot's worker, which is gone, had counted. NULL is fine. The master's. */
void census_sheet_clear(struct census_sheet *sheet);

/* Says that a worker of this slot will count. The worker's, before its first connection. */
void census_join(const struct scoreboard *scoreboard, uint32_t slot);

/* Counts a connection of `client` to this slot's worker, unless that is one too many. Only with
 * COUNTED *out_place is set, for census_leave(). hash_init() was called. */
enum census_answer census_enter(const struct scoreboard *scoreboard, uint32_t slot,
                                const struct census_limits *limits,
                                const struct network_address *client, uint32_t *out_place);

/* How many connections this slot's worker has. */
uint32_t census_of_slot(const struct scoreboard *scoreboard, uint32_t slot);

/* One connection less. */
void census_leave(const struct scoreboard *scoreboard, uint32_t slot, uint32_t place);

#endif
