/*
 * test_redis_buffers.c - what is on its way to a server, and what its answers belong to.
 */
#include "store/redis_output.h"
#include "store/redis_pipeline.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

/* Which allocation from now on fails; 0: none. */
static unsigned failing_allocation;
static unsigned allocations_count;

void *__real_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool allocation_fails(void)
{
    allocations_count++;
    return failing_allocation > 0 && --failing_allocation == 0;
}

void *__wrap_malloc(size_t size)
{
    return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : __real_realloc(memory, size);
}

/* ---- output ---- */

static int write_text(struct redis_output *output, const char *text)
{
    char *room;
    int result = redis_output_reserve(output, strlen(text), &room);

    if (result == 0) {
        memcpy(room, text, strlen(text));
        redis_output_add(output, strlen(text));
    }
    return result;
}

static void what_is_written_during_a_send_leaves_with_the_next(void **state)
{
    struct redis_output output;
    struct slice bytes;
    (void)state;

    redis_output_init(&output, 1000);
    assert_false(redis_output_take(&output, &bytes));
    assert_int_equal(write_text(&output, "one "), 0);
    assert_int_equal(write_text(&output, "two "), 0);
    assert_true(redis_output_take(&output, &bytes));
    assert_true(slice_is(bytes, "one two "));
    assert_int_equal(write_text(&output, "three"), 0);
    assert_true(slice_is(bytes, "one two "));
    assert_false(redis_output_take(&output, &bytes)); /* one send at a time */
    redis_output_sent(&output);
    assert_true(redis_output_take(&output, &bytes));
    assert_true(slice_is(bytes, "three"));
    redis_output_sent(&output);
    assert_false(redis_output_take(&output, &bytes));
    redis_output_finish(&output);
}

static void a_cleared_output_sends_nothing_of_before(void **state)
{
    struct redis_output output;
    struct slice bytes;
    (void)state;

    redis_output_init(&output, 1000);
    assert_int_equal(write_text(&output, "lost"), 0);
    assert_true(redis_output_take(&output, &bytes));
    assert_int_equal(write_text(&output, "lost too"), 0);
    redis_output_clear(&output);
    assert_false(redis_output_take(&output, &bytes));
    assert_int_equal(write_text(&output, "new"), 0);
    assert_true(redis_output_take(&output, &bytes));
    assert_true(slice_is(bytes, "new"));
    redis_output_finish(&output);
}

static void each_buffer_takes_its_limit_and_not_a_byte_more(void **state)
{
    struct redis_output output;
    struct slice bytes;
    char *room;
    (void)state;

    redis_output_init(&output, 10000); /* no power of two */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(redis_output_reserve(&output, 10001, &room), -EAGAIN);
        assert_int_equal(redis_output_reserve(&output, 9999, &room), 0);
        memset(room, 'x', 9999);
        redis_output_add(&output, 9999);
        assert_int_equal(write_text(&output, "ab"), -EAGAIN);
        assert_int_equal(write_text(&output, "c"), 0);
        assert_int_equal(write_text(&output, "d"), -EAGAIN);
        assert_int_equal(redis_output_take(&output, &bytes), i == 0);
    }
    redis_output_sent(&output);
    assert_true(redis_output_take(&output, &bytes));
    assert_int_equal(bytes.length, 10000);
    assert_int_equal(bytes.bytes[9999], 'c');
    redis_output_finish(&output);
}

static void an_output_that_is_warm_allocates_nothing(void **state)
{
    struct redis_output output;
    struct slice bytes;
    unsigned allocations_before = 0;
    (void)state;

    redis_output_init(&output, 1 << 20);
    for (int turn = 0; turn < 100; turn++) {
        for (int i = 0; i < 500; i++) {
            assert_int_equal(write_text(&output, "INCRBY counter 1"), 0);
        }
        assert_true(redis_output_take(&output, &bytes));
        redis_output_sent(&output);
        if (turn == 1) { /* both buffers have been used */
            allocations_before = allocations_count;
        }
    }
    assert_int_equal(allocations_count, allocations_before);
    redis_output_finish(&output);
}

