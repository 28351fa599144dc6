/*
 * redis_catalogue.c - which counters there are in Redis, beside what each of them counts.
 */
#include "store/redis_catalogue.h"

#include "store/store_change.h"

#include <errno.h>

static void directory_forbidden(void *owner, struct slice error)
{
    const struct redis_catalogue *catalogue = owner;

    catalogue->events->forbidden(catalogue->owner, error);
}

static void directory_settled(void *owner)
{
    const struct redis_catalogue *catalogue = owner;

    catalogue->events->settled(catalogue->owner);
}

static const struct redis_directory_events directory_events = {directory_forbidden,
                                                               directory_settled};

void redis_catalogue_init(struct redis_catalogue *catalogue, struct loop *loop,
                          struct redis_link *link, const char *writer,
                          const struct redis_catalogue_events *events, void *owner)
{
    catalogue->events = events;
    catalogue->owner = owner;
    catalogue->is_used = false;
    redis_directory_init(&catalogue->directory, loop, link, &directory_events, catalogue);
    redis_quota_init(&catalogue->quota, loop, &catalogue->directory, events->decided, owner);
    redis_survey_init(&catalogue->survey, loop, &catalogue->directory, writer);
}

void redis_catalogue_finish(struct redis_catalogue *catalogue)
{
    redis_directory_stop(&catalogue->directory);
    redis_survey_finish(&catalogue->survey);
}

void redis_catalogue_begin(struct redis_catalogue *catalogue, bool is_on)
{
    catalogue->is_used = false;
    redis_quota_forget(&catalogue->quota);
    redis_directory_stop(&catalogue->directory);
    if (is_on) {
        redis_directory_start(&catalogue->directory);
    }
}

void redis_catalogue_stop(struct redis_catalogue *catalogue)
{
    redis_directory_stop(&catalogue->directory);
    redis_survey_stop(&catalogue->survey);
}

/* Named counters are met on this link: somebody has to put the names right now and then. Not an
 * import, which is over soon. */
static void use(struct redis_catalogue *catalogue, const struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);

    if (!catalogue->is_used && catalogue->directory.is_on &&
        (change == NULL || (change->kind != STORE_PUT && change->kind != STORE_ADD_OR_PUT))) {
        catalogue->is_used = true;
        redis_survey_start(&catalogue->survey);
    }
}

static bool may_make_one(const struct store_batch *batch)
{
    const struct store_change *change = store_batch_change(batch);
    const bool makes = change != NULL ? change->kind == STORE_CREATE : !store_batch_looks(batch);

    return makes && batch->keeps_record && batch->may_make;
}

void redis_catalogue_decide(struct redis_catalogue *catalogue, struct store_batch *batch)
{
    enum redis_room room = REDIS_ROOM_THERE;

    if (may_make_one(batch)) {
        use(catalogue, batch);
        room = redis_quota_look(&catalogue->quota, batch);
        batch->may_make = room != REDIS_ROOM_NONE;
    }
    batch->must_ask = room == REDIS_ROOM_UNKNOWN;
}

int redis_catalogue_ask(struct redis_catalogue *catalogue, struct store_batch *batch)
{
    batch->must_ask = false;
    return redis_quota_ask(&catalogue->quota, batch);
}

bool redis_catalogue_settle(struct redis_catalogue *catalogue)
{
    return redis_directory_settle(&catalogue->directory);
}

void redis_catalogue_note(struct redis_catalogue *catalogue, const struct store_batch *batch,
                          bool was_known)
{
    const struct store_change *change = store_batch_change(batch);

    if (!batch->keeps_record || batch->key.length > REDIS_DIRECTORY_NAME_BYTES_MAX) {
        return;
    }
    use(catalogue, batch);
    if (change != NULL && !change->after.exists) {
        redis_directory_gone(&catalogue->directory, batch->key);
    } else if (!was_known || store_batch_has_made(batch)) {
        redis_directory_note(&catalogue->directory, batch->key);
    }
}

int redis_catalogue_list(struct redis_catalogue *catalogue, struct store_batch *batch,
                         redis_listing_ended *ended, void *owner)
{
    if (!catalogue->directory.is_on) {
        return -EOPNOTSUPP;
    }
    use(catalogue, batch);
    return redis_listing_start(&catalogue->directory, batch, ended, owner);
}

bool redis_catalogue_refuse(struct redis_catalogue *catalogue, struct slice error)
{
    return redis_directory_refuse(&catalogue->directory, error);
}
