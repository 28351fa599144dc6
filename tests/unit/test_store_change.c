/*
 * test_store_change.c - the rules: each kind of change, by each right, on what was there before.
 */
#include "store/store_change.h"

#include "test.h"

#include <errno.h>

static const struct store_record absent;

/* What an owner has made: 100, of which 30 were set, with bounds. */
static struct store_record owned(void)
{
    struct store_record record = {
        .exists = true,
        .has_owner = true,
        .value = 100,
        .adjusted = 30,
        .low = -5,
        .high = 7,
        .created_ms = 1000,
        .counted_ms = 2000,
    };

    memset(record.owner, 0x11, sizeof record.owner);
    return record;
}

static struct store_change change_of(enum store_change_kind kind, enum store_right right,
                                     int64_t value, struct store_record before)
{
    struct store_change change = {
        .kind = kind,
        .right = right,
        .value = value,
        .created = {.exists = true, .value = 5, .low = -1, .high = 1, .may_be_set = true},
        .before = before,
        .after = {.value = -77}, /* undefined */
    };

    memset(change.owner, 0x11, sizeof change.owner);
    return change;
}

static void assert_same(const struct store_record *one, const struct store_record *other)
{
    assert_int_equal(one->exists, other->exists);
    assert_int_equal(one->may_be_set, other->may_be_set);
    assert_int_equal(one->has_owner, other->has_owner);
    assert_true(one->value == other->value);
    assert_true(one->adjusted == other->adjusted);
    assert_true(one->low == other->low && one->high == other->high);
    assert_true(one->created_ms == other->created_ms && one->counted_ms == other->counted_ms);
    assert_memory_equal(one->owner, other->owner, sizeof one->owner);
}

/* The change of `before` is refused, and nothing has changed. */
static void assert_refused(struct store_change change, int result)
{
    const struct store_record before = change.before;

    assert_int_equal(store_change_apply(&change, 5000), result);
    assert_same(&change.before, &before);
    assert_same(&change.after, &before);
}

/* It becomes `value`, of which `adjusted` no visit has added; the rest stays. */
static void assert_becomes(struct store_change change, int64_t value, int64_t adjusted)
{
    struct store_record expected = change.before;

    expected.value = value;
    expected.adjusted = adjusted;
    assert_int_equal(store_change_apply(&change, 5000), 0);
    assert_same(&change.after, &expected);
}

static void what_is_not_there_is_not_changed_whoever_asks(void **state)
{
    static const enum store_change_kind kinds[] = {STORE_READ, STORE_SET, STORE_ADD, STORE_REMOVE};
    static const enum store_right rights[] = {STORE_AS_ANYBODY, STORE_AS_OWNER, STORE_AS_SERVER};

    (void)state;
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (unsigned j = 0; j < sizeof rights / sizeof rights[0]; j++) {
            assert_refused(change_of(kinds[i], rights[j], 1, absent), -ENOENT);
        }
    }
}

static void only_what_is_not_there_is_created(void **state)
{
    struct store_change change = change_of(STORE_CREATE, STORE_AS_ANYBODY, 0, absent);
    struct store_record expected = change.created;

    (void)state;
    expected.adjusted = 5;
    expected.created_ms = 5000;
    assert_int_equal(store_change_apply(&change, 5000), 0);
    assert_same(&change.after, &expected);
    assert_refused(change_of(STORE_CREATE, STORE_AS_ANYBODY, 0, owned()), -EEXIST);
    assert_refused(change_of(STORE_CREATE, STORE_AS_SERVER, 0, store_record_of_visits), -EEXIST);
}

static void a_new_counter_was_created_now_and_never_counted_whatever_is_said(void **state)
{
    struct store_change change = change_of(STORE_CREATE, STORE_AS_ANYBODY, 0, absent);

    (void)state;
    change.created.exists = false;
    change.created.created_ms = 1;
    change.created.counted_ms = 2;
    change.created.adjusted = 3;
    assert_int_equal(store_change_apply(&change, 5000), 0);
    assert_true(change.after.exists);
    assert_true(change.after.created_ms == 5000 && change.after.counted_ms == 0);
    assert_true(change.after.adjusted == change.after.value);
}