static void without_memory_nothing_is_written_and_nothing_lost(void **state)
{
    struct redis_output output;
    struct slice bytes;
    char *room;
    (void)state;

    redis_output_init(&output, 1 << 20);
    failing_allocation = 1;
    assert_int_equal(write_text(&output, "a"), -ENOMEM);
    assert_int_equal(write_text(&output, "b"), 0);
    failing_allocation = 1;
    assert_int_equal(redis_output_reserve(&output, 100000, &room), -ENOMEM);
    assert_int_equal(write_text(&output, "c"), 0);
    assert_true(redis_output_take(&output, &bytes));
    assert_true(slice_is(bytes, "bc"));
    failing_allocation = 0;
    redis_output_finish(&output);
    redis_output_finish(&output); /* twice is fine */
}

/* ---- pipeline ---- */

static void push_number(struct redis_pipeline *pipeline, uint64_t number)
{
    const struct redis_command command = {.since_ms = number};

    assert_int_equal(redis_pipeline_reserve(pipeline), 0);
    redis_pipeline_push(pipeline, &command);
}

static uint64_t pop_number(struct redis_pipeline *pipeline)
{
    struct redis_command command;

    assert_true(redis_pipeline_oldest(pipeline)->since_ms != UINT64_MAX);
    assert_true(redis_pipeline_pop(pipeline, &command));
    return command.since_ms;
}

static void commands_come_out_as_they_went_in_however_the_ring_turns_and_grows(void **state)
{
    struct redis_pipeline pipeline;
    struct redis_command command;
    uint64_t in = 0;
    uint64_t out = 0;
    (void)state;

    redis_pipeline_init(&pipeline, 1U << 31);
    assert_null(redis_pipeline_oldest(&pipeline));
    assert_false(redis_pipeline_pop(&pipeline, &command));
    for (uint64_t round = 1; round < 60; round++) { /* in by 3 rounds, out by 2 rounds */
        for (uint64_t i = 0; i < 3 * round; i++) {
            push_number(&pipeline, in++);
        }
        for (uint64_t i = 0; i < 2 * round; i++) {
            assert_int_equal(pop_number(&pipeline), out++);
        }
    }
    while (out < in) {
        assert_int_equal(pop_number(&pipeline), out++);
    }
    assert_false(redis_pipeline_pop(&pipeline, &command));
    redis_pipeline_finish(&pipeline);
}

static void a_pipeline_takes_its_limit_and_not_one_more(void **state)
{
    struct redis_pipeline pipeline;
    (void)state;

    redis_pipeline_init(&pipeline, 100);
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 100; i++) {
            push_number(&pipeline, i);
        }
        assert_int_equal(redis_pipeline_reserve(&pipeline), -EAGAIN);
        assert_int_equal(pop_number(&pipeline), 0);
        push_number(&pipeline, 100);
        assert_int_equal(redis_pipeline_reserve(&pipeline), -EAGAIN);
        for (uint64_t i = 1; i <= 100; i++) {
            assert_int_equal(pop_number(&pipeline), i);
        }
    }
    redis_pipeline_finish(&pipeline);
}

static void without_memory_no_command_is_taken_and_none_lost(void **state)
{
    struct redis_pipeline pipeline;
    (void)state;

    redis_pipeline_init(&pipeline, 1000);
    failing_allocation = 1;
    assert_int_equal(redis_pipeline_reserve(&pipeline), -ENOMEM);
    for (uint64_t i = 0; i < 64; i++) {
        push_number(&pipeline, i);
    }
    failing_allocation = 1;
    assert_int_equal(redis_pipeline_reserve(&pipeline), -ENOMEM);
    push_number(&pipeline, 64);
    for (uint64_t i = 0; i <= 64; i++) {
        assert_int_equal(pop_number(&pipeline), i);
    }
    failing_allocation = 0;
    redis_pipeline_finish(&pipeline);
    redis_pipeline_finish(&pipeline); /* twice is fine */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_during_a_send_leaves_with_the_next),
        cmocka_unit_test(a_cleared_output_sends_nothing_of_before),
        cmocka_unit_test(each_buffer_takes_its_limit_and_not_a_byte_more),
        cmocka_unit_test(an_output_that_is_warm_allocates_nothing),
        cmocka_unit_test(without_memory_nothing_is_written_and_nothing_lost),
        cmocka_unit_test(commands_come_out_as_they_went_in_however_the_ring_turns_and_grows),
        cmocka_unit_test(a_pipeline_takes_its_limit_and_not_one_more),
        cmocka_unit_test(without_memory_no_command_is_taken_and_none_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
