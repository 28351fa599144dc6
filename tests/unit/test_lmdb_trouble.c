/*
 * test_lmdb_trouble.c - full maps and disks, errors of LMDB, values of others, several processes.
 *
 * After each trouble the counts go on, and every number that was told is still counted.
 */
#include "lmdb_outside.h"
#include "store_scene.h"
#include "temporary_folder.h"
#include "test.h"

#include <endian.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* What LMDB's functions say instead of doing anything; 0: they do it. */
static atomic_int failing_begin;
static atomic_int failing_put;
static atomic_int failing_commit;
static atomic_int failing_open;
static atomic_uint opens_count;
static atomic_uint commits_count;
static atomic_int failing_put_of_new;      /* of keys that begin with "new" */
static atomic_int failing_put_of_new_next; /* 0: the same again */
static atomic_bool malloc_fails;

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out);
int __real_mdb_put(MDB_txn *transaction, MDB_dbi database, MDB_val *key, MDB_val *data,
                   unsigned flags);
int __wrap_mdb_put(MDB_txn *transaction, MDB_dbi database, MDB_val *key, MDB_val *data,
                   unsigned flags);
int __real_mdb_txn_commit(MDB_txn *transaction);
int __wrap_mdb_txn_commit(MDB_txn *transaction);
int __real_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **out)
{
    int result = atomic_load(&failing_begin);

    return result != 0 ? result : __real_mdb_txn_begin(env, parent, flags, out);
}

int __wrap_mdb_put(MDB_txn *transaction, MDB_dbi database, MDB_val *key, MDB_val *data,
                   unsigned flags)
{
    int result = atomic_load(&failing_put);

    if (result == 0 && key->mv_size > 3 && memcmp(key->mv_data, "new", 3) == 0) {
        const int next = atomic_load(&failing_put_of_new_next);

        result = atomic_load(&failing_put_of_new);
        atomic_store(&failing_put_of_new, next != 0 ? next : result);
    }
    return result != 0 ? result : __real_mdb_put(transaction, database, key, data, flags);
}

/* Fails once. */
int __wrap_mdb_txn_commit(MDB_txn *transaction)
{
    int result = atomic_exchange(&failing_commit, 0);

    (void)atomic_fetch_add(&commits_count, 1);
    if (result != 0) {
        mdb_txn_abort(transaction); /* as a failed commit does (lmdb.h) */
        return result;
    }
    return __real_mdb_txn_commit(transaction);
}

int __wrap_mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    int result = atomic_load(&failing_open);

    (void)atomic_fetch_add(&opens_count, 1);
    return result != 0 ? result : __real_mdb_env_open(env, path, flags, mode);
}

void *__wrap_malloc(size_t size)
{
    return atomic_load(&malloc_fails) ? NULL : __real_malloc(size);
}

static struct temporary_folder folder;
static char path[TEMPORARY_PATH_BYTES + 16];
static char url[TEMPORARY_PATH_BYTES + 64];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(path, sizeof path, "%s/counts", folder.path);
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=16M", path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

/* ---- errors of LMDB ---- */

static void a_commit_that_fails_counts_nothing_and_the_next_goes_on(void **state)
{
    static const struct {
        atomic_int *failing;
        int error;
        int result;
    } rows[] = {
        {&failing_begin, EIO, -EIO},           {&failing_begin, MDB_READERS_FULL, -EIO},
        {&failing_put, MDB_MAP_FULL, -ENOSPC}, {&failing_put, ENOMEM, -ENOMEM},
        {&failing_commit, ENOSPC, -ENOSPC},    {&failing_commit, EIO, -EIO},
        {&failing_commit, EFBIG, -EFBIG},
    };
    static struct test_batch batch;
    struct store_scene scene;
    uint64_t number = 1;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        atomic_store(rows[i].failing, rows[i].error);
        batch_run(&batch, &scene, "counter", 3);
        atomic_store(rows[i].failing, 0);
        for (unsigned hit = 0; hit < 3; hit++) {
            assert_int_equal(batch.hits[hit].result, rows[i].result);
            assert_int_equal(batch.hits[hit].number, 0);
        }
        assert_int_equal(count_one(&scene, "counter"), ++number);
    }
    store_scene_close(&scene);
}

