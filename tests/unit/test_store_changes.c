/*
 * test_store_changes.c - looks, amounts, records and changes: what every store promises of them.
 *
 * Keys with a slash keep a record, the others do not.
 */
#include "store/store_change.h"
#include "store_kinds.h"

enum { NOW_MS = 1700000000 };

static struct test_batch batch;
static uint64_t now_ms; /* what the next batch is told */
static bool may_make;

static void open_at(struct store_scene *scene, const struct kind *kind)
{
    open_store(scene, kind);
    now_ms = NOW_MS;
    may_make = true;
}

static void run(struct store_scene *scene, const char *key)
{
    batch.scene = scene;
    batch.done_count = 0;
    batch.then = NULL;
    batch.batch = (struct store_batch){
        .key = slice_of(key),
        .hits = batch.hits,
        .hits_count = batch.batch.hits_count,
        .keeps_record = strchr(key, '/') != NULL,
        .may_make = may_make,
        .wall_ms = now_ms,
        .done = note_batch_done,
        .owner = &batch,
    };
    scene->is_applying = true;
    store_apply(scene->store, &batch.batch);
    scene->is_applying = false;
    turn_until(&scene->turning, batch_is_done, &batch);
}

/* Sends hits that add these amounts and waits for them; their results are in `batch`. */
static void send_amounts(struct store_scene *scene, const char *key, const uint32_t *amounts,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        batch.hits[i] = (struct store_hit){
            .ticket = 7000 + i,
            .number = 77,
            .result = 1,
            .amount = amounts[i] & STORE_AMOUNT_MAX,
        };
    }
    batch.batch.hits_count = count;
    run(scene, key);
}

static void check_hit(uint32_t i, int result, int64_t number)
{
    assert_int_equal(batch.hits[i].result, result);
    assert_true(batch.hits[i].number == number);
}

/* Sends one hit; its number, or what it was refused with. */
static int64_t send_one(struct store_scene *scene, const char *key, uint32_t amount)
{
    send_amounts(scene, key, &amount, 1);
    if (batch.hits[0].result < 0) {
        assert_true(batch.hits[0].number == 0);
        return batch.hits[0].result;
    }
    return batch.hits[0].number;
}

static int64_t look(struct store_scene *scene, const char *key)
{
    return send_one(scene, key, 0);
}

static int change(struct store_scene *scene, const char *key, struct store_change *wanted)
{
    memset(&wanted->before, 'b', sizeof wanted->before);
    memset(&wanted->after, 'a', sizeof wanted->after);
    batch.hits[0] =
        (struct store_hit){.ticket = 7000, .change = wanted, .result = 1, .is_change = 1};
    batch.batch.hits_count = 1;
    run(scene, key);
    assert_ptr_equal(batch.hits[0].change, wanted);
    return batch.hits[0].result;
}

static struct store_record read_back(struct store_scene *scene, const char *key)
{
    struct store_change wanted = {.kind = STORE_READ};
    const int result = change(scene, key, &wanted);

    assert_int_equal(result, wanted.before.exists ? 0 : -ENOENT);
    assert_int_equal(wanted.after.exists, wanted.before.exists);
    return wanted.before;
}

static void check_record(const struct store_record *record, const struct store_record *expected)
{
    assert_int_equal(record->exists, expected->exists);
    assert_int_equal(record->may_be_set, expected->may_be_set);
    assert_int_equal(record->has_owner, expected->has_owner);
    assert_true(record->value == expected->value);
    assert_true(record->adjusted == expected->adjusted);
    assert_true(record->low == expected->low);
    assert_true(record->high == expected->high);
    assert_int_equal(record->created_ms, expected->created_ms);
    assert_int_equal(record->counted_ms, expected->counted_ms);
    assert_memory_equal(record->owner, expected->owner, sizeof record->owner);
}

static int create(struct store_scene *scene, const char *key, const struct store_record *created)
{
    struct store_change wanted = {.kind = STORE_CREATE, .created = *created};

    return change(scene, key, &wanted);
}

static int create_at(struct store_scene *scene, const char *key, int64_t value)
{
    return create(scene, key, &(struct store_record){.value = value});
}

static int set_as(struct store_scene *scene, const char *key, enum store_right right, int64_t value)
{
    struct store_change wanted = {.kind = STORE_SET, .right = right, .value = value};

    return change(scene, key, &wanted);
}

static int add_as(struct store_scene *scene, const char *key, enum store_right right, int64_t value)
{
    struct store_change wanted = {.kind = STORE_ADD, .right = right, .value = value};

    return change(scene, key, &wanted);
}

static int remove_as_server(struct store_scene *scene, const char *key)
{
    struct store_change wanted = {.kind = STORE_REMOVE, .right = STORE_AS_SERVER};

    return change(scene, key, &wanted);
}

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

/* ---- changes ---- */

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

/* ---- put ---- */

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
    {CASE(a_look_at_what_is_not_there_says_so_and_makes_nothing)},
    {CASE(looks_are_told_the_count_and_change_nothing)},
    {CASE(each_hit_adds_its_amount_and_looks_between_see_it)},
    {CASE(only_hits_that_would_pass_the_end_are_refused)},
    {CASE(counts_below_zero_are_counts)},
    {CASE(a_hit_makes_a_counter_and_notes_when)},
    {CASE(hits_that_made_their_counter_say_so)},
    {CASE(what_is_created_is_kept_and_counted_on)},
    {CASE(what_may_not_be_made_is_not)},
    {CASE(anybody_sets_only_what_may_be_set_by_anybody)},
    {CASE(an_owner_changes_its_own_counters_alone)},
    {CASE(anybody_adds_within_the_counters_bounds)},
    {CASE(sums_are_exact_up_to_both_ends_and_not_beyond)},
    {CASE(what_is_removed_is_gone_and_begins_anew)},
    {CASE(a_counter_without_a_record_is_changed_too)},
    {CASE(what_is_put_is_there_as_it_was_given_and_is_counted_on)},
    {CASE(what_is_put_takes_the_place_of_what_was_there)},
    {CASE(what_is_put_without_more_is_as_visits_make_it)},
    {CASE(what_is_added_or_put_is_both)},
    {CASE(what_is_put_counts_among_the_counters_of_its_namespace)},
};

int main(void)
{
    return run_on_all_kinds("store_changes", cases, sizeof cases / sizeof cases[0]);
}
