/*
 * test_rate_table_together.c - processes and threads that count the same clients at once, and die.
 */
#include "base/hash.h"
#include "base/rate_table.h"
#include "rate_scene.h"
#include "test.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WORKERS = 4,
    CLIENTS_MAX = 1000,
    SECONDS_MAX = 200,
    FIRST_SECOND =
        (1 << 19) - 20, /* the bits that a place keeps of a second begin anew on the way */
};

/* What all workers share beside the table. */
struct scene {
    struct rate_table *table;
    struct rate_limit limit;
    uint32_t clients_count;
    bool clocks_differ;      /* of every second worker it is one ahead */
    _Atomic uint64_t second; /* from 0 */
    _Atomic uint64_t seen[WORKERS];
    _Atomic uint64_t hits[WORKERS];
    _Atomic bool is_over;
    _Atomic uint32_t no_place;
    /* By the second after FIRST_SECOND in which the window ends. */
    _Atomic uint32_t allowed[SECONDS_MAX][CLIENTS_MAX];
    _Atomic bool is_exceeded[SECONDS_MAX][CLIENTS_MAX];
};

static struct scene *scene;

static int open_scene(void **state)
{
    (void)state;
    scene = mmap(NULL, sizeof *scene, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return scene == MAP_FAILED ? -1 : 0;
}

static int close_scene(void **state)
{
    (void)state;
    rate_table_destroy(scene->table);
    return munmap(scene, sizeof *scene);
}

/* One hit, noted. */
static void hit(uint32_t client, uint64_t now_s)
{
    const struct rate_answer answer = take(scene->table, client, scene->limit, now_s);
    const uint64_t end = now_s + answer.window_left_s - FIRST_SECOND;

    if (answer.verdict == RATE_NO_PLACE) {
        (void)atomic_fetch_add(&scene->no_place, 1);
    } else if (answer.verdict == RATE_ALLOWED) {
        (void)atomic_fetch_add(&scene->allowed[end][client], 1);
    } else {
        atomic_store(&scene->is_exceeded[end][client], true);
    }
}

static void work(uint32_t worker)
{
    uint32_t random = (uint32_t)getpid() * 2654435761U + worker + 1;

    while (!atomic_load(&scene->is_over)) {
        const uint64_t second = atomic_load(&scene->second);

        atomic_store(&scene->seen[worker], second);
        for (unsigned i = 0; i < 50; i++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            hit(random % scene->clients_count,
                FIRST_SECOND + second + (scene->clocks_differ ? worker % 2 : 0));
        }
        (void)atomic_fetch_add(&scene->hits[worker], 1);
    }
}

static pid_t start_process(uint32_t worker)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        work(worker);
        _exit(0);
    }
    return child;
}

static void *work_in_a_thread(void *worker)
{
    work((uint32_t)(uintptr_t)worker);
    return NULL;
}

static void wait_for_hits(uint64_t more)
{
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        const uint64_t before = atomic_load(&scene->hits[worker]);

        while (atomic_load(&scene->hits[worker]) < before + more) {
            (void)sched_yield();
        }
    }
}

/* The next second, when all have seen the present one. */
static void go_on(void)
{
    const uint64_t second = atomic_load(&scene->second);

    for (unsigned worker = 0; worker < WORKERS; worker++) {
        while (atomic_load(&scene->seen[worker]) != second) {
            (void)sched_yield();
        }
    }
    atomic_store(&scene->second, second + 1);
}

/* In no window more than allowed, and no fewer where somebody was refused, but for what died with
 * workers. Gives the number of windows that were used up. */
static uint32_t assert_each_window_is_exact(uint32_t killed)
{
    uint32_t used_up = 0;
    uint32_t missing = 0;

    for (uint32_t end = 0; end < SECONDS_MAX; end++) {
        for (uint32_t client = 0; client < scene->clients_count; client++) {
            const uint32_t allowed = atomic_load(&scene->allowed[end][client]);

            assert_true(allowed <= scene->limit.amount_max);
            if (atomic_load(&scene->is_exceeded[end][client])) {
                used_up++;
                missing += scene->limit.amount_max - allowed;
            }
        }
    }
    assert_true(missing <= killed);
    return used_up;
}

static void run_processes(uint32_t seconds)
{
    pid_t children[WORKERS];

    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        children[worker] = start_process(worker);
    }
    for (uint32_t i = 0; i < seconds; i++) {
        wait_for_hits(1);
        go_on();
    }
    atomic_store(&scene->is_over, true);
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        int status;

        assert_int_equal(waitpid(children[worker], &status, 0), children[worker]);
        assert_int_equal(status, 0);
    }
}

/* Once all have come, so that they ask at once. */
static void ask_for_one_more_than_allowed(void)
{
    (void)atomic_fetch_add(&scene->hits[0], 1);
    while (atomic_load(&scene->hits[0]) < WORKERS) {
        (void)sched_yield();
    }
    for (uint32_t round = 0; round <= scene->limit.amount_max; round++) {
        for (uint32_t client = 0; client < scene->clients_count; client++) {
            hit(client, FIRST_SECOND);
        }
    }
}

