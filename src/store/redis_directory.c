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
    directory->is_on = false;
    directory->unanswered = 0;
    directory->names_count = directory->names_bytes = 0;
    deferred_init(&directory->flush, send_gathered, directory);
}

void redis_directory_start(struct redis_directory *directory)
{
    redis_directory_stop(directory); /* names of the link before are noted again */
    directory->is_on = true;
}

void redis_directory_stop(struct redis_directory *directory)
{
    directory->is_on = false;
    directory->names_count = directory->names_bytes = 0;
    deferred_cancel(&directory->flush);
}

size_t redis_directory_counter_key(struct slice name, char *out_key)
{
    const struct slice prefix = SLICE(REDIS_COUNTER_PREFIX);

    assert(name.length <= REDIS_DIRECTORY_NAME_BYTES_MAX);
    memcpy(mempcpy(out_key, prefix.bytes, prefix.length), name.bytes, name.length);
    return prefix.length + name.length;
}

/* What is refused for want of memory, say, may be well the next time. */
static bool is_forbidding(struct slice error)
{
    const struct slice kind = redis_error_kind(error);

    return slice_is(kind, "NOPERM") || slice_is(kind, "WRONGTYPE") ||
           redis_error_holds(error, SLICE("unknown command"));
}

bool redis_directory_refuse(struct redis_directory *directory, struct slice error)
{
    if (!is_forbidding(error)) {
        return false;
    }
    if (directory->is_on) {
        redis_directory_stop(directory);
        directory->events->forbidden(directory->owner, error);
    }
    return true;
}

/* ---- writing ---- */

static void written(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct redis_directory *directory = owner;

    (void)subject;
    directory->unanswered--;
    if (result == 0 && reply->type == RESP_ERROR) {
        (void)redis_directory_refuse(directory, reply->text); /* else it is lost, as below */
    }
    if (directory->unanswered == 0) {
        directory->events->settled(directory->owner);
    }
}

/* What cannot be sent is lost with its link, or noted by the next survey. */
static int write_words(struct redis_directory *directory, const struct slice *words, size_t count)
{
    int result = redis_link_send(directory->link, words, count, written, directory, NULL);

    directory->unanswered += result == 0 ? 1 : 0;
    return result;
}

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
    (void)write_words(directory, words, count); /* as said there */
}

static void send_now(struct redis_directory *directory)
{
    deferred_cancel(&directory->flush);
    if (directory->names_count > 0) {
        send_gathered(directory);
    }
}

bool redis_directory_settle(struct redis_directory *directory)
{
    send_now(directory);
    return directory->unanswered == 0;
}

void redis_directory_note(struct redis_directory *directory, struct slice name)
{
    assert(name.length > 0 && name.length <= REDIS_DIRECTORY_NAME_BYTES_MAX);
    if (!directory->is_on) {
        return;
    }
    memcpy(directory->names + directory->names_bytes, name.bytes, name.length);
    directory->names_bytes += name.length;
    directory->lengths[directory->names_count++] = (uint8_t)name.length;
    if (directory->names_count == REDIS_DIRECTORY_NAMES_MAX) {
        send_now(directory);
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

/* Somebody may have made it anew before its name was taken out. What is no text is no counter. */
static void looked(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct gone *gone = subject;

    (void)owner;
    if (result == 0 && reply->type == RESP_BULK) {
        redis_directory_note(gone->directory, (struct slice){gone->name, gone->length});
    }
    free(gone);
}

void redis_directory_gone(struct redis_directory *directory, struct slice name)
{
    char key[REDIS_COUNTER_KEY_BYTES_MAX];
    const struct slice remove[] = {SLICE("ZREM"), SLICE(REDIS_DIRECTORY_KEY), name};
    const struct slice look[] = {SLICE("GET"), {key, redis_directory_counter_key(name, key)}};
    struct gone *gone;

    if (!directory->is_on) {
        return;
    }
    send_now(directory); /* it may be among them */
    gone = malloc(sizeof *gone + name.length);
    if (gone == NULL || write_words(directory, remove, 3) < 0) {
        free(gone); /* the name stays until somebody finds it without a counter */
        return;
    }
    *gone = (struct gone){.directory = directory, .length = name.length};
    memcpy(gone->name, name.bytes, name.length);
    if (redis_link_send(directory->link, look, 2, looked, directory, gone) < 0) {
        free(gone);
    }
}
