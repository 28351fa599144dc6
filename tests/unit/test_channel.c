/*
 * test_channel.c - deals and words between master and worker.
 */
#include "base/scoreboard.h"
#include "counted_descriptors.h"
#include "limited_descriptors.h"
#include "process/channel.h"
#include "test.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int failing_sendmsg;
static int failing_socketpair;

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
int __real_socketpair(int domain, int type, int protocol, int out_fds[2]);
int __wrap_socketpair(int domain, int type, int protocol, int out_fds[2]);

ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
    errno = failing_sendmsg;
    return failing_sendmsg != 0 ? -1 : __real_sendmsg(fd, message, flags);
}

int __wrap_socketpair(int domain, int type, int protocol, int out_fds[2])
{
    errno = failing_socketpair;
    return failing_socketpair != 0 ? -1 : __real_socketpair(domain, type, protocol, out_fds);
}

static unsigned descriptors_before;
static int channel[2];
static int connection; /* what is dealt */

static int begin(void **state)
{
    (void)state;
    descriptors_before = descriptors_open_now();
    assert_int_equal(channel_open(channel), 0);
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(connection >= 0);
    return 0;
}

static void close_end(unsigned end)
{
    assert_int_equal(close(channel[end]), 0);
    channel[end] = -1;
}

static int finish(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        if (channel[end] >= 0) {
            close_end(end);
        }
    }
    assert_int_equal(close(connection), 0);
    assert_int_equal(descriptors_open_now(), descriptors_before);
    return 0;
}

static int deal(uint64_t number)
{
    const struct deals message = {
        .count = 1,
        .list = {{.number = number, .entrance = (uint32_t)number + 7}},
        .fds = {connection},
    };

    return channel_send_deals(channel[0], &message);
}

/* The next deal has this number. Returns the descriptor that came with it. */
static int received(uint64_t number)
{
    struct deals message;

    assert_int_equal(channel_receive_deals(channel[1], &message), 1);
    assert_int_equal(message.count, 1);
    assert_int_equal(message.list[0].number, number);
    assert_int_equal(message.list[0].entrance, (uint32_t)number + 7);
    return message.fds[0];
}

static void receive(uint64_t number)
{
    assert_int_equal(close(received(number)), 0);
}

static int result_of_receive(void)
{
    struct deals message;

    return channel_receive_deals(channel[1], &message);
}

static void a_deal_brings_its_number_its_listener_and_the_connection(void **state)
{
    struct stat sent;
    struct stat came;
    int fd;

    (void)state;
    assert_int_equal(deal(UINT64_C(1) << 40), 0);
    assert_true(descriptor_is_open(connection)); /* the sender keeps its own */
    fd = received(UINT64_C(1) << 40);
    assert_true(fd >= 0 && fd != connection);
    assert_int_equal(fstat(connection, &sent), 0);
    assert_int_equal(fstat(fd, &came), 0);
    assert_int_equal(sent.st_ino, came.st_ino);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(close(fd), 0);
}

static void both_ends_are_closed_on_exec_and_do_not_wait(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        assert_true((fcntl(channel[end], F_GETFD) & FD_CLOEXEC) != 0);
        assert_true((fcntl(channel[end], F_GETFL) & O_NONBLOCK) != 0);
    }
    assert_int_equal(result_of_receive(), -EAGAIN);
}

static void deals_arrive_in_order_and_a_whole_window_fits(void **state)
{
    uint64_t sent = 0;

    (void)state;
    while (deal(sent + 1) == 0) {
        sent++;
    }
    assert_int_equal(deal(sent + 1), -EAGAIN);
    assert_true(sent > DEAL_WINDOW); /* and a word or two beside them */
    for (uint64_t number = 1; number <= sent; number++) {
        receive(number);
    }
    assert_int_equal(result_of_receive(), -EAGAIN);
    assert_int_equal(deal(9), 0); /* there is room again */
    receive(9);
}

/* Sends `count` deals together, all of the same connection. */
static void deal_together(uint32_t count)
{
    struct deals message = {.count = count};

    for (uint32_t i = 0; i < count; i++) {
        message.list[i] = (struct deal){.number = i + 1, .entrance = i};
        message.fds[i] = connection;
    }
    assert_int_equal(channel_send_deals(channel[0], &message), 0);
}

