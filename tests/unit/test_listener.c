/*
 * test_listener.c - binding, naming, and what an operator is told when it cannot be.
 */
#include "base/clock.h"
#include "counted_descriptors.h"
#include "listener_scene.h"
#include "process/listener.h"
#include "temporary_folder.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failing_socket; /* of IPv6 only when only_v6 */
static bool only_v6;
static int failing_bind;
static int failing_listen;
static unsigned names_addresses; /* how many addresses a name has */
static int lookup_error;

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __real_bind(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length);
int __real_listen(int fd, int backlog);
int __wrap_listen(int fd, int backlog);
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list);

int __wrap_socket(int domain, int type, int protocol)
{
    errno = failing_socket;
    return failing_socket != 0 && (!only_v6 || domain == AF_INET6)
               ? -1
               : __real_socket(domain, type, protocol);
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    errno = failing_bind;
    return failing_bind != 0 ? -1 : __real_bind(fd, address, length);
}

int __wrap_listen(int fd, int backlog)
{
    errno = failing_listen;
    return failing_listen != 0 ? -1 : __real_listen(fd, backlog);
}

/* No name server is asked: a name stands for 127.0.0.1, 127.0.0.2 … */
int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out_list)
{
    struct addrinfo numeric = *hints;
    struct addrinfo **end = out_list;

    numeric.ai_flags |= AI_NUMERICHOST;
    if (strcmp(host, "name.test") != 0) {
        return __real_getaddrinfo(host, port, &numeric, out_list);
    }
    if (lookup_error != 0) {
        return lookup_error;
    }
    for (unsigned i = 1; i <= names_addresses; i++) {
        char text[INET_ADDRSTRLEN];

        (void)snprintf(text, sizeof text, "127.0.0.%u", i);
        assert_int_equal(__real_getaddrinfo(text, port, &numeric, end), 0);
        end = &(*end)->ai_next;
    }
    return 0;
}

/* Opening fails so, leaves nothing behind and says this. */
static void assert_cannot_be_opened(const char *address, int expected, const char *said)
{
    unsigned before = descriptors_open_now();

    assert_int_equal(open_two(address, NULL), expected);
    if (strstr(reason, address) == NULL || strstr(reason, said) == NULL) {
        fail_msg("\"%s\" does not name %s or say \"%s\"", reason, address, said);
    }
    assert_int_equal(descriptors_open_now(), before);
}

static bool unix_answers(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = __real_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_connected;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", unix_path);
    is_connected = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    assert_int_equal(close(fd), 0);
    return is_connected;
}

/* ---- TCP ---- */

