/*
 * test_lmdb_reader.c - listings beside commits, reopenings and the end.
 *
 * Listings go through a gate: shut, the reader stands in mdb_cursor_open() until the test lets it
 * through. No test asserts in another thread.
 */
#include "store/store_change.h"
#include "store_scene.h"
#include "temporary_folder.h"
#include "test.h"

#include <lmdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { LISTS = 40 };

static atomic_uint lists_begun;
static atomic_bool gate_is_shut;
static sem_t gate;
static atomic_int failing_read; /* of the next transaction that only reads */
static atomic_int failing_commit;
static atomic_bool commits_find_no_room;
static atomic_uint opens_count;
static int failing_pthread_create;

int __real_mdb_cursor_open(MDB_txn *transaction, MDB_dbi database, MDB_cursor **out);
int __wrap_mdb_cursor_open(MDB_txn *transaction, MDB_dbi database, MDB_cursor **out);
int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __real_mdb_txn_commit(MDB_txn *transaction);
int __wrap_mdb_txn_commit(MDB_txn *transaction);
int __real_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);

int __wrap_mdb_cursor_open(MDB_txn *transaction, MDB_dbi database, MDB_cursor **out)
{
    (void)atomic_fetch_add(&lists_begun, 1);
    if (atomic_load(&gate_is_shut)) {
        while (sem_wait(&gate) < 0) {
        }
    }
    return __real_mdb_cursor_open(transaction, database, out);
}

int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out)
{
    int result = (flags & MDB_RDONLY) != 0 ? atomic_exchange(&failing_read, 0) : 0;

    return result != 0 ? result : __real_mdb_txn_begin(env, parent, flags, out);
}

int __wrap_mdb_txn_commit(MDB_txn *transaction)
{
    int result = atomic_exchange(&failing_commit, 0);

    if (atomic_load(&commits_find_no_room)) {
        result = MDB_MAP_FULL;
    }
    if (result != 0) {
        mdb_txn_abort(transaction); /* as a failed commit does (lmdb.h) */
        return result;
    }
    return __real_mdb_txn_commit(transaction);
}

int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    (void)atomic_fetch_add(&opens_count, 1);
    return __real_mdb_env_open(env, path, flags, mode);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    return failing_pthread_create != 0 ? failing_pthread_create
                                       : __real_pthread_create(thread, attributes, run, argument);
}

/* ---- the scene ---- */

/* A listing of the namespace "ns" on its way. */
struct listing {
    struct test_batch batch;
    struct store_change ask;
    struct store_listing *listing;
};

static struct temporary_folder folder;
static struct store_scene scene;
static struct listing lists[LISTS];

static int begin(void **state)
{
    char url[TEMPORARY_PATH_BYTES + 64];

    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(url, sizeof url, "lmdb:%s/counts?map_max=16M", folder.path);
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    atomic_store(&lists_begun, 0);
    atomic_store(&gate_is_shut, false);
    failing_pthread_create = 0;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "ns/one"), 1);
    atomic_store(&opens_count, 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (scene.store != NULL) {
        store_close(scene.store, scene_closed, &scene);
        turn_until(&scene.turning, scene_is_closed, &scene);
    }
    turning_finish(&scene.turning);
    for (unsigned i = 0; i < LISTS; i++) {
        free(lists[i].listing);
        lists[i].listing = NULL;
    }
    temporary_folder_remove(&folder);
    assert_int_equal(sem_destroy(&gate), 0);
    return 0;
}

static void apply_list(struct listing *list)
{
    free(list->listing);
    list->listing = store_listing_create(10);
    assert_non_null(list->listing);
    list->ask = (struct store_change){.kind = STORE_LIST, .listing = list->listing};
    list->batch.scene = &scene;
    list->batch.done_count = 0;
    list->batch.hits[0] = (struct store_hit){
        .ticket = 7000, .change = &list->ask, .result = 1, .amount = 1, .is_change = 1};
    list->batch.batch = (struct store_batch){
        .key = SLICE("ns/"),
        .hits = list->batch.hits,
        .hits_count = 1,
        .done = note_batch_done,
        .owner = &list->batch,
    };
    scene.is_applying = true;
    store_apply(scene.store, &list->batch.batch);
    scene.is_applying = false;
}