static void trouble_is_told_once_and_its_end_too(void **state)
{
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    assert_string_equal(scene.last_notice, "");
    atomic_store(&failing_begin, ENOSPC);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(count_one(&scene, "counter"), -ENOSPC);
        assert_string_equal(scene.last_notice, "lmdb_commit_failed");
        assert_int_equal(scene.errors, 1);
    }
    atomic_store(&failing_begin, EIO); /* another trouble is news */
    assert_int_equal(count_one(&scene, "counter"), -EIO);
    assert_int_equal(scene.errors, 2);
    atomic_store(&failing_begin, 0);
    assert_int_equal(count_one(&scene, "counter"), 2);
    assert_string_equal(scene.last_notice, "lmdb_commit_works");
    assert_int_equal(scene.errors, 2);
    store_scene_close(&scene);
}

static void an_environment_that_cannot_go_on_is_opened_anew(void **state)
{
    struct store_scene scene;
    unsigned opens_before;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    opens_before = atomic_load(&opens_count);
    atomic_store(&failing_commit, MDB_PANIC);
    assert_int_equal(count_one(&scene, "counter"), 2); /* nobody notices */
    assert_int_equal(atomic_load(&opens_count), opens_before + 1);
    atomic_store(&failing_commit, MDB_PANIC);
    atomic_store(&failing_open, EACCES);
    assert_int_equal(count_one(&scene, "counter"), -EIO); /* of a counter it would say more */
    assert_int_equal(count_one(&scene, "counter"), -EIO); /* of a counter it would say more */
    atomic_store(&failing_open, 0);
    assert_int_equal(count_one(&scene, "counter"), 3);
    store_scene_close(&scene);
}

/* ---- no room ---- */

/* Counts one hit on each of many long keys until there is no room. Returns how many counted. */
static unsigned fill_map(struct store_scene *scene, char (*keys)[201], unsigned keys_max)
{
    for (unsigned i = 0; i < keys_max; i++) {
        int64_t number;

        (void)snprintf(keys[i], sizeof keys[i], "%0200u", i);
        number = count_one(scene, keys[i]);
        if (number < 0) {
            assert_int_equal(number, -ENOSPC);
            return i;
        }
        assert_int_equal(number, 1);
    }
    return keys_max;
}

static void a_full_map_is_an_error_and_loses_no_number(void **state)
{
    static char keys[400][201];
    struct store_scene scene;
    unsigned counted;

    (void)state;
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=64K", path);
    store_scene_open(&scene, url);
    counted = fill_map(&scene, keys, 400);
    assert_true(counted > 10 && counted < 400);
    assert_string_equal(scene.last_notice, "lmdb_commit_failed");
    assert_int_equal(count_one(&scene, keys[counted]), -ENOSPC); /* and still stands */
    store_scene_close(&scene);
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=1M", path);
    store_scene_open(&scene, url);
    for (unsigned i = 0; i < counted; i++) {
        assert_int_equal(count_one(&scene, keys[i]), 2);
    }
    assert_int_equal(count_one(&scene, keys[counted]), 1);
    store_scene_close(&scene);
}

enum { BATCHES = 60 };

static struct test_batch together[BATCHES];
static char together_keys[BATCHES][16];

static bool all_together_are_done(void *test)
{
    (void)test;
    for (unsigned i = 0; i < BATCHES; i++) {
        if (together[i].done_count == 0) {
            return false;
        }
    }
    return true;
}

