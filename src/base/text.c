/*
 * text.c - a text that grows while it is written.
 */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 1024 };

/* Makes room for `length` more bytes and a NUL. */
static bool make_room(struct text *text, size_t length)
{
    size_t capacity = text->capacity == 0 ? CAPACITY_MIN : text->capacity;
    char *bytes;

    while (capacity - text->length <= length) {
        capacity *= 2;
    }
    if (capacity == text->capacity) {
        return true;
    }
    bytes = realloc(text->bytes, capacity);
    if (bytes == NULL) {
        text->has_failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !make_room(text, (size_t)length)) {
        text->has_failed = true;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_add_json(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (; *string != '\0'; string++) {
        if (*string == '"' || *string == '\\') {
            text_add(text, "\\%c", *string);
        } else {
            text_add(text, "%c", *string >= ' ' && *string <= '~' ? *string : '?');
        }
    }
    text_add(text, "\"");
}

void text_finish(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
