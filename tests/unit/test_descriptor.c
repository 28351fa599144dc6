/*
 * test_descriptor.c - receiving and sending.
 */
#include "descriptor_scene.h"

static struct turning_loop turning;
static struct end end;
static int far; /* the other side of `end` */

static void begin(void (*make)(int out_fds[2]))
{
    int fds[2];

    backend_turning_init(&turning);
    make(fds);
    end_open(&end, &turning, fds[0]);
    far = fds[1];
}

static void finish(void)
{
    end_finish(&end);
    if (far >= 0) {
        close_fd(far);
    }
    turning_finish(&turning);
}

static void receive_now(void)
{
    end.reads = 0;
    end_receive(&end);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.reads, 1);
}

/* ---- receive ---- */

static void a_receive_brings_once_what_has_come(void)
{
    begin(make_pair);
    send_from(far, "hello", 5);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0); /* nobody asked */
    receive_now();
    assert_int_equal(end.read_result, 5);
    assert_memory_equal(end.bytes, "hello", 5);
    send_from(far, "again", 5);
    turn_quietly(&turning); /* and nobody asks again */
    assert_int_equal(end.reads, 1);
    receive_now();
    assert_memory_equal(end.bytes, "helloagain", 10);
    finish();
}

static void a_receive_waits_for_what_comes_later(void)
{
    begin(make_tcp_pair);
    end_receive(&end);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    send_from(far, "x", 1);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 1);
    finish();
}

static bool much_has_come(void *test)
{
    return ((const struct end *)test)->received >= 40000;
}

static void no_receive_brings_more_than_the_loop_lends(void)
{
    static char bytes[40000];
    unsigned char next = 0;

    begin(make_tcp_pair);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)next;
        next = (unsigned char)(next * 5 + 1);
    }
    send_from(far, bytes, sizeof bytes);
    end.keeps_receiving = true;
    end_receive(&end);
    turn_until(&turning, much_has_come, &end);
    assert_int_equal(end.received, sizeof bytes);
    assert_true(end.reads >= 3);
    assert_memory_equal(end.bytes, bytes, sizeof bytes);
    finish();
}

static void the_end_is_0_after_all_that_was_sent(void)
{
    begin(make_pair);
    send_from(far, "last", 4);
    assert_int_equal(shutdown(far, SHUT_WR), 0);
    receive_now();
    assert_int_equal(end.read_result, 4);
    receive_now();
    assert_int_equal(end.read_result, 0);
    turn_quietly(&turning);
    receive_now(); /* and stays */
    assert_int_equal(end.read_result, 0);
    finish();
}

static void a_reset_is_an_error(void)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    begin(make_tcp_pair);
    end_receive(&end);
    turn_quietly(&turning);
    assert_int_equal(setsockopt(far, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    close_fd(far);
    far = -1;
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, -ECONNRESET);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 1);
    finish();
}

static void a_last_receive_brings_what_is_there(void)
{
    begin(make_pair);
    send_from(far, "there", 5);
    end_receive(&end); /* in the same turn */
    end_receive_last(&end);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 5);
    end_receive(&end); /* and on one that waits already */
    turn_for(&turning, 2);
    assert_int_equal(end.reads, 1);
    send_from(far, "more", 4);
    end_receive_last(&end);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 2);
    assert_int_equal(end.read_result, 4);
    finish();
}

static void a_last_receive_of_nothing_comes_at_once(void)
{
    begin(make_pair);
    for (unsigned i = 1; i <= 2; i++) {
        end_receive(&end);
        if (i == 2) {
            turn_for(&turning, 2);
        }
        end_receive_last(&end);
        end_receive_last(&end); /* asked twice, told once */
        turn_quietly(&turning);
        assert_int_equal(end.reads, i);
        assert_int_equal(end.read_result, -EAGAIN);
    }
    send_from(far, "later", 5); /* nothing of it is lost */
    receive_now();
    assert_int_equal(end.read_result, 5);
    assert_int_equal(shutdown(far, SHUT_WR), 0);
    end.reads = 0;
    end_receive(&end);
    end_receive_last(&end);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 0);
    finish();
}

