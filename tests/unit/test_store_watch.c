/*
 * test_store_watch.c - how a worker's store is doing, put where others see it.
 *
 * What it would log stands in one text, a line each; whether it is too often is test_log.c's.
 */
#include "test.h"
#include "visits/store_watch.h"

#include <inttypes.h>
#include <stdio.h>

static struct scoreboard_slot slot;
static struct store_watch watch;
static char logged[2048];
static bool limit_is_reached;

bool __wrap_log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                              const struct log_field *fields, size_t fields_count);

bool __wrap_log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                              const struct log_field *fields, size_t fields_count)
{
    static const char *const levels[] = {
        [LOG_ERROR] = "error",
        [LOG_WARN] = "warn",
        [LOG_INFO] = "info",
        [LOG_DEBUG] = "debug",
    };
    size_t length = strlen(logged);

    assert_ptr_equal(limit, &watch.limit); /* one for all that it says */
    if (limit_is_reached) {
        limit->left_out++;
        return false;
    }
    length +=
        (size_t)snprintf(logged + length, sizeof logged - length, "%s %s", levels[level], event);
    for (size_t i = 0; i < fields_count; i++) {
        length += fields[i].text != NULL
                      ? (size_t)snprintf(logged + length, sizeof logged - length, " %s=<%s>",
                                         fields[i].name, fields[i].text)
                      : (size_t)snprintf(logged + length, sizeof logged - length, " %s=%" PRId64,
                                         fields[i].name, fields[i].number);
        assert_true(length < sizeof logged - 2);
    }
    (void)snprintf(logged + length, sizeof logged - length, "\n");
    return true;
}

bool __wrap_log_limit_has_room(struct log_limit *limit);

bool __wrap_log_limit_has_room(struct log_limit *limit)
{
    (void)limit;
    return !limit_is_reached;
}

static void begin(void)
{
    memset(&slot, 0, sizeof slot);
    logged[0] = '\0';
    limit_is_reached = false;
    store_watch_init(&watch, &slot, 3);
}

static void assert_logged(const char *expected)
{
    assert_string_equal(logged, expected);
    logged[0] = '\0';
}

static void assert_text(const struct shared_text *shared, const char *expected)
{
    char text[SHARED_TEXT_BYTES];

    assert_true(shared_text_read(shared, text));
    assert_string_equal(text, expected);
}

static void all_of_a_status_lands_in_the_slot(void **state)
{
    const struct store_status up = {
        .is_up = true,
        .since_ms = UINT64_MAX,
        .reconnects = 2,
        .batches_resent = 3,
        .last_error = "ECONNREFUSED",
        .risk = "a crash of it loses every count",
        .warning = "it is a replica",
    };
    const struct store_status down = {
        .since_ms = 5,
        .reconnects = 6,
        .batches_resent = 7,
        .last_error = "",
        .risk = "",
        .warning = "",
    };

    (void)state;
    begin();
    store_watch_status(&watch, &up);
    assert_true(atomic_load(&slot.store.is_linked));
    assert_true(atomic_load(&slot.store.since_ms) == UINT64_MAX);
    assert_int_equal(atomic_load(&slot.store.reconnects), 2);
    assert_int_equal(atomic_load(&slot.store.batches_resent), 3);
    assert_text(&slot.store.last_error, "ECONNREFUSED");
    assert_text(&slot.store.risk, "a crash of it loses every count");
    assert_text(&slot.store.warning, "it is a replica");

    store_watch_status(&watch, &down);
    assert_false(atomic_load(&slot.store.is_linked));
    assert_int_equal(atomic_load(&slot.store.since_ms), 5);
    assert_int_equal(atomic_load(&slot.store.reconnects), 6);
    assert_int_equal(atomic_load(&slot.store.batches_resent), 7);
    assert_text(&slot.store.last_error, "");
    assert_text(&slot.store.risk, "");
    assert_text(&slot.store.warning, "");
    assert_logged("");
}

static void a_status_leaves_alone_what_others_count(void **state)
{
    const struct store_status status = {.last_error = "", .risk = "", .warning = ""};

    (void)state;
    begin();
    atomic_store(&slot.store.hits_refused, 8);
    atomic_store(&slot.store.went_back, 9);
    atomic_store(&slot.taken, 10);
    store_watch_status(&watch, &status);
    assert_int_equal(atomic_load(&slot.store.hits_refused), 8);
    assert_int_equal(atomic_load(&slot.store.went_back), 9);
    assert_int_equal(atomic_load(&slot.taken), 10);
}

static void a_text_that_is_too_long_is_cut(void **state)
{
    char longer[2 * SHARED_TEXT_BYTES];
    char text[SHARED_TEXT_BYTES];
    const struct store_status status = {.last_error = longer, .risk = longer, .warning = longer};

    (void)state;
    begin();
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    store_watch_status(&watch, &status);
    assert_true(shared_text_read(&slot.store.warning, text));
    assert_int_equal(strlen(text), SHARED_TEXT_BYTES - 1);
    assert_text(&slot.store.last_error, text);
    assert_text(&slot.store.risk, text);
}

