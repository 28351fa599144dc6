/*
 * parse_fault.c - the table of refusals, one row for each fault, with the rule that is broken.
 *
 * Constant data. The sentences are sent to clients inside JSON, so they hold no quotation marks
 * and no backslashes, and nothing of what the client sent.
 */
#include "http/parse_fault.h"

#include <assert.h>

static const struct refusal refusals[FAULTS_COUNT] = {
    /* RFC 9112 2.2, MUST; a CR alone may also be read as a space, which no one needs */
    [FAULT_BARE_CR] = {400, "bare_cr", "A carriage return stands without its line feed."},
    /* RFC 9112 2.2: MAY be taken as a line end, but who stands before us may disagree */
    [FAULT_BARE_LF] = {400, "bare_lf", "A line ends without a carriage return."},
    /* RFC 9110 5.5: NUL MUST, the others may be refused */
    [FAULT_CONTROL_CHARACTER] = {400, "control_character", "A line holds a control character."},

    /* RFC 9112 2.2: at least one SHOULD be ignored; how many is ours to say */
    [FAULT_EMPTY_LINES] = {400, "empty_lines", "Too many empty lines precede the request."},
    /* RFC 9112 3, MUST */
    [FAULT_REQUEST_LINE_TOO_LONG] = {414, "request_line_too_long", "The request line is too long."},
    /* RFC 9112 3.1, RFC 9110 9.1: a token, and RFC 9112 3: one space behind it */
    [FAULT_METHOD_MALFORMED] = {400, "method_malformed", "The method is malformed."},
    /* RFC 9112 3: exactly one space on each side of the target */
    [FAULT_TARGET_MISSING] = {400, "target_missing", "The request line holds no target."},
    /* RFC 9112 3.2, RFC 3986 2: whatever is no URI character must come percent-encoded */
    [FAULT_TARGET_CHARACTER] = {400, "target_character",
                                "The target holds a character that must be percent-encoded."},
    /* RFC 9112 3.2: no form has a fragment (RFC 9110 7.1) */
    [FAULT_TARGET_FRAGMENT] = {400, "target_fragment", "The target holds a fragment."},
    /* RFC 9112 3.2 */
    [FAULT_TARGET_FORM] = {400, "target_form", "The target is neither a path nor an http URI."},
    /* RFC 9110 4.2.1: an empty host MUST be refused; RFC 3986 3.2 */
    [FAULT_TARGET_AUTHORITY] = {400, "target_authority",
                                "The host or port of the target is malformed."},
    /* RFC 9110 4.2.4: from an untrusted source, an error */
    [FAULT_TARGET_USERINFO] = {400, "target_userinfo", "The target holds a user name."},
    /* RFC 9112 3.2.4: only for OPTIONS */
    [FAULT_TARGET_ASTERISK] = {400, "target_asterisk", "Only OPTIONS takes the target *."},
    /* RFC 9112 3.2.3; RFC 9110 9.3.6: an empty or invalid port MUST be refused */
    [FAULT_TARGET_CONNECT] = {400, "target_connect", "CONNECT takes a host and a port."},
    /* RFC 9112 2.3: HTTP/0.9 is not spoken here */
    [FAULT_VERSION_MISSING] = {400, "version_missing", "The request line holds no version."},
    /* RFC 9112 2.3 */
    [FAULT_VERSION_MALFORMED] = {400, "version_malformed", "The HTTP version is malformed."},
    /* RFC 9110 15.6.6; the preface of HTTP/2 comes here as well (RFC 9113 3.4) */
    [FAULT_VERSION_UNSUPPORTED] = {505, "version_unsupported", "Only HTTP/1.x is spoken here."},

    /* RFC 6585 5, RFC 9110 5.4 */
    [FAULT_FIELD_LINE_TOO_LONG] = {431, "field_line_too_long", "A field line is too long."},
    [FAULT_HEAD_TOO_LARGE] = {431, "head_too_large", "The fields are too large together."},
    [FAULT_FIELDS_TOO_MANY] = {431, "fields_too_many", "There are too many fields."},
    /* RFC 9112 2.2, MUST be refused or the lines ignored */
    [FAULT_BLANK_BEFORE_FIELDS] = {400, "blank_before_fields",
                                   "A blank stands between the request line and the fields."},
    /* RFC 9112 5.2: MUST be refused or unfolded */
    [FAULT_FOLDED_LINE] = {400, "folded_line", "A field is folded over several lines."},
    /* RFC 9112 5, RFC 9110 5.1: a token has at least one character */
    [FAULT_NAME_EMPTY] = {400, "name_empty", "A field has no name."},
    [FAULT_NAME_MALFORMED] = {400, "name_malformed", "A field name is malformed."},
    /* RFC 9112 5.1, MUST */
    [FAULT_SPACE_BEFORE_COLON] = {400, "space_before_colon",
                                  "There is a space between field name and colon."},
    /* RFC 9112 5 */
    [FAULT_COLON_MISSING] = {400, "colon_missing", "A field line holds no colon."},

    /* RFC 9112 3.2, MUST, all four (an empty Host is for targets without an authority, and a
     * http URI always has one: RFC 9110 4.2.1 and 7.2) */
    [FAULT_HOST_MISSING] = {400, "host_missing", "The field Host is missing."},
    [FAULT_HOST_EMPTY] = {400, "host_empty", "The field Host is empty."},
    [FAULT_HOST_REPEATED] = {400, "host_repeated", "The field Host is repeated."},
    [FAULT_HOST_MALFORMED] = {400, "host_malformed", "The field Host is malformed."},
    /* RFC 9110 7.6.1: a list of tokens */
    [FAULT_CONNECTION_MALFORMED] = {400, "connection_malformed",
                                    "The field Connection is malformed."},
    /* RFC 9112 6.3 item 5, MUST */
    [FAULT_LENGTH_MALFORMED] = {400, "length_malformed", "The Content-Length is not a number."},
    /* RFC 9110 8.6: even equal ones MAY be refused, and nobody honest repeats it */
    [FAULT_LENGTH_REPEATED] = {400, "length_repeated", "The Content-Length is repeated."},
    /* RFC 9112 6.1 and 6.3 item 3: smuggling, ought to be handled as an error */
    [FAULT_LENGTH_AND_CODING] = {400, "length_and_coding",
                                 "There are both Content-Length and Transfer-Encoding."},
    /* RFC 9112 6.1, RFC 9110 10.1.4; parameters of chunked: RFC 9112 7.1 */
    [FAULT_CODING_MALFORMED] = {400, "coding_malformed", "The Transfer-Encoding is malformed."},
    /* RFC 9112 6.1, SHOULD */
    [FAULT_CODING_UNKNOWN] = {501, "coding_unknown", "The only transfer coding known is chunked."},
    /* RFC 9112 6.1: the framing is faulty, MUST */
    [FAULT_CODING_IN_HTTP_1_0] = {400, "coding_in_http_1_0", "HTTP/1.0 has no Transfer-Encoding."},
    /* RFC 9112 6.1, MUST NOT */
    [FAULT_CHUNKED_TWICE] = {400, "chunked_twice", "The coding chunked is applied twice."},
    /* RFC 9112 6.3 item 4, MUST: where chunked is not last, 400 goes before 501 */
    [FAULT_CHUNKED_NOT_LAST] = {400, "chunked_not_last", "The last coding is not chunked."},

    /* RFC 9110 15.5.14 */
    [FAULT_BODY_TOO_LARGE] = {413, "body_too_large", "The body is too large."},
    /* RFC 9112 7.1.1: the total of extensions ought to be limited */
    [FAULT_CHUNK_LINE_TOO_LONG] = {400, "chunk_line_too_long", "A chunk size line is too long."},
    /* RFC 9112 7.1 */
    [FAULT_CHUNK_SIZE_MALFORMED] = {400, "chunk_size_malformed", "A chunk size is malformed."},
    /* RFC 9112 7.1.1 */
    [FAULT_CHUNK_EXTENSION_MALFORMED] = {400, "chunk_extension_malformed",
                                         "A chunk extension is malformed."},
    /* RFC 9112 7.1 */
    [FAULT_CHUNK_END_MISSING] = {400, "chunk_end_missing", "A chunk is longer than its size."},
};

const struct refusal *refusal_of(enum parse_fault fault)
{
    assert(fault > FAULT_NONE && fault < FAULTS_COUNT);
    return &refusals[fault];
}