static void a_cancelled_receive_is_silent_and_loses_nothing(void)
{
    begin(make_pair);
    end_receive(&end);
    descriptor_cancel_read(&end.descriptor); /* before it was handed to the kernel */
    turn_quietly(&turning);
    end_receive(&end);
    turn_for(&turning, 2);
    send_from(far, "kept", 4);
    descriptor_cancel_read(&end.descriptor); /* and after */
    descriptor_cancel_read(&end.descriptor);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    end_receive(&end);
    descriptor_cancel_read(&end.descriptor);
    end_receive(&end);
    turn_until(&turning, end_has_read, &end);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 1);
    assert_memory_equal(end.bytes, "kept", 4);
    finish();
}

static bool has_changed_its_mind(void *test)
{
    (void)test;
    return end.received == 4;
}

/* Another operation takes the place of one that was taken back, which the kernel may still hold. */
static void what_takes_the_place_of_a_cancelled_operation_is_what_comes(void)
{
    begin(make_pair);
    descriptor_await_readable(&end.descriptor);
    turn_for(&turning, 2);
    descriptor_cancel_read(&end.descriptor);
    end_receive(&end);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    send_from(far, "ab", 2);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 2);
    end.reads = 0;
    end_receive(&end);
    turn_for(&turning, 2);
    descriptor_cancel_read(&end.descriptor);
    descriptor_await_readable(&end.descriptor);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    send_from(far, "cd", 2);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 0);
    end.keeps_receiving = true;
    end_receive(&end);
    turn_until(&turning, has_changed_its_mind, NULL);
    assert_memory_equal(end.bytes, "abcd", 4);
    finish();
}

static void to_be_told_of_readable_takes_nothing(void)
{
    begin(make_pair);
    descriptor_await_readable(&end.descriptor);
    turn_quietly(&turning);
    assert_int_equal(end.reads, 0);
    send_from(far, "here", 4);
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 0);
    turn_quietly(&turning); /* once */
    assert_int_equal(end.reads, 1);
    receive_now();
    assert_memory_equal(end.bytes, "here", 4);
    close_fd(far);
    far = -1;
    end.reads = 0;
    descriptor_await_readable(&end.descriptor); /* the end is something to read too */
    turn_until(&turning, end_has_read, &end);
    assert_int_equal(end.read_result, 0);
    finish();
}

/* A pipe without a writer hangs up and never is readable (poll(2)). */
static void to_be_told_of_readable_tells_of_a_pipes_end_too(void)
{
    static struct end reader;
    int fds[2];

    begin(make_pair);
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    end_open(&reader, &turning, fds[0]);
    descriptor_await_readable(&reader.descriptor);
    turn_quietly(&turning);
    close_fd(fds[1]);
    turn_until(&turning, end_has_read, &reader);
    assert_int_equal(reader.read_result, 0);
    turn_quietly(&turning);
    assert_int_equal(reader.reads, 1);
    reader.is_closing = true;
    descriptor_release(&reader.descriptor);
    end_finish(&reader);
    finish();
}

static void a_peer_that_is_gone_and_nobody_looks_does_not_spin_the_loop(void)
{
    begin(make_pair);
    end_receive(&end);
    turn_for(&turning, 2);
    send_from(far, "x", 1);
    turn_until(&turning, end_has_read, &end);
    close_fd(far);
    far = -1;
    turn_quietly(&turning);
    assert_int_equal(end.reads, 1);
    finish();
}

/* ---- send ---- */

static void a_send_completes_once_all_is_the_kernels(void)
{
    char bytes[8];

    begin(make_pair);
    end_send(&end, "footfall", 8);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.write_result, 0);
    assert_int_equal(recv(far, bytes, sizeof bytes, 0), 8);
    assert_memory_equal(bytes, "footfall", 8);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 1);
    finish();
}

enum { LARGE_BYTES = 4 * 1024 * 1024 };

static char *make_large(void)
{
    char *large = malloc(LARGE_BYTES);

    assert_non_null(large);
    for (size_t i = 0; i < LARGE_BYTES; i++) {
        large[i] = (char)(i * 2654435761U >> 24);
    }
    return large;
}

static bool large_has_come(void *test)
{
    return ((const struct end *)test)->received >= LARGE_BYTES;
}

static void a_send_larger_than_the_socket_holds_completes_once_and_whole(void)
{
    static struct end reader;
    char *large = make_large();

    begin(make_tcp_pair);
    end_send(&end, large, LARGE_BYTES);
    turn_quietly(&turning); /* the socket is full, and the loop waits */
    assert_int_equal(end.writes, 0);
    end_open(&reader, &turning, far);
    reader.keeps_receiving = true;
    end_receive(&reader);
    turn_until(&turning, large_has_come, &reader);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.writes, 1);
    assert_int_equal(end.write_result, 0);
    assert_int_equal(reader.received, LARGE_BYTES);
    assert_memory_equal(reader.bytes, large, END_BYTES_MAX);
    turn_quietly(&turning); /* and watches no more for room */
    end_finish(&reader);
    far = -1;
    finish();
    free(large);
}

