/*
 * redis_catalogue_scene.h - a Redis store before a server that is played, and what that is asked of
 * the names of counters.
 */
#ifndef FOOTFALL_TEST_REDIS_CATALOGUE_SCENE_H
#define FOOTFALL_TEST_REDIS_CATALOGUE_SCENE_H

#include "redis_changes_scene.h"

static const char *answer_to_names; /* to what is asked of the directory but for ZADD and ZREM */
static const char *answer_to_get;
static bool is_absent; /* any counter: one that must not be made is none */

static inline void answer_names_as_told(struct fake_connection *connection, const char *command)
{
    const size_t length = strlen(command);

    if (strncmp(command, "ZCARD", 5) == 0 || strncmp(command, "ZLEXCOUNT", 9) == 0 ||
        strncmp(command, "ZRANGE", 6) == 0) {
        fake_send(connection, answer_to_names);
    } else if (strncmp(command, "GET footfall:", 13) == 0) {
        fake_send(connection, answer_to_get);
    } else if (is_absent && strncmp(command, "COUNT", 5) == 0 &&
               strcmp(command + length - 2, " 0") == 0) {
        fake_send(connection, "$4\r\nnone\r\n");
    } else {
        fake_answer(connection, command);
    }
}

static inline void begin_logging(struct scene *scene)
{
    begin(scene);
    scene->server.logs_names = true;
    scene->server.command = answer_names_as_told;
    answer_to_names = ":0\r\n";
    answer_to_get = "$-1\r\n";
    is_absent = false;
}

static const char *wanted_log;

static inline bool is_logged(void *test)
{
    return strstr(((const struct scene *)test)->server.log, wanted_log) != NULL;
}

/* Waits until the server was asked that, somewhere behind other things. */
static inline void await(struct scene *scene, const char *commands)
{
    wanted_log = commands;
    turn_until(&scene->turning, is_logged, scene);
}

/* Waits until that is all that the server was asked, since the opening or the last forget(). */
static inline void await_all(struct scene *scene, const char *commands)
{
    await(scene, commands);
    assert_string_equal(scene->server.log, commands);
}

static inline void forget(struct scene *scene)
{
    scene->server.log_length = 0;
    scene->server.log[0] = '\0';
}

static inline bool is_ready_again(void *test)
{
    return ((const struct scene *)test)->server.accepted_count == 2 && is_ready(test);
}

/* ---- answers to lists ---- */

static const char *answer_to_range;
static const char *answer_to_mget;

static inline void answer_lists_as_told(struct fake_connection *connection, const char *command)
{
    if (strncmp(command, "ZRANGEBYLEX", 11) == 0) {
        fake_send(connection, answer_to_range);
    } else if (strncmp(command, "MGET", 4) == 0) {
        fake_send(connection, answer_to_mget);
    } else {
        fake_answer(connection, command);
    }
}

#define TWO_NAMES "*2\r\n$6\r\nns/one\r\n$6\r\nns/two\r\n"

#endif