static void each_client_gets_exactly_what_is_allowed_however_many_ask_at_once(void **state)
{
    static const uint32_t clients_counts[] = {1, 10, 1000};

    for (unsigned i = 0; i < 3; i++) {
        pid_t children[WORKERS];

        if (i > 0) {
            assert_int_equal(open_scene(state), 0);
        }
        assert_int_equal(rate_table_create(10000, &scene->table), 0);
        scene->clients_count = clients_counts[i];
        scene->limit = (struct rate_limit){1, 1000 / (i + 1), 10};
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            children[worker] = fork();
            assert_true(children[worker] >= 0);
            if (children[worker] == 0) {
                ask_for_one_more_than_allowed();
                _exit(0);
            }
        }
        for (uint32_t worker = 0; worker < WORKERS; worker++) {
            assert_int_equal(waitpid(children[worker], NULL, 0), children[worker]);
        }
        for (uint32_t client = 0; client < scene->clients_count; client++) {
            assert_int_equal(scene->allowed[10][client], scene->limit.amount_max);
        }
        assert_int_equal(assert_each_window_is_exact(0), scene->clients_count);
        if (i < 2) {
            (void)close_scene(state);
        }
    }
}

static void windows_that_end_meanwhile_are_exact_too(void **state)
{
    (void)state;
    assert_int_equal(rate_table_create(1000, &scene->table), 0);
    scene->clients_count = 10;
    scene->limit = (struct rate_limit){1, 7, 5};
    scene->clocks_differ = true;
    run_processes(60);
    assert_true(assert_each_window_is_exact(0) > 60);
    assert_int_equal(scene->no_place, 0);
}

/* Twice as many clients as there are places come and go all the time, in a single set. */
static void clients_that_replace_each_other_all_the_time_get_no_more_than_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(rate_table_create(10, &scene->table), 0);
    scene->clients_count = 62;
    scene->limit = (struct rate_limit){1, 2, 5};
    scene->clocks_differ = true;
    run_processes(60);
    assert_true(assert_each_window_is_exact(0) > 60);
    assert_true(scene->no_place > 0);
}

/* The same in threads, for the thread sanitizer. */
static void threads_do_not_race(void **state)
{
    pthread_t threads[WORKERS];

    (void)state;
    assert_int_equal(rate_table_create(10, &scene->table), 0);
    scene->clients_count = 40;
    scene->limit = (struct rate_limit){1, 2, 5};
    scene->clocks_differ = true;
    for (uintptr_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work_in_a_thread, (void *)i), 0);
    }
    for (unsigned i = 0; i < 50; i++) {
        wait_for_hits(1);
        go_on();
    }
    atomic_store(&scene->is_over, true);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_true(assert_each_window_is_exact(0) > 0);
}

static void of_200_workers_that_are_killed_each_takes_one_hit_with_it_at_most(void **state)
{
    enum { KILLED = 200 };
    pid_t children[WORKERS];
    uint32_t random = 4711;

    (void)state;
    assert_int_equal(rate_table_create(10, &scene->table), 0);
    scene->clients_count = 45;
    scene->limit = (struct rate_limit){1, 3, 5};
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        children[worker] = start_process(worker);
    }
    for (unsigned i = 0; i < KILLED; i++) {
        const uint32_t worker = i % WORKERS;

        random = random * 1664525 + 1013904223;
        for (uint32_t pause = random >> 16; pause > 0; pause--) {
            atomic_signal_fence(memory_order_seq_cst);
        }
        assert_int_equal(kill(children[worker], SIGKILL), 0);
        assert_int_equal(waitpid(children[worker], NULL, 0), children[worker]);
        children[worker] = start_process(worker);
        if (i % 2 == 0) {
            go_on();
        }
    }
    wait_for_hits(2); /* nobody is held up */
    atomic_store(&scene->is_over, true);
    for (uint32_t worker = 0; worker < WORKERS; worker++) {
        assert_int_equal(waitpid(children[worker], NULL, 0), children[worker]);
    }
    assert_true(assert_each_window_is_exact(KILLED) > 100);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)
    const struct CMUnitTest tests[] = {
        IN_SCENE(each_client_gets_exactly_what_is_allowed_however_many_ask_at_once),
        IN_SCENE(windows_that_end_meanwhile_are_exact_too),
        IN_SCENE(clients_that_replace_each_other_all_the_time_get_no_more_than_is_allowed),
        IN_SCENE(threads_do_not_race),
        IN_SCENE(of_200_workers_that_are_killed_each_takes_one_hit_with_it_at_most),
    };

    if (hash_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests_name("rate_table_together", tests, NULL, NULL);
}
