/*
 * fuzz_counter_line.c - a line that is taken has a name and is the same counter when it is written
 * and read again.
 */
#include "fuzz.h"

#include "commands/counter_line.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void unknown(void *owner, const char *name)
{
    (void)owner;
    check(strlen(name) < COUNTER_LINE_FIELD_BYTES);
    for (; *name != '\0'; name++) {
        check(*name >= ' ' && *name <= '~');
    }
}

static enum counter_line_result read_line(struct slice text, struct counter_line *out_line,
                                          char *out_problem)
{
    return counter_line_read(text, SLICE("counter"), unknown, NULL, out_line, out_problem);
}

/* What is not given is as if it were. */
static void check_written(const struct counter_line *line)
{
    char text[COUNTER_LINE_BYTES_MAX];
    char again[COUNTER_LINE_BYTES_MAX];
    char problem[COUNTER_LINE_PROBLEM_BYTES];
    struct counter_line read;
    const struct slice key = {line->key, line->key_length};
    const size_t length = counter_line_write(key, line->is_front, &line->record, text);

    check(length > 0 && length <= sizeof text && text[length - 1] == '\n');
    if (line->is_front && (line->given & STORE_GIVEN_BOUNDS) == 0) {
        return; /* bounds of 0 and 0, which nobody gave */
    }
    check(read_line((struct slice){text, length - 1}, &read, problem) == COUNTER_LINE_GOOD);
    check(slice_equals((struct slice){read.key, read.key_length}, key));
    check(counter_line_write(key, read.is_front, &read.record, again) == length);
    check(memcmp(text, again, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char problem[COUNTER_LINE_PROBLEM_BYTES] = "";
    struct counter_line line;

    switch (read_line((struct slice){(const char *)data, size}, &line, problem)) {
    case COUNTER_LINE_GOOD:
        check(line.key_length > 0 && line.key_length <= sizeof line.key);
        check(line.record.low <= 0 && line.record.high >= 0);
        check_written(&line);
        break;
    case COUNTER_LINE_EMPTY:
        break;
    case COUNTER_LINE_WRONG:
        check(problem[0] != '\0' && strlen(problem) < sizeof problem - 1);
        for (const char *byte = problem; *byte != '\0'; byte++) {
            check(*byte >= ' ' && *byte <= '~');
        }
        break;
    }
    return 0;
}
