/*
 * test_redis_url.c - store URLs of Redis, read, refused and written.
 */
#include "guarded.h"
#include "store/redis_url.h"
#include "test.h"

#include <errno.h>

struct good_case {
    const char *text;
    const char *host; /* NULL: a unix socket */
    unsigned port;
    const char *path;
    const char *user;
    const char *password; /* NULL: none */
    uint32_t database;
    const char *written;
};

static const struct good_case good_cases[] = {
    {"redis://localhost", "localhost", 6379, "", "", NULL, 0, "redis://localhost:6379/0"},
    {"redis://localhost/", "localhost", 6379, "", "", NULL, 0, "redis://localhost:6379/0"},
    {"REDIS://Host", "Host", 6379, "", "", NULL, 0, "redis://Host:6379/0"},
    {"redis://127.0.0.1:7000", "127.0.0.1", 7000, "", "", NULL, 0, "redis://127.0.0.1:7000/0"},
    {"redis://r-1.my_net.example:1/2", "r-1.my_net.example", 1, "", "", NULL, 2,
     "redis://r-1.my_net.example:1/2"},
    {"redis://h:65535/2147483647", "h", 65535, "", "", NULL, 2147483647,
     "redis://h:65535/2147483647"},
    {"redis://[::1]", "::1", 6379, "", "", NULL, 0, "redis://[::1]:6379/0"},
    {"redis://[2001:db8::7]:6380/1", "2001:db8::7", 6380, "", "", NULL, 1,
     "redis://[2001:db8::7]:6380/1"},
    {"redis://[::ffff:127.0.0.1]/1", "::ffff:127.0.0.1", 6379, "", "", NULL, 1,
     "redis://[::ffff:127.0.0.1]:6379/1"},
    {"redis://[fe80::1%25eth0]:7", "fe80::1%eth0", 7, "", "", NULL, 0,
     "redis://[fe80::1%25eth0]:7/0"},
    {"redis://ann:secret@h", "h", 6379, "", "ann", "secret", 0, "redis://ann:***@h:6379/0"},
    {"redis://:secret@h:6380/2", "h", 6380, "", "", "secret", 2, "redis://:***@h:6380/2"},
    {"redis://ann:@h", "h", 6379, "", "ann", "", 0, "redis://ann:***@h:6379/0"},
    {"redis://:@h", "h", 6379, "", "", NULL, 0, "redis://h:6379/0"},
    {"redis://a%40b%3a:p%2Fq%3f%23%25%20%c3%A9:x@[::1]:9/3", "::1", 9, "",
     "a@b:", "p/q?#% \xc3\xa9:x", 3, "redis://a%40b%3A:***@[::1]:9/3"},
    {"redis://a!$&'()*+,;=~b:c!$&'()*+,;=~d@h", "h", 6379, "", "a!$&'()*+,;=~b", "c!$&'()*+,;=~d",
     0, "redis://a%21%24%26%27%28%29%2A%2B%2C%3B%3D~b:***@h:6379/0"},
    {"redis+unix:///run/redis.sock", NULL, 0, "/run/redis.sock", "", NULL, 0,
     "redis+unix:///run/redis.sock?db=0"},
    {"Redis+Unix:///a/b%20c/d@e:f.sock?db=4", NULL, 0, "/a/b c/d@e:f.sock", "", NULL, 4,
     "redis+unix:///a/b%20c/d%40e%3Af.sock?db=4"},
    {"redis+unix://ann:secret@/s", NULL, 0, "/s", "ann", "secret", 0,
     "redis+unix://ann:***@/s?db=0"},
    {"redis://h?mode=plain", "h", 6379, "", "", NULL, 0, "redis://h:6379/0?mode=plain"},
    {"redis://:secret@h:1/2?mode=plain", "h", 1, "", "", "secret", 2,
     "redis://:***@h:1/2?mode=plain"},
    {"redis+unix:///s?mode=plain&db=3", NULL, 0, "/s", "", NULL, 3,
     "redis+unix:///s?db=3&mode=plain"},
    {"redis+unix://:secret@/s?db=1", NULL, 0, "/s", "", "secret", 1, "redis+unix://:***@/s?db=1"},
    {"redis://ann@h?password-file=/run/secrets/redis", "h", 6379, "", "ann", NULL, 0,
     "redis://ann@h:6379/0?password-file=/run/secrets/redis"},
    {"redis://h:1/2?mode=plain&password-file=a%26b%20c", "h", 1, "", "", NULL, 2,
     "redis://h:1/2?mode=plain&password-file=a%26b%20c"},
    {"redis://:@h?password-file=p&mode=plain", "h", 6379, "", "", NULL, 0,
     "redis://h:6379/0?mode=plain&password-file=p"},
    {"redis+unix://a%40b@/s?password-file=p@q&db=3", NULL, 0, "/s", "a@b", NULL, 3,
     "redis+unix://a%40b@/s?db=3&password-file=p%40q"},
};

