/*
 * test_lmdb.c - opening the folder, and the helper's commits.
 *
 * Commits go through a gate: shut, the helper stands in mdb_txn_commit() until the test lets it
 * through. No test asserts in the helper's thread.
 */
#include "counted_descriptors.h"
#include "lmdb_outside.h"
#include "store/lmdb_environment.h"
#include "store_scene.h"
#include "temporary_folder.h"
#include "test.h"

#include <grp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { SYNCS_MAX = 16 };

static atomic_uint commits_begun;
static atomic_bool gate_is_shut;
static sem_t gate;

static unsigned syncs_count;
static ino_t synced[SYNCS_MAX];
static int failing_fsync;
static int failing_pthread_create;
static bool calloc_fails;
static int failing_eventfd;
static unsigned joins_count;

int __real_mdb_txn_commit(MDB_txn *transaction);
int __wrap_mdb_txn_commit(MDB_txn *transaction);
int __wrap_fsync(int fd);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument);
int __real_pthread_join(pthread_t thread, void **out_value);
int __wrap_pthread_join(pthread_t thread, void **out_value);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
int __real_eventfd(unsigned count, int flags);
int __wrap_eventfd(unsigned count, int flags);

int __wrap_mdb_txn_commit(MDB_txn *transaction)
{
    (void)atomic_fetch_add(&commits_begun, 1);
    if (atomic_load(&gate_is_shut)) {
        while (sem_wait(&gate) < 0) {
        }
    }
    return __real_mdb_txn_commit(transaction);
}

