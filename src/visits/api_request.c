/*
 * api_request.c - verbs, methods, names, arguments and tokens.
 */
#include "visits/api_request.h"

#include "base/decimal.h"
#include "http/query.h"
#include "visits/api_badge.h"
#include "visits/api_pages.h"
#include "visits/api_token.h"

#include <string.h>

enum {
    ALLOWS_GET = 1 << METHOD_GET,
    ALLOWS_POST = 1 << METHOD_POST,
    NUMBER_TEXT_BYTES_MAX = 32,
};

static const struct verb {
    const char *name;
    unsigned methods;
} verbs[API_VERBS_COUNT] = {
    [API_HIT] = {"hit", ALLOWS_GET | ALLOWS_POST},
    [API_GET] = {"get", ALLOWS_GET},
    [API_CREATE] = {"create", ALLOWS_GET | ALLOWS_POST},
    [API_SET] = {"set", ALLOWS_GET | ALLOWS_POST},
    [API_UPDATE] = {"update", ALLOWS_GET | ALLOWS_POST},
    [API_RESET] = {"reset", ALLOWS_POST},
    [API_DELETE] = {"delete", ALLOWS_POST},
    [API_INFO] = {"info", ALLOWS_GET},
    [API_STATS] = {"stats", ALLOWS_GET},
    [API_BATCH] = {"batch", ALLOWS_POST},
    [API_LIST] = {"list", ALLOWS_GET},
    [API_TOP] = {"top", ALLOWS_GET},
    [API_BADGE] = {"badge", ALLOWS_GET},
    [API_SCRIPT] = {"footfall.js", ALLOWS_GET},
};

bool api_request_is_call(struct slice path, enum api_verb *out_verb, struct slice *out_rest)
{
    const struct slice behind = path.length > 0 ? slice_after(path, 1) : path;
    const char *slash = behind.length > 0 ? memchr(behind.bytes, '/', behind.length) : NULL;
    const struct slice word = {behind.bytes,
                               slash == NULL ? behind.length : (size_t)(slash - behind.bytes)};

    for (unsigned i = 0; i < API_VERBS_COUNT; i++) {
        if (slice_is(word, verbs[i].name)) {
            *out_verb = (enum api_verb)i;
            *out_rest =
                slash == NULL ? (struct slice){NULL, 0} : slice_after(behind, word.length + 1);
            return true;
        }
    }
    return false;
}

static void refuse(struct api_call *call, uint16_t status, const char *sentence)
{
    if (call->refused_status == 0) { /* the first reason is the one */
        call->refused_status = status;
        call->refused_sentence = sentence;
    }
}

/* ---- how it is to be answered ---- */

static bool is_callback(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char character = text.bytes[i];
        const bool is_digit = character >= '0' && character <= '9';
        const bool is_letter = (character >= 'a' && character <= 'z') ||
                               (character >= 'A' && character <= 'Z') || character == '_' ||
                               character == '$';

        if (!is_letter && (i == 0 || (!is_digit && character != '.'))) {
            return false;
        }
    }
    return text.length > 0;
}

static void read_callback(struct slice query, struct api_call *call)
{
    const struct slice value = query_find(query, SLICE("callback"));
    size_t length;

    if (value.bytes == NULL) {
        return;
    }
    if (!percent_decode(value, true, call->callback, sizeof call->callback, &length) ||
        !is_callback((struct slice){call->callback, length})) {
        refuse(call, 400, "A callback is a name of letters, digits, _, $ and ., up to 128.");
        return;
    }
    call->callback_length = (uint8_t)length;
}

/* ---- the method ---- */

static void read_method(const struct request *request, struct api_call *call)
{
    const unsigned allowed = verbs[call->verb].methods;

    call->method = request->method;
    call->allow = allowed == ALLOWS_GET    ? "GET, HEAD, OPTIONS"
                  : allowed == ALLOWS_POST ? "POST, OPTIONS"
                                           : "GET, HEAD, POST, OPTIONS";
    if (request->method == METHOD_OPTIONS ||
        (request->method == METHOD_HEAD && (allowed & ALLOWS_GET) != 0) ||
        (allowed & 1U << request->method) != 0) {
        return;
    }
    refuse(call, 405, "This call does not know this method.");
}

/* ---- the counter ---- */

