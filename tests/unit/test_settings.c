/*
 * test_settings.c - options, environment, defaults, and what is said of a wrong one.
 */
#include "base/settings.h"
#include "test.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

static int cores = 4; /* of this machine; -1: sched_getaffinity(2) fails */

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *out_set);

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *out_set)
{
    (void)pid;
    (void)size;
    if (cores < 0) {
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO(out_set);
    for (int i = 0; i < cores; i++) {
        CPU_SET((unsigned)i, out_set);
    }
    return 0;
}

static struct settings settings;
static char problem[SETTINGS_PROBLEM_BYTES];

/* Takes our variables out of the environment, and leaves cmocka's in it. */
static int clear_environment(void **state)
{
    static const char *const names[] = {"LISTEN",
                                        "WORKERS",
                                        "STORE",
                                        "KEY",
                                        "STORE_TIMEOUT",
                                        "DRAIN_TIMEOUT",
                                        "HEADER_TIMEOUT",
                                        "BODY_TIMEOUT",
                                        "IDLE_TIMEOUT",
                                        "WORKER_TIMEOUT",
                                        "BALANCE",
                                        "LOOP",
                                        "LOG_LEVEL",
                                        "LOG_FORMAT",
                                        "CONFIG",
                                        "TRUSTED_PROXY",
                                        "ACCESS_LOG",
                                        "ACCESS_LOG_FORMAT",
                                        "PID_FILE",
                                        "MAX_CONNECTIONS",
                                        "MAX_CONNECTIONS_PER_ADDRESS",
                                        "MIN_RATE"};

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "FOOTFALL_%s", names[i]);
        assert_int_equal(unsetenv(name), 0);
    }
    cores = 4;
    return 0;
}

/* Reads a command line of up to seven words behind the program's name, NULL at its end. */
static enum settings_result read_line(const char *const *words)
{
    char *arguments[9] = {(char *)"footfall"};
    int count = 1;

    for (; words[count - 1] != NULL; count++) {
        assert_true(count < 8);
        arguments[count] = (char *)words[count - 1];
    }
    settings.workers = 4242;
    problem[0] = '\0';
    return settings_read(count, arguments, &settings, problem);
}

#define READ(...) read_line((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void without_anything_the_defaults_hold(void **state)
{
    (void)state;
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 1);
    assert_int_equal(settings.listen[0].port, 9999);
    assert_string_equal(settings.listen[0].host, "");
    assert_int_equal(settings.workers, 4);
    assert_string_equal(settings.store, "lmdb:./footfall-data");
    assert_string_equal(settings.key, "counter");
    assert_int_equal(settings.store_timeout_ms, 2000);
    assert_int_equal(settings.drain_timeout_ms, 10000);
    assert_int_equal(settings.header_timeout_ms, 10000);
    assert_int_equal(settings.body_timeout_ms, 10000);
    assert_int_equal(settings.idle_timeout_ms, 60000);
    assert_int_equal(settings.worker_timeout_ms, 30000);
    assert_true(settings.connections_max == SETTING_AUTO);
    assert_true(settings.address_connections_max == SETTING_AUTO);
    assert_int_equal(settings.min_rate, 100);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_int_equal(settings.log_format, LOG_TEXT);
}

static void there_is_a_worker_for_each_core_and_one_at_least(void **state)
{
    static const struct {
        int cores;
        uint32_t workers;
    } rows[] = {{1, 1}, {2, 2}, {0, 1}, {-1, 1}, {1000, SETTINGS_WORKERS_MAX}};

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cores = rows[i].cores;
        assert_int_equal(READ(), SETTINGS_READ);
        assert_int_equal(settings.workers, rows[i].workers);
    }
}

