/*
 * test_descriptor_close.c - accepting, connecting and closing.
 */
#include "counted_descriptors.h"
#include "descriptor_scene.h"

#include <stdio.h>
#include <sys/resource.h>

enum { MANY = 100 };

static struct turning_loop turning;
static struct end end;
static struct end other;
static int fds[2];

/* Two ends of one connection, both on the loop. */
static void begin_pair(void)
{
    backend_turning_init(&turning);
    make_pair(fds);
    end_open(&end, &turning, fds[0]);
    end_open(&other, &turning, fds[1]);
    end.other = &other;
    other.other = &end;
}

static void finish_pair(void)
{
    end_finish(&end);
    end_finish(&other);
    turning_finish(&turning);
}

/* ---- accept ---- */

static struct end listener;
static struct sockaddr_in address;
static int clients[MANY];
static unsigned accepted_count;
static unsigned accepted_before_other; /* how many, when `other` was told */

static void begin_listening(void)
{
    backend_turning_init(&turning);
    end_open(&listener, &turning, make_listener(&address));
    accepted_count = 0;
}

static void finish_listening(unsigned clients_count)
{
    for (unsigned i = 0; i < clients_count; i++) {
        close_fd(clients[i]);
    }
    end_finish(&listener);
    turning_finish(&turning);
}

static void connect_clients(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(clients[i] >= 0);
        assert_int_equal(connect(clients[i], (struct sockaddr *)&address, sizeof address), 0);
    }
}

/* Takes the connection that read_done() brought, and asks for the next. */
static void take_connection(struct end *source)
{
    int fd = source->read_result;

    assert_true(fd >= 0);
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    close_fd(fd);
    if (accepted_count++ == 0 && source->other != NULL) {
        send_from(fds[1], "x", 1); /* somebody else has something to do */
    }
    end_accept(source);
}

static bool all_are_accepted(void *test)
{
    (void)test;
    return accepted_count == MANY;
}

static void every_connection_is_accepted_ready_to_use(void)
{
    begin_listening();
    listener.on_read = take_connection;
    end_accept(&listener);
    turn_quietly(&turning);
    assert_int_equal(listener.reads, 0);
    connect_clients(MANY);
    turn_until(&turning, all_are_accepted, NULL);
    assert_int_equal(listener.reads, MANY);
    turn_quietly(&turning);
    finish_listening(MANY);
}

static void a_connection_nobody_asks_for_stays_in_the_queue_in_peace(void)
{
    begin_listening();
    connect_clients(3);
    end_accept(&listener);
    turn_until(&turning, end_has_read, &listener);
    turn_quietly(&turning);
    assert_int_equal(listener.reads, 1); /* one accept, one connection */
    close_fd(listener.read_result);
    end_accept(&listener);
    descriptor_cancel_read(&listener.descriptor);
    turn_quietly(&turning);
    assert_int_equal(listener.reads, 1);
    end_accept(&listener);
    turn_for(&turning, 2);
    assert_int_equal(listener.reads, 2);
    close_fd(listener.read_result);
    finish_listening(3);
}

static void note_how_many(struct end *told)
{
    (void)told;
    accepted_before_other = accepted_count;
}

static void a_full_queue_does_not_keep_others_waiting(void)
{
    begin_listening();
    connect_clients(MANY);
    make_pair(fds);
    end_open(&end, &turning, fds[0]);
    listener.on_read = take_connection;
    listener.other = &end;
    end.on_read = note_how_many;
    end_receive(&end);
    end_accept(&listener);
    turn_until(&turning, all_are_accepted, NULL);
    turn_until(&turning, end_has_read, &end);
    assert_true(accepted_before_other < MANY / 2);
    end_finish(&end);
    close_fd(fds[1]);
    finish_listening(MANY);
}

/* What was accepted but not asked for in the moment of the stop must not be lost. */
static void a_last_accept_brings_what_is_there_and_then_says_so(void)
{
    begin_listening();
    end_accept(&listener);
    turn_for(&turning, 2);
    connect_clients(3);
    for (unsigned i = 0; i <= 3; i++) {
        listener.reads = 0;
        if (i > 0) {
            end_accept(&listener);
        }
        end_accept_last(&listener);
        turn_until(&turning, end_has_read, &listener);
        assert_int_equal(listener.reads, 1);
        if (i < 3) {
            assert_true(listener.read_result >= 0);
            close_fd(listener.read_result);
        }
    }
    assert_int_equal(listener.read_result, -EAGAIN);
    turn_quietly(&turning);
    assert_int_equal(listener.reads, 1);
    finish_listening(3);
}

