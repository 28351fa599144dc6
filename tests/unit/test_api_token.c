/*
 * test_api_token.c - keys and names that are drawn, and how keys are compared.
 */
#include "visits/api_token.h"

#include "guarded.h"
#include "test.h"

#include <ctype.h>

enum { DRAWN = 1000 };

static void a_key_is_a_uuid_of_random_bits_and_no_two_are_alike(void **state)
{
    static char keys[DRAWN][API_KEY_BYTES];

    (void)state;
    for (unsigned i = 0; i < DRAWN; i++) {
        api_token_draw_key(keys[i]);
        assert_int_equal(strlen(keys[i]), API_KEY_BYTES - 1);
        for (unsigned j = 0; j < API_KEY_BYTES - 1; j++) {
            const char character = keys[i][j];

            if (j == 8 || j == 13 || j == 18 || j == 23) {
                assert_int_equal(character, '-');
            } else {
                assert_non_null(strchr("0123456789abcdef", character));
            }
        }
        assert_int_equal(keys[i][14], '4'); /* RFC 9562 5.4 */
        assert_non_null(strchr("89ab", keys[i][19]));
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(keys[i], keys[j]);
        }
    }
}

static void a_drawn_name_is_of_the_characters_of_names_and_each_comes_up(void **state)
{
    bool seen[256] = {false};
    unsigned count = 0;

    (void)state;
    for (unsigned i = 0; i < DRAWN; i++) {
        char name[API_RANDOM_NAME_BYTES + 1];

        name[API_RANDOM_NAME_BYTES] = '#';
        api_token_draw_name(name);
        assert_int_equal(name[API_RANDOM_NAME_BYTES], '#');
        for (unsigned j = 0; j < API_RANDOM_NAME_BYTES; j++) {
            assert_true(isalnum((unsigned char)name[j]) || name[j] == '-' || name[j] == '_');
            seen[(unsigned char)name[j]] = true;
        }
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        count += seen[byte];
    }
    assert_int_equal(count, 64);
}

static void a_token_has_one_hash_and_no_other_token_has_it(void **state)
{
    uint8_t hash[STORE_OWNER_BYTES];
    uint8_t again[STORE_OWNER_BYTES];
    uint8_t other[STORE_OWNER_BYTES];
    static const uint8_t of_nothing[] = {0x0e, 0x57, 0x51, 0xc0, 0x26, 0xe5, 0x43, 0xb2,
                                         0xe8, 0xab, 0x2e, 0xb0, 0x60, 0x99, 0xda, 0xa1}; /* … */

    (void)state;
    api_token_hash(guarded(SLICE("secret")), hash);
    api_token_hash(guarded(SLICE("secret")), again);
    assert_true(api_token_equals(hash, again));
    api_token_hash(guarded(SLICE("Secret")), other);
    assert_false(api_token_equals(hash, other));
    api_token_hash(guarded(SLICE("secret\0")), other);
    assert_false(api_token_equals(hash, other));
    api_token_hash(SLICE(""), other); /* BLAKE2b-256 of nothing: stored hashes outlive a build */
    assert_memory_equal(other, of_nothing, sizeof of_nothing);
}

static void each_byte_of_a_hash_is_compared(void **state)
{
    uint8_t one[STORE_OWNER_BYTES] = {0};
    uint8_t other[STORE_OWNER_BYTES] = {0};

    (void)state;
    assert_true(api_token_equals(one, other));
    for (unsigned i = 0; i < STORE_OWNER_BYTES; i++) {
        other[i] = 0x80;
        assert_false(api_token_equals(one, other));
        other[i] = 0;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_a_uuid_of_random_bits_and_no_two_are_alike),
        cmocka_unit_test(a_drawn_name_is_of_the_characters_of_names_and_each_comes_up),
        cmocka_unit_test(a_token_has_one_hash_and_no_other_token_has_it),
        cmocka_unit_test(each_byte_of_a_hash_is_compared),
    };

    if (!api_token_begin()) {
        return 1;
    }
    return cmocka_run_group_tests_name("api_token", tests, NULL, NULL);
}
