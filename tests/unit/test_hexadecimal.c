/*
 * test_hexadecimal.c - digits and bytes.
 */
#include "base/hexadecimal.h"

#include "guarded.h"
#include "test.h"

static void each_digit_has_its_value_and_nothing_else_has_one(void **state)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";

    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        const char *found = byte == 0 ? NULL : strchr(lower, byte);

        if (found == NULL && byte != 0) {
            found = strchr(upper, byte);
            found = found == NULL ? NULL : lower + (found - upper);
        }
        assert_int_equal(hexadecimal_value((char)byte), found == NULL ? -1 : found - lower);
    }
}

static void bytes_are_read_as_they_were_written(void **state)
{
    uint8_t bytes[256];
    uint8_t read[256];
    char digits[2 * sizeof bytes];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_ptr_equal(hexadecimal_write_bytes(digits, bytes, sizeof bytes), digits + sizeof digits);
    assert_memory_equal(digits, "000102", 6);
    assert_memory_equal(digits + sizeof digits - 4, "feff", 4);
    assert_true(
        hexadecimal_read_bytes(guarded((struct slice){digits, sizeof digits}), read, sizeof read));
    assert_memory_equal(read, bytes, sizeof bytes);
    assert_true(hexadecimal_read_bytes(SLICE("aBFf"), read, 2));
    assert_true(read[0] == 0xab && read[1] == 0xff);
    assert_true(hexadecimal_read_bytes(SLICE(""), read, 0));
}

static void what_is_not_just_the_digits_changes_nothing(void **state)
{
    static const char *const wrong[] = {"",     "0",    "00",   "000", "00000",
                                        "000g", "g000", "0 00", "-100"};
    uint8_t read[2] = {7, 7};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(hexadecimal_read_bytes(guarded(slice_of(wrong[i])), read, 2));
        assert_true(read[0] == 7 && read[1] == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_digit_has_its_value_and_nothing_else_has_one),
        cmocka_unit_test(bytes_are_read_as_they_were_written),
        cmocka_unit_test(what_is_not_just_the_digits_changes_nothing),
    };

    return cmocka_run_group_tests_name("hexadecimal", tests, NULL, NULL);
}