static void as_many_as_fit_travel_in_one_message(void **state)
{
    struct deals message;

    (void)state;
    deal_together(CHANNEL_DEALS_MAX);
    deal_together(1);
    assert_int_equal(channel_receive_deals(channel[1], &message), 1);
    assert_int_equal(message.count, CHANNEL_DEALS_MAX);
    for (uint32_t i = 0; i < message.count; i++) {
        assert_int_equal(message.list[i].number, i + 1);
        assert_int_equal(message.list[i].entrance, i);
        assert_true((fcntl(message.fds[i], F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(close(message.fds[i]), 0);
    }
    assert_int_equal(channel_receive_deals(channel[1], &message), 1);
    assert_int_equal(message.count, 1);
    assert_int_equal(close(message.fds[0]), 0);
}

/* MSG_CTRUNC of recvmsg(2): the leading ones come. */
static void with_few_descriptors_left_the_first_ones_come(void **state)
{
    struct deals message;
    struct rlimit before;
    int result;

    (void)state;
    deal_together(8);
    before = descriptors_limit_to(3);
    result = channel_receive_deals(channel[1], &message);
    descriptors_allow_again(before);
    assert_int_equal(result, 1);
    assert_int_equal(message.count, 8);
    for (uint32_t i = 0; i < message.count; i++) {
        assert_int_equal(message.list[i].number, i + 1);
        if (i < 3) {
            assert_int_equal(close(message.fds[i]), 0);
        } else {
            assert_int_equal(message.fds[i], -1);
        }
    }
}

static void without_a_descriptor_left_the_number_is_known_all_the_same(void **state)
{
    struct rlimit before;

    (void)state;
    assert_int_equal(deal(1), 0);
    assert_int_equal(deal(2), 0);
    before = descriptors_limit_to(0);
    assert_int_equal(received(1), -1);
    descriptors_allow_again(before);
    receive(2); /* the next one is not harmed */
}

static void a_message_without_a_descriptor_is_no_connection(void **state)
{
    const struct deal message = {.number = 4, .entrance = 11};

    (void)state;
    assert_int_equal(send(channel[0], &message, sizeof message, 0), sizeof message);
    assert_int_equal(received(4), -1);
}

static void a_message_of_another_length_is_an_error(void **state)
{
    const char bytes[sizeof(struct deal) - 1] = {0};

    (void)state;
    assert_int_equal(send(channel[0], bytes, sizeof bytes, 0), sizeof bytes);
    assert_int_equal(result_of_receive(), -EPROTO);
}

static void what_was_dealt_before_the_end_comes_before_it(void **state)
{
    (void)state;
    assert_int_equal(deal(1), 0);
    assert_int_equal(deal(2), 0);
    close_end(0);
    receive(1);
    receive(2);
    assert_int_equal(result_of_receive(), 0);
    assert_int_equal(result_of_receive(), 0);
}

static void a_worker_that_is_gone_is_an_error_and_no_signal(void **state)
{
    (void)state;
    close_end(1);
    assert_int_equal(deal(1), -EPIPE);
    assert_int_equal(channel_send_word(channel[0], CHANNEL_READY), -EPIPE);
}

static void what_passes_by_itself_is_like_a_full_channel(void **state)
{
    static const struct {
        int error;
        int result;
    } rows[] = {
        {EAGAIN, -EAGAIN}, {ETOOMANYREFS, -EAGAIN}, {ENOBUFS, -EAGAIN}, {ENOMEM, -EAGAIN},
        {EINTR, -EAGAIN},  {EPIPE, -EPIPE},         {EBADF, -EBADF},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failing_sendmsg = rows[i].error;
        assert_int_equal(deal(1), rows[i].result);
    }
    failing_sendmsg = 0;
}

/* unix(7), ETOOMANYREFS: root is not limited. */
static void an_ordinary_user_reaches_the_kernels_limit_and_goes_on_after_it(void **state)
{
    const struct rlimit limit = {.rlim_cur = 40, .rlim_max = 40};
    pid_t child = fork();
    int status;

    (void)state;
    assert_true(child >= 0);
    if (child == 0) {
        uint64_t sent = 0;
        bool is_right;

        if (setrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            (geteuid() == 0 &&
             (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))) {
            _exit(2);
        }
        while (sent < 100 && deal(sent + 1) == 0) {
            sent++;
        }
        is_right = sent >= 20 && sent < 100 && deal(sent + 1) == -EAGAIN;
        for (uint64_t number = 1; number <= sent; number++) {
            receive(number);
        }
        _exit(is_right && deal(1) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void words_arrive_one_by_one_until_the_end(void **state)
{
    enum channel_word word;

    (void)state;
    assert_int_equal(channel_receive_word(channel[0], &word), -EAGAIN);
    assert_int_equal(channel_send_word(channel[1], CHANNEL_READY), 0);
    assert_int_equal(channel_send_word(channel[1], CHANNEL_LEAVING), 0);
    assert_int_equal(channel_receive_word(channel[0], &word), 1);
    assert_int_equal(word, CHANNEL_READY);
    close_end(1);
    assert_int_equal(channel_receive_word(channel[0], &word), 1);
    assert_int_equal(word, CHANNEL_LEAVING);
    assert_int_equal(channel_receive_word(channel[0], &word), 0);
}

/* The word is not lost behind a worker that died with deals unread (ECONNRESET). */
static void the_end_of_a_worker_with_deals_unread_is_seen(void **state)
{
    enum channel_word word;
    int result;

    (void)state;
    assert_int_equal(deal(1), 0);
    close_end(1);
    result = channel_receive_word(channel[0], &word);
    assert_true(result == 0 || result == -ECONNRESET);
}

static void a_channel_that_cannot_be_opened_says_so(void **state)
{
    int fds[2] = {-3, -3};

    (void)state;
    failing_socketpair = EMFILE;
    assert_int_equal(channel_open(fds), -EMFILE);
    failing_socketpair = 0;
    assert_int_equal(fds[0], -3);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(a_deal_brings_its_number_its_listener_and_the_connection),
        IN_SCENE(both_ends_are_closed_on_exec_and_do_not_wait),
        IN_SCENE(deals_arrive_in_order_and_a_whole_window_fits),
        IN_SCENE(as_many_as_fit_travel_in_one_message),
        IN_SCENE(with_few_descriptors_left_the_first_ones_come),
        IN_SCENE(without_a_descriptor_left_the_number_is_known_all_the_same),
        IN_SCENE(a_message_without_a_descriptor_is_no_connection),
        IN_SCENE(a_message_of_another_length_is_an_error),
        IN_SCENE(what_was_dealt_before_the_end_comes_before_it),
        IN_SCENE(a_worker_that_is_gone_is_an_error_and_no_signal),
        IN_SCENE(what_passes_by_itself_is_like_a_full_channel),
        IN_SCENE(an_ordinary_user_reaches_the_kernels_limit_and_goes_on_after_it),
        IN_SCENE(words_arrive_one_by_one_until_the_end),
        IN_SCENE(the_end_of_a_worker_with_deals_unread_is_seen),
        IN_SCENE(a_channel_that_cannot_be_opened_says_so),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
