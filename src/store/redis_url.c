/*
 * redis_url.c - where a Redis server is and who we are to it, read from a store URL.
 *
 * Each step takes its part off the text and answers NULL or the sentence that says what is wrong
 * with it. The sentences are constants: that is how no password can get into one.
 */
#include "store/redis_url.h"

#include "base/decimal.h"
#include "base/hexadecimal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    bool is_unix;
    const char *problem;
} schemes[] = {
    {"redis://", false, NULL},
    {"redis+unix://", true, NULL},
    {"rediss://", false,
     "rediss:// (Redis over TLS) is not there yet; use redis:// or redis+unix://"},
    {"redis+sentinel://", false,
     "redis+sentinel:// (Redis found through Sentinel) is not there yet; use redis:// with the "
     "master's address"},
    {"redis+cluster://", false,
     "redis+cluster:// (a Redis Cluster) is not there yet; use redis:// or redis+unix://"},
};

static const char problem_form[] =
    "not a URL of Redis; right are redis://user:password@host:port/database and "
    "redis+unix://user:password@/path/to.sock?db=database";

/* Takes the scheme off the text. */
static const char *read_scheme(struct slice *text, struct redis_url *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        const struct slice scheme = slice_of(schemes[i].text);

        if (text->length >= scheme.length &&
            slice_equals_ignoring_case((struct slice){text->bytes, scheme.length}, scheme)) {
            url->is_unix = schemes[i].is_unix;
            *text = slice_after(*text, scheme.length);
            return schemes[i].problem;
        }
    }
    return problem_form;
}

/* What a URL never holds unencoded (RFC 3986 2.2): refused first, so that nothing behind it need
 * think of such bytes. */
static const char *check_bytes(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] <= ' ' || text.bytes[i] >= 0x7f) {
            return "a blank, control character or byte beyond ASCII in the URL of Redis must be "
                   "percent-encoded, a blank as %20";
        }
        if (text.bytes[i] == '#') {
            return "a # in the URL of Redis must be written %23";
        }
    }
    return NULL;
}

/* Decodes the percent-encoding at the front of `text`; 0 when there is no right one. %00 is not
 * right: what is decoded becomes a C string. */
static char decode_byte(struct slice text)
{
    int high = -1;
    int low = -1;

    if (text.length >= 3) {
        high = hexadecimal_value(text.bytes[1]);
        low = hexadecimal_value(text.bytes[2]);
    }
    return high < 0 || low < 0 ? '\0' : (char)(high * 16 + low);
}

/* Copies `text`, its percent-encodings decoded, and adds a NUL. `too_long` is the answer when it
 * is longer than bytes_max. */
static const char *decode(struct slice text, char *out_bytes, size_t bytes_max,
                          const char *too_long)
{
    size_t length = 0;

    while (text.length > 0) {
        const bool is_encoded = text.bytes[0] == '%';
        const char byte = is_encoded ? decode_byte(text) : text.bytes[0];

        if (byte == '\0') {
            return "a % in the URL of Redis must be followed by two hexadecimal digits other "
                   "than 00; a % itself is written %25";
        }
        if (length == bytes_max) {
            return too_long;
        }
        out_bytes[length++] = byte;
        text = slice_after(text, is_encoded ? 3 : 1);
    }
    out_bytes[length] = '\0';
    return NULL;
}

/* Where the first byte of `text` is that `stops` holds, or the text's length. */
static size_t find_any(struct slice text, const char *stops)
{
    for (size_t i = 0; i < text.length; i++) {
        if (strchr(stops, text.bytes[i]) != NULL) {
            return i;
        }
    }
    return text.length;
}

static const char problem_no_password[] =
    "before the @ of a Redis URL both a user and a password are needed, as in "
    "redis://user:password@host, or redis://:password@host for a password alone";

