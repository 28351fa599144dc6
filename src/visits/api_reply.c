/*
 * api_reply.c - objects, what is put around them, and fields for pages of other hosts.
 */
#include "visits/api_reply.h"

#include "base/decimal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The smallest image there is: one transparent pixel (GIF89a). */
static const char pixel[] = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"
                            "!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00"
                            "\x02\x02\x44\x01\x00;";

static const char for_other_hosts[] =
    "\r\nAccess-Control-Allow-Origin: *"
    "\r\nAccess-Control-Expose-Headers: X-Path, RateLimit, RateLimit-Policy, Retry-After";

const struct slice api_reply_fields_for_other_hosts = {for_other_hosts, sizeof for_other_hosts - 1};

static const char script_type[] = "application/javascript; charset=utf-8";

/* ---- the call's own memory ---- */

static void add_field(struct api_call *call, struct slice text)
{
    assert(call->fields_length + text.length <= sizeof call->fields);
    memcpy(call->fields + call->fields_length, text.bytes, text.length);
    call->fields_length = (uint16_t)(call->fields_length + text.length);
}

static void add_text(struct api_call *call, struct slice text)
{
    assert(call->text_length + text.length <= sizeof call->text);
    memcpy(call->text + call->text_length, text.bytes, text.length);
    call->text_length = (uint16_t)(call->text_length + text.length);
}

/* ---- fields ---- */

static void add_number(struct api_call *call, struct slice before, uint64_t number)
{
    char digits[DECIMAL_BYTES_MAX];

    add_field(call, before);
    add_field(call, (struct slice){digits, decimal_write(digits, number)});
}

/* draft-ietf-httpapi-ratelimit-headers: what is allowed, and what is left of it. */
static void add_rate(struct api_call *call)
{
    add_number(call, SLICE("\r\nRateLimit-Policy: \"client\";q="), call->rate_max);
    add_number(call, SLICE(";w="), call->rate_s);
    add_number(call, SLICE("\r\nRateLimit: \"client\";r="), call->rate_left);
    add_number(call, SLICE(";t="), call->rate_left_s);
}

static void add_usual_fields(struct api_call *call, uint16_t status)
{
    add_field(call, api_reply_fields_for_other_hosts);
    if (call->has_name) {
        add_field(call, SLICE("\r\nX-Path: "));
        add_field(call, counter_name_text(&call->name));
    }
    if (call->has_rate) {
        add_rate(call);
    }
    if (status == 401) {
        add_field(call, SLICE("\r\nWWW-Authenticate: Bearer"));
    }
}

static void begin(struct api_call *call, uint16_t status, struct reply *out_reply)
{
    *out_reply = (struct reply){
        .status = status,
        .retry_after_s = call->retry_after_s,
        .allow = status == 405 ? call->allow : NULL,
    };
    call->fields_length = call->text_length = 0;
    add_usual_fields(call, status);
}

static void finish(struct api_call *call, struct reply *out_reply)
{
    out_reply->fields = (struct slice){call->fields, call->fields_length};
    out_reply->has_no_length = call->method == METHOD_HEAD;
}

/* ---- bodies ---- */

/* "callback(object);", with the status in it, since scripts see no other (and 200 on the line). */
static void wrap(struct api_call *call, uint16_t status, struct slice object)
{
    char digits[DECIMAL_BYTES_MAX];

    add_text(call, (struct slice){call->callback, call->callback_length});
    add_text(call, SLICE("("));
    object.length--;
    add_text(call, object);
    add_text(call, object.length > 1 ? SLICE(",\"code\":") : SLICE("\"code\":"));
    add_text(call, (struct slice){digits, decimal_write(digits, status)});
    add_text(call, SLICE("});"));
}

void api_reply_make(struct api_call *call, uint16_t status, struct slice object,
                    struct reply *out_reply)
{
    const bool is_wrapped = call->callback_length > 0 && !call->is_image;

    begin(call, is_wrapped ? 200 : status, out_reply);
    if (call->is_image) {
        out_reply->text = (struct slice){pixel, sizeof pixel - 1};
        out_reply->content_type = "image/gif";
        finish(call, out_reply);
        return;
    }
    if (call->callback_length > 0) {
        wrap(call, status, object);
        out_reply->content_type = script_type;
        add_field(call, SLICE("\r\nX-Content-Type-Options: nosniff"));
    } else {
        add_text(call, object);
    }
    out_reply->text = (struct slice){call->text, call->text_length};
    finish(call, out_reply);
}

