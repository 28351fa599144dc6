/*
 * redis_directory_walk.c - the counters whose names the directory has, one after the other.
 */
#include "store/redis_directory_walk.h"

#include "store/redis_record.h"
#include "store/resp_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of any length they and their counts fit into what is kept of a reply. */
enum { NAMES_AT_ONCE = 400 };
#define NAMES_AT_ONCE_TEXT "400"
static_assert(NAMES_AT_ONCE * (REDIS_DIRECTORY_NAME_BYTES_MAX + 1) <= RESP_TEXT_BYTES_MAX,
              "a page of names must not be cut");

struct walk {
    struct redis_directory *directory;
    const struct redis_directory_walk_events *events;
    void *owner;
    char after[1 + REDIS_DIRECTORY_NAME_BYTES_MAX]; /* the first ones to be asked for, as Redis */
    size_t after_length;                            /* writes a bound: "[NAME" or "(NAME" */
    char end[1 + REDIS_DIRECTORY_NAME_BYTES_MAX];   /* "(NAME", or "+" */
    size_t end_length;
    bool is_last_page;
    size_t names_count; /* at hand, each with a LF behind it */
    size_t names_length;
    char names[RESP_TEXT_BYTES_MAX];
    char keys[NAMES_AT_ONCE * REDIS_COUNTER_KEY_BYTES_MAX];
};

static void end_walk(struct walk *walk, int result, struct slice error)
{
    const struct redis_directory_walk_events *events = walk->events;
    void *owner = walk->owner;

    free(walk);
    events->ended(owner, result, error);
}

static void end_if_unsent(struct walk *walk, int result)
{
    if (result < 0) {
        end_walk(walk, result, SLICE(""));
    }
}

/* Ends the walk if the answer is no array. Whether it did. */
static bool ends_without_list(struct walk *walk, int result, const struct resp_reply *reply)
{
    if (result < 0) {
        end_walk(walk, result, SLICE(""));
    } else if (reply->type == RESP_ERROR) {
        end_walk(walk, -EIO, reply->text);
    } else if (reply->type != RESP_ARRAY) {
        end_walk(walk, -EPROTO, SLICE(""));
    } else {
        return false;
    }
    return true;
}

static int ask_for_names(struct walk *walk);

/* ---- counts ---- */

static size_t count_lines(struct slice text)
{
    struct slice line;
    size_t count = 0;

    while (slice_take_line(&text, &line)) {
        count++;
    }
    return count;
}

/* Tells of each counter at hand. False: that is enough. */
static bool tell(struct walk *walk, struct slice counts)
{
    struct slice names = {walk->names, walk->names_length};
    struct slice name;
    struct slice text;

    while (slice_take_line(&names, &name) && slice_take_line(&counts, &text)) {
        int64_t count;

        if (text.length == 0) {
            redis_directory_gone(walk->directory, name);
        } else if (redis_record_read_count(text, &count) &&
                   !walk->events->counter(walk->owner, name, count)) {
            return false;
        }
    }
    return true;
}

static void take_counts(struct walk *walk, struct slice counts)
{
    if (count_lines(counts) != walk->names_count) {
        end_walk(walk, -EBADMSG, SLICE("ERR a counter that is several lines"));
    } else if (!tell(walk, counts) || walk->is_last_page) {
        end_walk(walk, 0, SLICE(""));
    } else {
        end_if_unsent(walk, ask_for_names(walk));
    }
}

static void counts_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct walk *walk = subject;

    (void)owner;
    if (ends_without_list(walk, result, reply)) {
        return;
    }
    if (reply->integer == (int64_t)walk->names_count) {
        take_counts(walk, reply->text);
    } else {
        end_walk(walk, -EPROTO, SLICE(""));
    }
}

static int ask_for_counts(struct walk *walk)
{
    struct slice words[1 + NAMES_AT_ONCE] = {SLICE("MGET")};
    struct slice names = {walk->names, walk->names_length};
    struct slice name;
    char *key = walk->keys;
    size_t count = 1;

    while (slice_take_line(&names, &name)) {
        words[count] = (struct slice){key, redis_directory_counter_key(name, key)};
        key += words[count++].length;
    }
    return redis_link_send(walk->directory->link, words, count, counts_answered, NULL, walk);
}

/* ---- names ---- */

/* Keeps the names that came, but for those that nobody of us has written. False: there is none. */
static bool keep_names(struct walk *walk, const struct resp_reply *reply)
{
    struct slice text = reply->text;
    char *end = walk->names;
    struct slice name;

    walk->names_count = 0;
    while (slice_take_line(&text, &name)) {
        if (name.length > 0 && name.length <= REDIS_DIRECTORY_NAME_BYTES_MAX) {
            end = mempcpy(end, name.bytes, name.length);
            *end++ = '\n';
            walk->names_count++;
            memcpy(walk->after + 1, name.bytes, name.length);
            walk->after_length = 1 + name.length;
        }
    }
    walk->after[0] = '(';
    walk->names_length = (size_t)(end - walk->names);
    return walk->names_count > 0;
}

static void names_answered(void *owner, void *subject, int result, const struct resp_reply *reply)
{
    struct walk *walk = subject;

    (void)owner;
    if (ends_without_list(walk, result, reply)) {
        return;
    }
    walk->is_last_page = reply->integer < NAMES_AT_ONCE;
    if (reply->integer == 0) {
        end_walk(walk, 0, SLICE(""));
    } else if (count_lines(reply->text) != (size_t)reply->integer || !keep_names(walk, reply)) {
        end_walk(walk, -EBADMSG, SLICE("ERR a name in " REDIS_DIRECTORY_KEY " that is none"));
    } else {
        end_if_unsent(walk, ask_for_counts(walk));
    }
}

static int ask_for_names(struct walk *walk)
{
    const struct slice words[] = {
        SLICE("ZRANGEBYLEX"),
        SLICE(REDIS_DIRECTORY_KEY),
        {walk->after, walk->after_length},
        {walk->end, walk->end_length},
        SLICE("LIMIT"),
        SLICE("0"),
        SLICE(NAMES_AT_ONCE_TEXT),
    };

    return redis_link_send(walk->directory->link, words, sizeof words / sizeof words[0],
                           names_answered, NULL, walk);
}

/* ---- the bounds ---- */

/* All names with the prefix, which ends with a character before the last one. */
static void set_bounds(struct walk *walk, struct slice prefix, struct slice after)
{
    const struct slice from = after.length > 0 ? after : prefix;

    walk->after[0] = after.length > 0 ? '(' : '[';
    memcpy(walk->after + 1, from.bytes, from.length);
    walk->after_length = 1 + from.length;
    if (from.length == 0) {
        walk->after[0] = '-'; /* from the first one on */
    }
    walk->end[0] = prefix.length > 0 ? '(' : '+';
    memcpy(walk->end + 1, prefix.bytes, prefix.length);
    walk->end_length = 1 + prefix.length;
    if (prefix.length > 0) {
        walk->end[prefix.length]++;
    }
}

int redis_directory_walk(struct redis_directory *directory, struct slice prefix, struct slice after,
                         const struct redis_directory_walk_events *events, void *owner)
{
    struct walk *walk = malloc(sizeof *walk);
    int result;

    if (walk == NULL) {
        return -ENOMEM;
    }
    walk->directory = directory;
    walk->events = events;
    walk->owner = owner;
    set_bounds(walk, prefix, after);
    result = ask_for_names(walk);
    if (result < 0) {
        free(walk);
    }
    return result;
}