static void an_option_goes_before_the_environment_and_that_before_the_default(void **state)
{
    (void)state;
    assert_int_equal(setenv("FOOTFALL_WORKERS", "7", 1), 0);
    assert_int_equal(setenv("FOOTFALL_KEY", "", 1), 0); /* empty is not given */
    assert_int_equal(setenv("FOOTFALL_STORE_TIMEOUT", "0.25", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.workers, 7);
    assert_string_equal(settings.key, "counter");
    assert_int_equal(settings.store_timeout_ms, 250);
    assert_int_equal(READ("--workers=2", "--store-timeout", "3"), SETTINGS_READ);
    assert_int_equal(settings.workers, 2);
    assert_int_equal(settings.store_timeout_ms, 3000);
    assert_int_equal(setenv("FOOTFALL_WORKERS", "wrong", 1), 0);
    assert_int_equal(READ("--workers", "0"), SETTINGS_READ); /* nobody asks it */
    assert_int_equal(settings.workers, 0);
}

static void listening_is_repeatable_and_an_option_replaces_the_rest(void **state)
{
    (void)state;
    assert_int_equal(READ("--listen", ":1", "--listen=unix:/a b", "--listen", "[::1]:2"),
                     SETTINGS_READ);
    assert_int_equal(settings.listen_count, 3);
    assert_string_equal(settings.listen[1].path, "/a b");
    assert_string_equal(settings.listen[2].host, "::1");
    assert_int_equal(setenv("FOOTFALL_LISTEN", "  :3\t:4\n", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 2);
    assert_int_equal(settings.listen[1].port, 4);
    assert_int_equal(READ("--listen", ":5"), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 1);
    assert_int_equal(settings.listen[0].port, 5);
}

static void a_listener_may_be_for_a_balancer(void **state)
{
    (void)state;
    assert_int_equal(READ("--listen", ":1,proxy", "--listen=unix:/a,b,proxy", "--listen",
                          "[::1]:2,proxy", "--listen", "unix:/a,proxy/b"),
                     SETTINGS_READ);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(settings.listen[i].is_proxied, i < 3);
    }
    assert_int_equal(settings.listen[0].port, 1);
    assert_string_equal(settings.listen[1].path, "/a,b");
    assert_string_equal(settings.listen[2].host, "::1");
    assert_string_equal(settings.listen[3].path, "/a,proxy/b");
    assert_int_equal(READ("--listen", ",proxy"), SETTINGS_WRONG);
    assert_int_equal(READ("--listen", "unix:,proxy"), SETTINGS_WRONG);
    assert_int_equal(READ("--admin", ":1,proxy"), SETTINGS_WRONG); /* that has no visitors */
}

static void trusted_proxies_may_be_several_and_an_option_replaces_the_rest(void **state)
{
    (void)state;
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.trusted_proxies.count, 0);
    assert_int_equal(setenv("FOOTFALL_TRUSTED_PROXY", " 10.0.0.0/8\t::1  unix\n", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.trusted_proxies.count, 3);
    assert_true(settings.trusted_proxies.list[2].is_unix);
    assert_int_equal(READ("--trusted-proxy", "192.0.2.1 192.0.2.2", "--trusted-proxy=unix"),
                     SETTINGS_READ);
    assert_int_equal(settings.trusted_proxies.count, 3);
    assert_int_equal(settings.trusted_proxies.list[0].prefix_bits, 128);
    assert_int_equal(READ("--trusted-proxy", "none"), SETTINGS_READ);
    assert_int_equal(settings.trusted_proxies.count, 0);
    assert_int_equal(READ("--trusted-proxy", ""), SETTINGS_WRONG);
    assert_int_equal(READ("--trusted-proxy", "10.0.0.0/8 nobody"), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "--trusted-proxy"));
}

static void so_many_listeners_and_no_more(void **state)
{
    char text[SETTINGS_LISTEN_MAX * 3 + 4] = "";

    (void)state;
    for (unsigned i = 0; i < SETTINGS_LISTEN_MAX; i++) {
        memcpy(text + i * 3, ":1 ", 4);
    }
    assert_int_equal(setenv("FOOTFALL_LISTEN", text, 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, SETTINGS_LISTEN_MAX);
    memcpy(text + (size_t)SETTINGS_LISTEN_MAX * 3, ":1", 3);
    assert_int_equal(setenv("FOOTFALL_LISTEN", text, 1), 0);
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "FOOTFALL_LISTEN"));
}

static void seconds_have_three_decimals_at_most_and_a_day_at_most(void **state)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"0", 0},
        {"1", 1000},
        {"0.001", 1},
        {"0.5", 500},
        {"1.05", 1050},
        {"2.000", 2000},
        {"86400", 86400000},
        {"86400.0", 86400000},
        {"86400.001", -1},
        {"86401", -1},
        {"", -1},
        {".", -1},
        {".5", -1},
        {"1.", -1},
        {"1.0001", -1},
        {"-1", -1},
        {"1s", -1},
        {"1,5", -1},
        {"1.-5", -1},
        {"1.5.5", -1},
        {" 1", -1},
        {"never", -1},
        {"18446744073709551616", -1},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum settings_result result = READ("--idle-timeout", rows[i].text);

        if (result != (rows[i].ms < 0 ? SETTINGS_WRONG : SETTINGS_READ)) {
            fail_msg("\"%s\" is %d", rows[i].text, result);
        }
        if (rows[i].ms >= 0) {
            assert_int_equal(settings.idle_timeout_ms, rows[i].ms);
            assert_int_equal(settings.body_timeout_ms, 10000); /* and no other */
        }
    }
}

