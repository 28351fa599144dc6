/*
 * fuzz_resp.c - a stream of replies means the same however it is cut.
 *
 * The first byte of the input is the length of the pieces (0: 256), the rest is what the server
 * sends. It is read whole and in pieces; replies, fault and place of the fault must be the same.
 */
#include "fuzz.h"

#include "store/resp_reader.h"

#include <stdlib.h>

enum {
    REPLY_BYTES_MAX = 2048,
    DEPTH_MAX = 3,
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What is left of a reply when its text is gone with the next call. */
struct digest {
    enum resp_result result;
    enum resp_type type;
    int64_t integer;
    size_t text_length;
    uint64_t text_hash;
    bool text_is_cut;
    size_t taken; /* of the stream, so far */
};

static struct digest digest_of(enum resp_result result, const struct resp_reply *reply,
                               size_t taken)
{
    struct digest digest = {.result = result, .taken = taken};

    if (result == RESP_DONE) {
        digest.type = reply->type;
        digest.integer = reply->integer;
        digest.text_length = reply->text.length;
        digest.text_is_cut = reply->text_is_cut;
        for (size_t i = 0; i < reply->text.length; i++) {
            digest.text_hash = digest.text_hash * 31 + (unsigned char)reply->text.bytes[i];
        }
    }
    return digest;
}

/* Reads on to the next reply, fault or end of the stream in pieces of `piece_length`, each in
 * memory of its own size, so that a sanitizer sees a byte too far. */
static struct digest read_next(struct resp_reader *reader, struct slice stream, size_t taken,
                               size_t piece_length)
{
    enum resp_result result = RESP_MORE;
    struct resp_reply reply = {0};

    while (result == RESP_MORE && taken < stream.length) {
        size_t left = stream.length - taken;
        size_t length = left < piece_length ? left : piece_length;
        char *bytes = malloc(length);
        struct slice piece = {bytes, length};

        check(bytes != NULL);
        memcpy(bytes, stream.bytes + taken, length);
        result = resp_reader_read(reader, &piece, &reply);
        taken += length - piece.length;
        free(bytes);
    }
    return digest_of(result, &reply, taken);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resp_reader whole;
    struct resp_reader pieces;
    struct slice stream;
    size_t piece_length;
    struct digest one = {.result = RESP_DONE};

    if (size == 0) {
        return 0;
    }
    piece_length = data[0] == 0 ? 256 : data[0];
    stream = (struct slice){(const char *)data + 1, size - 1};
    resp_reader_init(&whole, REPLY_BYTES_MAX, DEPTH_MAX);
    resp_reader_init(&pieces, REPLY_BYTES_MAX, DEPTH_MAX);
    while (one.result == RESP_DONE) {
        const size_t begin = one.taken;
        struct digest other;

        one = read_next(&whole, stream, begin, SIZE_MAX);
        other = read_next(&pieces, stream, begin, piece_length);
        check(one.result == other.result && one.type == other.type &&
              one.integer == other.integer && one.text_length == other.text_length &&
              one.text_hash == other.text_hash && one.text_is_cut == other.text_is_cut &&
              one.taken == other.taken);
        check(resp_reader_fault(&whole) == resp_reader_fault(&pieces));
        check((one.result == RESP_BAD) == (resp_reader_fault(&whole) != RESP_FAULT_NONE));
        check(one.result != RESP_DONE || one.taken > begin);
        check(one.result != RESP_MORE || one.taken == stream.length);
        /* Only a bulk string that is the whole reply may be longer, and is cut. */
        check(one.result == RESP_BAD || one.taken - begin <= REPLY_BYTES_MAX ||
              (stream.bytes[begin] == '$' && (one.result == RESP_MORE || one.text_is_cut)));
    }
    return 0;
}
