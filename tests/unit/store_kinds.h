/*
 * store_kinds.h - every kind of store, and cases that are run on each.
 */
#ifndef FOOTFALL_TEST_STORE_KINDS_H
#define FOOTFALL_TEST_STORE_KINDS_H

#include "lmdb_outside.h"
#include "redis_process.h"
#include "store_scene.h"
#include "temporary_folder.h"
#include "test.h"

#include <endian.h>
#include <inttypes.h>

struct kind {
    const char *name;
    bool keeps;          /* counts outlive the store */
    bool can_be_written; /* by others, so that a test gets near the end */
    void (*write_url)(char *out_url, size_t url_bytes);
    void (*write_count)(const char *key, int64_t count);
};

static struct temporary_folder folder;
static struct redis_process redis;

static void write_url_of_memory(char *out_url, size_t url_bytes)
{
    (void)snprintf(out_url, url_bytes, "memory:");
}

static void write_url_of_lmdb(char *out_url, size_t url_bytes)
{
    (void)snprintf(out_url, url_bytes, "lmdb:%s/lmdb?map_max=16M", folder.path);
}

static void write_count_to_lmdb(const char *key, int64_t count)
{
    char path[TEMPORARY_PATH_BYTES + 16];
    const uint64_t value = htole64((uint64_t)count);

    (void)snprintf(path, sizeof path, "%s/lmdb", folder.path);
    lmdb_outside_put(path, "counters", key, &value, sizeof value);
}

static void write_url_of_redis(char *out_url, size_t url_bytes)
{
    if (redis.pid == 0) {
        print_message("redis-server is not installed\n");
        skip();
    }
    (void)snprintf(out_url, url_bytes, "redis+unix://%s", redis.socket);
}

static void write_count_to_redis(const char *key, int64_t count)
{
    char value[24];

    (void)snprintf(value, sizeof value, "%" PRId64, count);
    redis_process_set(&redis, key, value);
}

static const struct kind kinds[] = {
    {.name = "memory", .write_url = write_url_of_memory},
    {
        .name = "LMDB",
        .keeps = true,
        .can_be_written = true,
        .write_url = write_url_of_lmdb,
        .write_count = write_count_to_lmdb,
    },
    {
        .name = "Redis",
        .keeps = true,
        .can_be_written = true,
        .write_url = write_url_of_redis,
        .write_count = write_count_to_redis,
    },
};

/* Opens the kind's store. Keys are a test's own, since the stores that keep share a folder. */
static inline void open_store(struct store_scene *scene, const struct kind *kind)
{
    char url[256];

    kind->write_url(url, sizeof url);
    store_scene_open(scene, url);
    assert_true(store_is_ready(scene->store));
    assert_int_equal(scene->errors, 0);
}

/* ---- running ---- */

struct kind_case {
    const char *name;
    void (*run)(const struct kind *kind);
    bool needs_writing; /* by others: test_store.c has these cases for kinds without */
};

enum {
    NAME_BYTES = 128,
    KINDS_COUNT = sizeof kinds / sizeof kinds[0],
    CASES_MAX = 32,
};

/* One case on one kind. */
struct pairing {
    const struct kind *kind;
    void (*run)(const struct kind *kind);
    char name[NAME_BYTES];
};

static void run_pairing(void **state)
{
    const struct pairing *pairing = *state;

    pairing->run(pairing->kind);
}

static int start_servers(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    redis_process_start(&redis, &folder);
    return 0;
}

static int stop_servers(void **state)
{
    (void)state;
    redis_process_stop(&redis);
    temporary_folder_remove(&folder);
    return 0;
}

/* Runs each case on each kind as a test of its own. What main() is to return. */
static inline int run_on_all_kinds(const char *group, const struct kind_case *cases,
                                   size_t cases_count)
{
    static struct pairing pairings[KINDS_COUNT * CASES_MAX];
    static struct CMUnitTest tests[KINDS_COUNT * CASES_MAX];
    size_t count = 0;

    assert_true(cases_count <= CASES_MAX);
    for (unsigned i = 0; i < KINDS_COUNT; i++) {
        for (unsigned j = 0; j < cases_count; j++) {
            struct pairing *pairing = &pairings[count];

            if (cases[j].needs_writing && !kinds[i].can_be_written) {
                continue;
            }
            *pairing = (struct pairing){.kind = &kinds[i], .run = cases[j].run};
            (void)snprintf(pairing->name, sizeof pairing->name, "%s: %s", kinds[i].name,
                           cases[j].name);
            tests[count++] = (struct CMUnitTest){
                .name = pairing->name,
                .test_func = run_pairing,
                .initial_state = pairing,
            };
        }
    }
    return _cmocka_run_group_tests(group, tests, count, start_servers, stop_servers);
}

#endif
