/*
 * request_line.c - the parts of a request line, exactly one space apart.
 *
 * Pure. The version is read before the form of the target is judged, so that the preface of
 * HTTP/2 ("PRI * HTTP/2.0") hears about its version and not about the asterisk.
 */
#include "http/request_line.h"

#include "http/characters.h"
#include "http/request_target.h"

static enum method method_of(struct slice name)
{
    switch (name.length) {
    case 3:
        return memcmp(name.bytes, "GET", 3) == 0 ? METHOD_GET : METHOD_OTHER;
    case 4:
        if (memcmp(name.bytes, "POST", 4) == 0) {
            return METHOD_POST;
        }
        return memcmp(name.bytes, "HEAD", 4) == 0 ? METHOD_HEAD : METHOD_OTHER;
    case 7:
        return memcmp(name.bytes, "OPTIONS", 7) == 0 ? METHOD_OPTIONS : METHOD_OTHER;
    default:
        return METHOD_OTHER;
    }
}

/* "HTTP/" DIGIT "." DIGIT and nothing else. A minor version above 1 is read as 1, the highest
 * that we know of that major one (RFC 9110 2.5). */
static enum parse_fault version_read(struct slice text, uint8_t *out_minor_version)
{
    static const char pattern[] = "HTTP/1.1";

    if (text.length != sizeof pattern - 1 || memcmp(text.bytes, pattern, 5) != 0 ||
        text.bytes[6] != '.' || !character_is(text.bytes[5], CHARACTER_DIGIT) ||
        !character_is(text.bytes[7], CHARACTER_DIGIT)) {
        return FAULT_VERSION_MALFORMED;
    }
    if (text.bytes[5] != '1') {
        return FAULT_VERSION_UNSUPPORTED;
    }
    *out_minor_version = text.bytes[7] != '0';
    return FAULT_NONE;
}

/* Takes the target from the front of `rest`, which begins right behind the method's space. */
static enum parse_fault target_take(struct slice rest, struct slice *out_target)
{
    const size_t length = characters_count(rest, CHARACTER_TARGET);

    if (length < rest.length && rest.bytes[length] == '#') {
        return FAULT_TARGET_FRAGMENT;
    }
    if (length < rest.length && rest.bytes[length] != ' ') {
        return FAULT_TARGET_CHARACTER;
    }
    if (length == 0) {
        return FAULT_TARGET_MISSING;
    }
    if (length == rest.length) {
        return FAULT_VERSION_MISSING;
    }
    *out_target = (struct slice){rest.bytes, length};
    return FAULT_NONE;
}

enum parse_fault request_line_read(struct slice line, struct request_line *out_line)
{
    const struct slice method = {line.bytes, characters_count(line, CHARACTER_TOKEN)};
    struct request_target target;
    struct slice whole_target;
    uint8_t minor_version;
    enum parse_fault fault;

    if (method.length == 0 || (method.length < line.length && line.bytes[method.length] != ' ')) {
        return FAULT_METHOD_MALFORMED;
    }
    if (method.length == line.length) {
        return FAULT_TARGET_MISSING;
    }
    fault = target_take(slice_after(line, method.length + 1), &whole_target);
    if (fault != FAULT_NONE) {
        return fault;
    }
    fault = version_read(slice_after(line, method.length + 1 + whole_target.length + 1),
                         &minor_version);
    if (fault != FAULT_NONE) {
        return fault;
    }
    fault = request_target_read(method, whole_target, &target);
    if (fault != FAULT_NONE) {
        return fault;
    }
    out_line->method = (uint8_t)method_of(method);
    out_line->form = (uint8_t)target.form;
    out_line->minor_version = minor_version;
    out_line->method_length = (uint16_t)method.length;
    out_line->target = span_of(line.bytes, whole_target);
    out_line->path = span_of(line.bytes, target.path);
    out_line->query = span_of(line.bytes, target.query);
    return FAULT_NONE;
}

struct slice request_line_path(const struct request_line *line, const char *head)
{
    switch ((enum target_form)line->form) {
    case TARGET_ORIGIN:
    case TARGET_AUTHORITY:
        break;
    case TARGET_ABSOLUTE:
        if (line->path.length == 0) {
            return SLICE("/"); /* RFC 9110 4.2.3: an empty path means "/" */
        }
        break;
    case TARGET_ASTERISK:
        return SLICE("*");
    }
    return span_slice(head, line->path);
}
