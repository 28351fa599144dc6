/*
 * request_target.c - tells the forms apart and takes path and query out of them.
 *
 * Pure. Percent-encoding is left alone: what a path means is for the router to say.
 */
#include "http/request_target.h"

#include "http/authority.h"
#include "http/characters.h"

/* What stands before the "?", and what behind it. */
static struct request_target target_split(enum target_form form, struct slice hierarchy)
{
    const char *mark = memchr(hierarchy.bytes, '?', hierarchy.length);
    const size_t path = mark == NULL ? hierarchy.length : (size_t)(mark - hierarchy.bytes);

    return (struct request_target){
        .form = form,
        .path = {hierarchy.bytes, path},
        .query = slice_after(hierarchy, mark == NULL ? path : path + 1),
    };
}

/* The length of "http://" or "https://" at the beginning, 0 when neither is there. */
static size_t scheme_length(struct slice target)
{
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        const struct slice start = {target.bytes, schemes[i].length};

        if (target.length >= start.length && slice_equals_ignoring_case(start, schemes[i])) {
            return start.length;
        }
    }
    return 0;
}

static size_t authority_length(struct slice rest)
{
    size_t length = 0;

    while (length < rest.length && rest.bytes[length] != '/' && rest.bytes[length] != '?') {
        length++;
    }
    return length;
}

/* RFC 9112 3.2.2, and 3.2.4 for OPTIONS of a whole server that is asked by way of a proxy. */
static enum parse_fault absolute_read(bool is_options, struct slice target,
                                      struct request_target *out_target)
{
    const struct slice rest = slice_after(target, scheme_length(target));
    const struct slice authority = {rest.bytes, authority_length(rest)};
    const struct slice hierarchy = slice_after(rest, authority.length);

    if (rest.length == target.length) {
        return FAULT_TARGET_FORM;
    }
    if (memchr(authority.bytes, '@', authority.length) != NULL) {
        return FAULT_TARGET_USERINFO;
    }
    if (!authority_is_valid(authority)) {
        return FAULT_TARGET_AUTHORITY;
    }
    *out_target = target_split(
        is_options && hierarchy.length == 0 ? TARGET_ASTERISK : TARGET_ABSOLUTE, hierarchy);
    return FAULT_NONE;
}

enum parse_fault request_target_read(struct slice method, struct slice target,
                                     struct request_target *out_target)
{
    const struct slice nothing = {target.bytes, 0};

    if (slice_equals(method, SLICE("CONNECT"))) {
        if (!authority_with_port_is_valid(target)) {
            return FAULT_TARGET_CONNECT;
        }
        *out_target = (struct request_target){TARGET_AUTHORITY, nothing, nothing};
        return FAULT_NONE;
    }
    if (target.bytes[0] == '/') {
        *out_target = target_split(TARGET_ORIGIN, target);
        return FAULT_NONE;
    }
    if (slice_equals(target, SLICE("*"))) {
        if (!slice_equals(method, SLICE("OPTIONS"))) {
            return FAULT_TARGET_ASTERISK;
        }
        *out_target = (struct request_target){TARGET_ASTERISK, target, nothing};
        return FAULT_NONE;
    }
    return absolute_read(slice_equals(method, SLICE("OPTIONS")), target, out_target);
}
