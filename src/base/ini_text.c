/*
 * ini_text.c - checks a line, hands it to inih, checks what inih made of it.
 */
#include "base/ini_text.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>

struct reading {
    struct slice rest; /* not handed out yet */
    struct slice line; /* the last one handed out, without its end and the blanks before that */
    uint32_t line_number;
    struct slice section; /* that the line is in */
    uint32_t section_line;
    bool is_faulty;    /* *fault is filled in: no more lines */
    bool is_cancelled; /* `take` has seen enough: likewise */
    ini_setting_take *take;
    void *owner;
    struct ini_fault *fault;
};

/* Notes what is wrong with the line that was handed out last. False, for the caller to return. */
__attribute__((format(printf, 3, 4))) static bool refuse(struct reading *reading, size_t index,
                                                         const char *format, ...)
{
    va_list values;

    reading->is_faulty = true;
    reading->fault->line = reading->line_number;
    reading->fault->column = (uint32_t)index + 1;
    va_start(values, format);
    (void)vsnprintf(reading->fault->problem, INI_TEXT_PROBLEM_BYTES, format, values);
    va_end(values);
    return false;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* How many blanks `text` begins with. */
static size_t count_blanks(struct slice text)
{
    size_t count = 0;

    while (count < text.length && is_blank(text.bytes[count])) {
        count++;
    }
    return count;
}

/* Takes the next line off the text. */
static struct slice next_line(struct reading *reading)
{
    const char *end = memchr(reading->rest.bytes, '\n', reading->rest.length);
    struct slice line = reading->rest;

    if (end != NULL) {
        line.length = (size_t)(end - line.bytes);
        reading->rest = slice_after(reading->rest, line.length + 1);
    } else {
        reading->rest.length = 0;
    }
    if (line.length > 0 && line.bytes[line.length - 1] == '\r') {
        line.length--;
    }
    reading->line_number++;
    return line;
}

/* A NUL would end the line for inih, and other control characters are blanks to it. */
static bool check_bytes(struct reading *reading, struct slice line)
{
    if (line.length > INI_TEXT_LINE_BYTES_MAX) {
        return refuse(reading, INI_TEXT_LINE_BYTES_MAX, "the line is longer than %d bytes",
                      INI_TEXT_LINE_BYTES_MAX);
    }
    for (size_t i = 0; i < line.length; i++) {
        const unsigned char byte = (unsigned char)line.bytes[i];

        if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
            return refuse(reading, i,
                          "the byte 0x%02x cannot stand in a settings file, which is plain text "
                          "(ASCII or UTF-8)",
                          byte);
        }
    }
    return true;
}

/* "[words]": what is not of a name's bytes is not repeated. */
static bool take_section(struct reading *reading, struct slice line)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789-_. ";
    size_t length = 1;

    while (length < line.length && strchr(name_bytes, line.bytes[length]) != NULL) {
        length++;
    }
    if (length == line.length || line.bytes[length] != ']') {
        return refuse(reading, length, "a section is a line of a name in brackets, as [defaults]");
    }
    if (count_blanks(slice_after(line, length + 1)) + length + 1 < line.length) {
        return refuse(reading, length + 1, "nothing stands behind a section's bracket");
    }
    reading->section = (struct slice){line.bytes + 1, length - 1};
    reading->section_line = reading->line_number;
    reading->is_cancelled =
        !reading->take(reading->owner, &(struct ini_setting){.section = reading->section,
                                                             .name = "",
                                                             .value = "",
                                                             .section_line = reading->line_number,
                                                             .line = reading->line_number,
                                                             .value_column = 1});
    return !reading->is_cancelled;
}

static bool check_line(struct reading *reading, struct slice line)
{
    const size_t blanks = count_blanks(line);

    if (!check_bytes(reading, line)) {
        return false;
    }
    if (blanks == line.length || line.bytes[blanks] == '#' || line.bytes[blanks] == ';') {
        return true; /* empty, or a comment */
    }
    if (blanks > 0) {
        return refuse(reading, blanks,
                      "blanks stand before it; a setting begins in column 1, and a value has "
                      "one line");
    }
    return line.bytes[0] != '[' || take_section(reading, line);
}