/* Counts two hits on each key in one commit, where that can be. Every `nth` of them is new. */
static void count_together(struct store_scene *scene, unsigned nth)
{
    for (unsigned i = 0; i < BATCHES; i++) {
        (void)snprintf(together_keys[i], sizeof together_keys[i], "%s %u",
                       i % nth == nth - 1 ? "new" : "old", i);
        together[i].then = NULL;
        batch_apply(&together[i], scene, together_keys[i], 2);
    }
    turn_until(&scene->turning, all_together_are_done, NULL);
}

/* They were refused with the one that needed room. */
static void what_needs_no_room_is_counted_though_others_of_its_commit_are_not(void **state)
{
    static const int errors[] = {MDB_MAP_FULL, EFBIG, EIO, ENOSPC};
    struct store_scene scene;
    int64_t number = 2;

    (void)state;
    store_scene_open(&scene, url);
    count_together(&scene, BATCHES + 1);
    for (unsigned i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        atomic_store(&failing_put_of_new, errors[i]);
        count_together(&scene, BATCHES / 2); /* two of them */
        atomic_store(&failing_put_of_new, 0);
        number += 2;
        for (unsigned at = 0; at < BATCHES; at++) {
            const bool is_new = at % 30 == 29;

            assert_int_equal(together[at].hits[1].result, !is_new                     ? 0
                                                          : errors[i] == MDB_MAP_FULL ? -ENOSPC
                                                                                      : -errors[i]);
            assert_int_equal(together[at].hits[1].number, is_new ? 0 : number);
        }
        assert_string_equal(scene.last_notice, "lmdb_commit_failed");
        count_together(&scene, BATCHES + 1); /* the end of the trouble is told */
        number += 2;
        assert_string_equal(scene.last_notice, "lmdb_commit_works");
    }
    store_scene_close(&scene);
}

static void a_commit_that_does_not_fit_as_a_whole_is_several(void **state)
{
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    count_together(&scene, BATCHES + 1);
    atomic_store(&failing_commit, MDB_MAP_FULL); /* once */
    count_together(&scene, BATCHES + 1);
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_int_equal(together[i].hits[1].number, 4);
    }
    assert_string_equal(scene.last_notice, ""); /* nobody was refused */
    store_scene_close(&scene);
}

static void how_often_a_commit_is_tried_has_a_bound(void **state)
{
    struct store_scene scene;
    unsigned counted = 0;

    (void)state;
    store_scene_open(&scene, url);
    count_together(&scene, BATCHES + 1);
    atomic_store(&commits_count, 0);
    atomic_store(&failing_put_of_new, MDB_MAP_FULL);
    count_together(&scene, 2); /* every second one */
    atomic_store(&failing_put_of_new, 0);
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_int_equal(together[i].hits[1].result == 0, together[i].hits[1].number == 4);
        assert_true(together[i].hits[1].result == 0 || together[i].hits[1].result == -ENOSPC);
        counted += together[i].hits[1].result == 0;
    }
    assert_true(counted >= 10 && counted < BATCHES / 2);
    assert_true(atomic_load(&commits_count) <= 32);
    store_scene_close(&scene);
}

/* The environment breaks in one of the parts: what was counted stays, and the next goes on. */
static void a_part_that_fails_otherwise_ends_the_rest(void **state)
{
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    count_together(&scene, BATCHES + 1);
    atomic_store(&failing_put_of_new, MDB_MAP_FULL);
    atomic_store(&failing_put_of_new_next, MDB_PANIC);
    count_together(&scene, BATCHES); /* the last one */
    atomic_store(&failing_put_of_new_next, 0);
    atomic_store(&failing_put_of_new, 0);
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_true(together[i].hits[1].result == 0 || together[i].hits[1].number == 0);
    }
    assert_int_equal(together[0].hits[1].number, 4);
    assert_true(together[BATCHES - 1].hits[1].result < 0);
    count_together(&scene, BATCHES + 1);
    assert_int_equal(together[0].hits[1].number, 6);
    store_scene_close(&scene);
}