static void a_look_changes_nothing(void **state)
{
    const struct store_record before = owned();

    (void)state;
    assert_becomes(change_of(STORE_READ, STORE_AS_ANYBODY, 9, before), 100, 30);
    assert_becomes(change_of(STORE_READ, STORE_AS_OWNER, 9, before), 100, 30);
    assert_becomes(change_of(STORE_READ, STORE_AS_SERVER, 9, before), 100, 30);
}

static void anybody_sets_what_may_be_set(void **state)
{
    struct store_record before = owned();

    (void)state;
    assert_refused(change_of(STORE_SET, STORE_AS_ANYBODY, 9, before), -EPERM);
    assert_refused(change_of(STORE_SET, STORE_AS_ANYBODY, 9, store_record_of_visits), -EPERM);
    before.may_be_set = true;
    assert_becomes(change_of(STORE_SET, STORE_AS_ANYBODY, 9, before), 9, 30 - 91);
    before.has_owner = false;
    assert_becomes(change_of(STORE_SET, STORE_AS_ANYBODY, 9, before), 9, 30 - 91);
}

static void owner_and_server_set_whatever_the_rules_for_others(void **state)
{
    (void)state;
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, 0, owned()), 0, -70);
    assert_becomes(change_of(STORE_SET, STORE_AS_SERVER, 0, owned()), 0, -70);
    assert_becomes(change_of(STORE_SET, STORE_AS_SERVER, 3, store_record_of_visits), 3, 3);
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, 100, owned()), 100, 30); /* as it was */
}

static void who_is_no_owner_is_refused_for_every_kind(void **state)
{
    static const enum store_change_kind kinds[] = {STORE_READ, STORE_SET, STORE_ADD, STORE_REMOVE};

    (void)state;
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (unsigned byte = 0; byte < STORE_OWNER_BYTES; byte += STORE_OWNER_BYTES - 1) {
            struct store_change change = change_of(kinds[i], STORE_AS_OWNER, 1, owned());

            change.owner[byte] ^= 1;
            assert_refused(change, -EACCES);
        }
        assert_refused(change_of(kinds[i], STORE_AS_OWNER, 1, store_record_of_visits), -EACCES);
    }
}

/* All zero is no key of what has no owner. */
static void what_has_no_owner_is_nobodys(void **state)
{
    struct store_change change = change_of(STORE_SET, STORE_AS_OWNER, 1, store_record_of_visits);

    (void)state;
    memset(change.owner, 0, sizeof change.owner);
    assert_refused(change, -EACCES);
}

static void anybody_adds_within_the_bounds(void **state)
{
    (void)state;
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, -6, owned()), -EPERM);
    assert_becomes(change_of(STORE_ADD, STORE_AS_ANYBODY, -5, owned()), 95, 25);
    assert_becomes(change_of(STORE_ADD, STORE_AS_ANYBODY, 0, owned()), 100, 30);
    assert_becomes(change_of(STORE_ADD, STORE_AS_ANYBODY, 7, owned()), 107, 37);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, 8, owned()), -EPERM);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, INT64_MIN, owned()), -EPERM);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, INT64_MAX, owned()), -EPERM);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, -1, store_record_of_visits), -EPERM);
    assert_becomes(change_of(STORE_ADD, STORE_AS_ANYBODY, 1, store_record_of_visits), 1, 1);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, 2, store_record_of_visits), -EPERM);
}

static void owner_and_server_add_what_they_want(void **state)
{
    (void)state;
    assert_becomes(change_of(STORE_ADD, STORE_AS_OWNER, 1000, owned()), 1100, 1030);
    assert_becomes(change_of(STORE_ADD, STORE_AS_OWNER, -1000, owned()), -900, -970);
    assert_becomes(change_of(STORE_ADD, STORE_AS_SERVER, -6, owned()), 94, 24);
}

