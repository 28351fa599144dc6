/*
 * test_store_changes.c - changes: what every store promises of them.
 */
#include "store_changes_scene.h"

static void anybody_sets_only_what_may_be_set_by_anybody(const struct kind *kind)
{
    struct store_scene scene;
    struct store_change wanted = {.kind = STORE_SET, .value = 100};

    open_at(&scene, kind);
    assert_int_equal(change(&scene, "set/any", &wanted), -ENOENT);
    assert_false(wanted.before.exists);
    assert_int_equal(send_one(&scene, "set/any", 3), 3);
    assert_int_equal(change(&scene, "set/any", &wanted), -EPERM);
    assert_true(wanted.before.exists && wanted.before.value == 3 && wanted.after.value == 3);
    assert_int_equal(look(&scene, "set/any"), 3);
    wanted.right = STORE_AS_SERVER;
    assert_int_equal(change(&scene, "set/any", &wanted), 0);
    assert_true(wanted.before.value == 3 && wanted.before.adjusted == 0);
    assert_true(wanted.after.value == 100 && wanted.after.adjusted == 97);
    assert_int_equal(look(&scene, "set/any"), 100);
    assert_int_equal(
        create(&scene, "set/open", &(struct store_record){.value = 1, .may_be_set = true}), 0);
    assert_int_equal(set_as(&scene, "set/open", STORE_AS_ANYBODY, INT64_MIN), 0);
    assert_true(look(&scene, "set/open") == INT64_MIN);
    assert_int_equal(set_as(&scene, "set/open", STORE_AS_ANYBODY, INT64_MAX), 0);
    assert_true(look(&scene, "set/open") == INT64_MAX);
    store_scene_close(&scene);
}

static void an_owner_changes_its_own_counters_alone(const struct kind *kind)
{
    static const struct store_record owned = {.value = 1, .has_owner = true, .owner = {1, 2, 3}};
    struct store_change wanted = {
        .kind = STORE_SET, .right = STORE_AS_OWNER, .value = 7, .owner = {1, 2, 4}};
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(change(&scene, "owner/none", &wanted), -ENOENT);
    assert_int_equal(send_one(&scene, "owner/nobody", 1), 1);
    assert_int_equal(change(&scene, "owner/nobody", &wanted), -EACCES);
    assert_int_equal(create(&scene, "owner/some", &owned), 0);
    assert_int_equal(change(&scene, "owner/some", &wanted), -EACCES);
    wanted.kind = STORE_REMOVE;
    assert_int_equal(change(&scene, "owner/some", &wanted), -EACCES);
    assert_int_equal(look(&scene, "owner/some"), 1);
    wanted.owner[2] = 3;
    wanted.kind = STORE_READ;
    assert_int_equal(change(&scene, "owner/some", &wanted), 0);
    wanted.kind = STORE_SET;
    assert_int_equal(change(&scene, "owner/some", &wanted), 0);
    assert_int_equal(look(&scene, "owner/some"), 7);
    assert_memory_equal(wanted.after.owner, owned.owner, STORE_OWNER_BYTES);
    wanted.kind = STORE_REMOVE;
    assert_int_equal(change(&scene, "owner/some", &wanted), 0);
    assert_int_equal(look(&scene, "owner/some"), -ENOENT);
    store_scene_close(&scene);
}

static void anybody_adds_within_the_counters_bounds(const struct kind *kind)
{
    static const struct store_record bounded = {.value = 10, .low = -3, .high = 4};
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, 1), -ENOENT);
    assert_int_equal(create(&scene, "add/some", &bounded), 0);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, 5), -EPERM);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, -4), -EPERM);
    assert_int_equal(look(&scene, "add/some"), 10);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, 4), 0);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, -3), 0);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_ANYBODY, 0), 0);
    assert_int_equal(look(&scene, "add/some"), 11);
    assert_int_equal(add_as(&scene, "add/some", STORE_AS_SERVER, -1000), 0);
    assert_int_equal(look(&scene, "add/some"), -989);
    assert_int_equal(read_back(&scene, "add/some").adjusted, -989);
    store_scene_close(&scene);
}

static void sums_are_exact_up_to_both_ends_and_not_beyond(const struct kind *kind)
{
    static const int64_t wide = INT64_C(9007199254740993); /* 2^53 + 1 */
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(create_at(&scene, "ends/sum", wide), 0);
    assert_true(look(&scene, "ends/sum") == wide);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, 2), 0);
    assert_true(look(&scene, "ends/sum") == wide + 2);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, INT64_MAX - wide - 2), 0);
    assert_true(look(&scene, "ends/sum") == INT64_MAX);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, 1), -EOVERFLOW);
    assert_true(look(&scene, "ends/sum") == INT64_MAX);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, INT64_MIN), 0);
    assert_int_equal(look(&scene, "ends/sum"), -1);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, INT64_MIN + 1), 0);
    assert_true(look(&scene, "ends/sum") == INT64_MIN);
    assert_int_equal(add_as(&scene, "ends/sum", STORE_AS_SERVER, -1), -EOVERFLOW);
    assert_true(read_back(&scene, "ends/sum").value == INT64_MIN);
    store_scene_close(&scene);
}

static void what_is_removed_is_gone_and_begins_anew(const struct kind *kind)
{
    struct store_scene scene;
    struct store_record expected = store_record_of_visits;
    struct store_record record;

    open_at(&scene, kind);
    assert_int_equal(remove_as_server(&scene, "removed/one"), -ENOENT);
    assert_int_equal(create(&scene, "removed/one",
                            &(struct store_record){.value = 8, .has_owner = true, .low = -9}),
                     0);
    assert_int_equal(remove_as_server(&scene, "removed/one"), 0);
    assert_int_equal(look(&scene, "removed/one"), -ENOENT);
    assert_int_equal(remove_as_server(&scene, "removed/one"), -ENOENT);
    now_ms += 7;
    assert_int_equal(send_one(&scene, "removed/one", 1), 1);
    expected.value = 1;
    expected.created_ms = NOW_MS + 7;
    expected.counted_ms = NOW_MS + 7;
    record = read_back(&scene, "removed/one");
    check_record(&record, &expected); /* nothing is left of its owner */
    assert_int_equal(remove_as_server(&scene, "removed/one"), 0);
    assert_int_equal(create_at(&scene, "removed/one", 0), 0);
    assert_int_equal(look(&scene, "removed/one"), 0);
    store_scene_close(&scene);
}

static void a_counter_without_a_record_is_changed_too(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(send_one(&scene, "front", 5), 5);
    assert_int_equal(set_as(&scene, "front", STORE_AS_ANYBODY, 1), -EPERM);
    assert_int_equal(set_as(&scene, "front", STORE_AS_SERVER, 1000), 0);
    assert_int_equal(send_one(&scene, "front", 1), 1001);
    assert_int_equal(read_back(&scene, "front").adjusted, 995);
    assert_int_equal(remove_as_server(&scene, "front"), 0);
    assert_int_equal(send_one(&scene, "front", 1), 1);
    store_scene_close(&scene);
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function, false
    {CASE(anybody_sets_only_what_may_be_set_by_anybody)},
    {CASE(an_owner_changes_its_own_counters_alone)},
    {CASE(anybody_adds_within_the_counters_bounds)},
    {CASE(sums_are_exact_up_to_both_ends_and_not_beyond)},
    {CASE(what_is_removed_is_gone_and_begins_anew)},
    {CASE(a_counter_without_a_record_is_changed_too)},
};

int main(void)
{
    return run_on_all_kinds("store_changes", cases, sizeof cases / sizeof cases[0]);
}