/* Visits and newcomers in turn would be two lines each. */
static void trouble_that_comes_and_goes_is_told_once_in_a_while(void **state)
{
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    atomic_store(&failing_put_of_new, MDB_MAP_FULL);
    for (int64_t number = 2; number < 20; number++) {
        assert_int_equal(count_one(&scene, "newcomer"), -ENOSPC);
        assert_int_equal(count_one(&scene, "counter"), number);
    }
    atomic_store(&failing_put_of_new, 0);
    assert_int_equal(scene.errors, 1);
    store_scene_close(&scene);
}

/* The limit stands for a full disk: LMDB's write fails. SIGXFSZ would end the process. */
static void a_file_that_may_not_grow_is_an_error_until_it_may(void **state)
{
    static char key[2000][201];
    struct store_scene scene;
    struct rlimit before;
    struct rlimit limit;
    unsigned counted = 0;
    int64_t number = 1;

    (void)state;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    limit = (struct rlimit){.rlim_cur = 64 * 1024, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    for (; counted < 2000 && number > 0; counted++) {
        (void)snprintf(key[counted], sizeof key[counted], "%0200u", counted);
        number = count_one(&scene, key[counted]);
    }
    counted--; /* the last one did not count */
    assert_true(counted > 0 && number < 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(number == -EFBIG || number == -EIO || number == -ENOSPC);
    assert_int_equal(count_one(&scene, key[counted]), 1);
    for (unsigned i = 0; i < counted; i++) {
        assert_int_equal(count_one(&scene, key[i]), 2);
    }
    assert_int_equal(count_one(&scene, "counter"), 2);
    store_scene_close(&scene);
    assert_true(signal(SIGXFSZ, SIG_DFL) != SIG_ERR);
}

/* Another process, with a larger map than ours, which it fills once a byte comes. */
static pid_t fork_with_larger_map(int *out_go_fd)
{
    static char keys[400][201];
    struct store_scene scene;
    pid_t child;
    int fds[2];
    int status;

    assert_int_equal(pipe(fds), 0);
    child = fork(); /* before any store is open: LMDB's rule, and the thread sanitizer's */
    assert_true(child >= 0);
    if (child > 0) {
        assert_int_equal(close(fds[0]), 0);
        *out_go_fd = fds[1];
        return child;
    }
    (void)close(fds[1]); /* or it would wait for itself, should the test end before */
    if (read(fds[0], keys, 1) != 1) {
        _exit(1);
    }
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=16M", path);
    store_scene_open(&scene, url);
    status = fill_map(&scene, keys, 400) == 400 ? 0 : 1;
    store_scene_close(&scene);
    _exit(status);
}

/* MDB_MAP_RESIZED became -EIO, and stayed it for ever. */
static void another_process_with_a_larger_map_does_not_stop_us_for_ever(void **state)
{
    struct store_scene scene;
    int64_t number;
    pid_t child;
    int go_fd;
    int status;

    (void)state;
    child = fork_with_larger_map(&go_fd);
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=64K", path);
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    assert_int_equal(write(go_fd, "x", 1), 1);
    assert_int_equal(close(go_fd), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    number = count_one(&scene, "counter");
    assert_true(number == 2 || number == -ENOSPC); /* it goes on, or says what is wrong */
    store_scene_close(&scene);
}

/* ---- values that others wrote ---- */

static void what_a_later_version_wrote_behind_the_count_stays(void **state)
{
    struct store_scene scene;
    unsigned char value[24];
    const uint64_t count = htole64(41);
    uint64_t after;

    (void)state;
    store_scene_open(&scene, url);
    store_scene_close(&scene);
    memset(value, 0xa5, sizeof value);
    memcpy(value, &count, sizeof count);
    lmdb_outside_put(path, "counters", "long", value, sizeof value);
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "long"), 42);
    atomic_store(&malloc_fails, true); /* it is copied for that */
    assert_int_equal(count_one(&scene, "long"), -ENOMEM);
    atomic_store(&malloc_fails, false);
    assert_int_equal(count_one(&scene, "long"), 43);
    store_scene_close(&scene);
    assert_int_equal(lmdb_outside_get(path, "counters", "long", value, sizeof value), 24);
    memcpy(&after, value, sizeof after);
    assert_int_equal(le64toh(after), 43);
    for (unsigned i = sizeof after; i < sizeof value; i++) {
        assert_int_equal(value[i], 0xa5);
    }
}

static void a_value_too_short_for_a_count_is_an_error_and_stays(void **state)
{
    struct store_scene scene;
    char value[16];

    (void)state;
    store_scene_open(&scene, url);
    store_scene_close(&scene);
    lmdb_outside_put(path, "counters", "short", "1234567", 7);
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "short"), -EIO);
    assert_int_equal(count_one(&scene, "other"), 1);
    store_scene_close(&scene);
    assert_int_equal(lmdb_outside_get(path, "counters", "short", value, sizeof value), 7);
    assert_memory_equal(value, "1234567", 7);
}

