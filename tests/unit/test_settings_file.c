/*
 * test_settings_file.c - the file of settings: its precedence, and what is said of a wrong one.
 */
#include "base/settings.h"
#include "temporary_folder.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool malloc_fails;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    return malloc_fails ? NULL : __real_malloc(size);
}

static struct temporary_folder folder;
static char path[TEMPORARY_PATH_BYTES + 32];
static struct settings settings;
static char problem[SETTINGS_PROBLEM_BYTES];

static void forget_environment(void)
{
    static const char *const names[] = {"CONFIG", "LISTEN", "WORKERS", "STORE",
                                        "KEY",    "LOOP",   "BALANCE", "IDLE_TIMEOUT"};

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "FOOTFALL_%s", names[i]);
        assert_int_equal(unsetenv(name), 0);
    }
}

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(path, sizeof path, "%s/footfall.ini", folder.path);
    forget_environment();
    malloc_fails = false;
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_file(const char *text)
{
    write_bytes(text, strlen(text));
}

/* Reads "--config PATH" and up to four words more. */
static enum settings_result read_words(const char *const *words)
{
    char *arguments[8] = {(char *)"footfall", (char *)"--config", path};
    int count = 3;

    for (; words[count - 3] != NULL; count++) {
        assert_true(count < 7);
        arguments[count] = (char *)words[count - 3];
    }
    settings.workers = 4242;
    problem[0] = '\0';
    return settings_read(count, arguments, &settings, problem);
}

#define READ(...) read_words((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void a_file_has_the_same_settings_as_the_options(void **state)
{
    (void)state;
    write_file("# all of them\n"
               "listen = 127.0.0.1:1\nlisten = unix:/a ;b #c\nlisten = [::1]:3\n"
               "workers = 3\nstore = redis://:p;w@h\nkey = mine\n"
               "store-timeout = 0.25\ndrain-timeout = 1\nheader-timeout = 2\nbody-timeout = 3\n"
               "idle-timeout = 4\nworker-timeout = 5\nbalance = kernel\nloop = epoll\n"
               "log-level = warn\nlog-format = json\n");
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 3);
    assert_string_equal(settings.listen[1].path, "/a ;b #c");
    assert_int_equal(settings.workers, 3);
    assert_string_equal(settings.store, "redis://:p;w@h");
    assert_string_equal(settings.key, "mine");
    assert_int_equal(settings.store_timeout_ms, 250);
    assert_int_equal(settings.drain_timeout_ms, 1000);
    assert_int_equal(settings.header_timeout_ms, 2000);
    assert_int_equal(settings.body_timeout_ms, 3000);
    assert_int_equal(settings.idle_timeout_ms, 4000);
    assert_int_equal(settings.worker_timeout_ms, 5000);
    assert_int_equal(settings.balance, BALANCE_KERNEL);
    assert_int_equal(settings.loop, SETTING_LOOP_EPOLL);
    assert_int_equal(settings.log_level, LOG_WARN);
    assert_int_equal(settings.log_format, LOG_JSON);
    assert_string_equal(settings.config, path);
}

static void option_goes_before_environment_before_file_before_default(void **state)
{
    (void)state;
    write_file("workers = 3\nkey = file\nidle-timeout = 5\n");
    assert_int_equal(setenv("FOOTFALL_WORKERS", "7", 1), 0);
    assert_int_equal(setenv("FOOTFALL_KEY", "variable", 1), 0);
    assert_int_equal(READ("--key", "option"), SETTINGS_READ);
    assert_int_equal(settings.idle_timeout_ms, 5000);
    assert_int_equal(settings.workers, 7);
    assert_string_equal(settings.key, "option");
    assert_int_equal(settings.body_timeout_ms, 10000);
    assert_string_equal(settings.store, "lmdb:./footfall-data");
    assert_int_equal(setenv("FOOTFALL_KEY", "", 1), 0); /* empty is not given */
    assert_int_equal(READ(), SETTINGS_READ);
    assert_string_equal(settings.key, "file");
    assert_int_equal(setenv("FOOTFALL_KEY", "a b", 1), 0);
    assert_int_equal(READ("--key", "option"), SETTINGS_READ); /* nobody asks it */
}

