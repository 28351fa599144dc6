/*
 * redis_directory.c - the names of the counters that keep a record, in one sorted set of Redis.
 */
#include "store/redis_directory.h"

#include "store/redis_error.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void send_gathered(void *owner);

void redis_directory_init(struct redis_directory *directory, struct loop *loop,
                          struct redis_link *link, const struct redis_directory_events *events,
                          void *owner)
{
    directory->events = events;
    directory->owner = owner;
    directory->loop = loop;
    directory->link = link;
    directory->is_on = directory->is_used = false;
    directory->names_count = directory->names_bytes = 0;
    deferred_init(&directory->flush, send_gathered, directory);
}

void redis_directory_finish(struct redis_directory *directory)
{
    directory->is_on = false;
    directory->names_count = directory->names_bytes = 0;
    deferred_cancel(&directory->flush);
}

void redis_directory_begin(struct redis_directory *directory, bool is_on)
{
    redis_directory_finish(directory); /* of the link before: its names are noted again */
    directory->is_on = is_on;
    directory->is_used = false;
}

bool redis_directory_is_there(struct redis_directory *directory)
{
    if (directory->is_on && !directory->is_used) {
        directory->is_used = true;
        directory->events->used(directory->owner);
    }
    return directory->is_on;
}

size_t redis_directory_counter_key(struct slice name, char *out_key)
{
    const struct slice prefix = SLICE(REDIS_COUNTER_PREFIX);

    assert(name.length <= REDIS_DIRECTORY_NAME_BYTES_MAX);
    memcpy(mempcpy(out_key, prefix.bytes, prefix.length), name.bytes, name.length);
    return prefix.length + name.length;
}

int redis_directory_send(const struct redis_directory *directory, const struct slice *words,
                         size_t words_count, redis_answered *answered, void *owner, void *subject)
{
    return redis_link_send(directory->link, words, words_count, answered, owner, subject);
}

/* A server that does not do it now does not count either, and whoever counts on it finds out. */
void redis_directory_refused(struct redis_directory *directory, struct slice error)
{
    if (directory->is_on && redis_error_meaning(error) != REDIS_ERROR_NOT_NOW) {
        redis_directory_finish(directory);
        directory->events->refused(directory->owner, error);
    }
}

/* ---- noting ---- */

static void written(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    (void)subject;
    if (result == 0 && reply->type == RESP_ERROR) {
        redis_directory_refused(owner, reply->text);
    }
}

/* What cannot be sent is lost with its link, or noted by the next survey. */
static void send_gathered(void *owner)
{
    struct redis_directory *directory = owner;
    struct slice words[2 + 2 * REDIS_DIRECTORY_NAMES_MAX] = {SLICE("ZADD"),
                                                             SLICE(REDIS_DIRECTORY_KEY)};
    const char *name = directory->names;
    size_t count = 2;

    for (size_t i = 0; i < directory->names_count; i++) {
        words[count++] = SLICE("0");
        words[count++] = (struct slice){name, directory->lengths[i]};
        name += directory->lengths[i];
    }
    directory->names_count = directory->names_bytes = 0;
    (void)redis_directory_send(directory, words, count, written, directory, NULL);
}

void redis_directory_note(struct redis_directory *directory, struct slice name)
{
    assert(name.length > 0 && name.length <= REDIS_DIRECTORY_NAME_BYTES_MAX);
    if (!redis_directory_is_there(directory)) {
        return;
    }
    memcpy(directory->names + directory->names_bytes, name.bytes, name.length);
    directory->names_bytes += name.length;
    directory->lengths[directory->names_count++] = (uint8_t)name.length;
    if (directory->names_count == REDIS_DIRECTORY_NAMES_MAX) {
        deferred_cancel(&directory->flush);
        send_gathered(directory);
    } else {
        deferred_start(&directory->flush, directory->loop);
    }
}

/* ---- taking out ---- */

struct gone {
    struct redis_directory *directory;
    size_t length;
    char name[];
};

/* Somebody may have made it anew before its name was taken out. */
static void looked(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct gone *gone = subject;

    (void)owner;
    if (result == 0 && reply->type == RESP_INTEGER && reply->integer > 0) {
        redis_directory_note(gone->directory, (struct slice){gone->name, gone->length});
    }
    free(gone);
}

void redis_directory_gone(struct redis_directory *directory, struct slice name)
{
    char key[REDIS_COUNTER_KEY_BYTES_MAX];
    const struct slice remove[] = {SLICE("ZREM"), SLICE(REDIS_DIRECTORY_KEY), name};
    const struct slice look[] = {SLICE("EXISTS"), {key, redis_directory_counter_key(name, key)}};
    struct gone *gone;

    if (!redis_directory_is_there(directory)) {
        return;
    }
    if (directory->names_count > 0) { /* it may be among them */
        deferred_cancel(&directory->flush);
        send_gathered(directory);
    }
    gone = malloc(sizeof *gone + name.length);
    if (gone == NULL || redis_directory_send(directory, remove, 3, written, directory, NULL) < 0) {
        free(gone); /* the name stays until somebody finds it without a counter */
        return;
    }
    *gone = (struct gone){.directory = directory, .length = name.length};
    memcpy(gone->name, name.bytes, name.length);
    if (redis_directory_send(directory, look, 2, looked, directory, gone) < 0) {
        free(gone);
    }
}
