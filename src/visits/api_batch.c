/*
 * api_batch.c - lines in, lines out.
 */
#include "visits/api_batch.h"

#include "base/counter.h"
#include "base/scoreboard.h"
#include "base/settings.h"
#include "base/text.h"
#include "http/server.h"
#include "visits/api_policy.h"
#include "visits/api_reply.h"
#include "visits/tally.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Exchanges have tickets without it. */
#define LINE_TICKET (UINT64_C(1) << 63)

struct line {
    const char *error; /* NULL: it has a number */
    int64_t number;
};

struct api_batch {
    struct api_batch *next;
    uint64_t ticket; /* of the request */
    uint32_t id;
    uint32_t waiting; /* lines, and one while they are read */
    uint32_t count;
    struct line *lines;
};

bool api_batch_has(uint64_t ticket)
{
    return (ticket & LINE_TICKET) != 0;
}

/* ---- the answer ---- */

static void unlink_batch(struct api *api, const struct api_batch *batch)
{
    struct api_batch **link = &api->batches;

    while (*link != batch) {
        link = &(*link)->next;
    }
    *link = batch->next;
}

static void destroy(struct api *api, struct api_batch *batch)
{
    unlink_batch(api, batch);
    free(batch->lines);
    free(batch);
}

static void write_lines(const struct api_batch *batch, struct text *text)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct line *line = &batch->lines[i];

        if (line->error == NULL) {
            text_add(text, "{\"value\":%" PRId64 "}\n", line->number);
        } else {
            text_add(text, "{\"error\":\"%s\"}\n", line->error);
        }
    }
}

/* Every line has its end. */
static void answer(struct api *api, struct api_batch *batch)
{
    struct api_call *call = http_server_call(api->server, batch->ticket);
    struct text text = {.length = 0};
    struct content *content = NULL;
    struct reply reply;

    if (call != NULL) { /* else its connection is gone */
        write_lines(batch, &text);
        content = text.has_failed ? NULL : malloc(sizeof *content + text.length);
        if (content == NULL) {
            api_reply_make_error(call, 503, "There is no memory for this answer.", &reply);
        } else {
            memcpy(content->bytes, text.bytes == NULL ? "" : text.bytes, text.length);
            content->length = text.length;
            api_reply_make_content(call, 200, "application/x-ndjson", content, &reply);
        }
        http_server_answer(api->server, batch->ticket, &reply);
        text_finish(&text);
    }
    destroy(api, batch);
}

static const char *sentence_of(int result)
{
    switch (result) {
    case -EOVERFLOW:
        return "The number would be out of range.";
    case -EDQUOT:
        return "There is no room for another counter.";
    case -EAGAIN:
        return "Too many visits wait to be counted.";
    default:
        return "The counter cannot be reached.";
    }
}

static void end_line(struct api *api, struct api_batch *batch, uint32_t index, int result,
                     int64_t number)
{
    struct line *line = &batch->lines[index];

    line->error = result < 0 ? sentence_of(result) : NULL;
    line->number = number;
    if (result == -EDQUOT || result == -EAGAIN) {
        limit_tell(&api->limit_listener, result == -EAGAIN ? LIMIT_PENDING_HITS : LIMIT_COUNTERS,
                   NULL);
    }
    if (result < 0) {
        (void)atomic_fetch_add_explicit(api->refused, 1, memory_order_relaxed);
    } else {
        counter_add(&api->calls_counts[SCOREBOARD_CALL_UPDATED], 1);
    }
}

void api_batch_counted(struct api *api, uint64_t ticket, int result, int64_t number)
{
    const uint32_t id = (uint32_t)((ticket & ~LINE_TICKET) >> 32);
    struct api_batch *batch = api->batches;

    while (batch->id != id) { /* it waits for this line, so it is there */
        batch = batch->next;
    }
    end_line(api, batch, (uint32_t)ticket, result, number);
    if (--batch->waiting == 0) {
        answer(api, batch);
    }
}

/* ---- lines ---- */

/* What is wrong with a line, or NULL: then it names a counter, and how much. */
static const char *read_line(const struct api *api, const struct api_call *call, json_t *object,
                             struct counter_name *out_name, uint32_t *out_amount)
{
    const json_t *namespace = json_object_get(object, "ns");
    const json_t *key = json_object_get(object, "key");
    const json_t *amount = json_object_get(object, "n");

    if (!json_is_object(object) || !json_is_string(key) ||
        (namespace != NULL && !json_is_string(namespace))) {
        return "A line is an object with ns, key and n.";
    }
    if (amount != NULL && (!json_is_integer(amount) || json_integer_value(amount) < 1 ||
                           json_integer_value(amount) > STORE_AMOUNT_MAX)) {
        return "n is a whole number from 1 to 2147483647.";
    }
    *out_amount = amount == NULL ? 1 : (uint32_t)json_integer_value(amount);
    if (counter_name_make(namespace == NULL ? SLICE("default")
                                            : (struct slice){json_string_value(namespace),
                                                             json_string_length(namespace)},
                          (struct slice){json_string_value(key), json_string_length(key)},
                          out_name) != COUNTER_NAME_GOOD) {
        return "Malformed Namespace/Key";
    }
    return api_policy_is_opened(
               api->settings,
               policies_find(&api->settings->policies, counter_name_namespace(out_name)), call)
               ? NULL
               : "token is invalid";
}

