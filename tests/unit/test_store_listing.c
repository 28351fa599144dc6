/*
 * test_store_listing.c - pages of counters, against a sorted list.
 */
#include "store/store_listing.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum { MANY = 500 };

struct counter {
    char key[16];
    int64_t value;
};

static struct counter counters[MANY];

static int begin(void **state)
{
    (void)state;
    srand(7);
    for (unsigned i = 0; i < MANY; i++) { /* in no order; values come several times */
        (void)snprintf(counters[i].key, sizeof counters[i].key, "k%u", i * 263 % MANY);
        counters[i].value = rand() % 100 - 50;
    }
    return 0;
}

static int by_name(const void *one, const void *other)
{
    return strcmp(((const struct counter *)one)->key, ((const struct counter *)other)->key);
}

static int by_value(const void *one, const void *other)
{
    const int64_t first = ((const struct counter *)one)->value;
    const int64_t second = ((const struct counter *)other)->value;

    return first != second ? (first < second ? 1 : -1) : by_name(one, other);
}

static struct store_listing *list(uint32_t wanted, bool is_by_value, const char *after)
{
    struct store_listing *listing = store_listing_create(wanted);

    assert_non_null(listing);
    listing->by_value = is_by_value;
    listing->after_length = (uint8_t)strlen(after);
    memcpy(listing->after, after, strlen(after));
    store_listing_begin(listing);
    for (unsigned i = 0; i < MANY; i++) {
        (void)store_listing_offer(listing, slice_of(counters[i].key), counters[i].value);
    }
    store_listing_end(listing);
    return listing;
}

/* The page holds what stands in the sorted list from `first` on. */
static void assert_page(const struct store_listing *listing, const struct counter *sorted,
                        unsigned first)
{
    const unsigned left = MANY - first;

    assert_int_equal(listing->count, left < listing->wanted ? left : listing->wanted);
    assert_int_equal(listing->has_more, left > listing->wanted);
    for (unsigned i = 0; i < listing->count; i++) {
        const struct slice key = {listing->list[i].key, listing->list[i].length};

        assert_true(slice_is(key, sorted[first + i].key));
        assert_int_equal(listing->list[i].value, sorted[first + i].value);
    }
}

static void pages_by_name_go_on_where_the_last_one_ended(void **state)
{
    struct counter sorted[MANY];
    char after[STORE_LISTED_KEY_BYTES_MAX + 1] = "";

    (void)state;
    memcpy(sorted, counters, sizeof sorted);
    qsort(sorted, MANY, sizeof sorted[0], by_name);
    for (unsigned first = 0; first < MANY; first += 64) {
        struct store_listing *page = list(64, false, after);

        assert_page(page, sorted, first);
        (void)snprintf(after, sizeof after, "%.*s", page->list[page->count - 1].length,
                       page->list[page->count - 1].key);
        free(page);
    }
}

static void by_value_the_greatest_are_first_and_names_decide_among_equals(void **state)
{
    static const uint32_t wanted[] = {1, 2, 100, MANY, STORE_LISTED_MAX};
    struct counter sorted[MANY];

    (void)state;
    memcpy(sorted, counters, sizeof sorted);
    qsort(sorted, MANY, sizeof sorted[0], by_value);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        struct store_listing *page = list(wanted[i], true, "");

        assert_page(page, sorted, 0);
        free(page);
    }
}

static void in_order_a_full_page_asks_for_no_more(void **state)
{
    struct store_listing *listing = store_listing_create(2);

    (void)state;
    store_listing_begin(listing);
    assert_true(store_listing_offer(listing, SLICE("aaa"), 1));
    assert_true(store_listing_offer(listing, SLICE("bbb"), 2));
    assert_false(listing->has_more);
    assert_false(store_listing_offer(listing, SLICE("ccc"), 3));
    assert_true(listing->has_more);
    assert_int_equal(listing->count, 2);
    free(listing);
}

static void what_is_no_key_of_ours_is_passed_over(void **state)
{
    struct store_listing *listing = store_listing_create(2);
    char longest[STORE_LISTED_KEY_BYTES_MAX + 1];

    (void)state;
    memset(longest, 'k', sizeof longest);
    store_listing_begin(listing);
    assert_true(store_listing_offer(listing, (struct slice){longest, sizeof longest}, 1));
    assert_int_equal(listing->count, 0);
    assert_true(store_listing_offer(listing, (struct slice){longest, sizeof longest - 1}, 1));
    assert_int_equal(listing->count, 1);
    free(listing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pages_by_name_go_on_where_the_last_one_ended, begin),
        cmocka_unit_test_setup(by_value_the_greatest_are_first_and_names_decide_among_equals,
                               begin),
        cmocka_unit_test(in_order_a_full_page_asks_for_no_more),
        cmocka_unit_test(what_is_no_key_of_ours_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