static void note_name(struct api_call *call, enum counter_name_result result)
{
    switch (result) {
    case COUNTER_NAME_GOOD:
        call->has_name = true;
        break;
    case COUNTER_NAME_BAD_NAMESPACE:
        refuse(call, 400, "Invalid namespace: it has 3 to 64 of A-Z, a-z, 0-9, _, - and .");
        break;
    case COUNTER_NAME_BAD_KEY:
        refuse(call, 400, "Invalid key: it has 3 to 64 of A-Z, a-z, 0-9, _, - and .");
        break;
    case COUNTER_NAME_NO_PAGE:
        refuse(call, 400, "The calling page is not known, or has no path that names a counter.");
        break;
    case COUNTER_NAME_NO_PATH:
        refuse(call, 404, "There is nothing at this path.");
        break;
    }
}

/* A name of its own for what was given none. */
static void draw_name(struct api_call *call)
{
    char namespace[API_RANDOM_NAME_BYTES];
    char key[API_RANDOM_NAME_BYTES];

    api_token_draw_name(namespace);
    api_token_draw_name(key);
    note_name(call, counter_name_make((struct slice){namespace, sizeof namespace},
                                      (struct slice){key, sizeof key}, &call->name));
}

/* CountAPI's form of create: namespace and key are in the query. */
static void read_query_name(struct slice query, struct api_call *call)
{
    char bytes[2][COUNTER_NAME_PART_MAX];
    char drawn[API_KEY_BYTES];
    struct slice namespace = SLICE("default");
    struct slice key;
    struct slice value = query_find(query, SLICE("namespace"));
    bool is_good = true;

    if (value.length > 0) {
        namespace.bytes = bytes[0];
        is_good = percent_decode(value, true, bytes[0], sizeof bytes[0], &namespace.length);
    }
    value = query_find(query, SLICE("key"));
    if (value.length > 0) {
        key.bytes = bytes[1];
        is_good = is_good && percent_decode(value, true, bytes[1], sizeof bytes[1], &key.length);
    } else {
        api_token_draw_key(drawn);
        key = slice_of(drawn);
    }
    if (!is_good || counter_name_make(namespace, key, &call->name) != COUNTER_NAME_GOOD) {
        refuse(call, 400, "Malformed Namespace/Key");
        return;
    }
    call->has_name = true;
}

/* A namespace alone; the name has a key that is none. */
static void read_namespace(struct slice rest, struct api_call *call)
{
    char text[COUNTER_NAME_PART_MAX];
    size_t length;

    if (rest.length == 0 || memchr(rest.bytes, '/', rest.length) != NULL) {
        refuse(call, 404, "There is nothing at this path.");
    } else if (!percent_decode(rest, false, text, sizeof text, &length) ||
               counter_name_make((struct slice){text, length}, SLICE("..."), &call->name) !=
                   COUNTER_NAME_GOOD) {
        note_name(call, COUNTER_NAME_BAD_NAMESPACE);
    } else {
        call->has_namespace = true;
    }
}

static void read_name(const struct request *request, const struct request_fields *fields,
                      struct slice rest, struct api_call *call)
{
    const struct calling_page page = {
        .origin = request_fields_find(fields, SLICE("Origin")),
        .referer = request_fields_find(fields, SLICE("Referer")),
    };
    const struct slice suffix = SLICE(".svg");

    if (call->verb == API_BADGE) {
        if (rest.length <= suffix.length ||
            !slice_is(slice_after(rest, rest.length - suffix.length), ".svg")) {
            refuse(call, 404, "There is nothing at this path.");
            return;
        }
        rest.length -= suffix.length;
    }
    if (call->verb == API_STATS || call->verb == API_SCRIPT || call->verb == API_BATCH) {
        if (rest.bytes != NULL) {
            refuse(call, 404, "There is nothing at this path.");
        }
    } else if (call->verb == API_LIST || call->verb == API_TOP) {
        read_namespace(rest, call);
    } else if (call->verb == API_CREATE && rest.bytes == NULL) {
        call->is_list_form = true;
        read_query_name(request->query, call);
    } else if (call->verb == API_CREATE && rest.length == 0) {
        draw_name(call);
    } else {
        note_name(call, counter_name_read(rest, &page, &call->name));
    }
}

/* ---- arguments ---- */

/* A whole number from the query; true when it is there, and right. */
static bool read_number(struct slice query, const char *name, int64_t *out_number,
                        struct api_call *call, const char *sentence)
{
    const struct slice value = query_find(query, slice_of(name));
    char text[NUMBER_TEXT_BYTES_MAX];
    size_t length;

    if (value.bytes == NULL || value.length == 0) {
        return false;
    }
    if (!percent_decode(value, false, text, sizeof text, &length) ||
        !decimal_read_signed((struct slice){text, length}, out_number)) {
        refuse(call, 400, sentence);
        return false;
    }
    return true;
}

