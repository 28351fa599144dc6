/*
 * redis_catalogue.c - which counters there are in Redis, beside what each of them counts.
 */
#include "store/redis_catalogue.h"

#include "store/store_change.h"

#include <errno.h>

static void directory_refused(void *owner, struct slice error)
{
    const struct redis_catalogue *catalogue = owner;

    catalogue->events->refused(catalogue->owner, error);
}

static void directory_used(void *owner)
{
    struct redis_catalogue *catalogue = owner;

    redis_survey_start(&catalogue->survey);
}

static const struct redis_directory_events directory_events = {directory_refused, directory_used};

void redis_catalogue_init(struct redis_catalogue *catalogue, struct loop *loop,
                          struct redis_link *link, const char *writer,
                          const struct redis_catalogue_events *events, void *owner)
{
    catalogue->events = events;
    catalogue->owner = owner;
    redis_directory_init(&catalogue->directory, loop, link, &directory_events, catalogue);
    redis_quota_init(&catalogue->quota, loop, &catalogue->directory, events->decided, owner);
    redis_survey_init(&catalogue->survey, loop, &catalogue->directory, writer);
}

void redis_catalogue_finish(struct redis_catalogue *catalogue)
{
    redis_directory_finish(&catalogue->directory);
    redis_survey_finish(&catalogue->survey);
}

void redis_catalogue_begin(struct redis_catalogue *catalogue, bool is_on)
{
    redis_quota_forget(&catalogue->quota);
    redis_directory_begin(&catalogue->directory, is_on);
}

void redis_catalogue_stop(struct redis_catalogue *catalogue)
{
    redis_directory_finish(&catalogue->directory);
    redis_survey_stop(&catalogue->survey);
}

bool redis_catalogue_decide(struct redis_catalogue *catalogue, struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);
    const bool makes = change != NULL ? change->kind == STORE_CREATE : !store_batch_looks(batch);

    return !makes || !batch->keeps_record || !batch->may_make ||
           (batch->keys_max == 0 && batch->all_keys_max == 0) ||
           redis_quota_decide(&catalogue->quota, batch);
}

void redis_catalogue_note(struct redis_catalogue *catalogue, const struct store_batch *batch,
                          bool was_known)
{
    const struct store_change *change = store_batch_change(batch);

    if (!batch->keeps_record || batch->key.length > REDIS_DIRECTORY_NAME_BYTES_MAX) {
        return;
    }
    if (change != NULL && !change->after.exists) {
        redis_directory_gone(&catalogue->directory, batch->key);
    } else if (!was_known || store_batch_has_made(batch)) {
        redis_directory_note(&catalogue->directory, batch->key);
    }
}

int redis_catalogue_list(struct redis_catalogue *catalogue, struct store_batch *batch,
                         redis_listing_ended *ended, void *owner)
{
    if (!redis_directory_is_there(&catalogue->directory)) {
        return -EOPNOTSUPP;
    }
    return redis_listing_start(&catalogue->directory, batch, ended, owner);
}

void redis_catalogue_refuse(struct redis_catalogue *catalogue, struct slice error)
{
    redis_directory_refused(&catalogue->directory, error);
}
