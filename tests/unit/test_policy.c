/*
 * test_policy.c - what namespaces let visitors do, as a settings file says it.
 */
#include "base/policy.h"

#include "base/token_file.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct policies policies;
static char problem[POLICY_PROBLEM_BYTES];

static bool set(struct policy *policy, const char *name, const char *text)
{
    bool is_unknown = true;
    const bool is_set = policy_set(policy, name, text, &is_unknown, problem);

    assert_false(is_unknown);
    return is_set;
}

static struct policy *add(const char *name)
{
    struct policy *added = policies_add(&policies, slice_of(name), problem);

    assert_non_null(added);
    return added;
}

static int begin(void **state)
{
    (void)state;
    policies_init(&policies);
    return 0;
}

static void without_a_file_everybody_may_count_within_bounds(void **state)
{
    const struct policy *policy = policies_find(&policies, SLICE("any"));

    (void)state;
    assert_int_equal(policy->hit, POLICY_HIT_OPEN);
    assert_false(policy->create_needs_token || policy->has_token);
    assert_int_equal(policy->keys_max, 100000);
    assert_int_equal(policy->rate, 30);
    assert_int_equal(policy->rate_s, 10);
}

static void what_a_namespace_does_not_say_is_as_in_the_defaults_wherever_they_stand(void **state)
{
    struct policy *blog = add("blog");

    (void)state;
    assert_true(set(blog, "keys_max", "7"));
    assert_true(set(&policies.defaults, "hit", "token"));
    assert_true(set(&policies.defaults, "keys_max", "9"));
    assert_true(set(&policies.defaults, "rate", "5/60s"));
    assert_ptr_equal(add("blog"), blog); /* found again */
    assert_true(set(blog, "create", "token"));
    policies_finish(&policies);
    assert_ptr_equal(policies_find(&policies, SLICE("blog")), blog);
    assert_int_equal(blog->keys_max, 7);
    assert_int_equal(blog->hit, POLICY_HIT_TOKEN);
    assert_int_equal(blog->rate, 5);
    assert_int_equal(blog->rate_s, 60);
    assert_true(blog->create_needs_token);
    assert_string_equal(blog->name, "blog");
    assert_ptr_equal(policies_find(&policies, SLICE("blo")), &policies.defaults);
    assert_ptr_equal(policies_find(&policies, SLICE("blogs")), &policies.defaults);
    assert_false(policies.defaults.create_needs_token);
}

static void each_value_has_its_bounds(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        bool is_right;
    } rows[] = {
        {"hit", "open", true},
        {"hit", "token", true},
        {"hit", "origin a", true},
        {"hit", "origin", false},
        {"hit", "Open", false},
        {"hit", "", false},
        {"create", "open", true},
        {"create", "token", true},
        {"create", "origin a", false},
        {"keys_max", "0", true},
        {"keys_max", "1000000000", true},
        {"keys_max", "1000000001", false},
        {"keys_max", "-1", false},
        {"keys_max", "1k", false},
        {"rate", "off", true},
        {"rate", "1/1s", true},
        {"rate", "65535/86400s", true},
        {"rate", "65536/10s", false},
        {"rate", "30/86401s", false},
        {"rate", "0/10s", false},
        {"rate", "30/0s", false},
        {"rate", "30/10", false},
        {"rate", "30/s", false},
        {"rate", "/10s", false},
        {"rate", "s", false},
        {"rate", "", false},
        {"rate", "30/1 0s", false},
        {"token_file", "/none/such", false},
        {"token_file", "", false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy policy = {.given = 0};

        problem[0] = '\0';
        if (set(&policy, rows[i].name, rows[i].text) != rows[i].is_right) {
            fail_msg("row %u", i);
        }
        assert_int_equal(problem[0] == '\0', rows[i].is_right);
    }
}