/* Reads "user:password", ":password", or "user". */
static const char *read_identity(struct slice text, struct redis_url *url)
{
    const size_t colon = find_any(text, ":");
    const char *problem;

    if (text.length == 0) {
        return problem_no_password;
    }
    problem = decode((struct slice){text.bytes, colon}, url->user, REDIS_USER_BYTES_MAX,
                     "the user in the URL of Redis is longer than 255 bytes");
    if (problem != NULL || colon == text.length) {
        return problem; /* check_password() looks for a password file */
    }
    /* redis://:@host comes of templates with an empty variable and means: no password. */
    url->has_password = text.length > 1;
    return decode(slice_after(text, colon + 1), url->password, REDIS_PASSWORD_BYTES_MAX,
                  "the password in the URL of Redis is longer than 1024 bytes");
}

/* Takes "user:password@" or "user@" off the text, where there is one. */
static const char *read_user_part(struct slice *text, struct redis_url *url)
{
    const size_t authority_end = find_any(*text, "/?");
    const struct slice authority = {text->bytes, authority_end};
    const size_t at = find_any(authority, "@");

    if (at == authority_end) {
        /* A socket's path may hold an @, a database may not. */
        if (!url->is_unix && find_any(*text, "@") < text->length) {
            return "a / or ? in the user or password of a Redis URL must be written %2F or %3F";
        }
        return NULL;
    }
    if (find_any(slice_after(authority, at + 1), "@") < authority_end - at - 1) {
        return "an @ in the user or password of a Redis URL must be written %40";
    }
    *text = slice_after(*text, at + 1);
    return read_identity((struct slice){authority.bytes, at}, url);
}

/* Reads what stands in brackets; "%25" goes before a zone (RFC 6874). */
static const char *read_bracketed_host(struct slice inside, struct redis_url *url)
{
    static const char problem_ipv6[] =
        "in brackets a Redis URL needs an IPv6 address, as in redis://[::1]:6379";
    const char *problem = decode(inside, url->host, REDIS_HOST_BYTES_MAX, problem_ipv6);
    char address[INET6_ADDRSTRLEN];
    struct in6_addr binary;
    size_t length;

    if (problem != NULL) {
        return problem;
    }
    length = strcspn(url->host, "%");
    if (length >= sizeof address || strcmp(url->host + length, "%") == 0) { /* an empty zone */
        return problem_ipv6;
    }
    memcpy(address, url->host, length);
    address[length] = '\0';
    return inet_pton(AF_INET6, address, &binary) == 1 ? NULL : problem_ipv6;
}

static bool is_host_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '.' || byte == '_';
}

/* Reads a name or an IPv4 address. */
static const char *read_plain_host(struct slice text, struct redis_url *url)
{
    if (text.length == 0) {
        return "the URL of Redis names no host; right is redis://host:port/database";
    }
    if (text.length > REDIS_HOST_BYTES_MAX) {
        return "the host in the URL of Redis is longer than 255 bytes";
    }
    for (size_t i = 0; i < text.length; i++) {
        if (!is_host_byte(text.bytes[i])) {
            return "the host in the URL of Redis may hold letters, digits, '-', '.' and '_'; an "
                   "IPv6 address stands in brackets, as in redis://[::1]:6379";
        }
    }
    memcpy(url->host, text.bytes, text.length);
    url->host[text.length] = '\0';
    return NULL;
}

/* Reads what may follow the host: nothing, or ":port". */
static const char *read_port(struct slice text, struct redis_url *url)
{
    uint64_t port = REDIS_PORT_DEFAULT;

    if (text.length > 0 && (text.bytes[0] != ':' ||
                            !decimal_read(slice_after(text, 1), UINT16_MAX, &port) || port == 0)) {
        return "the port in the URL of Redis must be a number from 1 to 65535, as in "
               "redis://host:6379";
    }
    url->port = (uint16_t)port;
    return NULL;
}

