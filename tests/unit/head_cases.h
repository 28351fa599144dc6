/*
 * head_cases.h - heads of requests, with what is to be read in them or wrong with them.
 *
 * Every case is meant for head_case_limits, which are small, so that limits are cases like any
 * other. What stands behind a head belongs to the next request and must not matter.
 */
#ifndef FOOTFALL_TEST_HEAD_CASES_H
#define FOOTFALL_TEST_HEAD_CASES_H

#include "http/request_parser.h"

static const struct request_limits head_case_limits = {
    .request_line_bytes_max = 64,
    .field_line_bytes_max = 60,
    .head_bytes_max = 160,
    .fields_max = 4,
    .empty_lines_max = 2,
    .body_bytes_max = 1000,
    .chunk_line_bytes_max = 16,
};

struct head_case {
    struct slice bytes;
    enum parse_fault fault;  /* FAULT_NONE for one that is accepted */
    const char *description; /* of one that is accepted, as head_describe() writes it */
};

#define ACCEPTED(literal, text)                                                                    \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, FAULT_NONE, text                                           \
    }
#define REFUSED(literal, fault)                                                                    \
    {                                                                                              \
        {literal, sizeof(literal) - 1}, fault, NULL                                                \
    }
/* With a request line or fields that are good, so that nothing else is wrong. */
#define LINE(literal, text) ACCEPTED(literal "\r\nHost: a\r\n\r\n", text)
#define BAD_LINE(literal, fault) REFUSED(literal "\r\nHost: a\r\n\r\n", fault)
#define FIELDS(literal, text) ACCEPTED("POST / HTTP/1.1\r\nHost: a\r\n" literal "\r\n", text)
#define BAD_FIELDS(literal, fault) REFUSED("POST / HTTP/1.1\r\nHost: a\r\n" literal "\r\n", fault)
#define HOST(literal)                                                                              \
    ACCEPTED("GET / HTTP/1.1\r\nHost: " literal "\r\n\r\n",                                        \
             "GET origin / 1.1 host=" literal " keep")
#define BAD_HOST(literal, fault) REFUSED("GET / HTTP/1.1\r\nHost: " literal "\r\n\r\n", fault)
#define DIGITS_40 "0123456789012345678901234567890123456789"
#define HEAD_OF_151 "GET / HTTP/1.0\r\nX: " DIGITS_40 "\r\nY: " DIGITS_40 "\r\nZ: " DIGITS_40 "\r\n"