void api_reply_make_value(struct api_call *call, int64_t number, struct reply *out_reply)
{
    char object[sizeof "{\"value\":-}" + DECIMAL_BYTES_MAX];
    char *end = mempcpy(object, "{\"value\":", 9);

    end += decimal_write_signed(end, number);
    *end++ = '}';
    api_reply_make(call, 200, (struct slice){object, (size_t)(end - object)}, out_reply);
    out_reply->number = number;
}

/* The members that a client of either dialect looks for, where there is nothing. */
static const char *nothing_of(enum api_verb verb)
{
    switch (verb) {
    case API_GET:
    case API_UPDATE:
        return "\"value\":null,";
    case API_SET:
    case API_RESET:
        return "\"old_value\":null,\"value\":null,";
    case API_CREATE:
        return "\"namespace\":null,\"key\":null,\"value\":null,";
    default:
        return "";
    }
}

void api_reply_make_error(struct api_call *call, uint16_t status, const char *sentence,
                          struct reply *out_reply)
{
    const struct slice parts[] = {
        SLICE("{"),
        slice_of(status == 404 || status == 409 ? nothing_of(call->verb) : ""),
        SLICE("\"error\":\""),
        slice_of(sentence),
        SLICE("\"}"),
    };
    char object[REPLY_TEXT_BYTES_MAX / 2];
    char *end = object;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert((size_t)(end - object) + parts[i].length <= sizeof object);
        end = mempcpy(end, parts[i].bytes, parts[i].length);
    }
    api_reply_make(call, status, (struct slice){object, (size_t)(end - object)}, out_reply);
}

void api_reply_make_preflight(struct api_call *call, const char *allow, struct reply *out_reply)
{
    begin(call, 204, out_reply);
    out_reply->allow = allow;
    add_field(call, SLICE("\r\nAccess-Control-Allow-Methods: GET, HEAD, POST, OPTIONS"
                          "\r\nAccess-Control-Allow-Headers: Authorization, Content-Type"
                          "\r\nAccess-Control-Max-Age: 43200"));
    finish(call, out_reply);
}

void api_reply_make_script(struct api_call *call, uint16_t status, struct slice script,
                           struct slice tag, struct reply *out_reply)
{
    begin(call, status, out_reply);
    out_reply->cache_control = "public, max-age=3600";
    out_reply->content_type = "text/javascript; charset=utf-8";
    out_reply->text = script;
    add_field(call, SLICE("\r\nETag: "));
    add_field(call, tag);
    add_field(call, SLICE("\r\nX-Content-Type-Options: nosniff"));
    finish(call, out_reply);
}

void api_reply_make_content(struct api_call *call, uint16_t status, const char *content_type,
                            struct content *content, struct reply *out_reply)
{
    begin(call, status, out_reply);
    out_reply->content = content;
    out_reply->content_type = content_type;
    if (content_type == script_type) {
        add_field(call, SLICE("\r\nX-Content-Type-Options: nosniff"));
    }
    finish(call, out_reply);
}

void api_reply_make_large(struct api_call *call, uint16_t status, struct slice object,
                          struct reply *out_reply)
{
    const bool is_wrapped = call->callback_length > 0;
    const size_t around = is_wrapped ? call->callback_length + sizeof "(,\"code\":000});" : 0;
    struct content *content;
    char *end;

    if (call->is_image) {
        api_reply_make(call, status, SLICE("{}"), out_reply);
        return;
    }
    content = malloc(sizeof *content + object.length + around);
    if (content == NULL) {
        api_reply_make_error(call, 503, "There is no memory for this answer.", out_reply);
        return;
    }
    end = content->bytes;
    if (is_wrapped) {
        end = mempcpy(end, call->callback, call->callback_length);
        *end++ = '(';
        object.length--;
    }
    end = mempcpy(end, object.bytes, object.length);
    if (is_wrapped) {
        end = mempcpy(end, ",\"code\":", 8);
        end += decimal_write(end, status);
        end = mempcpy(end, "});", 3);
    }
    content->length = (size_t)(end - content->bytes);
    api_reply_make_content(call, is_wrapped ? 200 : status, is_wrapped ? script_type : NULL,
                           content, out_reply);
}