static void a_send_to_a_peer_that_is_gone_is_an_error_and_no_signal(void)
{
    begin(make_pair);
    close_fd(far);
    far = -1;
    end_send(&end, "x", 1);
    turn_until(&turning, end_has_written, &end);
    assert_int_equal(end.write_result, -EPIPE);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 1);
    finish();
}

static void a_send_that_waits_ends_when_the_peer_goes(void)
{
    char *large = make_large();

    begin(make_tcp_pair);
    end_receive(&end); /* both sides at once */
    end_send(&end, large, LARGE_BYTES);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 0);
    close_fd(far); /* with bytes unread: a reset */
    far = -1;
    turn_until(&turning, end_has_written, &end);
    assert_true(end.write_result == -ECONNRESET || end.write_result == -EPIPE);
    turn_until(&turning, end_has_read, &end);
    assert_true(end.read_result <= 0);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 1);
    assert_int_equal(end.reads, 1);
    finish();
    free(large);
}

/* Sends the next byte from inside of write_done(), a hundred times. */
static void send_on(struct end *sender)
{
    char byte;

    assert_int_equal(recv(far, &byte, 1, 0), 1);
    assert_int_equal(byte, 'a' + (char)((sender->writes - 1) % 3));
    if (sender->writes < 100) {
        end_send(sender, &"abc"[sender->writes % 3], 1);
    }
}

static bool a_hundred_are_sent(void *test)
{
    return ((const struct end *)test)->writes == 100;
}

static void a_completion_may_start_the_next_send(void)
{
    begin(make_pair);
    end.on_write = send_on;
    end_send(&end, "abc", 1);
    turn_until(&turning, a_hundred_are_sent, &end);
    turn_quietly(&turning);
    assert_int_equal(end.writes, 100);
    end.on_write = NULL;
    finish();
}

static void shutting_the_write_side_ends_what_the_peer_reads_and_no_more(void)
{
    char bytes[8];

    begin(make_pair);
    end_send(&end, "bye", 3);
    turn_until(&turning, end_has_written, &end);
    descriptor_shutdown_write(&end.descriptor);
    assert_int_equal(recv(far, bytes, sizeof bytes, 0), 3);
    assert_int_equal(recv(far, bytes, sizeof bytes, 0), 0);
    send_from(far, "still", 5);
    receive_now();
    assert_int_equal(end.read_result, 5);
    descriptor_shutdown_write(&end.descriptor); /* of a peer that is gone: no matter */
    finish();
}

int main(void)
{
    static const struct backend_case cases[] = {
        BACKEND_CASE(a_receive_brings_once_what_has_come),
        BACKEND_CASE(a_receive_waits_for_what_comes_later),
        BACKEND_CASE(no_receive_brings_more_than_the_loop_lends),
        BACKEND_CASE(the_end_is_0_after_all_that_was_sent),
        BACKEND_CASE(a_reset_is_an_error),
        BACKEND_CASE(a_last_receive_brings_what_is_there),
        BACKEND_CASE(a_last_receive_of_nothing_comes_at_once),
        BACKEND_CASE(a_cancelled_receive_is_silent_and_loses_nothing),
        BACKEND_CASE(what_takes_the_place_of_a_cancelled_operation_is_what_comes),
        BACKEND_CASE(to_be_told_of_readable_takes_nothing),
        BACKEND_CASE(to_be_told_of_readable_tells_of_a_pipes_end_too),
        BACKEND_CASE(a_peer_that_is_gone_and_nobody_looks_does_not_spin_the_loop),
        BACKEND_CASE(a_send_completes_once_all_is_the_kernels),
        BACKEND_CASE(a_send_larger_than_the_socket_holds_completes_once_and_whole),
        BACKEND_CASE(a_send_to_a_peer_that_is_gone_is_an_error_and_no_signal),
        BACKEND_CASE(a_send_that_waits_ends_when_the_peer_goes),
        BACKEND_CASE(a_completion_may_start_the_next_send),
        BACKEND_CASE(shutting_the_write_side_ends_what_the_peer_reads_and_no_more),
    };

    return BACKEND_RUN_ALL("descriptor", cases);
}