static void connections_nobody_asks_for_are_ended_with_the_listener(void)
{
    unsigned before;

    begin_listening();
    before = descriptors_open_now();
    end_accept(&listener);
    turn_for(&turning, 2);
    connect_clients(5);
    turn_until(&turning, end_has_read, &listener);
    turn_for(&turning, 5);
    close_fd(listener.read_result);
    end_finish(&listener);
    for (unsigned i = 0; i < 5; i++) {
        close_fd(clients[i]);
    }
    assert_int_equal(descriptors_open_now(), before - 1);
    turning_finish(&turning);
}

static void out_of_descriptors_is_told_and_the_connection_stays(void)
{
    struct rlimit before;
    struct rlimit limit;

    begin_listening();
    connect_clients(1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    limit = (struct rlimit){.rlim_cur = (rlim_t)clients[0] + 1, .rlim_max = before.rlim_max};
    end_accept(&listener);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    turn_until(&turning, end_has_read, &listener);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(listener.read_result, -EMFILE);
    turn_quietly(&turning); /* nobody asks: it is told once */
    assert_int_equal(listener.reads, 1);
    listener.reads = 0;
    end_accept(&listener);
    turn_until(&turning, end_has_read, &listener);
    close_fd(listener.read_result);
    finish_listening(1);
}

/* ---- connect ---- */

static void a_connect_completes_and_both_sides_can_talk(void)
{
    begin_listening();
    end_open(&end, &turning, make_tcp_socket());
    end_connect(&end, &address, sizeof address);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.write_result, 0);
    end_accept(&listener);
    turn_until(&turning, end_has_read, &listener);
    end.writes = 0;
    end_receive(&end);
    end_send(&end, "x", 1);
    turn_until(&turning, end_has_written, &end);
    send_from(listener.read_result, "y", 1);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.bytes[0], 'y');
    turn_quietly(&turning);
    close_fd(listener.read_result);
    end_finish(&end);
    finish_listening(0);
}

static void a_connect_to_nobody_is_refused(void)
{
    struct sockaddr_un nowhere = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/socket"};

    begin_listening();
    end_finish(&listener);
    end_open(&end, &turning, make_tcp_socket());
    end_connect(&end, &address, sizeof address);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.write_result, -ECONNREFUSED);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 1);
    end_finish(&end);
    end_open(&end, &turning, socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    end_connect(&end, &nowhere, sizeof nowhere);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.write_result, -ENOENT);
    end_finish(&end);
    turning_finish(&turning);
}

/* ---- close ---- */

static void closing_drops_what_runs_and_tells_once_at_last(void)
{
    static char bytes[4 * 1024 * 1024];

    begin_pair();
    end_receive(&end);
    end_send(&end, bytes, sizeof bytes); /* more than the socket holds */
    turn_quietly(&turning);
    end_close(&end);
    end_close(&end);
    assert_int_equal(end.closes, 0); /* not from inside */
    turn_until(&turning, end_is_closed, &end);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    assert_int_equal(end.writes, 0);
    assert_int_equal(end.closes, 1);
    finish_pair();
}

static void closing_what_was_started_this_turn_tells_nothing_else(void)
{
    begin_pair();
    send_from(fds[1], "x", 1);
    end_receive(&end);
    end_send(&end, "y", 1);
    end_close(&end);
    turn_until(&turning, end_is_closed, &end);
    assert_int_equal(end.reads, 0);
    assert_int_equal(end.writes, 0);
    end_close(&other); /* nothing was ever started on this one */
    finish_pair();
}

static void close_this(struct end *told)
{
    end_close(told);
}

static void a_descriptor_may_be_closed_from_inside_its_own_calls(void)
{
    for (unsigned from_write = 0; from_write < 2; from_write++) {
        begin_pair();
        end_receive(&end);
        turn_for(&turning, 2);
        send_from(fds[1], "xy", 2);
        if (from_write) {
            end.on_write = close_this;
            end_send(&end, "z", 1);
        } else {
            end.on_read = close_this;
        }
        turn_until(&turning, end_is_closed, &end);
        assert_int_equal(end.reads, from_write ? 0 : 1);
        assert_int_equal(end.writes, from_write ? 1 : 0);
        turn_quietly(&turning);
        finish_pair();
    }
}

