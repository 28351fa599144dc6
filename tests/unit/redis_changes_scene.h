/*
 * redis_changes_scene.h - counters with a record at a server that is played, and answers that are
 * lost.
 */
#ifndef FOOTFALL_TEST_REDIS_CHANGES_SCENE_H
#define FOOTFALL_TEST_REDIS_CHANGES_SCENE_H

#include "redis_store_scene.h"

#define BEFORE "5 1 2 0 0 1 0 -"
#define AFTER "9 1 2 4 0 1 0 -"
#define LATER "7 1 3 0 0 1 0 -"
#define AFTER_LATER "11 1 3 4 0 1 0 -"

/* What was sent behind the opening of the first link. */
static inline const char *asked_of(const struct scene *scene)
{
    static const char opening[] = "PING|NAME|SCRIPT?|";

    assert_memory_equal(scene->server.log, opening, strlen(opening));
    return scene->server.log + strlen(opening);
}

/* Adds 4 as the server would. */
static const struct store_change add_4 = {.kind = STORE_ADD, .right = STORE_AS_SERVER, .value = 4};

static inline void begin_with(struct scene *scene, const char *record)
{
    begin(scene);
    (void)snprintf(scene->server.record, sizeof scene->server.record, "%s", record);
}

static inline void check_added(const struct scene *scene, unsigned i, int64_t before)
{
    assert_true(scene->is_done[i]);
    assert_int_equal(scene->hits[i][0].result, 0);
    assert_true(scene->changes[i].before.exists && scene->changes[i].after.exists);
    assert_true(scene->changes[i].before.value == before);
    assert_true(scene->changes[i].after.value == before + 4);
}

/* Of each command that was not "COUNT", the n-th from the start closes the link instead. */
static unsigned commands_until_close;
static bool closes_behind; /* it was done, but the answer is lost */

static inline void close_at_one(struct fake_connection *connection, const char *command)
{
    const bool is_ours = strncmp(command, "GET", 3) == 0 || strncmp(command, "CHANGE", 6) == 0 ||
                         strncmp(command, "COUNT", 5) == 0 || strncmp(command, "HGET", 4) == 0;

    if (!is_ours || commands_until_close == 0 || --commands_until_close > 0) {
        fake_answer(connection, command);
        return;
    }
    if (closes_behind) {
        connection->is_silent = true;
        fake_answer(connection, command);
    }
    fake_close(connection);
}

#endif