static const char *const password_files[][2] = {
    {"redis://ann@h?password-file=/run/secrets/redis", "/run/secrets/redis"},
    {"redis://h:1/2?mode=plain&password-file=a%26b%20c", "a&b c"},
    {"redis+unix://ann@/s?db=3&password-file=p@q&mode=plain", "p@q"},
    {"redis://h", ""},
};

struct bad_case {
    const char *text;
    const char *part; /* of the sentence */
};

static const struct bad_case bad_cases[] = {
    {"", "not a URL of Redis"},
    {"redis", "not a URL of Redis"},
    {"redis:", "not a URL of Redis"},
    {"redis:/hunter2", "not a URL of Redis"},
    {"lmdb:./hunter2", "not a URL of Redis"},
    {"http://hunter2", "not a URL of Redis"},
    {"rediss://:hunter2@h", "TLS"},
    {"redis+sentinel://:hunter2@h/name", "Sentinel"},
    {"redis+cluster://:hunter2@h", "Cluster"},
    {"redis://", "no host"},
    {"redis:///2", "no host"},
    {"redis://:6379", "no host"},
    {"redis://:hunter2@", "no host"},
    {"redis://:hunter2@:6379", "no host"},
    {"redis://:hunter2@h:", "port"},
    {"redis://:hunter2@h:0", "port"},
    {"redis://:hunter2@h:65536", "port"},
    {"redis://:hunter2@h:6379x", "port"},
    {"redis://:hunter2@h:-1", "port"},
    {"redis://:hunter2@h: 1", "percent-encoded"},
    {"redis://:hunter2@[::1]6379", "port"},
    {"redis://user:hunter2", "port"}, /* the host was forgotten */
    {"redis://:hunter2@h/x", "database"},
    {"redis://:hunter2@h/1/", "database"},
    {"redis://:hunter2@h//", "database"},
    {"redis://:hunter2@h/-1", "database"},
    {"redis://:hunter2@h/2147483648", "database"},
    {"redis://h/1?password=hunter2", "the parameters"},
    {"redis://h?db=1", "the parameters"},
    {"redis://:hunter2@h?", "the parameters"},
    {"redis://:hunter2@h/1?mode=hunter2", "the parameters"},
    {"redis://:hunter2@h/1?mode=plain&", "the parameters"},
    {"redis://:hunter2@h/1?mode=plainx", "the parameters"},
    {"redis://hunter2@h", "both a user and a password"},
    {"redis://:hun@ter2@h", "%40"},
    {"redis://:hun/ter2@h", "%2F"},
    {"redis://:hun?ter2@h", "%3F"},
    {"redis://:hun#ter2@h", "%23"},
    {"redis://:hun ter2@h", "%20"},
    {"redis://:hun\x80ter2@h", "percent-encoded"},
    {"redis://:hun\x7fter2@h", "percent-encoded"},
    {"redis://:hun%ter2@h", "%25"},
    {"redis://:hunter2%@h", "%25"},
    {"redis://:hunter2%4@h", "%25"},
    {"redis://:hunter2%4g@h", "%25"},
    {"redis://:hunter2%00@h", "%25"},
    {"redis://us%er:hunter2@h", "%25"},
    {"redis://:hunter2@h!x", "letters"},
    {"redis://:hunter2@h%20x", "letters"},
    {"redis://:hunter2@::1", "brackets"},
    {"redis://:hunter2@fe80::1:6379", "brackets"},
    {"redis://:hunter2@[::1", "needs its ]"},
    {"redis://:hunter2@::1]", "brackets"},
    {"redis://:hunter2@[]", "IPv6"},
    {"redis://:hunter2@[h]", "IPv6"},
    {"redis://:hunter2@[127.0.0.1]", "IPv6"},
    {"redis://:hunter2@[::1%25]", "IPv6"},
    {"redis://:hunter2@[::1%zz]", "%25"},
    {"redis://:hunter2@[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]", "IPv6"},
    {"redis+unix://", "whole path"},
    {"redis+unix://:hunter2@", "whole path"},
    {"redis+unix://hunter2", "whole path"},
    {"redis+unix://user:hun/ter2@/s", "whole path"},
    {"redis+unix://hunter2@/s", "both a user and a password"},
    {"redis+unix://:hunter2@/s?", "the parameters"},
    {"redis+unix://:hunter2@/s?db", "the parameters"},
    {"redis+unix://:hunter2@/s?pw=hunter2", "the parameters"},
    {"redis+unix://:hunter2@/s?db=", "database"},
    {"redis+unix://:hunter2@/s?db=1&x=2", "the parameters"},
    {"redis+unix://:hunter2@/s%", "%25"},
    {"redis://:hunter2@h?password-file=/p", "both a password and"},
    {"redis://ann:@h?password-file=/p", "both a password and"},
    {"redis+unix://u:hunter2@/s?db=2&password-file=/p", "both a password and"},
    {"redis://@h?password-file=/p", "both a user and a password"},
    {"redis://hunter2@h?mode=plain", "both a user and a password"},
    {"redis://h?password-file=", "needs the path"},
    {"redis://h?password-file", "the parameters"},
    {"redis://h?password-file=/hunter2&password-file=/q", "twice"},
    {"redis://h?password-file=/hunter2%", "%25"},
    {"redis://h?password-file=/hunter2%00", "%25"},
};