static void a_notice_is_a_line_with_what_the_store_has_been_through(void **state)
{
    const struct store_status status = {
        .reconnects = 2,
        .batches_resent = 3,
        .last_error = "",
        .risk = "",
        .warning = "",
    };

    (void)state;
    begin();
    store_watch_notice(&watch, STORE_NOTICE_INFO, "redis_link_up", "h:6379");
    assert_logged("info redis_link_up slot=3 detail=<h:6379> reconnects=0 resent=0 refused=0\n");
    store_watch_status(&watch, &status);
    atomic_store(&slot.store.hits_refused, 4);
    store_watch_notice(&watch, STORE_NOTICE_ERROR, "redis_link_down", "reset");
    assert_logged("error redis_link_down slot=3 detail=<reset> reconnects=2 resent=3 refused=4\n");
    store_watch_notice(&watch, STORE_NOTICE_WARNING, "redis_may_forget", "");
    assert_logged("warn redis_may_forget slot=3 detail=<> reconnects=2 resent=3 refused=4\n");
}

static void a_counter_that_went_back_is_an_error_and_counted(void **state)
{
    (void)state;

    begin();
    store_watch_went_back(&watch, SLICE("blog"), 100, 1);
    assert_logged("error counter_went_back slot=3 key=<blog> before=100 number=1\n");
    assert_int_equal(atomic_load(&slot.store.went_back), 1);
    store_watch_went_back(&watch, SLICE("a b"), INT64_MAX, INT64_MAX);
    assert_logged("error counter_went_back slot=3 key=<a b> before=9223372036854775807 "
                  "number=9223372036854775807\n");
    assert_int_equal(atomic_load(&slot.store.went_back), 2);
}

static void the_longest_key_is_told_whole_and_none_is_read_beyond_its_end(void **state)
{
    char key[STORE_KEY_BYTES_MAX + 1];
    char expected[512];

    (void)state;
    begin();
    memset(key, 'k', sizeof key);
    store_watch_went_back(&watch, (struct slice){key, STORE_KEY_BYTES_MAX}, 2, 1);
    (void)snprintf(expected, sizeof expected,
                   "error counter_went_back slot=3 key=<%.*s> before=2 number=1\n",
                   STORE_KEY_BYTES_MAX, key);
    assert_logged(expected);
    store_watch_went_back(&watch, (struct slice){key, 1}, 2, 1);
    assert_logged("error counter_went_back slot=3 key=<k> before=2 number=1\n");
}

static void what_it_says_is_bounded(void **state)
{
    (void)state;

    begin();
    assert_true(watch.limit.burst > 0);
    assert_true(watch.limit.period_ms > 0);
}

/* It was never written: the log ended with how things had been before. */
static void the_latest_notice_is_written_later_where_it_was_left_out(void **state)
{
    (void)state;

    begin();
    limit_is_reached = true;
    store_watch_notice(&watch, STORE_NOTICE_INFO, "redis_counts_again", "OOM");
    store_watch_notice(&watch, STORE_NOTICE_ERROR, "redis_refused", "OOM x");
    store_watch_beat(&watch);
    assert_logged("");
    limit_is_reached = false;
    store_watch_beat(&watch);
    assert_logged("error redis_refused slot=3 detail=<OOM x> reconnects=0 resent=0 refused=0\n");
    assert_int_equal(watch.limit.left_out, 1); /* the one before it */
    store_watch_beat(&watch);
    assert_logged("");
}

static void a_warning_takes_no_place_of_what_was_left_out(void **state)
{
    (void)state;

    begin();
    limit_is_reached = true;
    store_watch_notice(&watch, STORE_NOTICE_INFO, "redis_link_up", "h");
    store_watch_notice(&watch, STORE_NOTICE_WARNING, "redis_may_forget", "w");
    limit_is_reached = false;
    store_watch_notice(&watch, STORE_NOTICE_WARNING, "redis_plain", "p");
    assert_logged("warn redis_plain slot=3 detail=<p> reconnects=0 resent=0 refused=0\n");
    store_watch_beat(&watch);
    assert_logged("info redis_link_up slot=3 detail=<h> reconnects=0 resent=0 refused=0\n");
}

static void a_notice_that_is_written_makes_one_that_was_left_out_old(void **state)
{
    (void)state;

    begin();
    limit_is_reached = true;
    store_watch_notice(&watch, STORE_NOTICE_ERROR, "redis_refused", "OOM x");
    limit_is_reached = false;
    store_watch_notice(&watch, STORE_NOTICE_INFO, "redis_counts_again", "OOM");
    store_watch_beat(&watch);
    assert_logged("info redis_counts_again slot=3 detail=<OOM> reconnects=0 resent=0 refused=0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_status_lands_in_the_slot),
        cmocka_unit_test(a_status_leaves_alone_what_others_count),
        cmocka_unit_test(a_text_that_is_too_long_is_cut),
        cmocka_unit_test(a_notice_is_a_line_with_what_the_store_has_been_through),
        cmocka_unit_test(a_counter_that_went_back_is_an_error_and_counted),
        cmocka_unit_test(the_longest_key_is_told_whole_and_none_is_read_beyond_its_end),
        cmocka_unit_test(what_it_says_is_bounded),
        cmocka_unit_test(the_latest_notice_is_written_later_where_it_was_left_out),
        cmocka_unit_test(a_warning_takes_no_place_of_what_was_left_out),
        cmocka_unit_test(a_notice_that_is_written_makes_one_that_was_left_out_old),
    };

    return cmocka_run_group_tests_name("store_watch", tests, NULL, NULL);
}
