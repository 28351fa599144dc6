/*
 * test_histogram.c - how values are spread.
 */
#include "base/histogram.h"
#include "test.h"

static void a_value_is_counted_up_to_its_bound(void **state)
{
    static struct histogram histogram;

    (void)state;
    histogram_note(&histogram, histogram_sizes, 0);
    histogram_note(&histogram, histogram_sizes, 1);
    for (unsigned i = 0; i < 3; i++) {
        histogram_note(&histogram, histogram_sizes, 2);
    }
    histogram_note(&histogram, histogram_sizes, 3);
    histogram_note(&histogram, histogram_sizes, 8192);
    histogram_note(&histogram, histogram_sizes, 8193);
    assert_int_equal(histogram.counts[0], 2);
    assert_int_equal(histogram.counts[1], 3);
    assert_int_equal(histogram.counts[2], 1);
    assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS - 1], 1);
    assert_int_equal(histogram.counts[HISTOGRAM_BOUNDS], 1);
    assert_int_equal(histogram_count(&histogram), 8);
    assert_int_equal(histogram.sum, 1 + 6 + 3 + 8192 + 8193);
}

static void bounds_grow(void **state)
{
    static const uint64_t *const all[] = {histogram_milliseconds, histogram_microseconds,
                                          histogram_sizes};

    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (unsigned bound = 1; bound < HISTOGRAM_BOUNDS; bound++) {
            assert_true(all[i][bound] > all[i][bound - 1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_counted_up_to_its_bound),
        cmocka_unit_test(bounds_grow),
    };

    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
