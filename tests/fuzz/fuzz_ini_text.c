/*
 * fuzz_ini_text.c - whatever a settings file holds, what is handed out stands in it.
 */
#include "fuzz.h"

#include "base/ini_text.h"

#include <stdlib.h>

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* The text, and how far it was handed out. */
struct seen {
    struct slice text; /* from the beginning of `line` on */
    uint32_t line;
};

/* The line of this number, without its end. Lines are asked for in order. */
static struct slice line_of(struct seen *seen, uint32_t number)
{
    const char *end;

    for (; seen->line < number; seen->line++) {
        end = memchr(seen->text.bytes, '\n', seen->text.length);
        check(end != NULL);
        seen->text = slice_after(seen->text, (size_t)(end - seen->text.bytes) + 1);
    }
    end = memchr(seen->text.bytes, '\n', seen->text.length);
    return (struct slice){seen->text.bytes,
                          end == NULL ? seen->text.length : (size_t)(end - seen->text.bytes)};
}

static bool take(void *owner, const struct ini_setting *setting)
{
    const struct slice line = line_of(owner, setting->line);
    const struct slice value = slice_of(setting->value);

    if (setting->name[0] == '\0') {
        check(setting->section_line == setting->line && line.length >= setting->section.length + 2);
        check(line.bytes[0] == '[' && setting->section.bytes == line.bytes + 1);
        check(line.bytes[setting->section.length + 1] == ']');
        return true;
    }
    check(setting->section.bytes == NULL || setting->section_line < setting->line);
    check(setting->name[0] != '\0' && slice_starts_with(line, slice_of(setting->name)));
    check(memchr(line.bytes, '=', setting->value_column - 1) != NULL);
    check(setting->value_column - 1 <= line.length);
    check(slice_starts_with(slice_after(line, setting->value_column - 1), value));
    /* Nothing is cut off but blanks. */
    for (size_t i = setting->value_column - 1 + value.length; i < line.length; i++) {
        check(line.bytes[i] == ' ' || line.bytes[i] == '\t' || line.bytes[i] == '\r');
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct seen seen = {.text = text, .line = 1};
    struct ini_fault fault = {.line = 0};
    int result;

    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        seen.text = slice_after(text, 3);
    }
    result = ini_text_read(text, take, &seen, &fault);
    check(result == 0 || fault.line >= seen.line);
    check(result == 0 || fault.column <= line_of(&seen, fault.line).length + 1);
    check(result == 0 || (fault.column > 0 && strlen(fault.problem) > 0));
    return 0;
}
