/*
 * fuzz_request.c - a stream of requests, read whole and read in pieces, must say the same.
 *
 * The input is the stream, as a client would send it, so its corpus can be read and written by
 * hand; its last two bytes say as well where it is cut. Every piece is given in memory of its
 * own size, so that a sanitizer sees each byte too far and each address kept too long.
 */
#include "fuzz.h"

#include "http/body_parser.h"

#include <assert.h>
#include <stdlib.h>

/* Those of the contract, and small ones that random inputs come up against. */
static const struct request_limits limits_tried[] = {
    {
        .request_line_bytes_max = 8192,
        .field_line_bytes_max = 8192,
        .head_bytes_max = 32768,
        .fields_max = 100,
        .empty_lines_max = 2,
        .body_bytes_max = 65536,
        .chunk_line_bytes_max = 256,
    },
    {
        .request_line_bytes_max = 40,
        .field_line_bytes_max = 30,
        .head_bytes_max = 90,
        .fields_max = 4,
        .empty_lines_max = 1,
        .body_bytes_max = 16,
        .chunk_line_bytes_max = 8,
    },
};

enum { BYTE_BY_BYTE_MAX = 300 }; /* longer inputs would only be slow that way */

/* A stream on its way, and what was read in it. */
struct stream {
    const struct request_limits *limits;
    struct slice bytes;
    size_t position;  /* of the first byte that belongs to no finished part */
    size_t available; /* how many bytes have come */
    size_t step;      /* how many more come at a time */
    uint64_t digest;  /* of all requests */
    uint32_t requests_count;
    enum parse_result result; /* of the last part */
    enum parse_fault fault;
};

/* Lets more bytes come. False: all are there. */
static bool stream_receive(struct stream *stream)
{
    const size_t left = stream->bytes.length - stream->available;

    stream->available += left < stream->step ? left : stream->step;
    return left > 0;
}

/* A copy of what has come of the part that begins at `position`; the caller frees it. */
static struct slice stream_copy(const struct stream *stream)
{
    const size_t length = stream->available - stream->position;
    char *copy = malloc(length > 0 ? length : 1);

    if (copy == NULL) {
        abort();
    }
    if (length > 0) {
        memcpy(copy, stream->bytes.bytes + stream->position, length);
    }
    return (struct slice){copy, length};
}

static void digest_number(struct stream *stream, uint64_t number)
{
    stream->digest = (stream->digest ^ number) * 0x100000001b3; /* FNV-1a, by words */
}

static void digest_slice(struct stream *stream, struct slice slice)
{
    digest_number(stream, slice.length);
    for (size_t i = 0; i < slice.length; i++) {
        digest_number(stream, (unsigned char)slice.bytes[i]);
    }
}

static void digest_request(struct stream *stream, const struct request_parser *parser,
                           const struct request *request, struct slice bytes)
{
    const uint64_t flags = (uint64_t)request->keep_alive |
                           (uint64_t)request->expects_continue << 1 |
                           (uint64_t)request->expects_other << 2;

    assert(request->head_bytes <= bytes.length && request->method_name.length > 0);
    assert((request->path.length == 0) == (request->form == TARGET_AUTHORITY));
    assert(request->host.bytes != NULL || request->minor_version == 0);
    assert(request->framing != BODY_LENGTH ||
           request->content_length <= stream->limits->body_bytes_max);
    digest_number(stream, request->method);
    digest_number(stream, request->form);
    digest_number(stream, request->framing);
    digest_number(stream, request->minor_version);
    digest_number(stream, flags);
    digest_number(stream, request->content_length);
    digest_number(stream, request->head_bytes);
    digest_slice(stream, request->method_name);
    digest_slice(stream, request->target);
    digest_slice(stream, request->path);
    digest_slice(stream, request->query);
    digest_slice(stream, request->host);
    for (uint32_t i = 0; i < request->fields_count; i++) {
        const struct field field = request_parser_field(parser, bytes, i);

        digest_slice(stream, field.name);
        digest_slice(stream, field.value);
    }
}

static void head_read(struct stream *stream, struct request *out_request)
{
    struct request_parser parser;
    struct slice copy;

    request_parser_init(&parser);
    for (;;) {
        copy = stream_copy(stream);
        stream->result =
            request_parser_read(&parser, stream->limits, copy, out_request, &stream->fault);
        if (stream->result != PARSE_MORE || !stream_receive(stream)) {
            break;
        }
        free((void *)copy.bytes);
    }
    if (stream->result == PARSE_DONE) {
        digest_request(stream, &parser, out_request, copy);
        stream->position += out_request->head_bytes;
    }
    free((void *)copy.bytes);
}

static void body_read(struct stream *stream, const struct request *request)
{
    struct body_parser parser;

    body_parser_init(&parser, request);
    do {
        const struct slice copy = stream_copy(stream);
        size_t consumed = SIZE_MAX;

        stream->result = body_parser_read(&parser, stream->limits, copy, &consumed, &stream->fault);
        assert(consumed <= copy.length);
        assert(stream->result != PARSE_MORE || consumed == copy.length);
        stream->position += consumed;
        free((void *)copy.bytes);
    } while (stream->result == PARSE_MORE && stream_receive(stream));
}

/* Reads requests until one is not whole or wrong. First come `cut` bytes, then `step` a time. */
static struct stream stream_read(const struct request_limits *limits, struct slice bytes,
                                 size_t cut, size_t step)
{
    struct stream stream = {.limits = limits, .bytes = bytes, .available = cut, .step = step};

    do {
        struct request request;

        head_read(&stream, &request);
        if (stream.result == PARSE_DONE) {
            body_read(&stream, &request);
        }
        stream.requests_count += stream.result == PARSE_DONE;
    } while (stream.result == PARSE_DONE);
    return stream;
}

static void assert_same(struct stream whole, struct stream pieces)
{
    assert(whole.result == pieces.result);
    assert(whole.fault == pieces.fault);
    assert(whole.position == pieces.position);
    assert(whole.requests_count == pieces.requests_count);
    assert(whole.digest == pieces.digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice bytes = {(const char *)data, size};
    const size_t cut = size < 2 ? 0 : (data[size - 1] | (size_t)data[size - 2] << 8) % (size + 1);

    for (size_t i = 0; i < sizeof limits_tried / sizeof *limits_tried; i++) {
        const struct stream whole = stream_read(&limits_tried[i], bytes, size, size);

        assert_same(whole, stream_read(&limits_tried[i], bytes, cut, size));
        if (size <= BYTE_BY_BYTE_MAX) {
            assert_same(whole, stream_read(&limits_tried[i], bytes, 0, 1));
        }
    }
    return 0;
}
