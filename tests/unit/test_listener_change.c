/*
 * test_listener_change.c - listeners that stay, come and go together.
 */
#include "listener_scene.h"

#include <errno.h>
#include <string.h>

static struct listeners next;

/* What settings with one address or two want. */
static int want(const char *one, const char *other)
{
    struct address addresses[2];

    assert_true(address_parse(slice_of(one), &addresses[0]));
    assert_true(other == NULL || address_parse(slice_of(other), &addresses[1]));
    listener_change_begin(&listeners, &next);
    return listener_change_want(&listeners, &next, addresses, other == NULL ? 1 : 2, false, reason);
}

static void an_address_that_is_wanted_again_keeps_its_socket_and_its_place(void **state)
{
    char kept[64];
    int fd;

    (void)state;
    assert_int_equal(open_two("127.0.0.2:0", "127.0.0.1:0"), 0);
    fd = listeners.list[1].fd;
    (void)snprintf(kept, sizeof kept, "127.0.0.1:%u", port_of(&listeners.list[1]));
    assert_int_equal(want(unix_text, kept), 0);
    assert_false(listener_is_in_use(&next.list[0]));
    assert_int_equal(next.list[1].fd, fd);
    assert_string_equal(next.list[2].name, unix_text);
    assert_true(answers("127.0.0.2", port_of(&listeners.list[0]))); /* until the end */
    listener_change_take(&listeners, &next);
    assert_int_equal(listeners.count, 3);
    assert_false(listener_is_in_use(&listeners.list[0]));
    assert_int_equal(listeners.list[1].fd, fd);
    assert_string_equal(listeners.list[2].name, unix_text);
    listeners_close(&listeners);
    listeners_unlink(&listeners);
}

static void a_place_that_is_free_now_and_then_is_used_again(void **state)
{
    (void)state;
    assert_int_equal(open_two("127.0.0.2:0", "127.0.0.1:0"), 0);
    assert_int_equal(want("127.0.0.1:0", NULL), 0);
    listener_change_take(&listeners, &next);
    assert_int_equal(want("127.0.0.1:0", unix_text), 0);
    listener_change_take(&listeners, &next);
    assert_int_equal(listeners.count, 2);
    assert_string_equal(listeners.list[0].name, unix_text);
    listeners_close(&listeners);
    listeners_unlink(&listeners);
}

static void a_port_of_our_choice_is_wanted_again_by_0(void **state)
{
    int fd;

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", NULL), 0);
    fd = listeners.list[0].fd;
    assert_int_equal(want("127.0.0.1:0", "127.0.0.1:0"), 0); /* a second one is another */
    listener_change_take(&listeners, &next);
    assert_int_equal(listeners.count, 2);
    assert_int_equal(listeners.list[0].fd, fd);
    listeners_close(&listeners);
}

static void a_change_that_is_dropped_leaves_everything_as_it_was(void **state)
{
    struct listeners before;

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", NULL), 0);
    before = listeners;
    assert_int_equal(want(unix_text, NULL), 0);
    assert_true(is_there(unix_path));
    listener_change_drop(&listeners, &next);
    assert_false(is_there(unix_path));
    assert_memory_equal(&listeners, &before, sizeof before);
    assert_true(answers("127.0.0.1", port_of(&listeners.list[0])));
    listeners_close(&listeners);
}

/* With a port of ours each time in place of "*". */
static void what_is_in_our_own_way_is_said_to_be_ours(void **state)
{
    static const struct {
        const char *now;
        const char *then;
        bool is_ours;
    } rows[] = {
        {"0.0.0.0:0", "127.0.0.1:*", true}, {"127.0.0.1:0", "0.0.0.0:*", true},
        {"127.0.0.1:0", ":*", true},        {":0", "127.0.0.1:*", true},
        {":0", "0.0.0.0:*", true},          {":0", "[::]:*", true},
        {"[::]:0", "[::1]:*", true},        {"[::1]:0", ":*", true},
        {"[::]:0", "127.0.0.1:*", false},   {"127.0.0.1:0", "127.0.0.2:*", false},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char then[64];
        int length = (int)strcspn(rows[i].then, "*");

        if (open_two(rows[i].now, NULL) != 0) {
            print_message("this machine has no IPv6\n");
            continue;
        }
        (void)snprintf(then, sizeof then, "%.*s%u", length, rows[i].then,
                       port_of(&listeners.list[0]));
        listeners.is_patient = false;
        if (!rows[i].is_ours) {
            assert_int_equal(want(then, NULL), 0);
        } else {
            assert_int_equal(want(then, NULL), -EADDRINUSE);
            assert_non_null(strstr(reason, "this footfall itself serves on http://"));
            assert_non_null(strstr(reason, listeners.list[0].name));
            assert_non_null(strstr(reason, "; restart it, or name another with --listen"));
        }
        listener_change_drop(&listeners, &next);
        listeners_close(&listeners);
    }
}

