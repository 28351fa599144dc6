/*
 * redis_catalogue.h - which counters there are in Redis, beside what each of them counts.
 *
 * What a store needs of the directory (redis_directory.h), of its limits (redis_quota.h), of its
 * pages (redis_listing.h) and of its upkeep (redis_survey.h), in one. Nothing of it belongs to the
 * counting of a counter: it is written behind it, and where Redis refuses it counting goes on.
 *
 * Embedded in the store; belongs to the loop's thread.
 */
#ifndef FOOTFALL_STORE_REDIS_CATALOGUE_H
#define FOOTFALL_STORE_REDIS_CATALOGUE_H

#include "store/redis_directory.h"
#include "store/redis_listing.h"
#include "store/redis_quota.h"
#include "store/redis_survey.h"
#include "store/store.h"

#include <stdbool.h>

struct redis_catalogue_events {
    /* What redis_catalogue_ask() was given is decided; or `result` < 0: the link was lost. */
    void (*decided)(void *owner, struct store_batch *batch, int result);
    /* Redis forbids it, and says why (borrowed); once for each link. */
    void (*forbidden)(void *owner, struct slice error);
    /* Nothing of it is on its way any more. */
    void (*settled)(void *owner);
};

struct redis_catalogue {
    const struct redis_catalogue_events *events;
    void *owner;
    bool is_used; /* on this link */
    struct redis_directory directory;
    struct redis_quota quota;
    struct redis_survey survey;
};

/* Borrows all of them as long as the catalogue is used. `writer`: redis_writer.h's name. */
void redis_catalogue_init(struct redis_catalogue *catalogue, struct loop *loop,
                          struct redis_link *link, const char *writer,
                          const struct redis_catalogue_events *events, void *owner);

/* Once the link is closed. */
void redis_catalogue_finish(struct redis_catalogue *catalogue);

/* A link is ready; with `is_on` names are kept there. It is down. */
void redis_catalogue_begin(struct redis_catalogue *catalogue, bool is_on);
void redis_catalogue_stop(struct redis_catalogue *catalogue);

/* Decides whether a batch that has not been sent may make its counter, if that is a new one, as far
 * as is known: `may_make` is right, or `must_ask` is set. */
void redis_catalogue_decide(struct redis_catalogue *catalogue, struct store_batch *batch);

/* Asks for the batch that must, whose counter is a new one. 0: decided() comes once, later; as
 * redis_link_send() otherwise. */
int redis_catalogue_ask(struct redis_catalogue *catalogue, struct store_batch *batch);

/* Sends what is to be written still. Whether nothing is on its way; otherwise settled() comes. */
bool redis_catalogue_settle(struct redis_catalogue *catalogue);

/* The batch is written, and has its results. `was_known`: its counter was on this link before. */
void redis_catalogue_note(struct redis_catalogue *catalogue, const struct store_batch *batch,
                          bool was_known);

/* As redis_listing_start(); -EOPNOTSUPP where the catalogue is off. */
int redis_catalogue_list(struct redis_catalogue *catalogue, struct store_batch *batch,
                         redis_listing_ended *ended, void *owner);

/* A listing was answered with an error. Whether that forbids the catalogue, which is off then. */
bool redis_catalogue_refuse(struct redis_catalogue *catalogue, struct slice error);

#endif
