/*
 * test_characters.c - the table of characters against the grammars, written out once more.
 */
#include "http/characters.h"

#include "guarded.h"

/* The alphabets as RFC 9110 5.6.2 and RFC 3986 2 and 3 list them. */
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define UNRESERVED LETTERS DIGITS "-._~"
#define SUB_DELIMITERS "!$&'()*+,;="

static void assert_alphabet(unsigned kinds, const char *alphabet)
{
    for (int byte = 0; byte < 256; byte++) {
        const bool expected = byte != 0 && strchr(alphabet, byte) != NULL;

        if (character_is((char)byte, kinds) != expected) {
            fail_msg("byte %d: kinds %u say %d", byte, kinds, !expected);
        }
    }
}

static void every_kind_of_character_is_the_alphabet_of_its_grammar(void **state)
{
    (void)state;
    assert_alphabet(CHARACTER_TOKEN, "!#$%&'*+-.^_`|~" DIGITS LETTERS);
    assert_alphabet(CHARACTER_TARGET, UNRESERVED SUB_DELIMITERS "%:@/?[]\\^`{|}");
    assert_alphabet(CHARACTER_HOST, UNRESERVED SUB_DELIMITERS);
    assert_alphabet(CHARACTER_DIGIT, DIGITS);
    assert_alphabet(CHARACTER_HEX, DIGITS "abcdefABCDEF");
}

static void controls_are_the_first_32_but_for_the_tab_and_delete(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        assert_int_equal(character_is((char)byte, CHARACTER_CONTROL),
                         (byte < 32 && byte != '\t') || byte == 127);
    }
}

static void the_first_control_is_found_at_every_place_among_any_others(void **state)
{
    (void)state;
    for (size_t length = 0; length < 40; length++) {
        for (int byte = 0; byte < 256; byte++) {
            const bool is_control = character_is((char)byte, CHARACTER_CONTROL);

            for (size_t place = 0; place < length; place++) {
                char text[40];

                memset(text, place % 2 == 0 ? 0x80 : ' ', place);
                memset(text + place, byte, length - place);
                assert_int_equal(characters_before_control(guarded((struct slice){text, length})),
                                 is_control ? place : length);
            }
        }
    }
}

static void a_byte_behind_a_control_does_not_hide_it(void **state)
{
    static const char controls[] = {'\0', '\r', '\x1f', '\x7f'};
    (void)state;

    for (int behind = 0; behind < 256; behind++) {
        for (size_t i = 0; i < sizeof controls; i++) {
            for (size_t place = 0; place < 15; place++) {
                char text[] = "\t ~!\xff\x80\t ~!\xff\x80\t ~";

                text[place] = controls[i];
                text[place + 1] = (char)behind;
                assert_int_equal(characters_before_control(guarded((struct slice){text, 16})),
                                 place);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_character_is_the_alphabet_of_its_grammar),
        cmocka_unit_test(controls_are_the_first_32_but_for_the_tab_and_delete),
        cmocka_unit_test(the_first_control_is_found_at_every_place_among_any_others),
        cmocka_unit_test(a_byte_behind_a_control_does_not_hide_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
