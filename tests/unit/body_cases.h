/*
 * body_cases.h - bodies behind a head of two fields, and what is wrong with them.
 *
 * Every case is meant for body_case_limits, small ones again, so that limits are cases like any
 * other. The two fields count together with the trailers.
 */
#ifndef FOOTFALL_TEST_BODY_CASES_H
#define FOOTFALL_TEST_BODY_CASES_H

#include "http/body_parser.h"

static const struct request_limits body_case_limits = {
    .request_line_bytes_max = 64,
    .field_line_bytes_max = 16,
    .head_bytes_max = 38,
    .fields_max = 5,
    .empty_lines_max = 2,
    .body_bytes_max = 20,
    .chunk_line_bytes_max = 24,
};

struct body_case {
    struct slice bytes;
    enum parse_fault fault; /* FAULT_NONE for one that is accepted */
};

#define WHOLE(literal)                                                                             \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, FAULT_NONE                                                 \
    }
#define BROKEN(literal, fault)                                                                     \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, fault                                                      \
    }
#define CHUNK_LINE(literal) WHOLE("1" literal "\r\nx\r\n0\r\n\r\n")
#define BAD_CHUNK_LINE(literal, fault) BROKEN("1" literal "\r\nx\r\n0\r\n\r\n", fault)
#define TRAILERS(literal) WHOLE("0\r\n" literal "\r\n")
#define BAD_TRAILERS(literal, fault) BROKEN("0\r\n" literal "\r\n", fault)