static void every_url_is_read_and_written_without_its_password(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof good_cases / sizeof good_cases[0]; i++) {
        const struct good_case *expected = &good_cases[i];
        struct redis_url url;
        const char *problem = NULL;
        char text[REDIS_URL_TEXT_BYTES];

        if (redis_url_parse(guarded(slice_of(expected->text)), &url, &problem) != 0) {
            fail_msg("%s: %s", expected->text, problem);
        }
        assert_null(problem);
        assert_int_equal(url.is_unix, expected->host == NULL);
        assert_string_equal(url.host, expected->host == NULL ? "" : expected->host);
        assert_int_equal(url.port, expected->port);
        assert_string_equal(url.path, expected->path);
        assert_string_equal(url.user, expected->user);
        assert_int_equal(url.has_password, expected->password != NULL);
        assert_string_equal(url.password, expected->password == NULL ? "" : expected->password);
        assert_int_equal(url.database, expected->database);
        assert_int_equal(url.is_plain, strstr(expected->text, "mode=plain") != NULL);
        redis_url_write(&url, text);
        assert_string_equal(text, expected->written);
    }
}

static void a_password_may_stand_in_a_file(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof password_files / sizeof password_files[0]; i++) {
        struct redis_url url;
        const char *problem = NULL;

        assert_int_equal(redis_url_parse(guarded(slice_of(password_files[i][0])), &url, &problem),
                         0);
        assert_string_equal(url.password_file, password_files[i][1]);
        assert_false(url.has_password); /* nothing was read */
    }
}

static void every_wrong_url_is_refused_with_a_sentence_that_repeats_nothing(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof bad_cases / sizeof bad_cases[0]; i++) {
        struct redis_url url;
        struct redis_url untouched;
        const char *problem = NULL;

        memset(&url, 'u', sizeof url);
        memset(&untouched, 'u', sizeof untouched);
        if (redis_url_parse(guarded(slice_of(bad_cases[i].text)), &url, &problem) != -EINVAL) {
            fail_msg("taken: %s", bad_cases[i].text);
        }
        assert_memory_equal(&url, &untouched, sizeof url);
        if (strstr(problem, bad_cases[i].part) == NULL) {
            fail_msg("%s: %s", bad_cases[i].text, problem);
        }
        assert_null(strstr(problem, "hun"));
        assert_null(strstr(problem, "ter2"));
    }
}