static void listeners_of_a_higher_place_replace_those_of_the_file(void **state)
{
    (void)state;
    write_file("listen = :1\nlisten = :2\n");
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 2);
    assert_int_equal(setenv("FOOTFALL_LISTEN", ":3 :4 :5", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 3);
    assert_int_equal(settings.listen[0].port, 3);
    assert_int_equal(READ("--listen", ":6"), SETTINGS_READ);
    assert_int_equal(settings.listen_count, 1);
    assert_int_equal(settings.listen[0].port, 6);
}

static void the_environment_may_name_the_file_and_an_option_another(void **state)
{
    char *alone[] = {(char *)"footfall", NULL};

    (void)state;
    write_file("key = file\n");
    assert_int_equal(setenv("FOOTFALL_CONFIG", path, 1), 0);
    assert_int_equal(settings_read(1, alone, &settings, problem), SETTINGS_READ);
    assert_string_equal(settings.key, "file");
    assert_string_equal(settings.config, path);
    assert_int_equal(setenv("FOOTFALL_CONFIG", "/nowhere/at/all", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_string_equal(settings.key, "file");
    assert_int_equal(settings_read(1, alone, &settings, problem), SETTINGS_WRONG);
    assert_string_equal(problem, "FOOTFALL_CONFIG: /nowhere/at/all: cannot be read: "
                                 "No such file or directory");
    assert_int_equal(setenv("FOOTFALL_CONFIG", "", 1), 0);
    assert_int_equal(settings_read(1, alone, &settings, problem), SETTINGS_READ);
    assert_string_equal(settings.config, "");
}

/* As a reload does: the same arguments, and a file that has changed, or has become wrong. */
static void the_same_is_read_again_and_again(void **state)
{
    (void)state;
    write_file("key = first\nlisten = :1\nlisten = :2\n");
    assert_int_equal(READ("--workers", "1"), SETTINGS_READ);
    write_file("key = second\nlisten = :3\n");
    assert_int_equal(READ("--workers", "1"), SETTINGS_READ);
    assert_string_equal(settings.key, "second");
    assert_int_equal(settings.listen_count, 1);
    assert_int_equal(settings.workers, 1);
    write_file("key = third\nlisten = nowhere\n");
    assert_int_equal(READ("--workers", "1"), SETTINGS_WRONG);
    assert_string_equal(settings.key, "second"); /* untouched */
    write_file("");
    assert_int_equal(READ("--workers", "1"), SETTINGS_READ);
    assert_string_equal(settings.key, "counter");
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    static const char *const rows[][2] = {
        {"stroe = memory:", "1:1: unknown setting stroe; did you mean store?"},
        {"\n--workers = 1", "2:1: unknown setting --workers; did you mean workers?"},
        {"Store_Timeout = 1", "1:1: unknown setting Store_Timeout; did you mean store-timeout?"},
        {"hunter = 2", "1:1: unknown setting hunter; footfall --help names all"},
        {"w\xc3\xb6rkers = 2", "1:1: unknown setting w; footfall --help names all"},
        {"\xc3\xb6 = 2", "1:1: unknown setting; footfall --help names all"},
        {"config = a.ini", "1:1: config: a settings file cannot name another one"},
        {"key = a\n# c\nkey = b", "3:1: key stands twice, in line 1 for the first time"},
        {"[store]", "1:1: unknown section [store]; there are [server], [defaults] and "
                    "[namespace NAME]"},
        {"[]", "1:1: unknown section []; "},
        {"[server]\ntrusted_proxies = none", "2:1: unknown setting trusted-proxies; did you mean "
                                             "trusted-proxy?"},
        {"[namespace ab]\n", "1:12: a namespace has a name of 3 to 64"},
        {"[defaults]\nkeys-max = 1", "2:1: unknown setting of a namespace; did you mean keys_max?"},
        {"[defaults]\nlisten = :1", "2:1: unknown setting of a namespace; there are hit, create"},
        {"[defaults]\nrate = 30", "2:8: rate: it takes calls and seconds as 30/10s"},
        {"[defaults]\nrate = 30/0s", "2:8: rate: it takes calls and seconds as 30/10s"},
        {"[namespace abc]\nhit = origin", "2:7: hit: it takes open, token, or origin and hosts"},
        {"[namespace abc]\ncreate = no", "2:10: create: it takes open or token"},
        {"[namespace abc]\nkeys_max = -1", "2:12: keys_max: it takes a whole number"},
        {"[namespace abc]\ntoken_file = /none/such", "2:14: token_file: the token file "
                                                     "/none/such cannot be read: "},
        {"[defaults]\nhit = open\nhit = open", "3:7: hit: it stands twice in this section"},
        {"workers", "1:1: no = stands between a name and its value"},
        {"workers = two",
         "1:11: workers: \"two\" is not right; it takes a whole number from 0 to 128"},
        {"workers =", "1:10: workers: \"\" is not right; it takes a whole number from 0 to 128"},
        {"workers = 2 # two", "1:11: workers: \"2 # two\" is not right; it takes a whole number "
                              "from 0 to 128; a comment stands on a line of its own"},
        {"loop = \"epoll\"", "1:8: loop: \"\"epoll\"\" is not right; it takes auto, io_uring or "
                             "epoll; quotes would be a part of the value"},
        {"listen = :1 :2", "1:10: listen: \":1 :2\" is not right; it takes an ADDRESS:PORT, "},
        {"key = redis://:hunter2@h{",
         "1:7: key: its value is not right; it takes 1 to 255 printable"},
        {"store =", "1:8: store: its value is not right; it takes memory:"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[512];

        write_file(rows[i][0]);
        assert_int_equal(READ(), SETTINGS_WRONG);
        assert_int_equal(settings.workers, 4242); /* untouched */
        (void)snprintf(expected, sizeof expected, "%s:%s", path, rows[i][1]);
        if (strncmp(problem, expected, strlen(expected)) != 0) {
            fail_msg("\"%s\": %s", rows[i][0], problem);
        }
        /* The same of the file alone, whatever the environment holds. */
        assert_int_equal(settings_read_file(path, &settings, problem), SETTINGS_WRONG);
        assert_memory_equal(problem, expected, strlen(expected));
    }
}

static void a_wrong_value_is_wrong_even_where_an_option_goes_before_it(void **state)
{
    (void)state;
    write_file("workers = two\n");
    assert_int_equal(READ("--workers", "2"), SETTINGS_WRONG);
}

static void no_more_listeners_than_the_table_takes(void **state)
{
    char text[(SETTINGS_LISTEN_MAX + 1) * 12 + 1] = "";

    (void)state;
    for (unsigned i = 0; i < SETTINGS_LISTEN_MAX; i++) {
        memcpy(text + (size_t)i * 12, "listen = :1\n", 13);
    }
    write_file(text);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(settings.listen_count, SETTINGS_LISTEN_MAX);
    memcpy(text + (size_t)SETTINGS_LISTEN_MAX * 12, "listen = :1\n", 13);
    write_file(text);
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, ":17:10: listen: "));
    assert_non_null(strstr(problem, "at most 16"));
}

static void an_unknown_name_of_any_length_is_cut_where_it_is_repeated(void **state)
{
    static char text[4096];

    (void)state;
    memset(text, 'n', sizeof text);
    for (unsigned length = 58; length < 64; length++) {
        memcpy(text + length, " = 1\n", 6);
        write_file(text);
        assert_int_equal(READ(), SETTINGS_WRONG);
        assert_true(strlen(problem) < strlen(path) + 110);
        text[length] = 'n';
    }
    memcpy(text + 4000, " = 1\n", 6);
    write_file(text);
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_true(strlen(problem) < strlen(path) + 110);
}

static void a_file_has_a_length_and_so_has_a_value(void **state)
{
    static char text[SETTINGS_FILE_BYTES_MAX + 2];

    (void)state;
    memset(text, '\n', SETTINGS_FILE_BYTES_MAX + 1);
    write_bytes(text, SETTINGS_FILE_BYTES_MAX);
    assert_int_equal(READ(), SETTINGS_READ);
    write_bytes(text, SETTINGS_FILE_BYTES_MAX + 1);
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "longer than 65536 bytes"));
    memcpy(text, "store = ", 8);
    memset(text + 8, 's', SETTINGS_STORE_BYTES_MAX + 1);
    write_bytes(text, 8 + SETTINGS_STORE_BYTES_MAX);
    assert_int_equal(READ(), SETTINGS_READ);
    assert_int_equal(strlen(settings.store), SETTINGS_STORE_BYTES_MAX);
    write_bytes(text, 8 + SETTINGS_STORE_BYTES_MAX + 1);
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_null(strstr(problem, "sss"));
}

