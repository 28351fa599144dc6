/*
 * test_access_log.c - the buffer: when it is written, and what becomes of lines that cannot be.
 *
 * The file, the clocks and the program's own log are the test's.
 */
#include "admin/access_log.h"
#include "admin/access_log_line.h"
#include "admin/log_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/network_address.h"
#include "base/scoreboard.h"
#include "loop/loop.h"
#include "test.h"

#include <errno.h>
#include <stdlib.h>

enum { SLOT = 2 };

static struct scoreboard *board;
static struct access_log *access_log;
static struct access_log_format format;
static uint64_t now_ms;
static int64_t wall_ms;
static unsigned wall_reads;
static bool memory_fails;

static int open_result;
static unsigned files_opened;
static size_t room; /* how many bytes the file still takes */
static int room_result;
static unsigned writes;
static char written[1 << 20];
static size_t written_length;

static unsigned errors;   /* lines of the program's log */
static unsigned warnings; /* asked for, limited or not */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
uint64_t __wrap_loop_now_ms(const struct loop *loop);
int64_t __wrap_clock_wall_ms(void);
int __wrap_log_file_open(const char *path, struct log_file *out_file);
size_t __wrap_log_file_write(const struct log_file *file, const char *bytes, size_t length,
                             int *out_result);
void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count);
bool __wrap_log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                              const struct log_field *fields, size_t fields_count);

void *__wrap_calloc(size_t count, size_t size)
{
    return memory_fails ? NULL : __real_calloc(count, size);
}

uint64_t __wrap_loop_now_ms(const struct loop *loop)
{
    (void)loop;
    return now_ms;
}

int64_t __wrap_clock_wall_ms(void)
{
    wall_reads++;
    return wall_ms;
}

int __wrap_log_file_open(const char *path, struct log_file *out_file)
{
    assert_string_equal(path, "access.log");
    if (open_result == 0) {
        *out_file = (struct log_file){.fd = -1};
        files_opened++;
    }
    return open_result;
}

size_t __wrap_log_file_write(const struct log_file *file, const char *bytes, size_t length,
                             int *out_result)
{
    const size_t taken = length < room ? length : room;

    (void)file;
    writes++;
    memcpy(written + written_length, bytes, taken);
    written_length += taken;
    room -= taken;
    if (taken < length) {
        *out_result = room_result;
    }
    return taken;
}

void __wrap_log_write(enum log_level level, const char *event, const struct log_field *fields,
                      size_t fields_count)
{
    (void)fields;
    (void)fields_count;
    assert_int_equal(level, LOG_ERROR);
    assert_string_equal(event, "access_log_not_reopened");
    errors++;
}

bool __wrap_log_write_limited(struct log_limit *limit, enum log_level level, const char *event,
                              const struct log_field *fields, size_t fields_count)
{
    (void)limit;
    assert_int_equal(level, LOG_WARN);
    assert_string_equal(event, "access_log_dropped");
    assert_int_equal(fields_count, 3);
    assert_string_equal(fields[2].text,
                        room_result == -EAGAIN ? "nobody reads it" : strerror(-room_result));
    warnings++;
    return true;
}

static int create(const char *format_text)
{
    char reason[256] = "";
    const struct access_log_settings settings = {
        .path = "access.log",
        .format = &format,
        .scoreboard = board,
        .slot_index = SLOT,
    };
    int result;

    assert_true(access_log_format_parse(format_text, &format));
    result = access_log_create(&settings, &access_log, reason, sizeof reason);
    assert_int_equal(result < 0, reason[0] != '\0');
    return result;
}

static int begin(void **state)
{
    (void)state;
    assert_int_equal(scoreboard_create(&board), 0);
    now_ms = 1000;
    wall_ms = INT64_C(1764188505123); /* 2025-11-26T20:21:45.123Z */
    memory_fails = false;
    open_result = 0;
    files_opened = writes = errors = warnings = 0;
    room = sizeof written;
    room_result = -EAGAIN;
    written_length = 0;
    access_log = NULL;
    return create("{number} {path}");
}

static int end(void **state)
{
    (void)state;
    access_log_destroy(access_log);
    scoreboard_destroy(board);
    return 0;
}

/* Adds lines with these numbers. */
static void add_lines(uint64_t first, uint64_t count)
{
    static const struct network_address nobody;
    static char path[99];

    memset(path, 'p', sizeof path);
    for (uint64_t i = first; i < first + count; i++) {
        const struct http_answered answered = {
            .status = 200,
            .path = {path, sizeof path},
            .number = (int64_t)i,
            .client = &nobody,
        };

        access_log_add(access_log, &answered);
    }
}

/* How many lines were written, each of them whole and in turn from `first` on. */
static uint64_t count_written(uint64_t first)
{
    uint64_t count = 0;
    char *line = written;

    written[written_length] = '\0';
    while (*line != '\0') {
        char *end_of_line = strchr(line, '\n');

        assert_non_null(end_of_line);
        assert_int_equal(strtoull(line, NULL, 10), first + count);
        count++;
        line = end_of_line + 1;
    }
    return count;
}

static uint64_t dropped(void)
{
    return atomic_load(&board->slots[SLOT].traffic.access_lines_dropped);
}

static void a_line_waits_for_the_beat(void **state)
{
    (void)state;
    add_lines(1, 3);
    assert_int_equal(writes, 0);
    access_log_beat(access_log);
    assert_int_equal(count_written(1), 3);
    access_log_beat(access_log); /* nothing is there: nothing is written */
    assert_int_equal(writes, 1);
    access_log_beat(NULL);
}

