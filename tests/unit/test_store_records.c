/*
 * test_store_records.c - looks, amounts and what is kept of a counter: what every store promises of
 * them.
 */
#include "store_changes_scene.h"

/* ---- looks and amounts ---- */

static void a_look_at_what_is_not_there_says_so_and_makes_nothing(const struct kind *kind)
{
    static const uint32_t looks[] = {0, 0, 0};
    struct store_scene scene;

    open_at(&scene, kind);
    for (unsigned i = 0; i < 2; i++) {
        send_amounts(&scene, "look/none", looks, 3);
        for (uint32_t hit = 0; hit < 3; hit++) {
            check_hit(hit, -ENOENT, 0);
        }
        assert_int_equal(look(&scene, "look-none"), -ENOENT);
    }
    assert_int_equal(send_one(&scene, "look/none", 1), 1);
    assert_int_equal(send_one(&scene, "look-none", 1), 1);
    store_scene_close(&scene);
}

static void looks_are_told_the_count_and_change_nothing(const struct kind *kind)
{
    static const uint32_t looks[] = {0, 0, 0};
    struct store_scene scene;
    struct store_record before;
    struct store_record after;

    open_at(&scene, kind);
    assert_int_equal(send_one(&scene, "look/some", 7), 7);
    before = read_back(&scene, "look/some");
    now_ms++;
    send_amounts(&scene, "look/some", looks, 3);
    for (uint32_t hit = 0; hit < 3; hit++) {
        check_hit(hit, 0, 7);
    }
    after = read_back(&scene, "look/some");
    check_record(&after, &before);
    store_scene_close(&scene);
}

static void each_hit_adds_its_amount_and_looks_between_see_it(const struct kind *kind)
{
    static const uint32_t amounts[] = {5, 0, 1, STORE_AMOUNT_MAX, 0};
    struct store_scene scene;

    open_at(&scene, kind);
    send_amounts(&scene, "amounts/some", amounts, 5);
    check_hit(0, 0, 5);
    check_hit(1, 0, 5);
    check_hit(2, 0, 6);
    check_hit(3, 0, INT64_C(6) + STORE_AMOUNT_MAX);
    check_hit(4, 0, INT64_C(6) + STORE_AMOUNT_MAX);
    assert_true(look(&scene, "amounts/some") == INT64_C(6) + STORE_AMOUNT_MAX);
    store_scene_close(&scene);
}

static void only_hits_that_would_pass_the_end_are_refused(const struct kind *kind)
{
    static const uint32_t amounts[] = {5, 8, 0, 3, 1, 2, 1};
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(create_at(&scene, "end/mixed", INT64_MAX - 10), 0);
    send_amounts(&scene, "end/mixed", amounts, 7);
    check_hit(0, 0, INT64_MAX - 5);
    check_hit(1, -EOVERFLOW, 0);
    check_hit(2, 0, INT64_MAX - 5);
    check_hit(3, 0, INT64_MAX - 2);
    check_hit(4, 0, INT64_MAX - 1);
    check_hit(5, -EOVERFLOW, 0);
    check_hit(6, 0, INT64_MAX);
    send_amounts(&scene, "end/mixed", amounts, 3);
    check_hit(0, -EOVERFLOW, 0);
    check_hit(1, -EOVERFLOW, 0);
    check_hit(2, 0, INT64_MAX); /* a look may */
    assert_true(look(&scene, "end/mixed") == INT64_MAX);
    store_scene_close(&scene);
}

static void counts_below_zero_are_counts(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(create_at(&scene, "below/zero", INT64_MIN), 0);
    assert_true(look(&scene, "below/zero") == INT64_MIN);
    assert_true(send_one(&scene, "below/zero", 1) == INT64_MIN + 1);
    assert_int_equal(set_as(&scene, "below/zero", STORE_AS_SERVER, -2), 0);
    assert_int_equal(send_one(&scene, "below/zero", 2), 0);
    assert_int_equal(send_one(&scene, "below/zero", 2), 2);
    store_scene_close(&scene);
}

/* ---- records ---- */

static void a_hit_makes_a_counter_and_notes_when(const struct kind *kind)
{
    struct store_scene scene;
    struct store_record expected = store_record_of_visits;
    struct store_record record;

    open_at(&scene, kind);
    assert_int_equal(read_back(&scene, "made/by-hit").exists, false);
    assert_int_equal(send_one(&scene, "made/by-hit", 3), 3);
    expected.value = 3;
    expected.created_ms = NOW_MS;
    expected.counted_ms = NOW_MS;
    record = read_back(&scene, "made/by-hit");
    check_record(&record, &expected);
    now_ms += 5000;
    assert_int_equal(send_one(&scene, "made/by-hit", 1), 4);
    expected.value = 4;
    expected.counted_ms = NOW_MS + 5000;
    record = read_back(&scene, "made/by-hit");
    check_record(&record, &expected);
    store_scene_close(&scene);
}