static void a_file_that_cannot_be_read_is_named_with_why(void **state)
{
    char longest[SETTINGS_PATH_BYTES_MAX + 2];

    (void)state;
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "--config: "));
    assert_non_null(strstr(problem, path));
    assert_non_null(strstr(problem, "No such file or directory"));
    assert_int_equal(settings_read_file(path, &settings, problem), SETTINGS_WRONG);
    assert_memory_equal(problem, path, strlen(path)); /* nothing before it */
    assert_int_equal(mkfifo(path, 0600), 0);          /* nobody waits for its other end */
    assert_int_equal(READ(), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "no regular file"));
    memset(longest, 'f', sizeof longest);
    longest[SETTINGS_PATH_BYTES_MAX + 1] = '\0';
    assert_int_equal(settings_read_file(longest, &settings, problem), SETTINGS_WRONG);
    longest[SETTINGS_PATH_BYTES_MAX] = '\0';
    assert_int_equal(settings_read_file(longest, &settings, problem), SETTINGS_WRONG);
    assert_non_null(strstr(problem, "File name too long"));
    assert_int_equal(settings_read_file("", &settings, problem), SETTINGS_WRONG);
    assert_int_equal(unlink(path), 0);
    write_file("");
    malloc_fails = true;
    assert_int_equal(READ(), SETTINGS_WRONG);
    malloc_fails = false;
    assert_non_null(strstr(problem, "Cannot allocate memory"));
}