/* Counts one line: NULL is one that is no JSON. */
static void count_line(struct api *api, struct api_batch *batch, const struct api_call *call,
                       json_t *object)
{
    const uint32_t index = batch->count++;
    struct line *line = &batch->lines[index];
    struct counter_name name;
    struct tally_target target;
    uint32_t amount = 1;
    int result;

    line->error = read_line(api, call, object, &name, &amount);
    if (line->error != NULL) {
        return;
    }
    target = api_policy_target(api->settings, api->front_key, &name);
    result =
        tally_count(api->tally, &target, LINE_TICKET | (uint64_t)batch->id << 32 | index, amount);
    if (result < 0) {
        end_line(api, batch, index, result, 0);
    } else {
        batch->waiting++;
    }
}

static bool is_empty(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] != ' ' && text.bytes[i] != '\t' && text.bytes[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* Takes the next line that is not empty off the text. False at its end. */
static bool take_line(struct slice *text, struct slice *out_line)
{
    while (text->length > 0) {
        const char *end = memchr(text->bytes, '\n', text->length);
        const struct slice line = {text->bytes,
                                   end == NULL ? text->length : (size_t)(end - text->bytes)};

        *text = slice_after(*text, end == NULL ? text->length : line.length + 1);
        if (!is_empty(line)) {
            *out_line = line;
            return true;
        }
    }
    return false;
}

static size_t count_of_lines(struct slice body)
{
    struct slice line;
    size_t count = 0;

    while (take_line(&body, &line)) {
        count++;
    }
    return count;
}

static void count_lines(struct api *api, struct api_batch *batch, const struct api_call *call,
                        struct slice body)
{
    struct slice line;

    while (take_line(&body, &line)) {
        json_t *object = json_loadb(line.bytes, line.length, JSON_REJECT_DUPLICATES, NULL);

        count_line(api, batch, call, object);
        json_decref(object);
    }
}

static void count_array(struct api *api, struct api_batch *batch, const struct api_call *call,
                        json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        count_line(api, batch, call, json_array_get(array, i));
    }
}

/* ---- beginning ---- */

static struct api_batch *create(struct api *api, uint64_t ticket, size_t lines)
{
    struct api_batch *batch = calloc(1, sizeof *batch);

    if (batch == NULL) {
        return NULL;
    }
    batch->lines = calloc(lines == 0 ? 1 : lines, sizeof *batch->lines);
    if (batch->lines == NULL) {
        free(batch);
        return NULL;
    }
    batch->ticket = ticket;
    batch->id = api->next_batch++ & INT32_MAX;
    batch->waiting = 1;
    batch->next = api->batches;
    api->batches = batch;
    return batch;
}

static void fail(struct api *api, struct api_call *call, uint64_t ticket, uint16_t status,
                 const char *sentence)
{
    struct reply reply;

    api_reply_make_error(call, status, sentence, &reply);
    http_server_answer(api->server, ticket, &reply);
}

/* Counts all of it: JSON lines, or an array. */
static void count_body(struct api *api, struct api_batch *batch, const struct api_call *call,
                       struct slice body, json_t *array)
{
    if (array != NULL) {
        count_array(api, batch, call, array);
    } else {
        count_lines(api, batch, call, body);
    }
    if (--batch->waiting == 0) {
        answer(api, batch);
    }
}

static bool is_array(struct slice body)
{
    size_t blanks = 0;

    while (blanks < body.length && strchr(" \t\r\n", body.bytes[blanks]) != NULL) {
        blanks++;
    }
    return blanks < body.length && body.bytes[blanks] == '[';
}

void api_batch_begin(struct api *api, struct api_call *call, uint64_t ticket)
{
    const struct slice body = http_server_body(api->server, ticket);
    const bool has_array = is_array(body);
    json_t *array =
        has_array ? json_loadb(body.bytes, body.length, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const size_t lines = array != NULL ? json_array_size(array) : count_of_lines(body);
    struct api_batch *batch;

    if (has_array && array == NULL) {
        fail(api, call, ticket, 400, "The body is no JSON.");
    } else if (lines > API_BATCH_LINES_MAX) {
        fail(api, call, ticket, 400, "There are more than 4096 lines.");
    } else if ((batch = create(api, ticket, lines)) == NULL) {
        fail(api, call, ticket, 503, "There is no memory for this call.");
    } else {
        count_body(api, batch, call, body, array);
    }
    json_decref(array);
}