static void a_full_buffer_is_written_at_once(void **state)
{
    (void)state;
    add_lines(1, 5000);
    assert_true(writes >= 7 && writes <= 10);
    access_log_destroy(access_log);
    access_log = NULL;
    assert_int_equal(count_written(1), 5000);
    assert_int_equal(dropped(), 0);
}

static void what_finds_no_room_is_dropped_and_counted(void **state)
{
    uint64_t kept;

    (void)state;
    room = 0;
    add_lines(1, 5000);
    assert_int_equal(writes, 1); /* and not one for each line */
    assert_true(dropped() > 4000);
    assert_int_equal(warnings, dropped());
    kept = 5000 - dropped();
    now_ms += 9;
    add_lines(5001, 1);
    assert_int_equal(writes, 1);
    now_ms += 1;
    add_lines(5002, 1);
    assert_int_equal(writes, 2);
    room = sizeof written;
    access_log_beat(access_log); /* those that had room are not lost */
    assert_int_equal(count_written(1), kept);
}

static void what_is_left_at_the_end_is_counted_too(void **state)
{
    (void)state;
    room = 0;
    room_result = -ENOSPC;
    add_lines(1, 7);
    access_log_destroy(access_log);
    access_log = NULL;
    assert_int_equal(dropped(), 7);
    assert_int_equal(warnings, 1);
}

static void a_line_that_was_written_in_part_is_completed(void **state)
{
    (void)state;
    room = 150;
    add_lines(1, 5);
    access_log_beat(access_log);
    assert_int_equal(written_length, 150);
    room = sizeof written;
    access_log_beat(access_log);
    assert_int_equal(count_written(1), 5);
    assert_int_equal(dropped(), 0);
}

static void ask_to_reopen(void)
{
    (void)atomic_fetch_add(&board->master.log_generation, 1);
    access_log_beat(access_log);
}

static void it_is_opened_anew_when_that_is_asked(void **state)
{
    (void)state;
    add_lines(1, 2);
    ask_to_reopen();
    assert_int_equal(files_opened, 2);
    assert_int_equal(count_written(1), 2); /* to the old one */
    access_log_beat(access_log);
    assert_int_equal(files_opened, 2);
    add_lines(3, 2);
    access_log_beat(access_log);
    assert_int_equal(count_written(1), 4);
}

static void the_rest_of_a_line_does_not_begin_a_new_file(void **state)
{
    (void)state;
    room = 150;
    add_lines(1, 5);
    ask_to_reopen();
    written_length = 0;
    room = sizeof written;
    access_log_beat(access_log);
    assert_int_equal(count_written(3), 3);
    assert_int_equal(dropped(), 1);
}

static void one_that_cannot_be_opened_anew_is_kept_and_said_once(void **state)
{
    struct access_log *first = access_log;

    (void)state;
    open_result = 0;
    assert_int_equal(create("{number} {path}"), 0); /* another worker's */
    open_result = -EACCES;
    for (unsigned i = 1; i <= 2; i++) {
        ask_to_reopen();
        access_log_beat(first);
        assert_int_equal(errors, i);
    }
    add_lines(1, 2);
    access_log_beat(access_log);
    assert_int_equal(count_written(1), 2);
    access_log_destroy(first);
}

static void the_time_is_read_once_a_millisecond(void **state)
{
    (void)state;
    access_log_destroy(access_log);
    assert_int_equal(create("{time}"), 0);
    wall_reads = 0;
    add_lines(1, 3);
    assert_int_equal(wall_reads, 1);
    now_ms += 1;
    wall_ms += 7;
    add_lines(1, 1);
    now_ms += 900;
    wall_ms += 900;
    add_lines(1, 1);
    access_log_beat(access_log);
    written[written_length] = '\0';
    assert_string_equal(written, "2025-11-26T20:21:45.123Z\n2025-11-26T20:21:45.123Z\n"
                                 "2025-11-26T20:21:45.123Z\n2025-11-26T20:21:45.130Z\n"
                                 "2025-11-26T20:21:46.030Z\n");
}

static void without_memory_or_a_file_there_is_a_reason(void **state)
{
    struct access_log *first = access_log;
    const struct access_log_settings none = {.path = ""};
    char reason[256];

    (void)state;
    memory_fails = true;
    assert_int_equal(create("text"), -ENOMEM);
    memory_fails = false;
    open_result = -EISDIR;
    assert_int_equal(create("text"), -EISDIR);
    assert_ptr_equal(access_log, first); /* untouched */
    assert_int_equal(access_log_create(&none, &access_log, reason, sizeof reason), 0);
    assert_null(access_log);
    access_log = first;
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_line_waits_for_the_beat),
        CASE(a_full_buffer_is_written_at_once),
        CASE(what_finds_no_room_is_dropped_and_counted),
        CASE(what_is_left_at_the_end_is_counted_too),
        CASE(a_line_that_was_written_in_part_is_completed),
        CASE(it_is_opened_anew_when_that_is_asked),
        CASE(the_rest_of_a_line_does_not_begin_a_new_file),
        CASE(one_that_cannot_be_opened_anew_is_kept_and_said_once),
        CASE(the_time_is_read_once_a_millisecond),
        CASE(without_memory_or_a_file_there_is_a_reason),
    };

    return cmocka_run_group_tests_name("access_log", tests, NULL, NULL);
}
