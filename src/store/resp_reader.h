/*
 * resp_reader.h - replies of a Redis server, read as their bytes come (RESP2).
 *
 * Pure and incremental: it is fed bytes in any pieces, knows no socket and allocates nothing.
 * Of a reply it keeps the first RESP_TEXT_BYTES_MAX bytes of text, of an array its strings, with a
 * LF behind each; one for which there is no room is an empty line. What a server may make us read
 * is bounded by the limits given at resp_reader_init(). The syntax:
 * https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef FOOTFALL_STORE_RESP_READER_H
#define FOOTFALL_STORE_RESP_READER_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RESP_TEXT_BYTES_MAX = 64 << 10, /* a page of names (redis_directory_walk.c) is the longest */
    RESP_DEPTH_MAX = 8,
    RESP_BULK_BYTES_MAX = 512 << 20, /* Redis' own bound, proto-max-bulk-len as it comes */
};

enum resp_type {
    RESP_SIMPLE,  /* +OK */
    RESP_ERROR,   /* -ERR ... */
    RESP_INTEGER, /* :42 */
    RESP_BULK,    /* $2 */
    RESP_NULL,    /* $-1 or *-1 */
    RESP_ARRAY,   /* *2 */
};

enum resp_result {
    RESP_MORE, /* all bytes were taken, the reply is not whole yet */
    RESP_DONE, /* a whole reply */
    RESP_BAD,  /* no RESP, or beyond a limit: there is nothing left to read for */
};

enum resp_fault {
    RESP_FAULT_NONE,
    RESP_FAULT_TYPE,      /* the first byte names no type of RESP2 */
    RESP_FAULT_LINE_END,  /* CR without LF, LF without CR, or neither after a bulk string */
    RESP_FAULT_INTEGER,   /* no signed decimal of 64 bits */
    RESP_FAULT_LENGTH,    /* a length that is neither a decimal nor -1 */
    RESP_FAULT_TOO_LARGE, /* more bytes than may be, read or announced */
    RESP_FAULT_TOO_DEEP,  /* more arrays in each other than depth_max */
};

struct resp_reply {
    enum resp_type type;
    int64_t integer; /* of an integer its value, of an array or bulk string its length, else 0 */
    struct slice
        text; /* of a string, an error, or an array's strings: RESP_TEXT_BYTES_MAX at most */
    bool text_is_cut; /* there was more text, or a string is left out */
};

/* Insides; others read none of it. */
struct resp_reader {
    uint64_t reply_bytes_max;
    uint64_t bytes_left; /* what the reply being read may still take */
    uint64_t magnitude;  /* of the number being read, then what is left of a bulk string */
    uint64_t elements_left[RESP_DEPTH_MAX];
    int64_t integer;
    size_t text_length;
    uint32_t depth_max;
    uint32_t depth;
    uint8_t state;      /* enum resp_state, resp_reader.c */
    uint8_t value_type; /* enum resp_type: the value being read, an array's element too */
    uint8_t reply_type; /* enum resp_type: the reply itself */
    uint8_t fault;      /* enum resp_fault */
    bool is_negative;
    bool has_digits;
    bool text_is_cut;
    bool is_left_out; /* the element being read */
    char text[RESP_TEXT_BYTES_MAX];
};

/* Makes a reader at the start of a reply. Replies may take `reply_bytes_max` bytes, all of their
 * markup counted, and hold `depth_max` (0..RESP_DEPTH_MAX) arrays in each other. A bulk
 * string may be larger, up to RESP_BULK_BYTES_MAX: somebody else has written what we asked for. It
 * is read to its end, and the reply's text is cut. */
void resp_reader_init(struct resp_reader *reader, uint64_t reply_bytes_max, uint32_t depth_max);

/* Takes bytes off the front of *input up to the end of the reply. On RESP_DONE *out_reply is
 * filled in, its text borrowed from the reader until the next call, and the next call reads the
 * next reply; otherwise *out_reply is untouched. After RESP_BAD every call answers RESP_BAD. */
enum resp_result resp_reader_read(struct resp_reader *reader, struct slice *input,
                                  struct resp_reply *out_reply);

/* Why RESP_BAD was answered, RESP_FAULT_NONE before. */
enum resp_fault resp_reader_fault(const struct resp_reader *reader);

/* The fault in a few words. */
const char *resp_fault_text(enum resp_fault fault);

#endif