static void check_listed(const struct listing *list, int64_t value)
{
    assert_int_equal(list->batch.hits[0].result, 0);
    assert_int_equal(list->listing->count, 1);
    assert_int_equal(list->listing->list[0].value, value);
}

static bool a_list_has_begun(void *test)
{
    (void)test;
    return atomic_load(&lists_begun) > 0;
}

static void let_through(void)
{
    atomic_store(&gate_is_shut, false);
    assert_int_equal(sem_post(&gate), 0);
}

/* Sends a listing, and waits until it stands at the gate. */
static void apply_list_at_gate(struct listing *list)
{
    atomic_store(&lists_begun, 0);
    atomic_store(&gate_is_shut, true);
    apply_list(list);
    turn_until(&scene.turning, a_list_has_begun, NULL);
}

/* ---- beside hits ---- */

/* All hits of a worker waited until a listing had gone through a million counters. */
static void hits_are_counted_while_a_listing_goes_on(void **state)
{
    (void)state;
    apply_list_at_gate(&lists[0]);
    for (int64_t number = 2; number < 12; number++) {
        assert_int_equal(count_one(&scene, "ns/one"), number);
    }
    assert_int_equal(lists[0].batch.done_count, 0);
    let_through();
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    check_listed(&lists[0], 1); /* as it was when it began */
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    check_listed(&lists[0], 11);
}

static void listings_are_answered_one_after_the_other(void **state)
{
    (void)state;
    apply_list_at_gate(&lists[0]);
    for (unsigned i = 1; i < LISTS; i++) {
        apply_list(&lists[i]);
    }
    assert_int_equal(count_one(&scene, "ns/one"), 2);
    let_through();
    for (unsigned i = 0; i < LISTS; i++) {
        turn_until(&scene.turning, batch_is_done, &lists[i].batch);
        check_listed(&lists[i], i == 0 ? 1 : 2);
    }
}

static void without_another_thread_they_go_with_the_commits(void **state)
{
    (void)state;
    failing_pthread_create = EAGAIN;
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    check_listed(&lists[0], 1);
    failing_pthread_create = 0;
    apply_list_at_gate(&lists[0]);
    assert_int_equal(count_one(&scene, "ns/one"), 2);
    let_through();
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
}

/* ---- trouble ---- */

static void one_that_cannot_begin_says_so(void **state)
{
    (void)state;
    atomic_store(&failing_read, MDB_READERS_FULL);
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    assert_int_equal(lists[0].batch.hits[0].result, -EIO);
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    check_listed(&lists[0], 1);
    assert_int_equal(atomic_load(&opens_count), 0);
}

static void one_that_another_process_map_is_too_large_for_is_listed_all_the_same(void **state)
{
    (void)state;
    atomic_store(&failing_commit, MDB_MAP_RESIZED); /* the helper is told, too */
    atomic_store(&failing_read, MDB_MAP_RESIZED);
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    check_listed(&lists[0], 1);
    assert_int_equal(atomic_load(&opens_count), 1);
    assert_int_equal(count_one(&scene, "ns/one"), 2);
}

static void the_environment_is_not_opened_anew_below_a_listing(void **state)
{
    static struct test_batch batch;

    (void)state;
    apply_list_at_gate(&lists[0]);
    atomic_store(&failing_commit, MDB_PANIC);
    batch.then = NULL;
    batch_apply(&batch, &scene, "ns/one", 1);
    turn_for(&scene.turning, 20);
    assert_int_equal(batch.done_count, 0);
    assert_int_equal(atomic_load(&opens_count), 0);
    apply_list(&lists[1]);
    let_through();
    turn_until(&scene.turning, batch_is_done, &batch);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    turn_until(&scene.turning, batch_is_done, &lists[1].batch);
    assert_int_equal(batch.hits[0].number, 2);
    check_listed(&lists[0], 1);
    assert_int_equal(lists[1].batch.hits[0].result, 0);
    assert_int_equal(atomic_load(&opens_count), 1);
}