/* ---- several processes ---- */

enum { PROCESSES = 3, ROUNDS = 60, BATCH = 3, NUMBERS = PROCESSES * ROUNDS * BATCH };

/* Opens a store (after the fork), counts, and writes the numbers to the pipe. */
static void count_as_child(int pipe_fd)
{
    static struct test_batch batch;
    struct store_scene scene;
    int64_t last = 0;

    store_scene_open(&scene, url);
    for (unsigned round = 0; round < ROUNDS; round++) {
        batch_run(&batch, &scene, "shared", BATCH);
        for (unsigned i = 0; i < BATCH; i++) {
            int64_t number = batch.hits[i].number;

            if (batch.hits[i].result != 0 || number <= last ||
                write(pipe_fd, &number, sizeof number) != sizeof number) {
                _exit(1);
            }
            last = number;
        }
    }
    store_scene_close(&scene);
    _exit(0);
}

static void processes_on_one_folder_get_each_number_once(void **state)
{
    bool seen[NUMBERS + 1] = {false};
    pid_t children[PROCESSES];
    uint64_t number;
    unsigned count = 0;
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            (void)close(fds[0]);
            count_as_child(fds[1]);
        }
    }
    assert_int_equal(close(fds[1]), 0);
    for (; read(fds[0], &number, sizeof number) == sizeof number; count++) {
        assert_true(number >= 1 && number <= NUMBERS);
        assert_false(seen[number]);
        seen[number] = true;
    }
    assert_int_equal(count, NUMBERS); /* all different, none above: no gap */
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(close(fds[0]), 0);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        /* First: the thread sanitizer takes no fork from a process with a thread left over. */
        WITH_FOLDER(processes_on_one_folder_get_each_number_once),
        WITH_FOLDER(a_commit_that_fails_counts_nothing_and_the_next_goes_on),
        WITH_FOLDER(trouble_is_told_once_and_its_end_too),
        WITH_FOLDER(an_environment_that_cannot_go_on_is_opened_anew),
        WITH_FOLDER(a_full_map_is_an_error_and_loses_no_number),
        WITH_FOLDER(what_needs_no_room_is_counted_though_others_of_its_commit_are_not),
        WITH_FOLDER(a_commit_that_does_not_fit_as_a_whole_is_several),
        WITH_FOLDER(how_often_a_commit_is_tried_has_a_bound),
        WITH_FOLDER(a_part_that_fails_otherwise_ends_the_rest),
        WITH_FOLDER(trouble_that_comes_and_goes_is_told_once_in_a_while),
        WITH_FOLDER(a_file_that_may_not_grow_is_an_error_until_it_may),
        WITH_FOLDER(another_process_with_a_larger_map_does_not_stop_us_for_ever),
        WITH_FOLDER(what_a_later_version_wrote_behind_the_count_stays),
        WITH_FOLDER(a_value_too_short_for_a_count_is_an_error_and_stays),
    };

    return cmocka_run_group_tests_name("lmdb_trouble", tests, NULL, NULL);
}