static const struct head_case head_cases[] = {
    /* methods */
    LINE("GET / HTTP/1.1", "GET origin / 1.1 host=a keep"),
    LINE("HEAD / HTTP/1.1", "HEAD origin / 1.1 host=a keep"),
    LINE("POST / HTTP/1.1", "POST origin / 1.1 host=a keep"),
    LINE("OPTIONS / HTTP/1.1", "OPTIONS origin / 1.1 host=a keep"),
    LINE("get / HTTP/1.1", "OTHER(get) origin / 1.1 host=a keep"),
    LINE("PUTT / HTTP/1.1", "OTHER(PUTT) origin / 1.1 host=a keep"),
    LINE("PROPFIN / HTTP/1.1", "OTHER(PROPFIN) origin / 1.1 host=a keep"),
    LINE("!#$%&'*+-.^_`|~09aZ / HTTP/1.1", "OTHER(!#$%&'*+-.^_`|~09aZ) origin / 1.1 host=a keep"),
    BAD_LINE(" GET / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("\tGET / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("GET\t/ HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("GE(T / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("GET/ / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("\"GET\" / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("G\xc9T / HTTP/1.1", FAULT_METHOD_MALFORMED),
    BAD_LINE("/", FAULT_METHOD_MALFORMED),
    BAD_LINE("G\0T / HTTP/1.1", FAULT_CONTROL_CHARACTER),
    REFUSED("\x16\x03\x01\x02", FAULT_CONTROL_CHARACTER), /* the begin of a TLS handshake */

    /* the parts of the line */
    BAD_LINE("GET", FAULT_TARGET_MISSING),
    BAD_LINE("GET ", FAULT_TARGET_MISSING),
    BAD_LINE("GET  / HTTP/1.1", FAULT_TARGET_MISSING),
    BAD_LINE("GET /", FAULT_VERSION_MISSING),
    BAD_LINE("GET HTTP/1.1", FAULT_VERSION_MISSING),
    BAD_LINE("GET / ", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET /  HTTP/1.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1.1 ", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1.1\t", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET /a b HTTP/1.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET /\tHTTP/1.1", FAULT_TARGET_CHARACTER),

    /* versions */
    ACCEPTED("GET / HTTP/1.0\r\n\r\n", "GET origin / 1.0 close"),
    LINE("GET / HTTP/1.0", "GET origin / 1.0 host=a close"),
    LINE("GET / HTTP/1.2", "GET origin / 1.1 host=a keep"),
    LINE("GET / HTTP/1.9", "GET origin / 1.1 host=a keep"),
    BAD_LINE("GET / HTTP/0.9", FAULT_VERSION_UNSUPPORTED),
    BAD_LINE("GET / HTTP/2.0", FAULT_VERSION_UNSUPPORTED),
    BAD_LINE("GET / HTTP/9.9", FAULT_VERSION_UNSUPPORTED),
    REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", FAULT_VERSION_UNSUPPORTED),
    BAD_LINE("GET / http/1.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/11", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1.", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1.x", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/x.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1,1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/1.10", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTP/01.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / HTTPS/1.1", FAULT_VERSION_MALFORMED),
    BAD_LINE("GET / ICY/1.1", FAULT_VERSION_MALFORMED),

    /* origin-form */
    LINE("GET /blog/2024 HTTP/1.1", "GET origin /blog/2024 1.1 host=a keep"),
    LINE("GET /a?b=c&d HTTP/1.1", "GET origin /a ?b=c&d 1.1 host=a keep"),
    LINE("GET /? HTTP/1.1", "GET origin / 1.1 host=a keep"),
    LINE("GET /?a?b/c HTTP/1.1", "GET origin / ?a?b/c 1.1 host=a keep"),
    LINE("GET //x/../y HTTP/1.1", "GET origin //x/../y 1.1 host=a keep"),
    LINE("GET /%zz%0a HTTP/1.1", "GET origin /%zz%0a 1.1 host=a keep"),
    LINE("GET /-._~!$&'()*+,;=:@ HTTP/1.1", "GET origin /-._~!$&'()*+,;=:@ 1.1 host=a keep"),
    BAD_LINE("GET /a#b HTTP/1.1", FAULT_TARGET_FRAGMENT),
    BAD_LINE("GET /\"a\" HTTP/1.1", FAULT_TARGET_CHARACTER),
    BAD_LINE("GET /<a> HTTP/1.1", FAULT_TARGET_CHARACTER),
    LINE("GET /\\^`{a} HTTP/1.1", "GET origin /\\^`{a} 1.1 host=a keep"),
    LINE("GET /?a|b HTTP/1.1", "GET origin / ?a|b 1.1 host=a keep"),
    LINE("GET /?a[]=b HTTP/1.1", "GET origin / ?a[]=b 1.1 host=a keep"),
    BAD_LINE("GET /\xc3\xa9 HTTP/1.1", FAULT_TARGET_CHARACTER),
    BAD_LINE("GET /\x7f HTTP/1.1", FAULT_CONTROL_CHARACTER),
    BAD_LINE("GET /\f HTTP/1.1", FAULT_CONTROL_CHARACTER),

    /* absolute-form */
    LINE("GET http://b/c?d HTTP/1.1", "GET absolute /c ?d 1.1 host=a keep"),
    LINE("GET HTTPS://b:443/c HTTP/1.1", "GET absolute /c 1.1 host=a keep"),
    LINE("GET http://b HTTP/1.1", "GET absolute / 1.1 host=a keep"),
    LINE("GET http://b?c HTTP/1.1", "GET absolute / ?c 1.1 host=a keep"),
    LINE("GET http://b:80?c HTTP/1.1", "GET absolute / ?c 1.1 host=a keep"),
    LINE("GET http://[2001:db8::1]:80/ HTTP/1.1", "GET absolute / 1.1 host=a keep"),
    LINE("OPTIONS http://b?c HTTP/1.1", "OPTIONS absolute / ?c 1.1 host=a keep"),
    BAD_LINE("GET http:///c HTTP/1.1", FAULT_TARGET_AUTHORITY),
    BAD_LINE("GET http://:80/c HTTP/1.1", FAULT_TARGET_AUTHORITY),
    BAD_LINE("GET http:// HTTP/1.1", FAULT_TARGET_AUTHORITY),
    BAD_LINE("GET http://b:x/ HTTP/1.1", FAULT_TARGET_AUTHORITY),
    BAD_LINE("GET http://[::1/ HTTP/1.1", FAULT_TARGET_AUTHORITY),
    BAD_LINE("GET http://u:p@b/ HTTP/1.1", FAULT_TARGET_USERINFO),
    BAD_LINE("GET http://@b/ HTTP/1.1", FAULT_TARGET_USERINFO),
    LINE("GET http://b/[c] HTTP/1.1", "GET absolute /[c] 1.1 host=a keep"),
    BAD_LINE("GET http://b/c#d HTTP/1.1", FAULT_TARGET_FRAGMENT),
    BAD_LINE("GET http:/b HTTP/1.1", FAULT_TARGET_FORM),
    BAD_LINE("GET ftp://b/ HTTP/1.1", FAULT_TARGET_FORM),
    BAD_LINE("GET b/c HTTP/1.1", FAULT_TARGET_FORM),
    BAD_LINE("GET ?c HTTP/1.1", FAULT_TARGET_FORM),
    BAD_LINE("GET b:80 HTTP/1.1", FAULT_TARGET_FORM),

    /* asterisk-form and authority-form */
    LINE("OPTIONS * HTTP/1.1", "OPTIONS asterisk * 1.1 host=a keep"),
    LINE("OPTIONS http://b HTTP/1.1", "OPTIONS asterisk * 1.1 host=a keep"),
    LINE("CONNECT b:443 HTTP/1.1", "OTHER(CONNECT) authority  1.1 host=a keep"),
    LINE("CONNECT [::1]:1 HTTP/1.1", "OTHER(CONNECT) authority  1.1 host=a keep"),
    BAD_LINE("GET * HTTP/1.1", FAULT_TARGET_ASTERISK),
    BAD_LINE("options * HTTP/1.1", FAULT_TARGET_ASTERISK),
    BAD_LINE("OPTIONS *? HTTP/1.1", FAULT_TARGET_FORM),
    BAD_LINE("CONNECT / HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT b HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT b: HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT :443 HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT b:0 HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT b:65536 HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT b:443/ HTTP/1.1", FAULT_TARGET_CONNECT),
    BAD_LINE("CONNECT http://b:443/ HTTP/1.1", FAULT_TARGET_CONNECT),

    /* ends of lines */
    ACCEPTED("\r\nGET / HTTP/1.0\r\n\r\n", "GET origin / 1.0 close"),
    ACCEPTED("\r\n\r\nGET / HTTP/1.0\r\n\r\n", "GET origin / 1.0 close"),
    REFUSED("\r\n\r\n\r\nGET / HTTP/1.0\r\n\r\n", FAULT_EMPTY_LINES),
    REFUSED("\nGET / HTTP/1.0\r\n\r\n", FAULT_BARE_LF),
    REFUSED("\r\rGET / HTTP/1.0\r\n\r\n", FAULT_BARE_CR),
    REFUSED("GET / HTTP/1.0\n\r\n", FAULT_BARE_LF),
    REFUSED("GET / HTTP/1.0\rX: y\r\n\r\n", FAULT_BARE_CR),
    REFUSED("GET / HTTP/1.0\r\n\n", FAULT_BARE_LF),
    REFUSED("GET / HTTP/1.0\r\n\r\r\n", FAULT_BARE_CR),
    REFUSED("GET / HTTP/1.0\r\nX: y\nZ: z\r\n\r\n", FAULT_BARE_LF),
    REFUSED("GET / HTTP/1.0\r\nX: y\rZ: z\r\n\r\n", FAULT_BARE_CR),
    REFUSED("GET / HTTP/1.0\r\nX: y\r\n\rZ: z\r\n\r\n", FAULT_BARE_CR),

    /* field lines */
    FIELDS("X-Empty:\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("!#$%&'*+-.^_`|~09aZ:b\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("X:\t \"v\"\t\xff\x80 \t\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("X: a:b\r\n", "POST origin / 1.1 host=a keep"),
    REFUSED("GET / HTTP/1.1\r\n Host: a\r\n\r\n", FAULT_BLANK_BEFORE_FIELDS),
    BAD_FIELDS("X: y\r\n z\r\n", FAULT_FOLDED_LINE),
    BAD_FIELDS("\tX: y\r\n", FAULT_FOLDED_LINE),
    BAD_FIELDS(" \r\n", FAULT_FOLDED_LINE),
    BAD_FIELDS(": y\r\n", FAULT_NAME_EMPTY),
    BAD_FIELDS("X : y\r\n", FAULT_SPACE_BEFORE_COLON),
    BAD_FIELDS("X\t: y\r\n", FAULT_SPACE_BEFORE_COLON),
    BAD_FIELDS("X\r\n", FAULT_COLON_MISSING),
    BAD_FIELDS("X(y): z\r\n", FAULT_NAME_MALFORMED),
    BAD_FIELDS("X=y\r\n", FAULT_NAME_MALFORMED),
    BAD_FIELDS("\xe9: y\r\n", FAULT_NAME_MALFORMED),
    BAD_FIELDS("X\0Y: z\r\n", FAULT_CONTROL_CHARACTER),
    BAD_FIELDS("X: y\0z\r\n", FAULT_CONTROL_CHARACTER),
    BAD_FIELDS("X: \x1b[2J\r\n", FAULT_CONTROL_CHARACTER),
    BAD_FIELDS("X: y\x7f\r\n", FAULT_CONTROL_CHARACTER),

    /* Host */
    HOST("example.org"),
    HOST("example.org.:8080"),
    HOST("127.0.0.1:0"),
    HOST("[::1]:65535"),
    HOST("[::ffff:192.0.2.1]"),
    HOST("[0000:0000:0000:0000:0000:ffff:192.168.100.228]"),
    HOST("[vF.a:b]"),
    HOST("a_b%2Dc"),
    HOST("a:"),
    ACCEPTED("GET / HTTP/1.1\r\nhOST:\tb \r\n\r\n", "GET origin / 1.1 host=b keep"),
    ACCEPTED("GET / HTTP/1.1\r\nX: y\r\nHost: b\r\n\r\n", "GET origin / 1.1 host=b keep"),
    ACCEPTED("GET / HTTP/1.1\r\nHosta: x\r\nHost: b\r\n\r\n", "GET origin / 1.1 host=b keep"),
    REFUSED("GET / HTTP/1.1\r\n\r\n", FAULT_HOST_MISSING),
    REFUSED("GET / HTTP/1.3\r\nX: y\r\n\r\n", FAULT_HOST_MISSING),
    REFUSED("GET http://b/ HTTP/1.1\r\n\r\n", FAULT_HOST_MISSING),
    REFUSED("GET / HTTP/1.0\r\nHost: \r\n\r\n", FAULT_HOST_EMPTY),
    REFUSED("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", FAULT_HOST_MALFORMED),
    BAD_HOST("", FAULT_HOST_EMPTY),
    BAD_HOST("a\r\nHost: a", FAULT_HOST_REPEATED),
    BAD_HOST("a\r\nhost: b", FAULT_HOST_REPEATED),
    BAD_HOST("a, b", FAULT_HOST_MALFORMED),
    BAD_HOST("a b", FAULT_HOST_MALFORMED),
    BAD_HOST("u@a", FAULT_HOST_MALFORMED),
    BAD_HOST("http://a", FAULT_HOST_MALFORMED),
    BAD_HOST(":80", FAULT_HOST_MALFORMED),
    BAD_HOST("a:65536", FAULT_HOST_MALFORMED),
    BAD_HOST("a:-1", FAULT_HOST_MALFORMED),
    BAD_HOST("a:80:80", FAULT_HOST_MALFORMED),
    BAD_HOST("a%2", FAULT_HOST_MALFORMED),
    BAD_HOST("a%2g", FAULT_HOST_MALFORMED),
    BAD_HOST("a%g2", FAULT_HOST_MALFORMED),
    BAD_HOST("::1", FAULT_HOST_MALFORMED),
    BAD_HOST("[::1", FAULT_HOST_MALFORMED),
    BAD_HOST("[]", FAULT_HOST_MALFORMED),
    BAD_HOST("[::1]a", FAULT_HOST_MALFORMED),
    BAD_HOST("[::1%25eth0]", FAULT_HOST_MALFORMED),
    BAD_HOST("[1:2:3:4:5:6:7:8:9]", FAULT_HOST_MALFORMED),
    BAD_HOST("[1111:2222:3333:4444:5555:6666:7777:8888:9999:1]", FAULT_HOST_MALFORMED),
    BAD_HOST("[1111:2222:3333:4444:5555:6666:7777:8888:9999:10]", FAULT_HOST_MALFORMED),
    BAD_HOST("[127.0.0.1]", FAULT_HOST_MALFORMED),
    BAD_HOST("[v.a]", FAULT_HOST_MALFORMED),
    BAD_HOST("[v1]", FAULT_HOST_MALFORMED),
    BAD_HOST("[v1.]", FAULT_HOST_MALFORMED),
    BAD_HOST("[v1a]", FAULT_HOST_MALFORMED),
    BAD_HOST("[v1.a/]", FAULT_HOST_MALFORMED),
    BAD_HOST("\xc3\xa9", FAULT_HOST_MALFORMED),

    /* names that only look like those that mean something */
    FIELDS("Hope: x/y\r\nDate: x/y\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Export: tea\r\nAccept: tea\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Connectors: close\r\nUser-Agent: close\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Content-Height: 5\r\nAccept-Charset: 5\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Transfer-Encoders: gzip\r\nIf-Modified-Since: gzip\r\n",
           "POST origin / 1.1 host=a keep"),

    /* Content-Length */
    FIELDS("Content-Length: 5\r\n", "POST origin / 1.1 host=a length=5 keep"),
    FIELDS("content-LENGTH:007\r\n", "POST origin / 1.1 host=a length=7 keep"),
    FIELDS("Content-Length: 0\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Content-Lengths: -5\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Content_Length: -5\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Content-Length: 1000\r\n", "POST origin / 1.1 host=a length=1000 keep"),
    BAD_FIELDS("Content-Length: 1001\r\n", FAULT_BODY_TOO_LARGE),
    BAD_FIELDS("Content-Length: 18446744073709551615\r\n", FAULT_BODY_TOO_LARGE),
    BAD_FIELDS("Content-Length: 18446744073709551616\r\n", FAULT_BODY_TOO_LARGE),
    BAD_FIELDS("Content-Length: 18446744073709551620\r\n", FAULT_BODY_TOO_LARGE),
    BAD_FIELDS("Content-Length: 99999999999999999999999999\r\n", FAULT_BODY_TOO_LARGE),
    BAD_FIELDS("Content-Length: 5, 5\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length:\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: +5\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: -0\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: 0x5\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: 5 5\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: 5.0\r\n", FAULT_LENGTH_MALFORMED),
    BAD_FIELDS("Content-Length: 5\r\nContent-Length: 6\r\n", FAULT_LENGTH_REPEATED),
    BAD_FIELDS("Content-Length: 5\r\nContent-Length: 5\r\n", FAULT_LENGTH_REPEATED),

    /* Transfer-Encoding */
    FIELDS("Transfer-Encoding: chunked\r\n", "POST origin / 1.1 host=a chunked keep"),
    FIELDS("transfer-encoding: , CHUNKED ,\r\n", "POST origin / 1.1 host=a chunked keep"),
    BAD_FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", FAULT_LENGTH_AND_CODING),
    BAD_FIELDS("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", FAULT_LENGTH_AND_CODING),
    BAD_FIELDS("Content-Length: 2000\r\nTransfer-Encoding: gzip\r\n", FAULT_LENGTH_AND_CODING),
    BAD_FIELDS("Transfer-Encoding: gzip, chunked\r\n", FAULT_CODING_UNKNOWN),
    BAD_FIELDS("Transfer-Encoding: gzip;a=b , chunked\r\n", FAULT_CODING_UNKNOWN),
    BAD_FIELDS("Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n", FAULT_CODING_UNKNOWN),
    BAD_FIELDS("Transfer-Encoding: identity, chunked\r\n", FAULT_CODING_UNKNOWN),
    BAD_FIELDS("Transfer-Encoding: gzip\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding: identity\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding: chunkedd\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding:\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding: chunked, gzip\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", FAULT_CHUNKED_NOT_LAST),
    BAD_FIELDS("Transfer-Encoding: chunked, chunked\r\n", FAULT_CHUNKED_TWICE),
    BAD_FIELDS("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", FAULT_CHUNKED_TWICE),
    BAD_FIELDS("Transfer-Encoding: chunked;a=b\r\n", FAULT_CODING_MALFORMED),
    BAD_FIELDS("Transfer-Encoding: chunked chunked\r\n", FAULT_CODING_MALFORMED),
    BAD_FIELDS("Transfer-Encoding: \"chunked\"\r\n", FAULT_CODING_MALFORMED),
    BAD_FIELDS("Transfer-Encoding: gzip/chunked\r\n", FAULT_CODING_MALFORMED),
    BAD_FIELDS("Transfer-Encoding: x;a=\"b, chunked\"\r\n", FAULT_CODING_MALFORMED),
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", FAULT_CODING_IN_HTTP_1_0),
    REFUSED("POST / HTTP/1.0\r\nTransfer-Encoding:\r\n\r\n", FAULT_CODING_IN_HTTP_1_0),

    /* Connection */
    FIELDS("Connection: close\r\n", "POST origin / 1.1 host=a close"),
    FIELDS("cONNECTION:CLOSE\t\r\n", "POST origin / 1.1 host=a close"),
    FIELDS("Connection: closed\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Connection:\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Connection: ,, te ,close\r\n", "POST origin / 1.1 host=a close"),
    FIELDS("Connection: keep-alive, close\r\n", "POST origin / 1.1 host=a close"),
    FIELDS("Connection: close\r\nConnection: keep-alive\r\n", "POST origin / 1.1 host=a close"),
    ACCEPTED("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET origin / 1.0 keep"),
    ACCEPTED("GET / HTTP/1.0\r\nConnection: Upgrade\r\n\r\n", "GET origin / 1.0 close"),
    ACCEPTED("GET / HTTP/1.0\r\nConnection: keep-alive,close\r\n\r\n", "GET origin / 1.0 close"),
    BAD_FIELDS("Connection: keep alive\r\n", FAULT_CONNECTION_MALFORMED),
    BAD_FIELDS("Connection: close;\r\n", FAULT_CONNECTION_MALFORMED),

    /* Expect */
    FIELDS("Expect: 100-Continue\r\nContent-Length: 1\r\n",
           "POST origin / 1.1 host=a length=1 keep continue"),
    FIELDS("expect: 100-continue\r\nTransfer-Encoding: chunked\r\n",
           "POST origin / 1.1 host=a chunked keep continue"),
    FIELDS("Expect: 100-continue\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Expect: 100-continue\r\nContent-Length: 0\r\n", "POST origin / 1.1 host=a keep"),
    FIELDS("Expect: tea\r\n", "POST origin / 1.1 host=a keep other"),
    FIELDS("Expect: 100-continue, tea\r\nContent-Length: 1\r\n",
           "POST origin / 1.1 host=a length=1 keep continue other"),
    FIELDS("Expect:\r\n", "POST origin / 1.1 host=a keep"),
    ACCEPTED("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
             "POST origin / 1.0 length=1 close"),
    ACCEPTED("POST / HTTP/1.0\r\nExpect: tea\r\n\r\n", "POST origin / 1.0 close"),

    /* limits, and what comes first when several things are wrong */
    ACCEPTED("GET /" DIGITS_40 "0123456789 HTTP/1.0\r\n\r\n",
             "GET origin /" DIGITS_40 "0123456789 1.0 close"),
    REFUSED("GET /" DIGITS_40 "0123456789a HTTP/1.0\r\n\r\n", FAULT_REQUEST_LINE_TOO_LONG),
    REFUSED("GET /" DIGITS_40 DIGITS_40, FAULT_REQUEST_LINE_TOO_LONG),
    REFUSED("GET /" DIGITS_40 "0123456789 HTTP/1.0\t\r\n", FAULT_REQUEST_LINE_TOO_LONG),
    REFUSED("GET /" DIGITS_40 "0123456789 HTTP/1.0\n", FAULT_BARE_LF),
    REFUSED(DIGITS_40 DIGITS_40 "\0", FAULT_REQUEST_LINE_TOO_LONG),
    ACCEPTED("GET / HTTP/1.0\r\nX: " DIGITS_40 "01234567890123456\r\n\r\n",
             "GET origin / 1.0 close"),
    REFUSED("GET / HTTP/1.0\r\nX: " DIGITS_40 "012345678901234567\r\n", FAULT_FIELD_LINE_TOO_LONG),
    REFUSED("GET / HTTP/1.0\r\nX (" DIGITS_40 DIGITS_40, FAULT_FIELD_LINE_TOO_LONG),
    ACCEPTED(HEAD_OF_151 "B: 01\r\n\r\n", "GET origin / 1.0 close"),
    ACCEPTED("\r\n\r\n" HEAD_OF_151 "B: 01\r\n\r\n", "GET origin / 1.0 close"),
    REFUSED(HEAD_OF_151 "B: 012\r\n\r\n", FAULT_HEAD_TOO_LARGE),
    REFUSED(HEAD_OF_151 "B: 0123456", FAULT_HEAD_TOO_LARGE),
    REFUSED(HEAD_OF_151 "B: 012345\0", FAULT_HEAD_TOO_LARGE),
    REFUSED(HEAD_OF_151 "B: 01234\0", FAULT_CONTROL_CHARACTER),
    ACCEPTED("GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\nd:\r\n\r\n", "GET origin / 1.0 close"),
    REFUSED("GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\nd:\r\ne:\r\n\r\n", FAULT_FIELDS_TOO_MANY),
    REFUSED("GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\nd:\r\n ", FAULT_FIELDS_TOO_MANY),
    REFUSED("GET / HTTP/1.0\r\na:\r\nb:\r\nc:\r\nd:\r\n\n", FAULT_BARE_LF),
};

enum { HEAD_CASES_COUNT = sizeof head_cases / sizeof *head_cases };

#endif
