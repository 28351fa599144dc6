/*
 * test_line_source.c - lines however their bytes come, their ends, and the longest one.
 */
#include "commands/line_source.h"

#include "temporary_folder.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static size_t read_max; /* 0: as much as there is */
static int read_error;

ssize_t __real_read(int fd, void *bytes, size_t count);
ssize_t __wrap_read(int fd, void *bytes, size_t count);

ssize_t __wrap_read(int fd, void *bytes, size_t count)
{
    if (read_error != 0) {
        errno = read_error;
        read_error = 0;
        return -1;
    }
    return __real_read(fd, bytes, read_max > 0 && count > read_max ? read_max : count);
}

static struct temporary_folder folder;
static char path[TEMPORARY_PATH_BYTES + 16];

static int make_folder(void **state)
{
    (void)state;
    temporary_folder_make(&folder);
    (void)snprintf(path, sizeof path, "%s/lines", folder.path);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    temporary_folder_remove(&folder);
    return 0;
}

static void write_file(const char *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(close(fd), 0);
}

static void open_bytes(const char *bytes, size_t length, struct line_source *source)
{
    write_file(bytes, length);
    assert_int_equal(line_source_open(path, source), 0);
    assert_int_equal(source->size, length);
}

static void assert_line(struct line_source *source, struct slice expected)
{
    struct slice line;

    assert_int_equal(line_source_next(source, true, &line), LINE_SOURCE_LINE);
    assert_true(slice_equals(line, expected));
}

static void assert_end(struct line_source *source)
{
    struct slice line;

    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(line_source_next(source, true, &line), LINE_SOURCE_END);
    }
    assert_int_equal(source->bytes, source->size);
    line_source_close(source);
}

static void lines_are_the_same_however_many_bytes_come_at_once(void **state)
{
    static const char bytes[] = "one\n\n  two \r\n\0\xff\nlast";

    (void)state;
    for (read_max = 0; read_max < sizeof bytes; read_max++) {
        struct line_source source;

        open_bytes(bytes, sizeof bytes - 1, &source);
        assert_line(&source, SLICE("one"));
        assert_line(&source, SLICE(""));
        assert_line(&source, SLICE("  two \r"));
        assert_line(&source, SLICE("\0\xff"));
        assert_int_equal(source.line, 4);
        assert_line(&source, SLICE("last"));
        assert_int_equal(source.line, 5);
        assert_end(&source);
    }
    read_max = 0;
}

static void nothing_has_no_lines(void **state)
{
    struct line_source source;

    (void)state;
    open_bytes("", 0, &source);
    assert_end(&source);
    open_bytes("\n", 1, &source);
    assert_line(&source, SLICE(""));
    assert_end(&source);
}

static void a_byte_order_mark_is_no_part_of_the_first_line_alone(void **state)
{
    static const char bytes[] = "\xef\xbb\xbfone\n\xef\xbb\xbftwo\n";
    struct line_source source;

    (void)state;
    open_bytes(bytes, sizeof bytes - 1, &source);
    assert_line(&source, SLICE("one"));
    assert_line(&source, SLICE("\xef\xbb\xbftwo"));
    assert_end(&source);
}

static void assert_lengths(size_t length, bool has_end, bool is_taken)
{
    const size_t total = 2 + length + (has_end ? 5 : 0);
    char *bytes = malloc(total);
    struct line_source source;
    struct slice line;

    assert_non_null(bytes);
    memset(bytes, 'x', total);
    bytes[1] = '\n';
    if (has_end) {
        memcpy(bytes + 2 + length, "\nend\n", 5);
    }
    open_bytes(bytes, total, &source);
    assert_line(&source, SLICE("x"));
    assert_int_equal(line_source_next(&source, true, &line),
                     is_taken ? LINE_SOURCE_LINE : LINE_SOURCE_TOO_LONG);
    assert_int_equal(source.line, 2);
    if (is_taken) {
        assert_int_equal(line.length, length);
    }
    if (has_end) {
        assert_line(&source, SLICE("end"));
        assert_int_equal(source.line, 3);
    }
    assert_end(&source);
    free(bytes);
}

static void a_line_beyond_the_longest_is_one_line_and_skipped(void **state)
{
    static const size_t reads[] = {0, 1000, 65536};

    (void)state;
    for (unsigned i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        for (unsigned has_end = 0; has_end < 2; has_end++) {
            read_max = reads[i];
            assert_lengths(LINE_SOURCE_LINE_BYTES_MAX, has_end != 0, true);
            assert_lengths(LINE_SOURCE_LINE_BYTES_MAX + 1, has_end != 0, false);
            assert_lengths((size_t)20 * LINE_SOURCE_LINE_BYTES_MAX, has_end != 0, false);
        }
    }
    read_max = 0;
}

static void what_is_not_there_yet_comes_later(void **state)
{
    int ends[2];
    struct line_source source;
    struct slice line;
    const int standard_input = dup(STDIN_FILENO);

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(line_source_open("-", &source), 0);
    assert_int_equal(source.size, 0);
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_LATER);
    assert_int_equal(write(ends[1], "on", 2), 2);
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_LATER);
    assert_int_equal(write(ends[1], "e\ntwo", 5), 5);
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_LINE);
    assert_true(slice_is(line, "one"));
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_LATER);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_LINE);
    assert_true(slice_is(line, "two"));
    assert_int_equal(line_source_next(&source, false, &line), LINE_SOURCE_END);
    line_source_close(&source);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(dup2(standard_input, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(standard_input), 0);
}

static void what_cannot_be_read_says_why(void **state)
{
    struct line_source source = {.fd = 77};
    struct slice line;

    (void)state;
    assert_int_equal(line_source_open("/nowhere/at/all", &source), -ENOENT);
    assert_int_equal(source.fd, 77); /* untouched */
    open_bytes("one\n", 4, &source);
    read_error = EINTR;
    assert_line(&source, SLICE("one"));
    read_error = EIO;
    assert_int_equal(line_source_next(&source, true, &line), LINE_SOURCE_FAILED);
    assert_int_equal(errno, EIO);
    read_error = EAGAIN;
    assert_int_equal(line_source_next(&source, true, &line), LINE_SOURCE_LATER);
    assert_end(&source);
    assert_int_equal(line_source_open(folder.path, &source), -EISDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_however_many_bytes_come_at_once),
        cmocka_unit_test(nothing_has_no_lines),
        cmocka_unit_test(a_byte_order_mark_is_no_part_of_the_first_line_alone),
        cmocka_unit_test(a_line_beyond_the_longest_is_one_line_and_skipped),
        cmocka_unit_test(what_is_not_there_yet_comes_later),
        cmocka_unit_test(what_cannot_be_read_says_why),
    };

    return cmocka_run_group_tests_name("line_source", tests, make_folder, remove_folder);
}