/* Takes "host:port" off the text. */
static const char *read_host_and_port(struct slice *text, struct redis_url *url)
{
    const size_t end = find_any(*text, "/?");
    const struct slice authority = {text->bytes, end};
    const char *problem;
    size_t host_end;

    if (authority.length > 0 && authority.bytes[0] == '[') {
        host_end = find_any(authority, "]");
        problem = host_end == end
                      ? "a [ in the URL of Redis needs its ], as in redis://[::1]:6379"
                      : read_bracketed_host((struct slice){authority.bytes + 1, host_end - 1}, url);
        host_end++;
    } else {
        host_end = find_any(authority, ":");
        if (find_any(slice_after(authority, host_end), "]") < end - host_end ||
            (host_end < end &&
             find_any(slice_after(authority, host_end + 1), ":") < end - host_end - 1)) {
            return "an IPv6 address in the URL of Redis stands in brackets, as in "
                   "redis://[::1]:6379";
        }
        problem = read_plain_host((struct slice){authority.bytes, host_end}, url);
    }
    if (problem != NULL) {
        return problem;
    }
    *text = slice_after(*text, end);
    return read_port(slice_after(authority, host_end), url);
}

static const char *read_database(struct slice text, struct redis_url *url)
{
    uint64_t database;

    if (!decimal_read(text, REDIS_DATABASE_MAX, &database)) {
        return "the database in the URL of Redis must be a number from 0, as in redis://host/2 "
               "or redis+unix:///path/to.sock?db=2";
    }
    url->database = (uint32_t)database;
    return NULL;
}

static const char *read_password_file(struct slice text, struct redis_url *url)
{
    if (text.length == 0) {
        return "password-file= in the URL of Redis needs the path of a file, as in "
               "redis://user@host?password-file=/run/secrets/redis";
    }
    if (url->password_file[0] != '\0') {
        return "password-file= stands twice in the URL of Redis";
    }
    return decode(text, url->password_file, REDIS_PASSWORD_PATH_BYTES_MAX,
                  "the path of the password file in the URL of Redis is longer than 255 bytes");
}

/* Reads one parameter, as in "mode=plain". */
static const char *read_parameter(struct slice text, struct redis_url *url)
{
    const struct slice database = SLICE("db=");
    const struct slice password_file = SLICE("password-file=");

    if (slice_is(text, "mode=plain")) {
        url->is_plain = true;
        return NULL;
    }
    if (slice_starts_with(text, password_file)) {
        return read_password_file(slice_after(text, password_file.length), url);
    }
    if (url->is_unix && text.length >= database.length &&
        slice_equals((struct slice){text.bytes, database.length}, database)) {
        return read_database(slice_after(text, database.length), url);
    }
    return url->is_unix
               ? "the parameters of redis+unix:// are the database, mode=plain and "
                 "password-file=PATH, as in redis+unix:///run/redis/redis.sock?db=2&mode=plain"
               : "the parameters of redis:// are mode=plain and password-file=PATH; the "
                 "database stands behind the host, as in redis://host:6379/2?mode=plain";
}

/* Reads what is left behind host or path: nothing, or "?parameter&parameter". */
static const char *read_parameters(struct slice text, struct redis_url *url)
{
    const char *problem = NULL;

    while (text.length > 0 && problem == NULL) {
        struct slice parameter = slice_after(text, 1); /* without its '?' or '&' */

        parameter.length = find_any(parameter, "&");
        problem = read_parameter(parameter, url);
        text = slice_after(text, 1 + parameter.length);
    }
    return problem;
}

/* Reads what is left of redis://: nothing, "/" or "/database", and parameters. */
static const char *read_path_database(struct slice text, struct redis_url *url)
{
    const size_t path_end = find_any(text, "?");
    const char *problem = NULL;

    if (path_end > 1) {
        problem = read_database((struct slice){text.bytes + 1, path_end - 1}, url);
    }
    return problem != NULL ? problem : read_parameters(slice_after(text, path_end), url);
}

/* Reads what is left of redis+unix://: "/path", and parameters. */
static const char *read_socket(struct slice text, struct redis_url *url)
{
    const size_t path_end = find_any(text, "?");
    const char *problem;

    if (text.length == 0 || text.bytes[0] != '/') {
        return "redis+unix:// needs the whole path of a socket, as in "
               "redis+unix:///run/redis/redis.sock or "
               "redis+unix://user:password@/run/redis/redis.sock";
    }
    problem = decode((struct slice){text.bytes, path_end}, url->path, REDIS_PATH_BYTES_MAX,
                     "the path of the socket in the URL of Redis is longer than 107 bytes");
    return problem != NULL ? problem : read_parameters(slice_after(text, path_end), url);
}