static void hits_that_made_their_counter_say_so(const struct kind *kind)
{
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(look(&scene, "made/one"), -ENOENT);
    assert_false(batch.batch.was_made);
    assert_int_equal(send_one(&scene, "made/one", 5), 5);
    assert_true(batch.batch.was_made);
    assert_int_equal(send_one(&scene, "made/one", 1), 6);
    assert_false(batch.batch.was_made);
    assert_int_equal(set_as(&scene, "made/one", STORE_AS_SERVER, 0), 0);
    assert_int_equal(look(&scene, "made/one"), 0);
    assert_false(batch.batch.was_made);
    assert_int_equal(send_one(&scene, "made/one", 1), 1);
    assert_false(batch.batch.was_made);
    assert_int_equal(create_at(&scene, "made/below", -3), 0);
    assert_int_equal(send_one(&scene, "made/below", 4), 1);
    assert_false(batch.batch.was_made);
    assert_int_equal(remove_as_server(&scene, "made/one"), 0);
    may_make = false;
    assert_int_equal(send_one(&scene, "made/one", 1), -EDQUOT);
    assert_false(batch.batch.was_made);
    store_scene_close(&scene);
}

static void what_is_created_is_kept_and_counted_on(const struct kind *kind)
{
    struct store_scene scene;
    struct store_change wanted = {
        .kind = STORE_CREATE,
        .created = {.value = -5, .may_be_set = true, .has_owner = true, .low = -3, .high = 4},
    };
    struct store_record expected;
    struct store_record record;

    open_at(&scene, kind);
    for (unsigned i = 0; i < STORE_OWNER_BYTES; i++) {
        wanted.created.owner[i] = (uint8_t)(i * 8 + 7);
    }
    expected = wanted.created;
    expected.exists = true;
    expected.adjusted = -5;
    expected.created_ms = NOW_MS;
    assert_int_equal(change(&scene, "created/once", &wanted), 0);
    assert_false(wanted.before.exists);
    check_record(&wanted.after, &expected);
    now_ms++;
    assert_int_equal(change(&scene, "created/once", &wanted), -EEXIST);
    check_record(&wanted.before, &expected);
    check_record(&wanted.after, &expected);
    assert_int_equal(send_one(&scene, "created/once", 2), -3);
    expected.value = -3;
    expected.counted_ms = NOW_MS + 1;
    record = read_back(&scene, "created/once");
    check_record(&record, &expected);
    store_scene_close(&scene);
    if (kind->keeps) {
        open_at(&scene, kind);
        record = read_back(&scene, "created/once");
        check_record(&record, &expected);
        store_scene_close(&scene);
    }
}

static void what_may_not_be_made_is_not(const struct kind *kind)
{
    static const uint32_t amounts[] = {1, 0, 2};
    struct store_scene scene;

    open_at(&scene, kind);
    assert_int_equal(send_one(&scene, "quota/old", 1), 1);
    may_make = false;
    send_amounts(&scene, "quota/new", amounts, 3);
    for (uint32_t hit = 0; hit < 3; hit++) {
        check_hit(hit, -EDQUOT, 0);
    }
    assert_int_equal(create_at(&scene, "quota/new", 1), -EDQUOT);
    assert_int_equal(create_at(&scene, "quota/old", 1), -EEXIST);
    assert_int_equal(look(&scene, "quota/new"), -ENOENT);
    assert_int_equal(read_back(&scene, "quota/new").exists, false);
    assert_int_equal(send_one(&scene, "quota/old", 1), 2);
    assert_int_equal(set_as(&scene, "quota/old", STORE_AS_SERVER, 9), 0);
    may_make = true;
    assert_int_equal(send_one(&scene, "quota/new", 1), 1);
    store_scene_close(&scene);
}

static const struct kind_case cases[] = {
#define CASE(function) #function, function, false
    {CASE(a_look_at_what_is_not_there_says_so_and_makes_nothing)},
    {CASE(looks_are_told_the_count_and_change_nothing)},
    {CASE(each_hit_adds_its_amount_and_looks_between_see_it)},
    {CASE(only_hits_that_would_pass_the_end_are_refused)},
    {CASE(counts_below_zero_are_counts)},
    {CASE(a_hit_makes_a_counter_and_notes_when)},
    {CASE(hits_that_made_their_counter_say_so)},
    {CASE(what_is_created_is_kept_and_counted_on)},
    {CASE(what_may_not_be_made_is_not)},
};

int main(void)
{
    return run_on_all_kinds("store_records", cases, sizeof cases / sizeof cases[0]);
}
