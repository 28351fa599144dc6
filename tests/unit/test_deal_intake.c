/*
 * test_deal_intake.c - a worker takes what the master deals.
 */
#include "counted_descriptors.h"
#include "limited_descriptors.h"
#include "loop_backends.h"
#include "process/channel.h"
#include "process/intake.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static bool calloc_fails;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return calloc_fails ? NULL : __real_calloc(count, size);
}

static unsigned descriptors_before;
static struct turning_loop turning;
static struct scoreboard *scoreboard;
static struct scoreboard_slot *slot;
static struct deal_intake *intake;
static int master_fd;
static int worker_fd;
static int connection;
static uint64_t dealt;
static unsigned took_count;
static unsigned ended_count;
static bool is_calling; /* inside of a call of ours */

static void note_took(void *owner, int connection_fd, enum entrance entrance)
{
    (void)owner;
    assert_int_equal(entrance, ENTRANCE_PROXIED);
    assert_false(is_calling);
    assert_int_equal(ended_count, 0);
    took_count++;
    /* Before anybody can ask for its first byte. */
    assert_int_equal(atomic_load(&slot->taken), took_count);
    assert_true(descriptor_is_open(connection_fd));
    assert_int_equal(close(connection_fd), 0);
}

static void note_ended(void *owner)
{
    (void)owner;
    assert_false(is_calling);
    ended_count++;
}

static const struct intake_events events = {.took = note_took, .ended = note_ended};

static int begin(void **state)
{
    int fds[2];

    (void)state;
    descriptors_before = descriptors_open_now();
    turning_init(&turning);
    assert_int_equal(scoreboard_create(&scoreboard), 0);
    slot = &scoreboard->slots[3];
    assert_int_equal(channel_open(fds), 0);
    master_fd = fds[0];
    worker_fd = fds[1];
    connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(connection >= 0);
    dealt = took_count = ended_count = 0;
    is_calling = true;
    assert_int_equal(deal_intake_create(turning.loop, worker_fd, slot, &events, &intake), 0);
    is_calling = false;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    is_calling = true;
    deal_intake_destroy(intake);
    is_calling = false;
    turn_for(&turning, 2);
    turning_finish(&turning);
    scoreboard_destroy(scoreboard);
    if (master_fd >= 0) {
        assert_int_equal(close(master_fd), 0);
    }
    assert_int_equal(close(connection), 0);
    assert_int_equal(descriptors_open_now(), descriptors_before);
    return 0;
}

static void deal(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct deals message = {
            .count = 1,
            .list = {{.number = ++dealt, .entrance = ENTRANCE_PROXIED}},
            .fds = {connection},
        };

        assert_int_equal(channel_send_deals(master_fd, &message), 0);
        atomic_store(&slot->dealt, dealt);
    }
}

static bool all_are_taken(void *test)
{
    (void)test;
    return atomic_load(&slot->taken) == dealt;
}

static bool has_ended(void *test)
{
    (void)test;
    return ended_count > 0;
}

static void every_deal_is_noted_as_taken_and_then_handed_on(void **state)
{
    (void)state;
    deal(1);
    turn_until(&turning, all_are_taken, NULL);
    assert_int_equal(took_count, 1);
    deal(DEAL_WINDOW); /* more than it takes in one turn */
    turn_until(&turning, all_are_taken, NULL);
    assert_int_equal(took_count, DEAL_WINDOW + 1);
    for (unsigned i = 0; i < DEAL_WINDOW / 64; i++) {
        assert_int_equal(atomic_load(&slot->refused[i]), 0);
    }
    turn_quietly(&turning);
}

static void without_a_descriptor_left_a_deal_is_refused_and_passed(void **state)
{
    struct rlimit before;

    (void)state;
    turn_for(&turning, 2);
    deal(2);
    before = descriptors_limit_to(0);
    turn_until(&turning, all_are_taken, NULL);
    turn_quietly(&turning);
    descriptors_allow_again(before);
    assert_int_equal(took_count, 0);
    assert_int_equal(atomic_load(&slot->taken), 2);
    assert_true(scoreboard_slot_forget_refused(slot, 1));
    assert_true(scoreboard_slot_forget_refused(slot, 2));
    assert_false(scoreboard_slot_forget_refused(slot, 3));
    took_count = 2; /* note_took() compares */
    deal(1);
    turn_until(&turning, all_are_taken, NULL);
    assert_int_equal(took_count, 3);
    assert_false(scoreboard_slot_forget_refused(slot, 3));
}

static void what_was_dealt_before_the_end_is_taken_before_it(void **state)
{
    (void)state;
    deal(40);
    assert_int_equal(close(master_fd), 0); /* or its process was killed */
    master_fd = -1;
    turn_until(&turning, has_ended, NULL);
    assert_int_equal(took_count, 40);
    turn_quietly(&turning);
    assert_int_equal(ended_count, 1);
}

static void a_master_that_deals_no_more_can_still_be_told(void **state)
{
    enum channel_word word;

    (void)state;
    assert_int_equal(shutdown(master_fd, SHUT_WR), 0);
    turn_until(&turning, has_ended, NULL);
    deal_intake_tell_leaving(intake);
    assert_int_equal(channel_receive_word(master_fd, &word), 1);
    assert_int_equal(word, CHANNEL_LEAVING);
}

static void the_master_hears_ready_and_leaving(void **state)
{
    enum channel_word word;

    (void)state;
    deal_intake_tell_ready(intake);
    deal_intake_tell_leaving(intake);
    assert_int_equal(channel_receive_word(master_fd, &word), 1);
    assert_int_equal(word, CHANNEL_READY);
    assert_int_equal(channel_receive_word(master_fd, &word), 1);
    assert_int_equal(word, CHANNEL_LEAVING);
    assert_int_equal(close(master_fd), 0);
    master_fd = -1;
    deal_intake_tell_leaving(intake); /* nobody hears it, and no signal comes */
}

static void a_destroyed_intake_takes_nothing_more(void **state)
{
    enum channel_word word;
    int result;

    (void)state;
    deal(1);
    deal_intake_destroy(intake);
    intake = NULL; /* which finish() destroys once more */
    turn_quietly(&turning);
    assert_int_equal(took_count, 0);
    assert_int_equal(ended_count, 0);
    assert_int_equal(atomic_load(&slot->taken), 0);
    result = channel_receive_word(master_fd, &word); /* the master sees that it is gone */
    assert_true(result == 0 || result == -ECONNRESET);
}

static void without_memory_no_intake_is_made(void **state)
{
    struct deal_intake *untouched = NULL;

    (void)state;
    calloc_fails = true;
    assert_int_equal(deal_intake_create(turning.loop, -1, slot, &events, &untouched), -ENOMEM);
    calloc_fails = false;
    assert_null(untouched);
}

int main(void)
{
#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, begin, finish)
    const struct CMUnitTest tests[] = {
        IN_SCENE(every_deal_is_noted_as_taken_and_then_handed_on),
        IN_SCENE(without_a_descriptor_left_a_deal_is_refused_and_passed),
        IN_SCENE(what_was_dealt_before_the_end_is_taken_before_it),
        IN_SCENE(a_master_that_deals_no_more_can_still_be_told),
        IN_SCENE(the_master_hears_ready_and_leaving),
        IN_SCENE(a_destroyed_intake_takes_nothing_more),
        IN_SCENE(without_memory_no_intake_is_made),
    };

    return cmocka_run_group_tests_name("deal_intake", tests, NULL, NULL);
}