static const struct body_case chunked_cases[] = {
    /* sizes */
    WHOLE("0\r\n\r\n"),
    WHOLE("0000\r\n\r\n"),
    WHOLE("5\r\nhello\r\n0\r\n\r\n"),
    WHOLE("00005\r\nhello\r\n3\r\n\r\n0\r\n0\r\n\r\n"),
    WHOLE("a\r\n0123456789\r\n0\r\n\r\n"),
    WHOLE("A\r\n\0\r\n3456789\r\n0\r\n\r\n"),
    WHOLE("1\r\n\n\r\n1\r\n\r\r\n0\r\n\r\n"),
    BROKEN("\r\n\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("x\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("g\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("-1\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("+1\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("0x1\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1_0\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN(" 1\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1 \r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1 1\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1.0\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1\xb9\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN(";a=b\r\n", FAULT_CHUNK_SIZE_MALFORMED),
    BROKEN("1\n", FAULT_BARE_LF),
    BROKEN("1\rx\r\n", FAULT_BARE_CR),
    BROKEN("1\r\r\n", FAULT_BARE_CR),
    BROKEN("1\r\0", FAULT_BARE_CR),
    BROKEN("1\0\r\n", FAULT_CONTROL_CHARACTER),

    /* the end of the data */
    BROKEN("1\r\nxy\r\n", FAULT_CHUNK_END_MISSING),
    BROKEN("1\r\nx\n0\r\n\r\n", FAULT_CHUNK_END_MISSING),
    BROKEN("1\r\nx\r0\r\n\r\n", FAULT_CHUNK_END_MISSING),
    BROKEN("1\r\nx0\r\n\r\n", FAULT_CHUNK_END_MISSING),
    BROKEN("1\r\nx\0", FAULT_CHUNK_END_MISSING),
    BROKEN("1\r\nx\r\n\r\n", FAULT_CHUNK_SIZE_MALFORMED),

    /* extensions */
    CHUNK_LINE(";a"),
    CHUNK_LINE(";a;b"),
    CHUNK_LINE(";a=b"),
    CHUNK_LINE(";a=b;c=d;e"),
    CHUNK_LINE(" \t; a\t=\t b ; c"),
    CHUNK_LINE(";!#$%&'*+-.^_`|~=!#|~"),
    CHUNK_LINE(";f=f"),
    CHUNK_LINE(";a  ;b \t=zff  ;c"),
    CHUNK_LINE(";a=\"xy zf\""),
    CHUNK_LINE(";a=\"\""),
    CHUNK_LINE(";a=\" \t;=,:(\xff\";b"),
    CHUNK_LINE(";a=\"\\\"\\\\\\b\\ \\\t\""),
    CHUNK_LINE(";a=\"\\;\\=\\:\\-\\\xff\" ;b"),
    WHOLE("0;a=\"b\"\r\n\r\n"),
    BAD_CHUNK_LINE(";", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE("; ", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";;a", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a;", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a ", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a b", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";=b", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a==b", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=b ", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=b c", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=b=c", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=b\"c\"", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\"b\"c", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\"b\" ", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\"b", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\"b\\", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=(b)", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a,b", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";\xe9", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\xe9", FAULT_CHUNK_EXTENSION_MALFORMED),
    BAD_CHUNK_LINE(";a=\"\x7f\"", FAULT_CONTROL_CHARACTER),
    BAD_CHUNK_LINE(";a=\"\n\"", FAULT_BARE_LF),
    BAD_CHUNK_LINE(";a=b\nc", FAULT_BARE_LF),
    BAD_CHUNK_LINE(";a=b\rc", FAULT_BARE_CR),
    BAD_CHUNK_LINE(";a\rb", FAULT_BARE_CR),

    /* trailers: read, checked, forgotten */
    TRAILERS("A: b\r\n"),
    TRAILERS("a:\r\nb:\t\"c\"\xff \r\n"),
    TRAILERS("!#$%&'*+-.^_`|~:\r\n"),
    TRAILERS("a::;=\"\\\r\n"),
    TRAILERS("Host: b\r\n"),
    TRAILERS("cONTENT-length:5\r\n"),
    BAD_TRAILERS("A : b\r\n", FAULT_SPACE_BEFORE_COLON),
    BAD_TRAILERS("A\r\n", FAULT_COLON_MISSING),
    BAD_TRAILERS(": b\r\n", FAULT_NAME_EMPTY),
    BAD_TRAILERS(" A: b\r\n", FAULT_FOLDED_LINE),
    BAD_TRAILERS("A: b\r\n\tc\r\n", FAULT_FOLDED_LINE),
    BAD_TRAILERS("A(: b\r\n", FAULT_NAME_MALFORMED),
    BAD_TRAILERS("(A: b\r\n", FAULT_NAME_MALFORMED),
    BAD_TRAILERS("A\xe9: b\r\n", FAULT_NAME_MALFORMED),
    BAD_TRAILERS("A\0: b\r\n", FAULT_CONTROL_CHARACTER),
    BAD_TRAILERS("A: \0\r\n", FAULT_CONTROL_CHARACTER),
    BAD_TRAILERS("A: b\x7f\r\n", FAULT_CONTROL_CHARACTER),
    BAD_TRAILERS("A: b\n", FAULT_BARE_LF),
    BAD_TRAILERS("A\n", FAULT_BARE_LF),
    BAD_TRAILERS("\n", FAULT_BARE_LF),
    BAD_TRAILERS("A: b\rc: d\r\n", FAULT_BARE_CR),
    BAD_TRAILERS("\rA: b\r\n", FAULT_BARE_CR),
    BAD_TRAILERS("A: b\r\0", FAULT_BARE_CR),
    BAD_TRAILERS("\r\0", FAULT_BARE_CR),

    /* limits, and what comes first when several things are wrong */
    WHOLE("14\r\n01234567890123456789\r\n0\r\n\r\n"),
    WHOLE("5\r\n01234\r\nF\r\n012345678901234\r\n0\r\n\r\n"),
    BROKEN("15", FAULT_BODY_TOO_LARGE),
    BROKEN("14\r\n01234567890123456789\r\n1", FAULT_BODY_TOO_LARGE),
    BROKEN("5\r\n01234\r\n10", FAULT_BODY_TOO_LARGE),
    BROKEN("fffffffffffffffff", FAULT_BODY_TOO_LARGE),
    CHUNK_LINE(";01234567890123456789ab"),
    BAD_CHUNK_LINE(";01234567890123456789abc", FAULT_CHUNK_LINE_TOO_LONG),
    BAD_CHUNK_LINE(";01234567890123456789ab\t", FAULT_CHUNK_LINE_TOO_LONG),
    WHOLE("000000000000000000000001\r\nx\r\n000000000000000000000000\r\n\r\n"),
    BROKEN("0000000000000000000000001", FAULT_CHUNK_LINE_TOO_LONG),
    TRAILERS("A: 0123456789abc\r\n"),
    BAD_TRAILERS("A: 0123456789abcd", FAULT_FIELD_LINE_TOO_LONG),
    BAD_TRAILERS("A0123456789abcdef", FAULT_FIELD_LINE_TOO_LONG),
    TRAILERS("A: 0123456789abc\r\nB: 0123456789abc\r\n"),
    BAD_TRAILERS("A: 0123456789abc\r\nB: 0123456789abc\r\nc:d", FAULT_HEAD_TOO_LARGE),
    BAD_TRAILERS("A: 0123456789abc\r\nB: 0123456789abc\r\nc\0", FAULT_CONTROL_CHARACTER),
    BAD_TRAILERS("A: 0123456789abc\r\nB: 0123456789abc\r\nc:\0", FAULT_HEAD_TOO_LARGE),
    TRAILERS("a:\r\nb:\r\nc:\r\n"),
    BAD_TRAILERS("a:\r\nb:\r\nc:\r\nd", FAULT_FIELDS_TOO_MANY),
};

enum { CHUNKED_CASES_COUNT = sizeof chunked_cases / sizeof *chunked_cases };

#endif