static void nothing_stands_twice_and_unknown_names_are_told_apart(void **state)
{
    bool is_unknown = false;

    (void)state;
    assert_true(set(&policies.defaults, "hit", "open"));
    assert_false(set(&policies.defaults, "hit", "open"));
    assert_non_null(strstr(problem, "twice"));
    assert_false(policy_set(&policies.defaults, "once", "30", &is_unknown, problem));
    assert_true(is_unknown);
    assert_string_equal(policy_nearest(SLICE("keysmax")), "keys_max");
    assert_null(policy_nearest(SLICE("timezone")));
}

static void names_and_their_number_are_bounded(void **state)
{
    static const char *const wrong[] = {"", "ab", "a b", "a/b", "\xc3\xb6\xc3\xb6\xc3\xb6"};
    char name[80];

    (void)state;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(policies_add(&policies, slice_of(wrong[i]), problem));
    }
    memset(name, 'n', sizeof name);
    assert_null(policies_add(&policies, (struct slice){name, 65}, problem));
    for (unsigned i = 0; i < POLICIES_MAX; i++) {
        (void)snprintf(name, sizeof name, "space-%u", i);
        assert_non_null(add(name));
    }
    assert_null(policies_add(&policies, SLICE("one-more"), problem));
    assert_non_null(policies_add(&policies, SLICE("space-7"), problem));
}

static void origins_are_hosts_or_whole_origins(void **state)
{
    static const struct {
        const char *origin;
        bool is_known;
    } rows[] = {
        {"https://example.com", true},
        {"http://example.com:8080", true},
        {"https://EXAMPLE.com/page?x#y", true}, /* a Referer */
        {"https://www.example.org", true},
        {"https://www.example.org/page", true},
        {"http://www.example.org", false},
        {"https://www.example.org:8443", false},
        {"https://sub.example.com", false},
        {"https://example.com.evil.net", false},
        {"https://evil.net/example.com", false},
        {"https://example.co", false},
        {"https://example.com:x@evil.net/", false},
        {"evil.net?://example.com/", false},
        {"example.com", false},
        {"null", false},
        {"", false},
    };
    struct policy policy = {.given = 0};

    (void)state;
    assert_true(set(&policy, "hit", "origin example.com  \thttps://www.example.org "));
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (policy_knows_origin(&policy, slice_of(rows[i].origin)) != rows[i].is_known) {
            fail_msg("row %u", i);
        }
    }
}

static void of_a_token_only_a_hash_is_kept(void **state)
{
    char path[] = "/tmp/footfall-token-XXXXXX";
    const int fd = mkstemp(path);
    uint8_t hash[POLICY_HASH_BYTES];
    struct policy policy = {.given = 0};

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "s3cr3t-token\r\nmore\n", 19), 19);
    assert_true(set(&policy, "token_file", path));
    token_hash(SLICE("s3cr3t-token"), hash);
    assert_true(policy.has_token);
    assert_memory_equal(policy.token_hash, hash, sizeof hash);
    assert_null(memmem(&policy, sizeof policy, "s3cr3t", 6));
    for (unsigned i = 0; i < 3; i++) {
        static const char *const wrong[] = {"short\n", "has a blank\n", "\n"};
        struct policy other = {.given = 0};

        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(pwrite(fd, wrong[i], strlen(wrong[i]), 0), strlen(wrong[i]));
        assert_false(set(&other, "token_file", path));
        assert_null(strstr(problem, "blank\n"));
        assert_false(other.has_token);
    }
    assert_int_equal(close(fd), 0);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(without_a_file_everybody_may_count_within_bounds, begin),
        cmocka_unit_test_setup(
            what_a_namespace_does_not_say_is_as_in_the_defaults_wherever_they_stand, begin),
        cmocka_unit_test_setup(each_value_has_its_bounds, begin),
        cmocka_unit_test_setup(nothing_stands_twice_and_unknown_names_are_told_apart, begin),
        cmocka_unit_test_setup(names_and_their_number_are_bounded, begin),
        cmocka_unit_test_setup(origins_are_hosts_or_whole_origins, begin),
        cmocka_unit_test_setup(of_a_token_only_a_hash_is_kept, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
