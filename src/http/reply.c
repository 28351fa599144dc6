/*
 * reply.c - status lines, fields and bodies put together by copying.
 */
#include "http/reply.h"

#include "base/decimal.h"

#include <assert.h>

enum { STATUSES_MAX = 600 };

/* Everything that footfall answers. */
static const char *const status_lines[STATUSES_MAX] = {
    [200] = "HTTP/1.1 200 OK\r\n",
    [201] = "HTTP/1.1 201 Created\r\n",
    [204] = "HTTP/1.1 204 No Content\r\n",
    [304] = "HTTP/1.1 304 Not Modified\r\n",
    [400] = "HTTP/1.1 400 Bad Request\r\n",
    [401] = "HTTP/1.1 401 Unauthorized\r\n",
    [403] = "HTTP/1.1 403 Forbidden\r\n",
    [404] = "HTTP/1.1 404 Not Found\r\n",
    [405] = "HTTP/1.1 405 Method Not Allowed\r\n",
    [408] = "HTTP/1.1 408 Request Timeout\r\n",
    [409] = "HTTP/1.1 409 Conflict\r\n",
    [413] = "HTTP/1.1 413 Content Too Large\r\n",
    [414] = "HTTP/1.1 414 URI Too Long\r\n",
    [417] = "HTTP/1.1 417 Expectation Failed\r\n",
    [429] = "HTTP/1.1 429 Too Many Requests\r\n",
    [431] = "HTTP/1.1 431 Request Header Fields Too Large\r\n",
    [501] = "HTTP/1.1 501 Not Implemented\r\n",
    [503] = "HTTP/1.1 503 Service Unavailable\r\n",
    [505] = "HTTP/1.1 505 HTTP Version Not Supported\r\n",
    [507] = "HTTP/1.1 507 Insufficient Storage\r\n",
};

/* Bytes being put together; the caller has made sure that they fit. */
struct writer {
    char *end;
};

static inline void write_slice(struct writer *writer, struct slice slice)
{
    memcpy(writer->end, slice.bytes, slice.length);
    writer->end += slice.length;
}

static inline void write_number(struct writer *writer, uint64_t number)
{
    writer->end += decimal_write(writer->end, number);
}

/* RFC 9110 8.6: no Content-Length with 204; and with 304 it would be that of the other answer. */
static bool has_content(uint16_t status)
{
    return status != 204 && status != 304;
}

bool reply_has_status(uint16_t status)
{
    return status < STATUSES_MAX && status_lines[status] != NULL;
}

void reply_set_error(struct reply *out_reply, uint16_t status, const char *sentence)
{
    struct writer writer = {out_reply->body};

    assert(strlen(sentence) + sizeof "{\"error\":\"\"}" <= REPLY_BODY_BYTES_MAX);
    write_slice(&writer, SLICE("{\"error\":\""));
    write_slice(&writer, slice_of(sentence));
    write_slice(&writer, SLICE("\"}"));
    out_reply->status = status;
    out_reply->retry_after_s = 0;
    out_reply->has_no_length = false;
    out_reply->allow = NULL;
    out_reply->content_type = NULL;
    out_reply->cache_control = NULL;
    out_reply->number = 0;
    out_reply->content = NULL;
    out_reply->fields = out_reply->text = (struct slice){NULL, 0};
    out_reply->body_length = (uint8_t)(writer.end - out_reply->body);
}

/* The head of any answer, up to its length, which only some have. */
static void write_head(struct writer *writer, uint16_t status, const char *content_type,
                       const char *cache_control, struct slice date)
{
    write_slice(writer, slice_of(status_lines[status]));
    write_slice(writer, SLICE("Date: "));
    write_slice(writer, date);
    if (has_content(status)) {
        write_slice(writer, SLICE("\r\nContent-Type: "));
        write_slice(writer, slice_of(content_type != NULL ? content_type : "application/json"));
    }
    write_slice(writer, SLICE("\r\nCache-Control: "));
    write_slice(writer, slice_of(cache_control != NULL ? cache_control : "no-store"));
}

void reply_head_prepare(struct reply_head *out_head, struct slice date)
{
    struct writer writer = {out_head->bytes};

    write_head(&writer, 200, NULL, NULL, date);
    write_slice(&writer, SLICE("\r\nContent-Length: "));
    out_head->length = (uint16_t)(writer.end - out_head->bytes);
    assert(out_head->length <= REPLY_HEAD_BYTES_MAX);
}

static size_t length_of(const struct reply *reply)
{
    return reply->content != NULL      ? reply->content->length
           : reply->text.bytes != NULL ? reply->text.length
                                       : reply->body_length;
}

size_t reply_write(char *out_bytes, const struct reply *reply, const struct reply_manner *manner)
{
    struct writer writer = {out_bytes};

    assert(reply_has_status(reply->status));
    if (reply->status == 200 && !reply->has_no_length && reply->content_type == NULL &&
        reply->cache_control == NULL) {
        write_slice(&writer, (struct slice){manner->prepared->bytes, manner->prepared->length});
        write_number(&writer, length_of(reply));
    } else {
        write_head(&writer, reply->status, reply->content_type, reply->cache_control, manner->date);
        if (has_content(reply->status) && !reply->has_no_length) {
            write_slice(&writer, SLICE("\r\nContent-Length: "));
            write_number(&writer, length_of(reply));
        }
    }
    if (reply->allow != NULL) {
        write_slice(&writer, SLICE("\r\nAllow: "));
        write_slice(&writer, slice_of(reply->allow));
    }
    if (reply->retry_after_s > 0) {
        write_slice(&writer, SLICE("\r\nRetry-After: "));
        write_number(&writer, reply->retry_after_s);
    }
    if (reply->fields.length > 0) {
        write_slice(&writer, reply->fields);
    }
    if (manner->closes) {
        write_slice(&writer, SLICE("\r\nConnection: close"));
    } else if (manner->says_keep_alive) {
        write_slice(&writer, SLICE("\r\nConnection: keep-alive"));
    }
    write_slice(&writer, SLICE("\r\n\r\n"));
    if (has_content(reply->status) && !manner->is_head && reply->content == NULL) {
        write_slice(&writer, reply->text.bytes != NULL
                                 ? reply->text
                                 : (struct slice){reply->body, reply->body_length});
    }
    assert((size_t)(writer.end - out_bytes) <= REPLY_BYTES_MAX);
    return (size_t)(writer.end - out_bytes);
}

size_t reply_write_continue(char *out_bytes)
{
    struct slice interim = SLICE("HTTP/1.1 100 Continue\r\n\r\n");

    memcpy(out_bytes, interim.bytes, interim.length);
    return interim.length;
}
