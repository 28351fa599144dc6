/*
 * counter_name.c - segments, words and the page they stand for.
 */
#include "visits/counter_name.h"

#include "base/page_url.h"
#include "http/query.h"

enum { WORD_BYTES_MAX = 10, PADDING = '.' };

/* One part of a name. */
struct part {
    size_t length;
    char bytes[COUNTER_NAME_PART_MAX];
};

static bool is_allowed(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-' ||
           character == '.';
}

static bool part_is_good(const struct part *part)
{
    for (size_t i = 0; i < part->length; i++) {
        if (!is_allowed(part->bytes[i])) {
            return false;
        }
    }
    return part->length >= COUNTER_NAME_PART_MIN;
}

/* ---- the calling page ---- */

/* Appends; false when it does not fit. */
static bool part_add(struct part *part, char character)
{
    if (part->length == sizeof part->bytes) {
        return false;
    }
    part->bytes[part->length++] = character;
    return true;
}

/* The host of a URL without its port, in lower case as browsers write it. */
static bool add_host(struct part *part, struct slice url)
{
    struct page_url page;

    if (!page_url_read(url, &page)) {
        return false;
    }
    for (size_t i = 0; i < page.host.length; i++) {
        if (!part_add(part, page.host.bytes[i])) {
            return false;
        }
    }
    return true;
}

/* The path of a URL without its slashes. */
static bool add_path(struct part *part, struct slice url)
{
    struct page_url page;

    if (!page_url_read(url, &page)) {
        return false;
    }
    for (size_t i = 0; i < page.path.length; i++) {
        if (page.path.bytes[i] != '/' && !part_add(part, page.path.bytes[i])) {
            return false;
        }
    }
    return true;
}

static void pad(struct part *part)
{
    const size_t missing =
        part->length < COUNTER_NAME_PART_MIN ? COUNTER_NAME_PART_MIN - part->length : 0;

    memmove(part->bytes + missing, part->bytes, part->length);
    memset(part->bytes, PADDING, missing);
    part->length += missing;
}

/* ---- segments ---- */

static enum counter_name_result read_word(struct part *part, const struct calling_page *page)
{
    const struct slice word = {part->bytes, part->length};
    struct part named = {.length = 0};
    bool is_known;

    if (slice_is(word, ":HOST:")) {
        is_known = add_host(&named, page->origin) || add_host(&named, page->referer);
    } else if (slice_is(word, ":PATHNAME:") || slice_is(word, ":PATH:")) {
        is_known = add_path(&named, page->referer);
    } else {
        return COUNTER_NAME_GOOD; /* none */
    }
    if (!is_known) {
        return COUNTER_NAME_NO_PAGE;
    }
    pad(&named);
    *part = named;
    return part_is_good(part) ? COUNTER_NAME_GOOD : COUNTER_NAME_NO_PAGE;
}

/* Decodes one segment and looks whether it is a name; `bad` where it is none. */
static enum counter_name_result read_part(struct slice segment, const struct calling_page *page,
                                          enum counter_name_result bad, struct part *out_part)
{
    enum counter_name_result result;

    if (!percent_decode(segment, false, out_part->bytes, sizeof out_part->bytes,
                        &out_part->length)) {
        return bad;
    }
    result = read_word(out_part, page);
    if (result == COUNTER_NAME_GOOD && !part_is_good(out_part)) {
        result = bad;
    }
    return result;
}

static void put(struct counter_name *out_name, const struct part *namespace, const struct part *key)
{
    out_name->namespace_length = (uint8_t) namespace->length;
    out_name->length = (uint8_t)(namespace->length + 1 + key->length);
    memcpy(out_name->text, namespace->bytes, namespace->length);
    out_name->text[namespace->length] = '/';
    memcpy(out_name->text + namespace->length + 1, key->bytes, key->length);
}

static bool copy_part(struct slice text, struct part *out_part)
{
    if (text.length > sizeof out_part->bytes) {
        return false;
    }
    out_part->length = text.length;
    memcpy(out_part->bytes, text.bytes, text.length);
    return part_is_good(out_part);
}

enum counter_name_result counter_name_make(struct slice namespace, struct slice key,
                                           struct counter_name *out_name)
{
    struct part parts[2];

    if (!copy_part(namespace, &parts[0])) {
        return COUNTER_NAME_BAD_NAMESPACE;
    }
    if (!copy_part(key, &parts[1])) {
        return COUNTER_NAME_BAD_KEY;
    }
    put(out_name, &parts[0], &parts[1]);
    return COUNTER_NAME_GOOD;
}

enum counter_name_result counter_name_read(struct slice path, const struct calling_page *page,
                                           struct counter_name *out_name)
{
    const char *slash = path.length == 0 ? NULL : memchr(path.bytes, '/', path.length);
    struct slice first = SLICE("default");
    struct slice second = path;
    struct part parts[2];
    enum counter_name_result result;

    if (slash != NULL) {
        first = (struct slice){path.bytes, (size_t)(slash - path.bytes)};
        second = slice_after(path, first.length + 1);
    }
    if (second.length == 0 || memchr(second.bytes, '/', second.length) != NULL) {
        return COUNTER_NAME_NO_PATH;
    }
    result = read_part(first, page, COUNTER_NAME_BAD_NAMESPACE, &parts[0]);
    if (result == COUNTER_NAME_GOOD) {
        result = read_part(second, page, COUNTER_NAME_BAD_KEY, &parts[1]);
    }
    if (result == COUNTER_NAME_GOOD) {
        put(out_name, &parts[0], &parts[1]);
    }
    return result;
}
