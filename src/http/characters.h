/*
 * characters.h - which bytes may stand where in an HTTP/1.x message.
 *
 * One table of bits, asked byte by byte, and one search that takes eight bytes at a time. Both
 * are constant data and pure functions: any thread may use them.
 */
#ifndef FOOTFALL_HTTP_CHARACTERS_H
#define FOOTFALL_HTTP_CHARACTERS_H

#include "base/slice.h"

#include <stdint.h>

enum character_kind {
    CHARACTER_TOKEN = 1,    /* tchar, RFC 9110 5.6.2: methods, field names, list members */
    CHARACTER_TARGET = 2,   /* of a request target: RFC 3986, and what browsers leave as it is */
    CHARACTER_HOST = 4,     /* of a registered name, RFC 3986 3.2.2, without "%" */
    CHARACTER_DIGIT = 8,    /* 0 to 9 */
    CHARACTER_HEX = 16,     /* 0 to 9, a to f, A to F */
    CHARACTER_CONTROL = 32, /* 0 to 31 but for the tab, and DEL: nowhere inside a line */
};

extern const uint8_t character_kinds[256];

/* Whether `byte` is of any of `kinds`, one or several of enum character_kind. */
static inline bool character_is(char byte, unsigned kinds)
{
    return (character_kinds[(unsigned char)byte] & kinds) != 0;
}

/* A space or a tab: OWS of RFC 9110 5.6.3. */
static inline bool character_is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* How many of the first bytes are of `kinds`. */
static inline size_t characters_count(struct slice bytes, unsigned kinds)
{
    size_t count = 0;

    while (count < bytes.length && character_is(bytes.bytes[count], kinds)) {
        count++;
    }
    return count;
}

/* How many bytes stand before the first CHARACTER_CONTROL; all of them when there is none. */
size_t characters_before_control(struct slice bytes);

#endif