static void close_the_other(struct end *told)
{
    if (!told->other->is_closing) {
        end_close(told->other);
    }
}

/* Both have news in the same wait; the first to be told closes the second. */
static void what_is_closed_gets_no_event_of_the_same_wait(void)
{
    int far[2];
    int near[2];

    backend_turning_init(&turning);
    make_pair(fds);
    near[0] = fds[0];
    far[0] = fds[1];
    make_pair(fds);
    near[1] = fds[0];
    far[1] = fds[1];
    end_open(&end, &turning, near[0]);
    end_open(&other, &turning, near[1]);
    end.other = &other;
    other.other = &end;
    end.on_read = other.on_read = close_the_other;
    end_receive(&end);
    end_receive(&other);
    turn_for(&turning, 2);
    send_from(far[0], "x", 1);
    send_from(far[1], "x", 1);
    turn_for(&turning, 5);
    assert_int_equal(end.reads + other.reads, 1);
    assert_int_equal(end.closes + other.closes, 1);
    finish_pair();
    close_fd(far[0]);
    close_fd(far[1]);
}

static void the_peer_sees_a_close_though_another_process_holds_a_copy(void)
{
    int copy;
    char byte;

    begin_pair();
    copy = dup(fds[0]);
    end_close(&end);
    assert_int_equal(recv(fds[1], &byte, 1, 0), 0);
    close_fd(copy);
    finish_pair();
}

static void a_release_leaves_the_connection_to_others_and_hears_no_more_of_it(void)
{
    int copy;
    char byte;

    begin_pair();
    end_receive(&end);
    turn_for(&turning, 2);
    copy = dup(fds[0]); /* the open file lives on, and with it what the kernel was asked */
    end_release(&end);
    end_release(&end);
    turn_until(&turning, end_is_closed, &end);
    assert_int_equal(recv(fds[1], &byte, 1, 0), -1);
    assert_int_equal(errno, EAGAIN);
    send_from(fds[1], "x", 1);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    assert_int_equal(recv(copy, &byte, 1, 0), 1);
    close_fd(copy);
    finish_pair();
}

static void after_its_last_call_the_memory_may_be_used_again(void)
{
    unsigned before = descriptors_open_now();

    begin_pair();
    end_receive(&end);
    turn_for(&turning, 2);
    for (unsigned i = 0; i < 20; i++) {
        end_finish(&end);
        end_finish(&other);
        make_pair(fds); /* very likely the same numbers */
        end_open(&end, &turning, fds[0]);
        end_open(&other, &turning, fds[1]);
        end_receive(&end);
        end_send(&other, "x", 1);
        turn_until(&turning, end_has_read, &end);
        assert_int_equal(end.read_result, 1);
    }
    finish_pair();
    assert_int_equal(descriptors_open_now(), before);
}

int main(void)
{
    static const struct backend_case cases[] = {
        BACKEND_CASE(every_connection_is_accepted_ready_to_use),
        BACKEND_CASE(a_connection_nobody_asks_for_stays_in_the_queue_in_peace),
        BACKEND_CASE(a_full_queue_does_not_keep_others_waiting),
        BACKEND_CASE(a_last_accept_brings_what_is_there_and_then_says_so),
        BACKEND_CASE(connections_nobody_asks_for_are_ended_with_the_listener),
        BACKEND_CASE(out_of_descriptors_is_told_and_the_connection_stays),
        BACKEND_CASE(a_connect_completes_and_both_sides_can_talk),
        BACKEND_CASE(a_connect_to_nobody_is_refused),
        BACKEND_CASE(closing_drops_what_runs_and_tells_once_at_last),
        BACKEND_CASE(closing_what_was_started_this_turn_tells_nothing_else),
        BACKEND_CASE(a_descriptor_may_be_closed_from_inside_its_own_calls),
        BACKEND_CASE(what_is_closed_gets_no_event_of_the_same_wait),
        BACKEND_CASE(the_peer_sees_a_close_though_another_process_holds_a_copy),
        BACKEND_CASE(a_release_leaves_the_connection_to_others_and_hears_no_more_of_it),
        BACKEND_CASE(after_its_last_call_the_memory_may_be_used_again),
    };

    return BACKEND_RUN_ALL("descriptor_close", cases);
}