static void port_0_is_a_free_one_and_the_name_says_which(void **state)
{
    char expected[64];

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", "127.0.0.2:0"), 0);
    assert_int_equal(listeners.count, 2);
    for (unsigned i = 0; i < 2; i++) {
        (void)snprintf(expected, sizeof expected, "http://127.0.0.%u:%u", i + 1,
                       port_of(&listeners.list[i]));
        assert_string_equal(listeners.list[i].name, expected);
        assert_true(port_of(&listeners.list[i]) > 0);
        assert_true((fcntl(listeners.list[i].fd, F_GETFL) & O_NONBLOCK) != 0);
        assert_true((fcntl(listeners.list[i].fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    assert_true(answers("127.0.0.2", port_of(&listeners.list[1])));
    listeners_close(&listeners);
    assert_int_equal(listeners.list[0].fd, -1);
    assert_false(answers("127.0.0.2", port_of(&listeners.list[1])));
    listeners_close(&listeners);
}

static bool host_has_ipv6(void)
{
    const struct sockaddr_in6 address = {
        .sin6_family = AF_INET6,
        .sin6_addr = IN6ADDR_LOOPBACK_INIT,
    };
    int fd = __real_socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound;

    if (fd < 0) {
        return false;
    }
    is_bound = __real_bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    assert_int_equal(close(fd), 0);
    return is_bound;
}

static void an_ipv6_address_stands_in_brackets(void **state)
{
    (void)state;
    if (!host_has_ipv6()) {
        print_message("this machine has no IPv6\n");
        skip();
    }
    assert_int_equal(open_two("[::1]:0", NULL), 0);
    assert_memory_equal(listeners.list[0].name, "http://[::1]:", 13);
    listeners_close(&listeners);
    assert_int_equal(open_two(":0", NULL), 0); /* one socket for both */
    assert_int_equal(listeners.count, 1);
    assert_memory_equal(listeners.list[0].name, "http://[::]:", 12);
    assert_true(answers("127.0.0.1", port_of(&listeners.list[0])));
    listeners_close(&listeners);
}

static void a_host_without_ipv6_serves_every_address_of_ipv4(void **state)
{
    (void)state;
    failing_socket = EAFNOSUPPORT;
    only_v6 = true;
    assert_int_equal(open_two(":0", NULL), 0);
    failing_socket = 0;
    only_v6 = false;
    assert_memory_equal(listeners.list[0].name, "http://0.0.0.0:", 15);
    assert_true(answers("127.0.0.1", port_of(&listeners.list[0])));
    listeners_close(&listeners);
}

static void a_taken_port_is_tried_for_a_second_and_then_said(void **state)
{
    struct listeners first;
    char address[32];
    uint64_t began_ms;
    uint64_t took_ms;

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", NULL), 0);
    first = listeners;
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port_of(&first.list[0]));
    began_ms = clock_monotonic_ms();
    assert_cannot_be_opened(address, -EADDRINUSE, "another process serves there");
    took_ms = clock_monotonic_ms() - began_ms;
    assert_true(took_ms >= 1000 && took_ms < 5000);
    listeners_close(&first);
}

static void a_port_that_is_freed_within_the_second_is_had(void **state)
{
    const struct timespec pause = {.tv_nsec = 200000000};
    char address[32];
    pid_t child;
    int status;

    (void)state;
    assert_int_equal(open_two("127.0.0.1:0", NULL), 0);
    (void)snprintf(address, sizeof address, "127.0.0.1:%u", port_of(&listeners.list[0]));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* who is just going away */
        (void)nanosleep(&pause, NULL);
        _exit(0);
    }
    listeners_close(&listeners);
    assert_int_equal(open_two(address, NULL), 0);
    listeners_close(&listeners);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void an_address_that_is_not_ours_is_said(void **state)
{
    (void)state;
    assert_cannot_be_opened("192.0.2.1:0", -EADDRNOTAVAIL, "Cannot assign requested address");
}

static void each_call_that_fails_is_said_and_leaves_nothing_open(void **state)
{
    static const struct {
        int *failing;
        int error;
        const char *said;
    } rows[] = {
        {&failing_socket, EMFILE, "Too many open files"},
        {&failing_bind, EACCES, "ports below 1024"},
        {&failing_bind, EADDRNOTAVAIL, "Cannot assign"},
        {&failing_listen, EOPNOTSUPP, "Operation not supported"},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        *rows[i].failing = rows[i].error;
        assert_cannot_be_opened("127.0.0.1:0", -rows[i].error, rows[i].said);
        *rows[i].failing = 0;
    }
    failing_listen = EOPNOTSUPP;
    assert_cannot_be_opened(unix_text, -EOPNOTSUPP, "Operation not supported");
    failing_listen = 0;
}

/* ---- names ---- */

static void a_name_stands_for_each_of_its_addresses(void **state)
{
    (void)state;
    names_addresses = 3;
    assert_int_equal(open_two("name.test:0", "127.0.0.9:0"), 0);
    assert_int_equal(listeners.count, 4);
    assert_memory_equal(listeners.list[2].name, "http://127.0.0.3:", 17);
    listeners_close(&listeners);
}

static void more_addresses_than_there_is_room_for_are_refused(void **state)
{
    (void)state;
    names_addresses = LISTENERS_MAX;
    assert_int_equal(open_two("name.test:0", NULL), 0);
    assert_int_equal(listeners.count, LISTENERS_MAX);
    listeners_close(&listeners);
    assert_int_equal(open_two("name.test:0", unix_text), -E2BIG);
    assert_non_null(strstr(reason, unix_path));
    assert_false(is_there(unix_path));
    names_addresses = LISTENERS_MAX + 1;
    assert_cannot_be_opened("name.test:0", -E2BIG, "Argument list too long");
}

static void a_name_that_nobody_knows_is_said(void **state)
{
    (void)state;
    lookup_error = EAI_NONAME;
    assert_cannot_be_opened("name.test:0", -EADDRNOTAVAIL, gai_strerror(EAI_NONAME));
    lookup_error = 0;
}

/* ---- unix sockets ---- */

static void a_unix_socket_is_made_named_and_taken_away(void **state)
{
    (void)state;
    assert_int_equal(open_two(unix_text, NULL), 0);
    assert_string_equal(listeners.list[0].name, unix_text);
    assert_true(unix_answers());
    listeners_close(&listeners);
    assert_true(is_there(unix_path));
    listeners_unlink(&listeners);
    assert_false(is_there(unix_path));
    listeners_unlink(&listeners);
}

static void what_a_dead_process_left_is_replaced_and_a_living_ones_is_not(void **state)
{
    struct listeners first;

    (void)state;
    assert_int_equal(open_two(unix_text, NULL), 0);
    listeners_close(&listeners); /* as a process that was killed: the file stays */
    assert_int_equal(open_two(unix_text, NULL), 0);
    first = listeners;
    assert_cannot_be_opened(unix_text, -EADDRINUSE, "another process serves there");
    assert_true(unix_answers()); /* it was left alone */
    listeners_close(&first);
    listeners_unlink(&first);
    assert_false(is_there(unix_path));
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    FILE *file = fopen(unix_path, "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_cannot_be_opened(unix_text, -EADDRINUSE, unix_path);
    assert_true(is_there(unix_path));
}

static void somebody_elses_socket_at_our_path_is_not_taken_away(void **state)
{
    struct listeners ours;

    (void)state;
    assert_int_equal(open_two(unix_text, NULL), 0);
    ours = listeners;
    assert_int_equal(unlink(unix_path), 0);
    assert_int_equal(open_two(unix_text, NULL), 0); /* the other's, with a file of its own */
    listeners_unlink(&ours);
    assert_true(unix_answers());
    listeners_close(&ours);
    listeners_close(&listeners);
    listeners_unlink(&listeners);
    assert_false(is_there(unix_path));
}

static void when_one_address_fails_the_others_are_closed_and_taken_away(void **state)
{
    (void)state;
    assert_int_equal(open_two(unix_text, "192.0.2.1:0"), -EADDRNOTAVAIL);
    assert_non_null(strstr(reason, "192.0.2.1:0"));
    assert_false(is_there(unix_path));
}

static void each_address_of_a_name_is_for_the_balancer_that_its_name_is_for(void **state)
{
    struct address addresses[2];

    (void)state;
    names_addresses = 2;
    assert_true(address_parse(SLICE("name.test:0"), &addresses[0]));
    assert_true(address_parse(SLICE("127.0.0.1:0"), &addresses[1]));
    addresses[0].is_proxied = true;
    assert_int_equal(open_listeners(addresses, 2, &listeners, reason), 0);
    assert_int_equal(listeners.count, 3);
    assert_true(listeners.list[0].is_proxied && listeners.list[1].is_proxied);
    assert_false(listeners.list[2].is_proxied);
    listeners_close(&listeners);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(port_0_is_a_free_one_and_the_name_says_which),
        IN_SCENE(an_ipv6_address_stands_in_brackets),
        IN_SCENE(a_host_without_ipv6_serves_every_address_of_ipv4),
        IN_SCENE(a_taken_port_is_tried_for_a_second_and_then_said),
        IN_SCENE(a_port_that_is_freed_within_the_second_is_had),
        IN_SCENE(an_address_that_is_not_ours_is_said),
        IN_SCENE(each_call_that_fails_is_said_and_leaves_nothing_open),
        IN_SCENE(a_name_stands_for_each_of_its_addresses),
        IN_SCENE(more_addresses_than_there_is_room_for_are_refused),
        IN_SCENE(a_name_that_nobody_knows_is_said),
        IN_SCENE(a_unix_socket_is_made_named_and_taken_away),
        IN_SCENE(what_a_dead_process_left_is_replaced_and_a_living_ones_is_not),
        IN_SCENE(a_file_that_is_no_socket_is_left_alone),
        IN_SCENE(somebody_elses_socket_at_our_path_is_not_taken_away),
        IN_SCENE(when_one_address_fails_the_others_are_closed_and_taken_away),
        IN_SCENE(each_address_of_a_name_is_for_the_balancer_that_its_name_is_for),
    };

    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