static void a_number_stays_within_64_bits(void **state)
{
    struct store_record before = owned();

    (void)state;
    before.value = INT64_MAX - 1;
    assert_becomes(change_of(STORE_ADD, STORE_AS_OWNER, 1, before), INT64_MAX, 31);
    assert_refused(change_of(STORE_ADD, STORE_AS_OWNER, 2, before), -EOVERFLOW);
    assert_refused(change_of(STORE_ADD, STORE_AS_ANYBODY, 7, before), -EOVERFLOW);
    assert_refused(change_of(STORE_ADD, STORE_AS_OWNER, INT64_MAX, before), -EOVERFLOW);
    before.value = INT64_MIN + 1;
    assert_becomes(change_of(STORE_ADD, STORE_AS_OWNER, -1, before), INT64_MIN, 29);
    assert_refused(change_of(STORE_ADD, STORE_AS_OWNER, -2, before), -EOVERFLOW);
    assert_refused(change_of(STORE_ADD, STORE_AS_OWNER, INT64_MIN, before), -EOVERFLOW);
}

/* From one end of the numbers to the other the difference has no 64 bits. */
static void a_set_from_end_to_end_gives_up_what_visits_had_added(void **state)
{
    struct store_record before = owned();

    (void)state;
    before.value = INT64_MAX;
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, INT64_MIN, before), INT64_MIN, INT64_MIN);
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, -1, before), -1,
                   30 + INT64_MIN); /* the last one that has */
    before.adjusted = -1;
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, -1, before), -1, -1);
    before.value = INT64_MIN;
    assert_becomes(change_of(STORE_SET, STORE_AS_OWNER, INT64_MAX, before), INT64_MAX, INT64_MAX);
}

static void removed_is_all_zero(void **state)
{
    static const enum store_right rights[] = {STORE_AS_OWNER, STORE_AS_SERVER};

    (void)state;
    for (unsigned i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        struct store_change change = change_of(STORE_REMOVE, rights[i], 0, owned());
        const struct store_record before = owned();

        assert_int_equal(store_change_apply(&change, 5000), 0);
        assert_same(&change.after, &absent);
        assert_same(&change.before, &before);
    }
}

static void a_counter_of_visits_may_be_added_1_and_nothing_else(void **state)
{
    (void)state;
    assert_true(store_record_of_visits.exists);
    assert_true(store_record_of_visits.low == 0 && store_record_of_visits.high == 1);
    assert_false(store_record_of_visits.may_be_set || store_record_of_visits.has_owner);
    assert_true(store_record_of_visits.value == 0 && store_record_of_visits.adjusted == 0);
}

/* ---- put ---- */

static struct store_change put_of(int64_t value, struct store_record before)
{
    struct store_change change = change_of(STORE_PUT, STORE_AS_SERVER, value, before);

    change.created = (struct store_record){
        .may_be_set = true,
        .has_owner = true,
        .value = -88, /* nobody reads it */
        .adjusted = 3,
        .low = -2,
        .high = 9,
        .created_ms = 4000,
        .counted_ms = 4500,
    };
    memset(change.created.owner, 0x22, sizeof change.created.owner);
    return change;
}

static void what_is_put_is_made_as_by_a_visit_where_nothing_more_is_given(void **state)
{
    struct store_change change = put_of(7, absent);
    struct store_record expected = store_record_of_visits;

    (void)state;
    expected.value = 7;
    expected.adjusted = 7;
    expected.created_ms = 5000;
    assert_int_equal(store_change_apply(&change, 5000), 0);
    assert_same(&change.after, &expected);
}

static void what_is_put_keeps_what_is_not_given(void **state)
{
    (void)state;
    assert_becomes(put_of(500, owned()), 500, 430);
    assert_becomes(put_of(100, owned()), 100, 30); /* once more changes nothing */
    assert_becomes(put_of(INT64_MIN, owned()), INT64_MIN, INT64_MIN);
}

