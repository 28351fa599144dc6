/*
 * test_store_url.c - which store a URL names.
 */
#include "guarded.h"
#include "loop/loop.h"
#include "store/store_url.h"
#include "temporary_folder.h"
#include "test.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>

static bool calloc_fails;
static int64_t file_system; /* what statfs(2) says; 0: the real one is asked */
static char asked_path[PATH_MAX];

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
/* As the linker knows it where file offsets have 64 bits (meson's default). */
int __real_statfs64(const char *path, struct statfs *out_information);
int __wrap_statfs64(const char *path, struct statfs *out_information);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

int __wrap_statfs64(const char *path, struct statfs *out_information)
{
    int result = __real_statfs64(path, out_information);

    if (result == 0 && file_system != 0) {
        out_information->f_type = file_system;
        (void)snprintf(asked_path, sizeof asked_path, "%s", path);
    }
    return result;
}

static int parse(const char *text, struct store_url *out_url, const char **out_problem)
{
    return store_url_parse(guarded(slice_of(text)), out_url, out_problem);
}

static void each_scheme_names_its_store(void **state)
{
    static const struct {
        const char *text;
        enum store_scheme scheme;
    } rows[] = {
        {"memory:", STORE_MEMORY},
        {"lmdb:./footfall-data", STORE_LMDB},
        {"lmdb:/a?map_max=1G", STORE_LMDB},
        {"redis://127.0.0.1", STORE_REDIS},
        {"redis+unix:///run/redis.sock", STORE_REDIS},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct store_url url;
        const char *problem;

        assert_int_equal(parse(rows[i].text, &url, &problem), 0);
        assert_int_equal(url.scheme, rows[i].scheme);
    }
}

static void what_names_no_store_is_said_without_repeating_it(void **state)
{
    static const char *const texts[] = {
        "",
        "memory",
        "memory:x",
        "MEMORY:",
        "lmdb",
        "lmdb:",
        "lmdb:?map_max=1G",
        "lmdb:/a?",
        "lmdb:/a?map_max=",
        "lmdb:/a?map_max=1",
        "lmdb:/a?map_max=65535",
        "lmdb:/a?map_max=-1G",
        "lmdb:/a?map_max=63K",
        "lmdb:/a?map_max=65T",
        "lmdb:/a?map_max=1Q",
        "lmdb:/a?map_max=1g",
        "lmdb:/a?map_max=K",
        "lmdb:/a?map_max=99999999999999999999",
        "lmdb:/a?other=1",
        "lmdb:/a?map_max=1G&x=1",
        "lmdb:/a?map_max=1G?",
        "redis:",
        "redis",
        "redisx://h",
        "rediss://hunter2@h",
        "http://hunter2@h",
        "hunter2",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        static struct store_url url;
        const char *problem = NULL;

        url.map_bytes = 4242;
        if (parse(texts[i], &url, &problem) != -EINVAL) {
            fail_msg("\"%s\" is read", texts[i]);
        }
        assert_int_equal(url.map_bytes, 4242); /* untouched */
        assert_non_null(problem);
        assert_null(strstr(problem, "hunter2"));
    }
}

static void the_size_of_the_map_has_units_and_whole_pages(void **state)
{
    static const struct {
        const char *text;
        size_t bytes;
    } rows[] = {
        {"lmdb:/a", (size_t)64 << 30},
        {"lmdb:/a?map_max=64K", 64 << 10},
        {"lmdb:/a?map_max=65536", 65536},
        {"lmdb:/a?map_max=65537", 65536 + 4096},
        {"lmdb:/a?map_max=3M", 3 << 20},
        {"lmdb:/a?map_max=1G", 1 << 30},
        {"lmdb:/a?map_max=64T", (size_t)64 << 40},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct store_url url;
        const char *problem;

        assert_int_equal(parse(rows[i].text, &url, &problem), 0);
        assert_true(url.map_bytes == rows[i].bytes);
        assert_string_equal(url.path, "/a");
    }
}

