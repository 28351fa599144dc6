/*
 * rate_table.h - how often each client may do something within a time, over all processes of a
 * host.
 *
 * One shared anonymous mapping, made before the first fork, with room for so many clients, three
 * times over, and never more. A client's window begins with its first hit and lasts window_s; in it
 * as many hits are allowed as the limit says, however many processes count at once, and one more in
 * none. All changes are single compare-and-swaps of 64 bits. What takes more than one is announced
 * first, and whoever finds it ends it: a process that is killed at any instruction holds up nobody,
 * and takes with it at most the one hit that it was counting.
 *
 * A client is an address, of IPv6 a /64 (network_address_counted()), under one policy. Addresses
 * that are not known, those of unix sockets, are one client. It is found by a keyed hash, which
 * nobody can aim at: hash_init() was called before the fork. Clients of the same 31 places are told
 * apart by 29 bits, so of newcomers to a full table one in 17 million shares somebody else's count,
 * until that one's window ends.
 *
 * A client whose window has ended makes room for others. Where all 31 places of a newcomer are of
 * windows that have not, it is refused. Of as many clients as the table is made for that happens to
 * one in six million at most. It has three places or more for each, and begins to refuse when half
 * of them are taken, one newcomer in 3,000 then.
 *
 * Time is of one clock for all processes, in seconds, best one that never goes back
 * (CLOCK_MONOTONIC). That of a process may be a minute behind: it still counts in the windows that
 * others began. When the clock goes back by more, each client's window begins anew with its next
 * hit; by less, one lasts that much longer. A place in a full table stays taken for at most a day.
 */
#ifndef FOOTFALL_BASE_RATE_TABLE_H
#define FOOTFALL_BASE_RATE_TABLE_H

#include <stdint.h>

struct network_address;
struct rate_table;

enum {
    RATE_AMOUNT_MAX = 65535,
    RATE_WINDOW_S_MAX = 86400,
};

/* So many hits in so many seconds; each policy (a namespace's, one for wrong tokens) counts for
 * itself. A client in whose window the limit changes keeps the window and what was counted. */
struct rate_limit {
    uint64_t policy_id;
    uint32_t amount_max; /* 0 to RATE_AMOUNT_MAX */
    uint32_t window_s;   /* 1 to RATE_WINDOW_S_MAX */
};

enum rate_verdict {
    RATE_ALLOWED,
    RATE_EXCEEDED,
    RATE_NO_PLACE, /* for one more client */
};

struct rate_answer {
    enum rate_verdict verdict;
    uint32_t remaining;     /* hits that will still be allowed in this window */
    uint32_t window_left_s; /* until it ends; RATE_NO_PLACE: until there may be a place. From 1 */
};

/* 0, with *out_table empty and shared with all processes forked later, its memory used as clients
 * come, 25 to 50 bytes for each of `clients_max` (at least 1) or a few more; or -errno of mmap(2).
 */
int rate_table_create(uint32_t clients_max, struct rate_table **out_table);

/* Unmaps it from this process. NULL is fine. */
void rate_table_destroy(struct rate_table *table);

/* Counts a hit of that client if it is allowed. Hits that are refused count for nothing. */
struct rate_answer rate_table_take(struct rate_table *table, const struct network_address *client,
                                   const struct rate_limit *limit, uint64_t now_s);

/* Takes back one hit that was allowed, if its window lasts still: it turned out to be none. */
void rate_table_give_back(struct rate_table *table, const struct network_address *client,
                          const struct rate_limit *limit, uint64_t now_s);

#endif