/* The same URL cut anywhere is some URL or none, and never read past its end. */
static void a_url_cut_at_any_byte_is_no_trouble(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof good_cases / sizeof good_cases[0]; i++) {
        const struct slice whole = slice_of(good_cases[i].text);

        for (size_t length = 0; length < whole.length; length++) {
            struct redis_url url;
            const char *problem = NULL;
            int result =
                redis_url_parse(guarded((struct slice){whole.bytes, length}), &url, &problem);

            assert_true(result == 0 || problem != NULL);
        }
    }
}

/* Parses prefix + length times 'a' + suffix. */
static int parse_long(const char *prefix, size_t length, const char *suffix,
                      struct redis_url *out_url, const char **out_problem)
{
    char text[2048];
    const size_t prefix_length = strlen(prefix);

    memcpy(text, prefix, prefix_length);
    memset(text + prefix_length, 'a', length);
    memcpy(text + prefix_length + length, suffix, strlen(suffix));
    return redis_url_parse(guarded((struct slice){text, prefix_length + length + strlen(suffix)}),
                           out_url, out_problem);
}

static void each_part_has_its_longest_and_no_more(void **state)
{
    static const struct {
        const char *prefix;
        size_t length_max;
        const char *suffix;
        const char *part;
    } limits[] = {
        {"redis://", REDIS_HOST_BYTES_MAX, ":1/2", "host"},
        {"redis://", REDIS_USER_BYTES_MAX, ":p@h:1/2", "user"},
        {"redis://u:", REDIS_PASSWORD_BYTES_MAX, "@h:1/2", "password"},
        {"redis+unix:///", REDIS_PATH_BYTES_MAX - 1, "?db=2", "path"},
        {"redis+unix://u:p@/", REDIS_PATH_BYTES_MAX - 1, "", "path"},
        {"redis://u@h?password-file=", REDIS_PASSWORD_PATH_BYTES_MAX, "&mode=plain",
         "password file"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        struct redis_url url;
        const char *problem;

        assert_int_equal(
            parse_long(limits[i].prefix, limits[i].length_max, limits[i].suffix, &url, &problem),
            0);
        assert_int_equal(parse_long(limits[i].prefix, limits[i].length_max + 1, limits[i].suffix,
                                    &url, &problem),
                         -EINVAL);
        assert_non_null(strstr(problem, limits[i].part));
        assert_non_null(strstr(problem, "longer than"));
    }
}

/* Every byte of user and path takes three when it is written. */
static void the_longest_url_has_room_when_it_is_written(void **state)
{
    struct redis_url url = {
        .has_password = true,
        .is_plain = true,
        .database = REDIS_DATABASE_MAX,
    };
    char text[REDIS_URL_TEXT_BYTES];
    (void)state;

    memset(url.user, '\x01', REDIS_USER_BYTES_MAX);
    memset(url.host, 'h', REDIS_HOST_BYTES_MAX);
    url.port = UINT16_MAX;
    redis_url_write(&url, text);
    assert_true(strlen(text) < sizeof text);
    url.is_unix = true;
    memset(url.path, '\x01', REDIS_PATH_BYTES_MAX);
    redis_url_write(&url, text);
    assert_true(strlen(text) < sizeof text);
    memset(url.password_file, '\x01', REDIS_PASSWORD_PATH_BYTES_MAX);
    redis_url_write(&url, text);
    assert_true(strlen(text) < sizeof text);
    url.is_unix = false;
    redis_url_write(&url, text);
    assert_true(strlen(text) < sizeof text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_url_is_read_and_written_without_its_password),
        cmocka_unit_test(a_password_may_stand_in_a_file),
        cmocka_unit_test(every_wrong_url_is_refused_with_a_sentence_that_repeats_nothing),
        cmocka_unit_test(a_url_cut_at_any_byte_is_no_trouble),
        cmocka_unit_test(each_part_has_its_longest_and_no_more),
        cmocka_unit_test(the_longest_url_has_room_when_it_is_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