static void a_wrong_value_is_said_with_its_option_and_what_would_be_right(void **state)
{
    static const char *const rows[][3] = {
        {"--workers", "129", "from 0 to 128"},
        {"--workers", "-1", "from 0 to 128"},
        {"--workers", "two", "from 0 to 128"},
        {"--workers", "", "from 0 to 128"},
        {"--listen", "nowhere", "ADDRESS:PORT"},
        {"--key", "", "1 to 255"},
        {"--key", "a b", "1 to 255"},
        {"--key", "a{b}", "without blank, { and }"},
        {"--key", "\xc3\xa9", "printable ASCII"},
        {"--log-level", "loud", "error, warn, info or debug"},
        {"--log-level", "", "error, warn, info or debug"},
        {"--log-format", "xml", "text or json"},
        {"--drain-timeout", "soon", "seconds"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(READ(rows[i][0], rows[i][1]), SETTINGS_WRONG);
        if (strstr(problem, rows[i][0]) == NULL || strstr(problem, rows[i][1]) == NULL ||
            strstr(problem, rows[i][2]) == NULL) {
            fail_msg("%s \"%s\": %s", rows[i][0], rows[i][1], problem);
        }
        assert_int_equal(settings.workers, 4242); /* untouched */
    }
    assert_int_equal(setenv("FOOTFALL_KEY", "a b", 1), 0); /* by the name it was given under */
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "FOOTFALL_KEY"));
}

static void a_key_has_up_to_255_bytes(void **state)
{
    char key[SETTINGS_KEY_BYTES_MAX + 2];

    (void)state;
    memset(key, 'k', sizeof key);
    key[SETTINGS_KEY_BYTES_MAX + 1] = '\0';
    assert_int_equal(READ("--key", key), SETTINGS_WRONG);
    key[SETTINGS_KEY_BYTES_MAX] = '\0';
    assert_int_equal(READ("--key", key), SETTINGS_READ);
    assert_string_equal(settings.key, key);
}

/* Whatever looks like a misplaced secret is not repeated: the problem goes to logs. */
static void no_problem_repeats_a_secret(void **state)
{
    char url[SETTINGS_STORE_BYTES_MAX + 2];

    (void)state;
    memset(url, 's', sizeof url);
    url[SETTINGS_STORE_BYTES_MAX + 1] = '\0';
    assert_int_equal(READ("--store", url), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "--store"));
    assert_null(strstr(problem, "sss"));
    assert_int_equal(READ("--store", ""), SETTINGS_WRONG);
    assert_int_equal(READ("--sotre=redis://:hunter2@host"), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "--sotre"));
    assert_null(strstr(problem, "hunter2"));
    url[SETTINGS_STORE_BYTES_MAX] = '\0';
    assert_int_equal(READ("--store", url), SETTINGS_READ);
}

static void where_the_store_was_named_is_remembered(void **state)
{
    (void)state;
    assert_int_equal(READ("--store", "memory:"), SETTINGS_READ);
    assert_string_equal(settings.store_source, "--store");
    assert_int_equal(setenv("FOOTFALL_STORE", "memory:", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_string_equal(settings.store_source, "FOOTFALL_STORE");
}

static void wrong_variables_are_refused_and_those_of_others_left_alone(void **state)
{
    static const char *const names[] = {"FOOTFALL_CONFIG", "FOOTFALL_BALANCE", "FOOTFALL_LOOP"};

    (void)state;
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(setenv(names[i], "x", 1), 0);
        assert_int_equal(READ(), SETTINGS_WRONG);
        assert_non_null(strstr(problem, names[i]));
        assert_int_equal(setenv(names[i], "", 1), 0);
        assert_int_equal(READ(), SETTINGS_READ);
    }
    assert_int_equal(setenv("FOOTFALL_SERVICE_HOST", "10.0.0.1", 1), 0); /* Kubernetes' */
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(unsetenv("FOOTFALL_SERVICE_HOST"), 0);
}

static void what_is_no_option_or_has_no_value_is_said(void **state)
{
    (void)state;
    assert_int_equal(READ("--wrokers", "2"), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "unknown option --wrokers"));
    assert_int_equal(READ("serve"), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "unknown command serve"));
    assert_int_equal(READ("--workers"), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "--workers: its value is missing"));
    assert_int_equal(READ("--work=2"), SETTINGS_WRONG); /* no short forms */
    assert_int_equal(READ("--"), SETTINGS_WRONG);
    assert_int_equal(READ(""), SETTINGS_WRONG);
}