static void a_store_is_told_with_the_place_where_it_was_given(void **state)
{
    char expected[512];

    (void)state;
    write_file("\nstore = \"memory:\"\n");
    assert_int_equal(READ(), SETTINGS_READ);
    settings_say_store(&settings, "not right", problem);
    (void)snprintf(expected, sizeof expected,
                   "%s:2:9: store: not right; quotes would be a part of the value", path);
    assert_string_equal(problem, expected);
    assert_int_equal(READ("--store", "x"), SETTINGS_READ);
    settings_say_store(&settings, "not right", problem);
    assert_string_equal(problem, "--store: not right");
    assert_int_equal(setenv("FOOTFALL_STORE", "memory:", 1), 0);
    assert_int_equal(READ(), SETTINGS_READ);
    settings_say_store(&settings, "not right", problem);
    assert_string_equal(problem, "FOOTFALL_STORE: not right");
}

static void of_a_file_alone_nothing_else_is_asked(void **state)
{
    (void)state;
    write_file("key = file\n");
    assert_int_equal(setenv("FOOTFALL_KEY", "variable", 1), 0);
    assert_int_equal(setenv("FOOTFALL_WORKERS", "two", 1), 0);
    assert_int_equal(settings_read_file(path, &settings, problem), SETTINGS_READ);
    assert_string_equal(settings.key, "file");
    assert_int_equal(settings.listen_count, 1);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_file_has_the_same_settings_as_the_options),
        IN_FOLDER(option_goes_before_environment_before_file_before_default),
        IN_FOLDER(listeners_of_a_higher_place_replace_those_of_the_file),
        IN_FOLDER(the_environment_may_name_the_file_and_an_option_another),
        IN_FOLDER(the_same_is_read_again_and_again),
        IN_FOLDER(what_is_wrong_is_said_with_its_place),
        IN_FOLDER(a_wrong_value_is_wrong_even_where_an_option_goes_before_it),
        IN_FOLDER(no_more_listeners_than_the_table_takes),
        IN_FOLDER(an_unknown_name_of_any_length_is_cut_where_it_is_repeated),
        IN_FOLDER(a_file_has_a_length_and_so_has_a_value),
        IN_FOLDER(a_file_that_cannot_be_read_is_named_with_why),
        IN_FOLDER(a_store_is_told_with_the_place_where_it_was_given),
        IN_FOLDER(of_a_file_alone_nothing_else_is_asked),
    };

    return cmocka_run_group_tests_name("settings_file", tests, NULL, NULL);
}