static void a_path_has_room_for_its_nul_and_holds_none(void **state)
{
    static struct store_url url;
    static char text[PATH_MAX + 16];
    const char *problem;

    (void)state;
    memset(text, 'p', sizeof text);
    memcpy(text, "lmdb:", 5);
    text[5 + PATH_MAX] = '\0';
    assert_int_equal(parse(text, &url, &problem), -EINVAL);
    text[5 + PATH_MAX - 1] = '\0';
    assert_int_equal(parse(text, &url, &problem), 0);
    assert_int_equal(strlen(url.path), PATH_MAX - 1);
    assert_int_equal(store_url_parse(SLICE("lmdb:/a\0b"), &url, &problem), -EINVAL);
}

static void a_url_is_written_without_its_password(void **state)
{
    static const char *const rows[][2] = {
        {"memory:", "memory:"},
        {"lmdb:./a b", "lmdb:./a b"},
        {"redis://user:hunter2@host:1/2", "redis://user:***@host:1/2"},
    };
    static char text[STORE_URL_TEXT_BYTES];
    static struct store_url url;
    const char *problem;

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(parse(rows[i][0], &url, &problem), 0);
        store_url_write(&url, text);
        assert_string_equal(text, rows[i][1]);
    }
}

static void without_memory_no_store_is_opened_and_the_reason_says_so(void **state)
{
    static const char *const texts[] = {"memory:", "lmdb:/tmp/nothing", "redis://127.0.0.1"};
    const struct store_events events = {.owner = NULL};
    struct loop *loop;

    (void)state;
    assert_int_equal(loop_create(LOOP_EPOLL, &loop), 0);
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        static struct store_url url;
        char reason[STORE_REASON_BYTES] = "";
        struct store *store = NULL;
        const char *problem;
        int result;

        assert_int_equal(parse(texts[i], &url, &problem), 0);
        calloc_fails = true;
        result = store_url_open(&url, loop, 0, &events, &store, reason);
        calloc_fails = false;
        assert_int_equal(result, -ENOMEM);
        assert_null(store);
        assert_non_null(strstr(reason, "Cannot allocate memory"));
    }
    loop_destroy(loop);
}

static void a_network_file_system_is_warned_of(void **state)
{
    static const int64_t networks[] = {NFS_SUPER_MAGIC, 0x517b,     0xfe534d42,
                                       0xff534d42,      V9FS_MAGIC, AFS_SUPER_MAGIC};
    static struct store_url url;
    struct temporary_folder folder;
    char text[TEMPORARY_PATH_BYTES + 32];
    const char *problem;

    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(text, sizeof text, "lmdb:%s", folder.path);
    assert_int_equal(parse(text, &url, &problem), 0);
    assert_null(store_url_warning(&url));
    for (unsigned i = 0; i < sizeof networks / sizeof networks[0]; i++) {
        file_system = networks[i];
        assert_non_null(store_url_warning(&url));
        assert_string_equal(asked_path, folder.path);
    }
    file_system = TMPFS_MAGIC;
    assert_null(store_url_warning(&url));
    file_system = NFS_SUPER_MAGIC;
    assert_int_equal(parse("memory:", &url, &problem), 0);
    assert_null(store_url_warning(&url)); /* it keeps nothing there */
    file_system = 0;
    temporary_folder_remove(&folder);
}

/* The folder is made at the start, so the one that it will be made in is asked. */
static void a_folder_to_be_made_on_a_network_file_system_is_warned_of(void **state)
{
    static struct store_url url;
    const char *problem;

    (void)state;
    file_system = NFS_SUPER_MAGIC;
    assert_int_equal(parse("lmdb:/tmp/footfall-not-made-yet", &url, &problem), 0);
    assert_non_null(store_url_warning(&url));
    assert_int_equal(parse("lmdb:not-made-yet", &url, &problem), 0);
    assert_non_null(store_url_warning(&url));
    file_system = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_scheme_names_its_store),
        cmocka_unit_test(what_names_no_store_is_said_without_repeating_it),
        cmocka_unit_test(the_size_of_the_map_has_units_and_whole_pages),
        cmocka_unit_test(a_path_has_room_for_its_nul_and_holds_none),
        cmocka_unit_test(a_url_is_written_without_its_password),
        cmocka_unit_test(without_memory_no_store_is_opened_and_the_reason_says_so),
        cmocka_unit_test(a_network_file_system_is_warned_of),
        cmocka_unit_test(a_folder_to_be_made_on_a_network_file_system_is_warned_of),
    };

    return cmocka_run_group_tests_name("store_url", tests, NULL, NULL);
}