static void numbers_of_connections_are_whole_or_auto(void **state)
{
    (void)state;
    assert_int_equal(READ("--max-connections", "0", "--max-connections-per-address", "1000000000"),
                     SETTINGS_READ);
    assert_int_equal(settings.connections_max, 0);
    assert_int_equal(settings.address_connections_max, 1000000000);
    assert_int_equal(READ("--max-connections", "auto", "--min-rate", "1000000"), SETTINGS_READ);
    assert_true(settings.connections_max == SETTING_AUTO);
    assert_int_equal(settings.min_rate, 1000000);
    assert_int_equal(READ("--max-connections", "1000000001"), SETTINGS_WRONG);
    assert_int_equal(READ("--max-connections-per-address", ""), SETTINGS_WRONG);
    assert_int_equal(READ("--min-rate", "1000001"), SETTINGS_WRONG);
    assert_int_equal(READ("--min-rate", "auto"), SETTINGS_WRONG);
}

static void help_and_version_are_asked_for(void **state)
{
    (void)state;
    assert_int_equal(READ("--help"), SETTINGS_HELP);
    assert_int_equal(READ("-h"), SETTINGS_HELP);
    assert_int_equal(READ("--help", "all"), SETTINGS_HELP_ALL);
    assert_int_equal(READ("--version"), SETTINGS_VERSION);
    assert_int_equal(READ("--workers", "2", "--help"), SETTINGS_HELP);
    assert_int_equal(READ("--workers", "--help"), SETTINGS_WRONG); /* that is its value */
}

static void help_fits_a_screen_and_names_every_option(void **state)
{
    static const char *const options[] = {
        "--listen",        "--workers",        "--store",          "--key",
        "--store-timeout", "--drain-timeout",  "--header-timeout", "--body-timeout",
        "--idle-timeout",  "--worker-timeout", "--log-level",      "--log-format",
        "--balance",       "--loop",           "--config"};
    char *text = NULL;
    size_t length;
    FILE *file;

    (void)state;
    for (unsigned all = 0; all < 2; all++) {
        unsigned lines = 0;
        unsigned column = 0;

        file = open_memstream(&text, &length);
        assert_non_null(file);
        settings_write_help(file, all);
        assert_int_equal(fclose(file), 0);
        for (size_t i = 0; i < length; i++) {
            column = text[i] == '\n' ? 0 : column + ((text[i] & 0xc0) != 0x80);
            lines += text[i] == '\n';
            assert_true(column <= 80);
        }
        assert_true(all || lines <= 40);
        for (unsigned i = 0; i < sizeof options / sizeof options[0]; i++) {
            assert_non_null(strstr(text, options[i]));
        }
        assert_int_equal(strstr(text, "FOOTFALL_DRAIN_TIMEOUT") != NULL, all);
        assert_int_equal(strstr(text, "--trusted-proxy") != NULL, all);    /* a rare one */
        assert_int_equal(strstr(text, "--max-connections ") != NULL, all); /* few will set it */
        assert_int_equal(strstr(text, "--min-rate ") != NULL, all);
        free(text);
    }
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup(test, clear_environment)
    const struct CMUnitTest tests[] = {
        IN_SCENE(without_anything_the_defaults_hold),
        IN_SCENE(there_is_a_worker_for_each_core_and_one_at_least),
        IN_SCENE(an_option_goes_before_the_environment_and_that_before_the_default),
        IN_SCENE(listening_is_repeatable_and_an_option_replaces_the_rest),
        IN_SCENE(a_listener_may_be_for_a_balancer),
        IN_SCENE(trusted_proxies_may_be_several_and_an_option_replaces_the_rest),
        IN_SCENE(so_many_listeners_and_no_more),
        IN_SCENE(seconds_have_three_decimals_at_most_and_a_day_at_most),
        IN_SCENE(a_wrong_value_is_said_with_its_option_and_what_would_be_right),
        IN_SCENE(a_key_has_up_to_255_bytes),
        IN_SCENE(no_problem_repeats_a_secret),
        IN_SCENE(where_the_store_was_named_is_remembered),
        IN_SCENE(wrong_variables_are_refused_and_those_of_others_left_alone),
        IN_SCENE(what_is_no_option_or_has_no_value_is_said),
        IN_SCENE(numbers_of_connections_are_whole_or_auto),
        IN_SCENE(help_and_version_are_asked_for),
        IN_SCENE(help_fits_a_screen_and_names_every_option),
    };

    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
