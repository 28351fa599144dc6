/*
 * api_badge.c - query to badge, badge to answer.
 */
#include "visits/api_badge.h"

#include "http/query.h"
#include "visits/api_reply.h"
#include "visits/badge.h"
#include "visits/page_script.h"

#include <stdlib.h>
#include <string.h>

enum {
    LABEL_BYTES_MAX = 1024, /* more than a badge shows */
    ENCODED_BYTES_MAX = 3 * LABEL_BYTES_MAX,
};

static bool decode(struct slice value, char *out_bytes, size_t bytes_max, size_t *out_length)
{
    *out_length = 0;
    return value.bytes != NULL && percent_decode(value, true, out_bytes, bytes_max, out_length);
}

static void read_word(struct slice query, struct slice name, struct api_word *out_word)
{
    size_t length;

    if (decode(query_find(query, name), out_word->bytes, sizeof out_word->bytes, &length)) {
        out_word->length = (uint8_t)length;
    }
}

static struct slice word_slice(const struct api_word *word)
{
    return (struct slice){word->length > 0 ? word->bytes : NULL, word->length};
}

static bool word_is(struct slice query, struct slice name, struct slice wanted)
{
    struct api_word word = {.length = 0};

    read_word(query, name, &word);
    return slice_equals_ignoring_case(word_slice(&word), wanted);
}

/* Where the value of at most `length` bytes may be cut: not inside of "%20". */
static struct slice cut(struct slice value, size_t length)
{
    if (value.length <= length) {
        return value;
    }
    value.length = length;
    for (size_t back = 1; back <= 2; back++) {
        if (value.bytes[length - back] == '%') {
            value.length = length - back;
        }
    }
    return value;
}

/* A label is kept where the answer's text would be: there is none. What is longer than a badge
 * shows is cut, and one that is badly encoded stands as it is. */
static void read_label(struct slice query, struct api_call *call)
{
    const struct slice value = cut(query_find(query, SLICE("label")), ENCODED_BYTES_MAX);
    char label[ENCODED_BYTES_MAX];
    size_t length;

    if (value.bytes == NULL) {
        return;
    }
    if (!decode(value, label, sizeof label, &length)) {
        length = value.length;
        memcpy(label, value.bytes, length);
    }
    length = length > LABEL_BYTES_MAX ? LABEL_BYTES_MAX : length;
    memcpy(call->text, label, length);
    call->has_label = true;
    call->label_length = (uint16_t)length;
}

void api_badge_read(struct slice query, struct api_call *call)
{
    call->counts = !word_is(query, SLICE("count"), SLICE("no"));
    call->is_flat_square = word_is(query, SLICE("style"), SLICE("flat-square"));
    call->is_short = word_is(query, SLICE("format"), SLICE("short"));
    read_word(query, SLICE("color"), &call->color);
    read_word(query, SLICE("label_color"), &call->label_color);
    read_label(query, call);
}

/* What caches have been seen to need: GitHub's among them. */
static void say_type(struct reply *reply)
{
    reply->content_type = "image/svg+xml";
    reply->cache_control = "max-age=0, no-cache, no-store, must-revalidate";
}

void api_badge_make_head(struct api_call *call, struct reply *out_reply)
{
    api_reply_make(call, 200, SLICE("{}"), out_reply);
    say_type(out_reply);
}

void api_badge_make(struct api_call *call, int64_t number, struct reply *out_reply)
{
    const struct badge badge = {
        .label = {call->has_label ? call->text : NULL, call->label_length},
        .color = word_slice(&call->color),
        .label_color = word_slice(&call->label_color),
        .style = call->is_flat_square ? BADGE_FLAT_SQUARE : BADGE_FLAT,
        .number_format = badge_number_format_of(call->is_short ? SLICE("short") : SLICE("plain")),
        .number = number,
    };
    struct content *content = malloc(sizeof *content + BADGE_BYTES_MAX);
    struct content *smaller;

    if (content == NULL) {
        api_reply_make_error(call, 503, "There is no memory for the picture.", out_reply);
        return;
    }
    content->length = badge_write(&badge, content->bytes);
    smaller = realloc(content, sizeof *content + content->length);
    content = smaller != NULL ? smaller : content;
    api_reply_make_content(call, 200, NULL, content, out_reply);
    say_type(out_reply);
    out_reply->number = call->counts ? number : 0;
}

void api_script_read(const struct request_fields *fields, struct api_call *call)
{
    const struct slice known = request_fields_find(fields, SLICE("If-None-Match"));

    call->is_unchanged =
        known.bytes != NULL &&
        (slice_is(known, "*") ||
         memmem(known.bytes, known.length, page_script_tag.bytes, page_script_tag.length) != NULL);
}

void api_script_make(struct api_call *call, struct reply *out_reply)
{
    api_reply_make_script(call, call->is_unchanged ? 304 : 200, page_script, page_script_tag,
                          out_reply);
}