static bool is_yes(struct slice value)
{
    return slice_is(value, "1") || slice_equals_ignoring_case(value, SLICE("true"));
}

static void read_create(struct slice query, struct api_call *call)
{
    static const char whole[] = "A start value is a whole number from -2^63 to 2^63-1.";
    struct store_record *created = &call->created;

    *created = (struct store_record){.exists = true};
    /* Each form has a name of its own for it; the other's is not dropped without a word. */
    (void)read_number(query, call->is_list_form ? "initializer" : "value", &created->value, call,
                      whole);
    (void)read_number(query, call->is_list_form ? "value" : "initializer", &created->value, call,
                      whole);
    if (!call->is_list_form) {
        return;
    }
    created->low = -1;
    created->high = 1;
    (void)read_number(query, "update_lowerbound", &created->low, call,
                      "update_lowerbound must be negative");
    (void)read_number(query, "update_upperbound", &created->high, call,
                      "update_upperbound must be positive");
    if (created->high < 0) {
        refuse(call, 400, "update_upperbound must be positive");
    }
    if (created->low > 0) {
        refuse(call, 400, "update_lowerbound must be negative");
    }
    created->may_be_set = is_yes(query_find(query, SLICE("enable_reset")));
}

static void read_amount(struct slice query, struct api_call *call, const char *name,
                        const char *sentence)
{
    call->has_amount = read_number(query, name, &call->amount, call, sentence);
    if (!call->has_amount) {
        refuse(call, 400, sentence);
    }
}

static void read_arguments(struct slice query, struct api_call *call)
{
    const bool is_post = call->method == METHOD_POST;

    switch (call->verb) {
    case API_CREATE:
        read_create(query, call);
        break;
    case API_SET:
        read_amount(query, call, "value", "set takes value= in the query, a whole number.");
        break;
    case API_UPDATE:
        read_amount(query, call, is_post ? "value" : "amount",
                    is_post ? "update takes value=, a whole number other than 0."
                            : "update takes amount=, a whole number.");
        if (is_post && call->amount == 0) {
            refuse(call, 400, "update takes value=, a whole number other than 0.");
        }
        break;
    case API_BADGE:
        api_badge_read(query, call);
        break;
    case API_LIST:
    case API_TOP:
        api_list_read(query, call);
        break;
    default:
        break;
    }
}

/* ---- the token ---- */

static void read_token(const struct request *request, const struct request_fields *fields,
                       struct api_call *call)
{
    const struct slice scheme = SLICE("Bearer ");
    const struct slice field = request_fields_find(fields, SLICE("Authorization"));
    const struct slice value = query_find(request->query, SLICE("token"));
    char text[API_TOKEN_BYTES_MAX];
    struct slice token = {text, 0};

    if (field.length > scheme.length &&
        slice_equals_ignoring_case((struct slice){field.bytes, scheme.length}, scheme)) {
        token = slice_after(field, scheme.length);
    } else if (value.length == 0) {
        return;
    } else if (!percent_decode(value, true, text, sizeof text, &token.length)) {
        token = value; /* no key of anybody's, but not none: 401 */
    }
    call->has_token = true;
    api_token_hash(token, call->token);
}

/* Whether only an owner may ask for this. */
static bool is_owners(const struct api_call *call)
{
    switch (call->verb) {
    case API_LIST:
    case API_TOP:
        return true;
    case API_SET:
    case API_UPDATE:
    case API_RESET:
    case API_DELETE:
    case API_BATCH:
        return call->method == METHOD_POST;
    default:
        return false;
    }
}

void api_request_read(const struct request *request, const struct request_fields *fields,
                      enum api_verb verb, struct slice rest, struct api_call *out_call)
{
    memset(out_call, 0, offsetof(struct api_call, fields));
    out_call->verb = verb;
    read_callback(request->query, out_call);
    out_call->is_image = query_find(request->query, SLICE("img")).bytes != NULL;
    read_method(request, out_call);
    read_name(request, fields, rest, out_call);
    if (request->method == METHOD_GET || request->method == METHOD_POST) {
        read_token(request, fields, out_call);
        read_arguments(request->query, out_call);
        if (verb == API_SCRIPT) {
            api_script_read(fields, out_call);
        }
        if (is_owners(out_call) && !out_call->has_token) {
            refuse(out_call, 400, "This call needs a token: Authorization: Bearer, or token=.");
        }
    }
}