/* Gives inih one line, as fgets(3) would. NULL is the end to it. */
static char *hand_line(char *buffer, int size, void *owner)
{
    struct reading *reading = owner;
    struct slice line;

    if (reading->is_faulty || reading->is_cancelled || reading->rest.length == 0) {
        return NULL;
    }
    line = next_line(reading);
    if (!check_line(reading, line)) {
        return NULL;
    }
    if (line.length + sizeof "\n" > (size_t)size) {
        (void)refuse(reading, (size_t)size - sizeof "\n",
                     "the line is longer than the %d bytes that this build of inih takes",
                     size - (int)sizeof "\n");
        return NULL;
    }
    if (line.length > 0 && line.bytes[0] == '[') {
        line = SLICE("#"); /* inih cuts long names of sections */
    }
    memcpy(buffer, line.bytes, line.length);
    memcpy(buffer + line.length, "\n", sizeof "\n");
    while (line.length > 0 && is_blank(line.bytes[line.length - 1])) {
        line.length--;
    }
    reading->line = line;
    return buffer;
}

/* Finds where the value of the line begins. False: inih read something else, or it is no line of
 * ours. */
static bool find_value(struct reading *reading, const char *name, const char *value,
                       size_t *out_index)
{
    const struct slice line = reading->line;
    size_t index = strlen(name);

    if (index == 0) {
        return refuse(reading, 0, "a name is missing before the %c", line.bytes[0]);
    }
    if (slice_starts_with(line, slice_of(name))) {
        index += count_blanks(slice_after(line, index));
        if (index < line.length && line.bytes[index] == ':') {
            return refuse(reading, index, "between a name and its value stands =, not :");
        }
        if (index < line.length) {
            index++; /* the = */
            index += count_blanks(slice_after(line, index));
            if (slice_is(slice_after(line, index), value)) {
                *out_index = index;
                return true;
            }
        }
    }
    return refuse(reading, 0,
                  "this build of inih reads something else than what stands here; "
                  "it may take a ; for a comment");
}

static int take_setting(void *owner, const char *section, const char *name, const char *value)
{
    struct reading *reading = owner;
    struct ini_setting setting = {
        .section = reading->section,
        .name = name,
        .value = value,
        .section_line = reading->section_line,
        .line = reading->line_number,
    };
    size_t index = 0;

    (void)section; /* inih saw none of them */
    if (!find_value(reading, name, value, &index)) {
        return 0;
    }
    setting.value_column = (uint32_t)index + 1;
    reading->is_cancelled = !reading->take(reading->owner, &setting);
    return reading->is_cancelled ? 0 : 1;
}

/* Debian's inih lets a program choose what elsewhere is fixed when inih is built. */
static void set_up_inih(void)
{
#ifdef FOOTFALL_INIH_VARIABLES
    ini_use_stack = true;
    ini_max_line = INI_TEXT_LINE_BYTES_MAX + (int)sizeof "\n";
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_allow_no_value = false;
    ini_stop_on_first_error = true;
#endif
}

int ini_text_read(struct slice text, ini_setting_take *take, void *owner,
                  struct ini_fault *out_fault)
{
    static const struct slice byte_order_mark = {"\xef\xbb\xbf", 3}; /* editors of Windows */
    struct reading reading = {
        .rest = slice_starts_with(text, byte_order_mark) ? slice_after(text, 3) : text,
        .take = take,
        .owner = owner,
        .fault = out_fault,
    };
    int result;

    set_up_inih();
    result = ini_parse_stream(hand_line, &reading, take_setting, &reading);
    if (result < 0) {
        return -ENOMEM;
    }
    /* A build that does not stop at the first error has read on: ours may be of a later line. */
    if (result > 0 &&
        ((!reading.is_faulty && !reading.is_cancelled) || (uint32_t)result < reading.line_number)) {
        reading.line_number = (uint32_t)result;
        (void)refuse(&reading, 0, "no = stands between a name and its value");
    }
    if (reading.is_faulty) {
        return -EINVAL;
    }
    return reading.is_cancelled ? -ECANCELED : 0;
}
