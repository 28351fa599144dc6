/*
 * test_store_puts.c - counters put as they were elsewhere: what every store promises of them.
 */
#include "store_changes_scene.h"

static int put(struct store_scene *scene, const char *key, enum store_change_kind kind,
               const struct store_record *given, unsigned what)
{
    struct store_change wanted = {
        .kind = kind,
        .right = STORE_AS_SERVER,
        .value = given->value,
        .created = *given,
        .given = what,
    };

    return change(scene, key, &wanted);
}

static struct store_record all_given(void)
{
    struct store_record record = {
        .exists = true,
        .may_be_set = true,
        .has_owner = true,
        .value = INT64_MIN,
        .adjusted = 12,
        .low = INT64_MIN,
        .high = INT64_MAX,
        .created_ms = 1234567890123,
        .counted_ms = 1234567890124,
    };

    memset(record.owner, 0xab, sizeof record.owner);
    return record;
}

static void what_is_put_is_there_as_it_was_given_and_is_counted_on(const struct kind *kind)
{
    struct store_scene scene;
    struct store_record expected = all_given();
    struct store_record record;

    open_at(&scene, kind);
    for (unsigned i = 0; i < 2; i++) { /* once more changes nothing more */
        assert_int_equal(put(&scene, "put/all", STORE_PUT, &expected, 63), 0);
        record = read_back(&scene, "put/all");
        check_record(&record, &expected);
    }
    assert_true(send_one(&scene, "put/all", 2) == INT64_MIN + 2);
    expected.value += 2;
    expected.counted_ms = NOW_MS;
    record = read_back(&scene, "put/all");
    check_record(&record, &expected);
    store_scene_close(&scene);
}

static void what_is_put_takes_the_place_of_what_was_there(const struct kind *kind)
{
    struct store_scene scene;
    struct store_record expected = all_given();
    struct store_record record;

    open_at(&scene, kind);
    assert_int_equal(put(&scene, "put/over", STORE_PUT, &expected, 63), 0);
    expected = (struct store_record){.exists = true, .value = 5, .adjusted = 5, .high = 1};
    assert_int_equal(put(&scene, "put/over", STORE_PUT, &expected, 63), 0);
    record = read_back(&scene, "put/over");
    check_record(&record, &expected); /* nothing is left of its owner */
    expected = all_given();
    assert_int_equal(put(&scene, "put/over", STORE_PUT, &expected, 63), 0);
    record = read_back(&scene, "put/over");
    check_record(&record, &expected);
    store_scene_close(&scene);
}

static void what_is_put_without_more_is_as_visits_make_it(const struct kind *kind)
{
    static const struct store_record given = {.value = 40};
    struct store_scene scene;
    struct store_record expected = store_record_of_visits;
    struct store_record record;

    open_at(&scene, kind);
    assert_int_equal(put(&scene, "put/bare", STORE_PUT, &given, 0), 0);
    expected.value = 40;
    expected.adjusted = 40;
    expected.created_ms = NOW_MS;
    record = read_back(&scene, "put/bare");
    check_record(&record, &expected);
    assert_int_equal(send_one(&scene, "put/bare", 2), 42);
    assert_int_equal(put(&scene, "put/bare", STORE_PUT, &given, 0), 0);
    assert_int_equal(read_back(&scene, "put/bare").adjusted, 38);
    assert_int_equal(put(&scene, "put-bare", STORE_PUT, &given, 0), 0);
    assert_int_equal(send_one(&scene, "put-bare", 1), 41);
    store_scene_close(&scene);
}

static void what_is_added_or_put_is_both(const struct kind *kind)
{
    const struct store_record given = all_given();
    struct store_scene scene;
    struct store_record record;

    open_at(&scene, kind);
    assert_int_equal(put(&scene, "put/add", STORE_ADD_OR_PUT, &given, 63), 0);
    record = read_back(&scene, "put/add");
    check_record(&record, &given);
    assert_int_equal(put(&scene, "put/add", STORE_ADD_OR_PUT, &given, 63), -EOVERFLOW);
    assert_true(look(&scene, "put/add") == INT64_MIN);
    assert_int_equal(
        put(&scene, "put/add", STORE_ADD_OR_PUT, &(struct store_record){.value = 7}, 63), 0);
    record = read_back(&scene, "put/add");
    assert_true(record.value == INT64_MIN + 7);
    assert_int_equal(record.adjusted, 19);
    assert_true(record.has_owner && record.created_ms == 1234567890123);
    store_scene_close(&scene);
}

static void what_is_put_counts_among_the_counters_of_its_namespace(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(put(&scene, "putmany/one", STORE_PUT, &(struct store_record){0}, 0), 0);
    assert_int_equal(put(&scene, "putmany/one", STORE_PUT, &(struct store_record){0}, 0), 0);
    may_make = false;
    assert_int_equal(put(&scene, "putmany/two", STORE_PUT, &(struct store_record){0}, 0), -EDQUOT);
    assert_int_equal(put(&scene, "putmany/two", STORE_ADD_OR_PUT, &(struct store_record){0}, 0),
                     -EDQUOT);
    assert_int_equal(put(&scene, "putmany/one", STORE_PUT, &(struct store_record){0}, 0), 0);
    store_scene_close(&scene);
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function, false
    {CASE(what_is_put_is_there_as_it_was_given_and_is_counted_on)},
    {CASE(what_is_put_takes_the_place_of_what_was_there)},
    {CASE(what_is_put_without_more_is_as_visits_make_it)},
    {CASE(what_is_added_or_put_is_both)},
    {CASE(what_is_put_counts_among_the_counters_of_its_namespace)},
};

int main(void)
{
    return run_on_all_kinds("store_puts", cases, sizeof cases / sizeof cases[0]);
}
