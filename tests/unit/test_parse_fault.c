/*
 * test_parse_fault.c - the table of refusals, and that there is a test for each row of it.
 */
#include "http/parse_fault.h"

#include "body_cases.h"
#include "head_cases.h"
#include "test.h"

#include <ctype.h>

static void every_fault_has_a_case_that_asks_for_it(void **state)
{
    bool seen[FAULTS_COUNT] = {[FAULT_NONE] = true};
    (void)state;

    for (size_t i = 0; i < HEAD_CASES_COUNT; i++) {
        seen[head_cases[i].fault] = true;
    }
    for (size_t i = 0; i < CHUNKED_CASES_COUNT; i++) {
        seen[chunked_cases[i].fault] = true;
    }
    for (int fault = FAULT_NONE; fault < FAULTS_COUNT; fault++) {
        if (!seen[fault]) {
            fail_msg("no case is refused with %s", refusal_of((enum parse_fault)fault)->name);
        }
    }
}

static void every_refusal_has_a_status_of_the_contract(void **state)
{
    static const uint16_t statuses[] = {400, 413, 414, 431, 501, 505};
    (void)state;

    for (int fault = FAULT_NONE + 1; fault < FAULTS_COUNT; fault++) {
        bool found = false;

        for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
            found |= refusal_of((enum parse_fault)fault)->status == statuses[i];
        }
        assert_true(found);
    }
}

static void every_refusal_has_a_name_of_its_own_for_the_log(void **state)
{
    (void)state;
    for (int fault = FAULT_NONE + 1; fault < FAULTS_COUNT; fault++) {
        const char *name = refusal_of((enum parse_fault)fault)->name;

        assert_non_null(name);
        for (const char *byte = name; *byte != '\0'; byte++) {
            assert_true(islower((unsigned char)*byte) || isdigit((unsigned char)*byte) ||
                        *byte == '_');
        }
        for (int other = FAULT_NONE + 1; other < fault; other++) {
            assert_string_not_equal(name, refusal_of((enum parse_fault)other)->name);
        }
    }
}

static void every_refusal_has_a_sentence_that_fits_into_json(void **state)
{
    (void)state;
    for (int fault = FAULT_NONE + 1; fault < FAULTS_COUNT; fault++) {
        const char *sentence = refusal_of((enum parse_fault)fault)->sentence;

        assert_non_null(sentence);
        assert_in_range(strlen(sentence), 10, 80);
        assert_true(isupper((unsigned char)sentence[0]));
        assert_int_equal(sentence[strlen(sentence) - 1], '.');
        for (const char *byte = sentence; *byte != '\0'; byte++) {
            assert_true(isprint((unsigned char)*byte) && *byte != '"' && *byte != '\\');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_case_that_asks_for_it),
        cmocka_unit_test(every_refusal_has_a_status_of_the_contract),
        cmocka_unit_test(every_refusal_has_a_name_of_its_own_for_the_log),
        cmocka_unit_test(every_refusal_has_a_sentence_that_fits_into_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