/* Notes the file and syncs nothing. */
int __wrap_fsync(int fd)
{
    struct stat information;

    assert_int_equal(fstat(fd, &information), 0);
    assert_true(syncs_count < SYNCS_MAX);
    synced[syncs_count++] = information.st_ino;
    if (failing_fsync != 0) {
        errno = failing_fsync;
        return -1;
    }
    return 0;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                          void *argument)
{
    return failing_pthread_create != 0 ? failing_pthread_create
                                       : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_join(pthread_t thread, void **out_value)
{
    joins_count++;
    return joins_count > 1 ? ESRCH : __real_pthread_join(thread, out_value);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

int __wrap_eventfd(unsigned count, int flags)
{
    if (failing_eventfd != 0) {
        errno = failing_eventfd;
        return -1;
    }
    return __real_eventfd(count, flags);
}

/* ---- the scene ---- */

static struct temporary_folder folder;
static char path[TEMPORARY_PATH_BYTES + 16];
static char url[TEMPORARY_PATH_BYTES + 64];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(path, sizeof path, "%s/counts", folder.path);
    (void)snprintf(url, sizeof url, "lmdb:%s?map_max=16M", path);
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    atomic_store(&commits_begun, 0);
    atomic_store(&gate_is_shut, false);
    syncs_count = 0;
    joins_count = 0;
    failing_fsync = failing_pthread_create = failing_eventfd = 0;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    assert_int_equal(sem_destroy(&gate), 0);
    return 0;
}

static void shut_gate(void)
{
    atomic_store(&commits_begun, 0);
    atomic_store(&gate_is_shut, true);
}

static void let_through(void)
{
    atomic_store(&gate_is_shut, false);
    assert_int_equal(sem_post(&gate), 0);
}

static bool a_commit_has_begun(void *test)
{
    (void)test;
    return atomic_load(&commits_begun) > 0;
}

/* Opening fails so, says why with the path and a remedy, and leaves no descriptor behind. */
static void assert_cannot_be_opened(int expected, const char *named, const char *said)
{
    struct store_scene scene;
    char reason[STORE_REASON_BYTES] = "";
    unsigned before = descriptors_open_now();

    assert_int_equal(store_scene_try_open(&scene, url, reason), expected);
    if (strstr(reason, named) == NULL || strstr(reason, said) == NULL) {
        fail_msg("\"%s\" names not \"%s\" or says not \"%s\"", reason, named, said);
    }
    assert_int_equal(descriptors_open_now(), before);
}

/* ---- opening ---- */

static void the_folder_is_made_and_so_are_not_its_parents(void **state)
{
    struct store_scene scene;
    struct stat information;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(stat(path, &information), 0);
    assert_int_equal(information.st_mode & 07777, 0700);
    store_scene_close(&scene);
    (void)snprintf(url, sizeof url, "lmdb:%s/none/counts", folder.path);
    assert_cannot_be_opened(-ENOENT, "/none/counts", "No such file");
}

static void a_file_where_the_folder_should_be_is_said(void **state)
{
    FILE *file = fopen(path, "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_cannot_be_opened(-ENOTDIR, path, "--store lmdb:PATH");
}

static void a_file_that_is_not_lmdbs_is_left_alone(void **state)
{
    char name[sizeof path + 16];
    struct stat information;
    FILE *file;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(name, sizeof name, "%s/data.mdb", path);
    file = fopen(name, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(fputs("not LMDB's\n", file) >= 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_cannot_be_opened(-EBADMSG, path, "holds no LMDB data");
    assert_int_equal(stat(name, &information), 0);
    assert_int_equal(information.st_size, 11000);
}

static void a_folder_of_somebody_else_is_said(void **state)
{
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(chmod(path, 0500), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* root may write everywhere */
        struct lmdb_environment environment;
        char reason[STORE_REASON_BYTES] = "";
        int result;

        if (geteuid() == 0 && (chmod(folder.path, 0755) < 0 || setgroups(0, NULL) < 0 ||
                               setgid(65534) < 0 || setuid(65534) < 0)) {
            _exit(2);
        }
        result = lmdb_environment_open(path, 1 << 24, &environment, reason, sizeof reason);
        _exit(result == -EACCES && strstr(reason, "Permission denied") != NULL ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(chmod(path, 0700), 0);
}

static void a_layout_that_is_not_ours_is_refused_and_left_as_it_is(void **state)
{
    static const char *const layouts[] = {"2", "0", "", "1x", "99999999999999999999"};
    struct store_scene scene;
    char found[32] = "";

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    store_scene_close(&scene);
    assert_int_equal(lmdb_outside_get(path, "meta", "layout", found, sizeof found), 1);
    assert_int_equal(found[0], '1');
    for (unsigned i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        size_t length = strlen(layouts[i]);

        lmdb_outside_put(path, "meta", "layout", layouts[i], length);
        assert_cannot_be_opened(-EPROTONOSUPPORT, path, "layout");
        assert_int_equal(lmdb_outside_get(path, "meta", "layout", found, sizeof found), length);
        assert_memory_equal(found, layouts[i], length);
    }
    lmdb_outside_put(path, "meta", "layout", "1", 1);
    joins_count = 0;
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 2);
    store_scene_close(&scene);
}

static void the_folder_and_the_one_above_it_are_synced_before_the_first_answer(void **state)
{
    struct store_scene scene;
    struct stat information;

    (void)state;
    store_scene_open(&scene, url);
    assert_int_equal(syncs_count, 2);
    assert_int_equal(stat(path, &information), 0);
    assert_int_equal(synced[0], information.st_ino);
    assert_int_equal(stat(folder.path, &information), 0);
    assert_int_equal(synced[1], information.st_ino);
    store_scene_close(&scene);
}

static void a_folder_that_cannot_be_synced_is_said_unless_nobody_could(void **state)
{
    struct store_scene scene;

    (void)state;
    failing_fsync = EIO;
    assert_cannot_be_opened(-EIO, path, "Input/output error");
    failing_fsync = EINVAL; /* a file system that knows no such sync */
    store_scene_open(&scene, url);
    assert_int_equal(count_one(&scene, "counter"), 1);
    store_scene_close(&scene);
}

static void without_a_thread_or_descriptor_or_memory_it_does_not_start(void **state)
{
    (void)state;
    failing_pthread_create = EAGAIN;
    assert_cannot_be_opened(-EAGAIN, "the store", "Resource temporarily unavailable");
    failing_pthread_create = 0;
    failing_eventfd = EMFILE;
    assert_cannot_be_opened(-EMFILE, "the store", "Too many open files");
    failing_eventfd = 0;
}

static void without_memory_it_does_not_start(void **state)
{
    const struct store_events events = {.ready = scene_ready};
    struct turning_loop turning;
    struct store *store = NULL;
    struct store_url parsed;
    const char *problem;
    char reason[STORE_REASON_BYTES] = "";
    int result;

    (void)state;
    turning_init(&turning);
    assert_int_equal(store_url_parse(slice_of(url), &parsed, &problem), 0);
    calloc_fails = true;
    result = store_url_open(&parsed, turning.loop, 0, &events, &store, reason);
    calloc_fails = false;
    assert_int_equal(result, -ENOMEM);
    assert_non_null(strstr(reason, "memory"));
    assert_null(store);
    turning_finish(&turning);
}

/* ---- commits ---- */

static bool all_are_done(void *test)
{
    const struct test_batch *batches = test;

    for (unsigned i = 0; i < 50; i++) {
        if (batches[i].done_count == 0) {
            return false;
        }
    }
    return true;
}

static void apply_50(struct store_scene *scene, struct test_batch *batches, char (*keys)[16])
{
    for (unsigned i = 0; i < 50; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "key %u", i);
        batch_apply(&batches[i], scene, keys[i], 2);
    }
}

static void everything_that_waits_is_one_commit(void **state)
{
    static struct test_batch early[50];
    static struct test_batch late[50];
    char early_keys[50][16];
    char late_keys[50][16];
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    shut_gate();
    apply_50(&scene, early, early_keys);
    turn_until(&scene.turning, a_commit_has_begun, NULL);
    apply_50(&scene, late, late_keys); /* gather while the helper stands in its commit */
    turn_for(&scene.turning, 20);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(early[i].done_count, 0); /* nobody is told before it is on disk */
    }
    assert_int_equal(atomic_load(&commits_begun), 1);
    let_through();
    turn_until(&scene.turning, all_are_done, early);
    turn_until(&scene.turning, all_are_done, late);
    assert_int_equal(atomic_load(&commits_begun), 2);
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(early[i].hits[1].number, 2);
        assert_int_equal(late[i].hits[0].number, 3);
    }
    store_scene_close(&scene);
}

static void hits_join_a_batch_until_the_write_lock_is_there(void **state)
{
    static struct test_batch batch;
    struct store_scene scene;
    struct lmdb_lock_holder holder = lmdb_lock_holder_fork(path);

    (void)state;
    store_scene_open(&scene, url);
    lmdb_lock_holder_hold(&holder);
    batch_apply(&batch, &scene, "counter", 3);
    turn_for(&scene.turning, 20); /* the helper is on its way to the lock, or there */
    batch.hits[3] = (struct store_hit){.ticket = 7003, .amount = 1};
    batch.hits[4] = (struct store_hit){.ticket = 7004, .amount = 1};
    assert_true(store_extend(scene.store, &batch.batch, 5));
    shut_gate();
    lmdb_lock_holder_end(&holder);
    turn_until(&scene.turning, a_commit_has_begun, NULL);
    assert_false(store_extend(scene.store, &batch.batch, 6));
    let_through();
    turn_until(&scene.turning, batch_is_done, &batch);
    assert_int_equal(batch.batch.hits_count, 5);
    assert_int_equal(batch.hits[4].result, 0);
    assert_int_equal(batch.hits[4].number, 5);
    store_scene_close(&scene);
}

static void closing_waits_for_the_commit_under_way_and_cancels_what_has_not_begun(void **state)
{
    static struct test_batch begun;
    static struct test_batch waiting;
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    shut_gate();
    batch_apply(&begun, &scene, "counter", 3);
    turn_until(&scene.turning, a_commit_has_begun, NULL);
    batch_apply(&waiting, &scene, "other", 1);
    store_close(scene.store, scene_closed, &scene);
    assert_int_equal(waiting.done_count, 1);
    assert_int_equal(waiting.hits[0].result, -ECANCELED);
    turn_for(&scene.turning, 20);
    assert_false(scene.is_closed);
    assert_int_equal(begun.done_count, 0);
    let_through();
    turn_until(&scene.turning, scene_is_closed, &scene);
    assert_int_equal(begun.done_count, 1); /* with what really became of it */
    assert_int_equal(begun.hits[2].result, 0);
    assert_int_equal(begun.hits[2].number, 3);
    assert_int_equal(joins_count, 1);
    turning_finish(&scene.turning);
}

static void close_the_store(struct test_batch *batch)
{
    store_close(batch->scene->store, scene_closed, batch->scene);
}

static void closing_from_inside_done_joins_the_helper_once(void **state)
{
    static struct test_batch batch;
    struct store_scene scene;

    (void)state;
    store_scene_open(&scene, url);
    batch.then = close_the_store;
    batch_apply(&batch, &scene, "counter", 1);
    turn_until(&scene.turning, scene_is_closed, &scene);
    turning_finish(&scene.turning);
    assert_int_equal(joins_count, 1);
}

int main(void)
{
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(the_folder_is_made_and_so_are_not_its_parents),
        WITH_FOLDER(a_file_where_the_folder_should_be_is_said),
        WITH_FOLDER(a_file_that_is_not_lmdbs_is_left_alone),
        WITH_FOLDER(a_folder_of_somebody_else_is_said),
        WITH_FOLDER(a_layout_that_is_not_ours_is_refused_and_left_as_it_is),
        WITH_FOLDER(the_folder_and_the_one_above_it_are_synced_before_the_first_answer),
        WITH_FOLDER(a_folder_that_cannot_be_synced_is_said_unless_nobody_could),
        WITH_FOLDER(without_a_thread_or_descriptor_or_memory_it_does_not_start),
        WITH_FOLDER(without_memory_it_does_not_start),
        WITH_FOLDER(everything_that_waits_is_one_commit),
        WITH_FOLDER(hits_join_a_batch_until_the_write_lock_is_there),
        WITH_FOLDER(closing_waits_for_the_commit_under_way_and_cancels_what_has_not_begun),
        WITH_FOLDER(closing_from_inside_done_joins_the_helper_once),
    };

    return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
