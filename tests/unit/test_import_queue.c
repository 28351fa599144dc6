/*
 * test_import_queue.c - counters on their way into a store: each told once, those of a key in
 * order.
 */
#include "commands/import_queue.h"

#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool allocations_fail;

void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);

void *__wrap_calloc(size_t count, size_t bytes)
{
    return allocations_fail ? NULL : __real_calloc(count, bytes);
}

enum { LINES_MAX = 4 * IMPORT_QUEUE_MAX };

struct scene {
    struct store_session session;
    struct import_queue queue;
    int results[LINES_MAX]; /* by line; 1: not told yet */
    uint64_t order[LINES_MAX];
    unsigned told;
};

static struct scene scene;

static void note_done(void *owner, uint64_t line, int result)
{
    assert_ptr_equal(owner, &scene);
    assert_true(line < LINES_MAX);
    assert_int_equal(scene.results[line], 1);
    assert_true(result <= 0);
    scene.results[line] = result;
    scene.order[scene.told++] = line;
}

static void open_scene(bool adds)
{
    struct store_url url;
    const char *problem;
    char reason[STORE_REASON_BYTES];

    scene = (struct scene){.told = 0};
    for (unsigned i = 0; i < LINES_MAX; i++) {
        scene.results[i] = 1;
    }
    assert_int_equal(store_url_parse(SLICE("memory:"), &url, &problem), 0);
    assert_int_equal(store_session_open(&scene.session, &url, 1000, reason), 0);
    assert_int_equal(import_queue_init(&scene.queue, &scene.session, adds, note_done, &scene), 0);
}

static void close_scene(void)
{
    store_session_close(&scene.session);
    import_queue_give_up(&scene.queue);
    assert_int_equal(scene.queue.count, 0);
    import_queue_finish(&scene.queue);
}

static void add(uint64_t line, const char *key, int64_t value)
{
    struct counter_line counter = {.key_length = strlen(key), .record = {.value = value}};

    memcpy(counter.key, key, counter.key_length);
    import_queue_add(&scene.queue, &counter, line);
}

static void run_until_empty(void)
{
    while (scene.queue.count > 0) {
        import_queue_send(&scene.queue);
        assert_int_equal(store_session_wait(&scene.session, 5000), 0);
    }
}

static void value_read(struct store_batch *batch)
{
    store_session_wake(batch->owner);
}

static int64_t value_of(const char *key)
{
    struct store_change change = {.kind = STORE_READ};
    struct store_hit hit = {.change = &change, .result = 1, .is_change = 1};
    struct store_batch batch = {
        .key = slice_of(key),
        .hits = &hit,
        .hits_count = 1,
        .keeps_record = true,
        .done = value_read,
        .owner = &scene.session,
    };

    store_apply(scene.session.store, &batch);
    assert_int_equal(store_session_wait(&scene.session, 5000), 0);
    assert_int_equal(hit.result, 0);
    return change.before.value;
}

static void each_line_is_told_once_and_those_of_a_key_in_order(void **state)
{
    uint64_t last[3] = {0, 0, 0};
    uint64_t line = 0;

    (void)state;
    open_scene(true);
    for (unsigned round = 0; round < 3; round++) {
        for (; import_queue_has_room(&scene.queue); line++) {
            static const char *const keys[] = {"blog/one", "blog/two", "blog/three"};

            add(line, keys[line % 3], 1);
        }
        run_until_empty();
    }
    assert_int_equal(line, 3 * IMPORT_QUEUE_MAX);
    assert_int_equal(scene.told, line);
    for (unsigned i = 0; i < scene.told; i++) {
        const uint64_t told = scene.order[i];

        assert_int_equal(scene.results[told], 0);
        assert_true(told < 3 || told == last[told % 3] + 3);
        last[told % 3] = told;
    }
    assert_int_equal(value_of("blog/one") + value_of("blog/two") + value_of("blog/three"), line);
    close_scene();
}

static void the_last_line_of_a_key_is_what_is_set(void **state)
{
    (void)state;
    open_scene(false);
    for (unsigned i = 0; i < IMPORT_QUEUE_MAX; i++) {
        add(i, i % 2 == 0 ? "blog/even" : "blog/odd", i);
    }
    assert_false(import_queue_has_room(&scene.queue));
    run_until_empty();
    assert_int_equal(value_of("blog/even"), IMPORT_QUEUE_MAX - 2);
    assert_int_equal(value_of("blog/odd"), IMPORT_QUEUE_MAX - 1);
    close_scene();
}

static void what_was_never_given_is_told_so(void **state)
{
    (void)state;
    open_scene(false);
    add(0, "blog/one", 1);
    add(1, "blog/one", 2);
    add(2, "blog/two", 3);
    import_queue_give_up(&scene.queue);
    assert_int_equal(scene.told, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(scene.results[i], -ENODATA);
    }
    assert_true(import_queue_has_room(&scene.queue));
    close_scene();
}

static void what_comes_behind_at_the_end_is_told_so(void **state)
{
    (void)state;
    open_scene(false);
    add(0, "blog/one", 1);
    add(1, "blog/one", 2);
    import_queue_send(&scene.queue);
    assert_int_equal(scene.told, 0);
    close_scene(); /* the store ends what it has */
    assert_int_equal(scene.results[0], 0);
    assert_int_equal(scene.results[1], -ENODATA);
}

static void a_line_for_which_there_is_no_memory_is_told(void **state)
{
    struct import_queue queue;

    (void)state;
    open_scene(false);
    allocations_fail = true;
    add(0, "blog/one", 1);
    assert_int_equal(import_queue_init(&queue, &scene.session, false, note_done, &scene), -ENOMEM);
    allocations_fail = false;
    assert_int_equal(scene.results[0], -ENOMEM);
    add(1, "blog/one", 2);
    run_until_empty();
    assert_int_equal(scene.results[1], 0);
    close_scene();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_is_told_once_and_those_of_a_key_in_order),
        cmocka_unit_test(the_last_line_of_a_key_is_what_is_set),
        cmocka_unit_test(what_was_never_given_is_told_so),
        cmocka_unit_test(what_comes_behind_at_the_end_is_told_so),
        cmocka_unit_test(a_line_for_which_there_is_no_memory_is_told),
    };

    return cmocka_run_group_tests_name("import_queue", tests, NULL, NULL);
}
