/*
 * field_line.c - name, colon, value; the blanks around the value are no part of it.
 *
 * Pure. A value may hold any byte that is left once the line is known to be free of controls:
 * blanks, visible ASCII and, as RFC 9110 5.5 asks, what is above 127.
 */
#include "http/field_line.h"

#include "http/characters.h"

static enum parse_fault name_fault(struct slice line, size_t name_length)
{
    if (character_is_blank(line.bytes[0])) {
        return FAULT_FOLDED_LINE;
    }
    if (name_length == line.length) {
        return FAULT_COLON_MISSING;
    }
    if (line.bytes[name_length] == ':') {
        return FAULT_NAME_EMPTY; /* behind a name it would be no fault */
    }
    return character_is_blank(line.bytes[name_length]) ? FAULT_SPACE_BEFORE_COLON
                                                       : FAULT_NAME_MALFORMED;
}

enum parse_fault field_line_read(struct slice line, struct field *out_field)
{
    const size_t name_length = characters_count(line, CHARACTER_TOKEN);
    size_t start = name_length + 1;
    size_t end = line.length;

    if (name_length == 0 || name_length == line.length || line.bytes[name_length] != ':') {
        return name_fault(line, name_length);
    }
    while (start < end && character_is_blank(line.bytes[start])) {
        start++;
    }
    while (end > start && character_is_blank(line.bytes[end - 1])) {
        end--;
    }
    out_field->name = (struct slice){line.bytes, name_length};
    out_field->value = (struct slice){line.bytes + start, end - start};
    return FAULT_NONE;
}