static void each_thing_that_is_given_is_put_by_itself(void **state)
{
    (void)state;
    for (unsigned given = 0; given < 64; given++) {
        struct store_change change = put_of(101, owned());
        struct store_record expected = owned();

        change.given = given;
        expected.value = 101;
        expected.adjusted = (given & STORE_GIVEN_ADJUSTED) != 0 ? 3 : 31;
        expected.created_ms = (given & STORE_GIVEN_CREATED) != 0 ? 4000 : 1000;
        expected.counted_ms = (given & STORE_GIVEN_COUNTED) != 0 ? 4500 : 2000;
        expected.low = (given & STORE_GIVEN_BOUNDS) != 0 ? -2 : -5;
        expected.high = (given & STORE_GIVEN_BOUNDS) != 0 ? 9 : 7;
        expected.may_be_set = (given & STORE_GIVEN_SET) != 0;
        memset(expected.owner, (given & STORE_GIVEN_OWNER) != 0 ? 0x22 : 0x11,
               sizeof expected.owner);
        assert_int_equal(store_change_apply(&change, 5000), 0);
        assert_same(&change.after, &expected);
    }
}

static void an_owner_can_be_put_away(void **state)
{
    struct store_change change = put_of(100, owned());
    struct store_record expected = owned();

    (void)state;
    change.given = STORE_GIVEN_OWNER;
    change.created.has_owner = false; /* its bytes are nothing then */
    expected.has_owner = false;
    memset(expected.owner, 0, sizeof expected.owner);
    assert_int_equal(store_change_apply(&change, 5000), 0);
    assert_same(&change.after, &expected);
}

static void what_is_added_or_put_is_added_where_something_is(void **state)
{
    struct store_change change = put_of(-1, owned());
    struct store_change other = put_of(7, absent);
    struct store_record expected = other.created;

    (void)state;
    change.kind = STORE_ADD_OR_PUT;
    change.given = 63;
    assert_becomes(change, 99, 29);
    change.value = INT64_MAX;
    assert_refused(change, -EOVERFLOW);
    other.kind = STORE_ADD_OR_PUT;
    other.given = 63;
    expected.exists = true;
    expected.value = 7;
    assert_int_equal(store_change_apply(&other, 5000), 0);
    assert_same(&other.after, &expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_there_is_not_changed_whoever_asks),
        cmocka_unit_test(only_what_is_not_there_is_created),
        cmocka_unit_test(a_new_counter_was_created_now_and_never_counted_whatever_is_said),
        cmocka_unit_test(a_look_changes_nothing),
        cmocka_unit_test(anybody_sets_what_may_be_set),
        cmocka_unit_test(owner_and_server_set_whatever_the_rules_for_others),
        cmocka_unit_test(who_is_no_owner_is_refused_for_every_kind),
        cmocka_unit_test(what_has_no_owner_is_nobodys),
        cmocka_unit_test(anybody_adds_within_the_bounds),
        cmocka_unit_test(owner_and_server_add_what_they_want),
        cmocka_unit_test(a_number_stays_within_64_bits),
        cmocka_unit_test(a_set_from_end_to_end_gives_up_what_visits_had_added),
        cmocka_unit_test(removed_is_all_zero),
        cmocka_unit_test(a_counter_of_visits_may_be_added_1_and_nothing_else),
        cmocka_unit_test(what_is_put_is_made_as_by_a_visit_where_nothing_more_is_given),
        cmocka_unit_test(what_is_put_keeps_what_is_not_given),
        cmocka_unit_test(each_thing_that_is_given_is_put_by_itself),
        cmocka_unit_test(an_owner_can_be_put_away),
        cmocka_unit_test(what_is_added_or_put_is_added_where_something_is),
    };

    return cmocka_run_group_tests_name("store_change", tests, NULL, NULL);
}