/* It was refused with what did not fit by then, though it needs no room. */
static void one_among_what_there_is_no_room_for_is_listed(void **state)
{
    enum { BATCHES = 40 }; /* more than a commit is tried in parts */
    static struct test_batch batches[BATCHES];
    static char keys[BATCHES][8];

    (void)state;
    failing_pthread_create = EAGAIN; /* it goes with the commits */
    atomic_store(&commits_find_no_room, true);
    for (unsigned i = 0; i < BATCHES; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key %u", i);
        batch_apply(&batches[i], &scene, keys[i], 1);
    }
    apply_list(&lists[0]);
    turn_until(&scene.turning, batch_is_done, &lists[0].batch);
    atomic_store(&commits_find_no_room, false);
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_int_equal(batches[i].done_count, 1); /* it was the same commit */
        assert_int_equal(batches[i].hits[0].result, -ENOSPC);
    }
    check_listed(&lists[0], 1);
}

static void hits_listings_and_reopenings_get_along(void **state)
{
    static struct test_batch batch;

    (void)state;
    batch.then = NULL;
    for (int64_t round = 0; round < 200; round++) {
        struct listing *list = &lists[round % 3];

        batch_apply(&batch, &scene, "ns/one", 1);
        atomic_store(&failing_commit, round % 5 == 0 ? MDB_PANIC : 0);
        /* Not both: opening anew reads. */
        atomic_store(&failing_read, round % 5 != 0 && round % 7 == 0 ? MDB_PANIC : 0);
        apply_list(list);
        turn_until(&scene.turning, batch_is_done, &batch);
        turn_until(&scene.turning, batch_is_done, &list->batch);
        assert_int_equal(batch.hits[0].number, round + 2);
        assert_int_equal(list->batch.hits[0].result, 0);
        assert_true(list->listing->list[0].value >= round + 1);
    }
    atomic_store(&failing_commit, 0);
    atomic_store(&failing_read, 0);
}

/* ---- the end ---- */

static void closing_waits_for_the_listing_under_way_and_cancels_the_others(void **state)
{
    (void)state;
    apply_list_at_gate(&lists[0]);
    apply_list(&lists[1]);
    store_close(scene.store, scene_closed, &scene);
    assert_int_equal(lists[1].batch.done_count, 1);
    assert_int_equal(lists[1].batch.hits[0].result, -ECANCELED);
    turn_for(&scene.turning, 20);
    assert_false(scene.is_closed);
    assert_int_equal(lists[0].batch.done_count, 0);
    let_through();
    turn_until(&scene.turning, scene_is_closed, &scene);
    assert_int_equal(lists[0].batch.done_count, 1);
    check_listed(&lists[0], 1);
}

static void close_the_store(struct test_batch *batch)
{
    store_close(batch->scene->store, scene_closed, batch->scene);
}

static void closing_from_inside_done_is_fine(void **state)
{
    (void)state;
    lists[0].batch.then = close_the_store;
    apply_list(&lists[0]);
    turn_until(&scene.turning, scene_is_closed, &scene);
    lists[0].batch.then = NULL;
    check_listed(&lists[0], 1);
}

static void what_could_not_be_listed_is_cancelled_when_it_closes(void **state)
{
    (void)state;
    apply_list_at_gate(&lists[1]);
    lists[1].batch.then = close_the_store;
    apply_list(&lists[0]);
    atomic_store(&failing_read, MDB_PANIC);
    let_through();
    turn_until(&scene.turning, scene_is_closed, &scene);
    lists[1].batch.then = NULL;
    atomic_store(&failing_read, 0);
    assert_int_equal(lists[0].batch.done_count, 1);
    assert_true(lists[0].batch.hits[0].result == -ECANCELED);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        IN_SCENE(hits_are_counted_while_a_listing_goes_on),
        IN_SCENE(listings_are_answered_one_after_the_other),
        IN_SCENE(without_another_thread_they_go_with_the_commits),
        IN_SCENE(one_that_cannot_begin_says_so),
        IN_SCENE(one_that_another_process_map_is_too_large_for_is_listed_all_the_same),
        IN_SCENE(the_environment_is_not_opened_anew_below_a_listing),
        IN_SCENE(one_among_what_there_is_no_room_for_is_listed),
        IN_SCENE(hits_listings_and_reopenings_get_along),
        IN_SCENE(closing_waits_for_the_listing_under_way_and_cancels_the_others),
        IN_SCENE(closing_from_inside_done_is_fine),
        IN_SCENE(what_could_not_be_listed_is_cancelled_when_it_closes),
    };

    return cmocka_run_group_tests_name("lmdb_reader", tests, NULL, NULL);
}