static void what_is_wanted_twice_is_said(void **state)
{
    (void)state;
    assert_int_equal(open_two(unix_text, NULL), 0);
    assert_int_equal(want(unix_text, unix_text), -EADDRINUSE);
    assert_non_null(strstr(reason, "which is wanted as well; leave one of them out"));
    listener_change_drop(&listeners, &next);
    assert_true(is_there(unix_path));
    listeners_close(&listeners);
    listeners_unlink(&listeners);
}

static int inherit(const struct listener *from)
{
    const struct inherited_listener inherited = {
        .fd = from->fd,
        .is_admin = from->is_admin,
        .is_proxied = from->is_proxied,
        .device = from->device,
        .inode = from->inode,
    };

    return listeners_inherit(&listeners, &inherited);
}

static void an_inherited_socket_knows_its_file_from_its_predecessor(void **state)
{
    char kept_path[sizeof unix_path + 8];
    struct listeners first;

    (void)state;
    (void)snprintf(kept_path, sizeof kept_path, "%s.kept", unix_path);
    assert_int_equal(open_two(unix_text, NULL), 0);
    first = listeners;
    listeners = (struct listeners){.count = 0};
    assert_int_equal(rename(unix_path, kept_path), 0);
    assert_int_equal(mkfifo(unix_path, 0600), 0);
    assert_int_equal(inherit(&first.list[0]), 0);
    listeners_own(&listeners);
    listeners_unlink(&listeners);
    assert_true(is_there(unix_path));
    assert_int_equal(rename(kept_path, unix_path), 0);
    listeners_unlink(&listeners);
    assert_false(is_there(unix_path));
    listeners_close(&listeners);
}

static void an_exact_port_has_its_inherited_socket_before_any_port_claims_it(void **state)
{
    struct listeners first;
    char exact[64];

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", "127.0.0.1:0"), 0);
    first = listeners;
    listeners = (struct listeners){.count = 0};
    assert_int_equal(inherit(&first.list[0]), 0);
    assert_int_equal(inherit(&first.list[1]), 0);
    (void)snprintf(exact, sizeof exact, "127.0.0.1:%u", port_of(&listeners.list[0]));
    assert_int_equal(want("127.0.0.1:0", exact), 0);
    listener_change_take(&listeners, &next);
    assert_int_equal(listeners.count, 2);
    assert_int_equal(listeners.list[0].fd, first.list[0].fd);
    assert_int_equal(listeners.list[1].fd, first.list[1].fd);
    listeners_close(&listeners);
}

static void what_a_service_manager_has_opened_stays_whatever_is_wanted(void **state)
{
    struct listeners first;
    const struct address admin = {.is_unix = true};

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", "127.0.0.2:0"), 0);
    first = listeners;
    listeners = (struct listeners){.are_activated = true};
    first.list[0].is_proxied = first.list[1].is_admin = true;
    assert_int_equal(inherit(&first.list[0]), 0);
    assert_int_equal(inherit(&first.list[1]), 0);
    listener_change_begin(&listeners, &next);
    assert_int_equal(listener_change_want(&listeners, &next, &admin, 1, true, reason),
                     0); /* there is */
    listener_change_take(&listeners, &next);
    assert_int_equal(listeners.count, 2);
    assert_true(listeners.list[0].is_proxied && listeners.list[1].is_admin);
    assert_true(answers("127.0.0.1", port_of(&listeners.list[0])));
    listeners_close(&listeners);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(an_address_that_is_wanted_again_keeps_its_socket_and_its_place),
        IN_SCENE(a_place_that_is_free_now_and_then_is_used_again),
        IN_SCENE(a_port_of_our_choice_is_wanted_again_by_0),
        IN_SCENE(a_change_that_is_dropped_leaves_everything_as_it_was),
        IN_SCENE(what_is_in_our_own_way_is_said_to_be_ours),
        IN_SCENE(what_is_wanted_twice_is_said),
        IN_SCENE(an_inherited_socket_knows_its_file_from_its_predecessor),
        IN_SCENE(an_exact_port_has_its_inherited_socket_before_any_port_claims_it),
        IN_SCENE(what_a_service_manager_has_opened_stays_whatever_is_wanted),
    };

    return cmocka_run_group_tests_name("listener_change", tests, NULL, NULL);
}