/* A password stands in the URL or in a file, and with a user in one of them. */
static const char *check_password(const struct redis_url *url)
{
    if (url->has_password && url->password_file[0] != '\0') {
        return "the URL of Redis has both a password and a password-file=; leave one out";
    }
    if (url->user[0] != '\0' && !url->has_password && url->password_file[0] == '\0') {
        return problem_no_password;
    }
    return NULL;
}

int redis_url_parse(struct slice text, struct redis_url *out_url, const char **out_problem)
{
    struct redis_url url = {0};
    const char *problem = read_scheme(&text, &url);

    if (problem == NULL) {
        problem = check_bytes(text);
    }
    if (problem == NULL) {
        problem = read_user_part(&text, &url);
    }
    if (problem == NULL && url.is_unix) {
        problem = read_socket(text, &url);
    } else if (problem == NULL) {
        problem = read_host_and_port(&text, &url);
        if (problem == NULL) {
            problem = read_path_database(text, &url);
        }
    }
    if (problem == NULL) {
        problem = check_password(&url);
    }
    if (problem != NULL) {
        *out_problem = problem;
        return -EINVAL;
    }
    *out_url = url;
    return 0;
}

/* ---- writing ---- */

/* A text that grows in a buffer known to be large enough. */
struct url_text {
    char *bytes;
    size_t length;
};

static void write_plain(struct url_text *text, const char *addition)
{
    const size_t length = strlen(addition);

    assert(text->length + length < REDIS_URL_TEXT_BYTES);
    memcpy(text->bytes + text->length, addition, length + 1);
    text->length += length;
}

/* Writes what RFC 3986 2.3 leaves as it is, and of its reserved bytes those in `also`. */
static void write_encoded(struct url_text *text, const char *addition, const char *also)
{
    for (; *addition != '\0'; addition++) {
        char encoded[4] = {*addition, '\0', '\0', '\0'};

        if (!is_host_byte(*addition) && *addition != '~' && strchr(also, *addition) == NULL) {
            (void)snprintf(encoded, sizeof encoded, "%%%02X", (unsigned)(unsigned char)*addition);
        }
        write_plain(text, encoded);
    }
}

static void write_decimal(struct url_text *text, uint64_t number)
{
    char digits[DECIMAL_BYTES_MAX + 1];

    digits[decimal_write(digits, number)] = '\0';
    write_plain(text, digits);
}

void redis_url_write(const struct redis_url *url, char out_text[REDIS_URL_TEXT_BYTES])
{
    struct url_text text = {.length = 0};
    const bool is_ipv6 = strchr(url->host, ':') != NULL;
    const bool from_file = url->password_file[0] != '\0';
    bool has_query = url->is_unix;

    text.bytes = out_text;
    write_plain(&text, url->is_unix ? "redis+unix://" : "redis://");
    if (url->has_password && !from_file) {
        write_encoded(&text, url->user, "");
        write_plain(&text, ":***@");
    } else if (url->user[0] != '\0') {
        write_encoded(&text, url->user, "");
        write_plain(&text, "@");
    }
    if (url->is_unix) {
        write_encoded(&text, url->path, "/");
        write_plain(&text, "?db=");
    } else {
        write_plain(&text, is_ipv6 ? "[" : "");
        write_encoded(&text, url->host, ":");
        write_plain(&text, is_ipv6 ? "]:" : ":");
        write_decimal(&text, url->port);
        write_plain(&text, "/");
    }
    write_decimal(&text, url->database);
    if (url->is_plain) {
        write_plain(&text, has_query ? "&mode=plain" : "?mode=plain");
        has_query = true;
    }
    if (from_file) {
        write_plain(&text, has_query ? "&password-file=" : "?password-file=");
        write_encoded(&text, url->password_file, "/");
    }
}
