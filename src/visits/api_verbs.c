/*
 * api_verbs.c - from call to tally, from number or record to answer.
 */
#include "visits/api_verbs.h"

#include "base/counter.h"
#include "base/decimal.h"
#include "base/scoreboard.h"
#include "http/server.h"
#include "visits/api_badge.h"
#include "visits/api_batch.h"
#include "visits/api_pages.h"
#include "visits/api_policy.h"
#include "visits/api_rate.h"
#include "visits/api_reply.h"
#include "visits/api_token.h"
#include "visits/tally.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    RETRY_AFTER_S = 1,
    OBJECT_BYTES_MAX = 800,
};

static void send(struct api *api, uint64_t ticket, const struct reply *reply)
{
    http_server_answer(api->server, ticket, reply);
}

static void fail(struct api *api, struct api_call *call, uint64_t ticket, uint16_t status,
                 const char *sentence)
{
    struct reply reply;

    api_reply_make_error(call, status, sentence, &reply);
    send(api, ticket, &reply);
}

__attribute__((format(printf, 5, 6))) static void answer(struct api *api, struct api_call *call,
                                                         uint64_t ticket, uint16_t status,
                                                         const char *format, ...)
{
    char object[OBJECT_BYTES_MAX];
    struct reply reply;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(object, sizeof object, format, arguments);
    va_end(arguments);
    api_reply_make(call, status, (struct slice){object, (size_t)length}, &reply);
    send(api, ticket, &reply);
}

/* ---- what can go wrong ---- */

static void fail_for_now(struct api *api, struct api_call *call, uint64_t ticket,
                         const char *sentence)
{
    call->retry_after_s = RETRY_AFTER_S;
    fail(api, call, ticket, 503, sentence);
}

void api_verb_fail(struct api *api, struct api_call *call, uint64_t ticket, int result)
{
    switch (result) {
    case -ENOENT:
        fail(api, call, ticket, 404, "Key not found");
        break;
    case -EEXIST:
        fail(api, call, ticket, 409, "Key already exists");
        break;
    case -EOVERFLOW:
        fail(api, call, ticket, 400, "The number would be out of range.");
        break;
    case -EDQUOT:
        limit_tell(&api->limit_listener, LIMIT_COUNTERS, &call->client);
        fail(api, call, ticket, 507, "There is no room for another counter.");
        break;
    case -EACCES:
        fail(api, call, ticket, 401, "token is invalid");
        break;
    case -EOPNOTSUPP:
        fail(api, call, ticket, 501, "The store cannot do this.");
        break;
    case -EAGAIN:
        fail_for_now(api, call, ticket, "Too many visits wait to be counted.");
        break;
    default:
        fail_for_now(api, call, ticket, "The counter cannot be reached.");
        break;
    }
}

/* ---- to the tally ---- */

static void count(struct api *api, struct api_call *call, uint64_t ticket, uint32_t amount)
{
    const struct tally_target target =
        api_policy_target(api->settings, api->front_key, &call->name);
    int result = tally_count(api->tally, &target, ticket | API_CALL_TICKET, amount);

    if (result == -EAGAIN) {
        limit_tell(&api->limit_listener, LIMIT_PENDING_HITS, NULL);
    }
    if (result < 0) {
        api_counted(api, call, ticket, result, 0);
    }
}

static void change(struct api *api, struct api_call *call, uint64_t ticket,
                   const struct store_change *wanted)
{
    const struct tally_target target =
        api_policy_target(api->settings, api->front_key, &call->name);
    struct store_change *copy = malloc(sizeof *copy);
    int result = -ENOMEM;

    if (copy != NULL) {
        *copy = *wanted;
        result = tally_change(api->tally, &target, ticket | API_CALL_TICKET, copy);
    }
    if (result < 0) {
        store_change_destroy(copy);
        api_verb_fail(api, call, ticket, result);
    }
}

/* Asks for counters of a namespace, or only how many there are. */
static void list(struct api *api, struct api_call *call, uint64_t ticket)
{
    const struct tally_target target = {
        .key = call->has_namespace
                   ? (struct slice){call->name.text, call->name.namespace_length + 1u}
                   : SLICE("/"),
    };
    struct store_change *ask = api_list_ask(call);
    int result =
        ask == NULL ? -ENOMEM : tally_change(api->tally, &target, ticket | API_CALL_TICKET, ask);

    if (result < 0) {
        store_change_destroy(ask);
        api_verb_fail(api, call, ticket, result);
    }
}

/* ---- calls ---- */

static void begin_create(struct api *api, struct api_call *call, uint64_t ticket)
{
    struct store_change wanted = {.kind = STORE_CREATE, .created = call->created};

    if (!api_policy_target(api->settings, api->front_key, &call->name)
             .keeps_record) { /* nobody becomes the owner of "/" */
        api_verb_fail(api, call, ticket, -EEXIST);
        return;
    }
    api_token_draw_key(call->key);
    api_token_hash(slice_of(call->key), wanted.created.owner);
    wanted.created.has_owner = true;
    change(api, call, ticket, &wanted);
}

static enum store_change_kind kind_of(enum api_verb verb)
{
    return verb == API_UPDATE   ? STORE_ADD
           : verb == API_DELETE ? STORE_REMOVE
           : verb == API_INFO   ? STORE_READ
                                : STORE_SET;
}

/* A change as `right`; of a reset the amount is 0. */
static void begin_change(struct api *api, struct api_call *call, uint64_t ticket,
                         enum store_right right)
{
    struct store_change wanted = {
        .kind = kind_of(call->verb),
        .right = right,
        .value = call->amount,
    };

    memcpy(wanted.owner, call->token, sizeof wanted.owner);
    change(api, call, ticket, &wanted);
}

/* Looks whose it is first, but for who owns every counter. */
static void begin_owners_change(struct api *api, struct api_call *call, uint64_t ticket)
{
    static const struct store_change look = {.kind = STORE_READ};

    if (api_policy_is_servers(api->settings, call)) {
        begin_change(api, call, ticket, STORE_AS_SERVER);
        return;
    }
    change(api, call, ticket, &look);
}

void api_verb_begin(struct api *api, struct api_call *call, uint64_t ticket)
{
    struct reply reply;

    switch (call->verb) {
    case API_HIT:
        count(api, call, ticket, 1);
        break;
    case API_GET:
        count(api, call, ticket, 0);
        break;
    case API_CREATE:
        begin_create(api, call, ticket);
        break;
    case API_BADGE:
        count(api, call, ticket, call->counts ? 1 : 0);
        break;
    case API_SCRIPT:
        api_script_make(call, &reply);
        send(api, ticket, &reply);
        break;
    case API_BATCH:
        api_batch_begin(api, call, ticket);
        break;
    case API_STATS:
    case API_LIST:
    case API_TOP:
        list(api, call, ticket);
        break;
    case API_INFO:
        begin_change(api, call, ticket, STORE_AS_ANYBODY);
        break;
    default:
        if (call->method == METHOD_POST) {
            begin_owners_change(api, call, ticket);
        } else {
            begin_change(api, call, ticket, STORE_AS_ANYBODY);
        }
        break;
    }
}

/* ---- answers ---- */

void api_counted(struct api *api, struct api_call *call, uint64_t ticket, int result,
                 int64_t number)
{
    struct reply reply;

    if (result == -ENOENT) {
        counter_add(&api->calls_counts[SCOREBOARD_CALL_MISSED], 1);
    } else if (result == 0 && (call->verb == API_HIT || call->counts)) {
        counter_add(&api->calls_counts[SCOREBOARD_CALL_UPDATED], 1);
    }
    if (result == -ENOENT && call->verb == API_BADGE) {
        result = 0; /* one that does not count shows 0, and makes nothing */
        number = 0;
    }
    if (result < 0) {
        if (call->verb == API_HIT || call->counts) {
            (void)atomic_fetch_add_explicit(api->refused, 1, memory_order_relaxed);
        }
        api_verb_fail(api, call, ticket, result);
        return;
    }
    if (call->verb == API_BADGE) {
        api_badge_make(call, number, &reply);
    } else {
        api_reply_make_value(call, number, &reply);
    }
    send(api, ticket, &reply);
}

static void answer_created(struct api *api, struct api_call *call, uint64_t ticket,
                           const struct store_record *record)
{
    const struct slice namespace = counter_name_namespace(&call->name);
    const struct slice key = counter_name_key(&call->name);

    answer(api, call, ticket, call->is_list_form ? 200 : 201,
           "{\"namespace\":\"%.*s\",\"key\":\"%.*s\",\"admin_key\":\"%s\",\"value\":%lld}",
           (int)namespace.length, namespace.bytes, (int)key.length, key.bytes, call->key,
           (long long)record->value);
}

/* A number in a text, or null where it is not known. */
static const char *known(uint64_t number, char out_text[DECIMAL_BYTES_MAX + 1])
{
    if (number == 0) {
        return "null";
    }
    out_text[decimal_write(out_text, number)] = '\0';
    return out_text;
}

static void answer_info(struct api *api, struct api_call *call, uint64_t ticket,
                        const struct store_record *record)
{
    const struct slice namespace = counter_name_namespace(&call->name);
    const struct slice key = counter_name_key(&call->name);
    char created[DECIMAL_BYTES_MAX + 1];
    char counted[DECIMAL_BYTES_MAX + 1];

    answer(api, call, ticket, 200,
           "{\"namespace\":\"%.*s\",\"key\":\"%.*s\",\"value\":%lld,\"full_key\":\"%.*s\","
           "\"exists\":true,\"is_genuine\":%s,\"ttl\":-1,\"expires_in\":-1,"
           "\"expires_str\":\"never\",\"enable_reset\":%s,\"update_lowerbound\":%lld,"
           "\"update_upperbound\":%lld,\"created\":%s,\"last_counted\":%s,\"adjusted\":%lld}",
           (int)namespace.length, namespace.bytes, (int)key.length, key.bytes,
           (long long)record->value, call->name.length, call->name.text,
           record->has_owner ? "false" : "true", record->may_be_set ? "true" : "false",
           (long long)record->low, (long long)record->high, known(record->created_ms, created),
           known(record->counted_ms, counted), (long long)record->adjusted);
}

static void answer_no_info(struct api *api, struct api_call *call, uint64_t ticket)
{
    answer(api, call, ticket, 404,
           "{\"namespace\":null,\"key\":null,\"value\":null,\"full_key\":null,\"exists\":false,"
           "\"is_genuine\":null,\"ttl\":null,\"expires_in\":null,\"expires_str\":null,"
           "\"enable_reset\":null,\"update_lowerbound\":null,\"update_upperbound\":null,"
           "\"created\":null,\"last_counted\":null,\"adjusted\":null,\"error\":\"Key not found\"}");
}

/* CountAPI's 403: what nobody may do changes nothing, and says so. */
static void answer_forbidden(struct api *api, struct api_call *call, uint64_t ticket,
                             const struct store_record *record)
{
    const long long value = record->value;

    if (call->verb == API_SET) {
        answer(api, call, ticket, 403,
               "{\"old_value\":%lld,\"value\":%lld,\"error\":\"This counter may not be set.\"}",
               value, value);
    } else {
        answer(api, call, ticket, 403,
               "{\"value\":%lld,\"error\":\"The amount is beyond this counter's bounds.\"}", value);
    }
}

static void answer_changed(struct api *api, struct api_call *call, uint64_t ticket,
                           const struct store_change *done)
{
    struct reply reply;

    switch (call->verb) {
    case API_CREATE:
        answer_created(api, call, ticket, &done->after);
        break;
    case API_INFO:
        answer_info(api, call, ticket, &done->after);
        break;
    case API_DELETE:
        answer(api, call, ticket, 200, "{\"status\":\"ok\",\"message\":\"Deleted key: %.*s\"}",
               call->name.length, call->name.text);
        break;
    case API_SET:
        answer(api, call, ticket, 200, "{\"old_value\":%lld,\"value\":%lld}",
               (long long)done->before.value, (long long)done->after.value);
        break;
    default:
        api_reply_make_value(call, done->after.value, &reply);
        send(api, ticket, &reply);
        break;
    }
}

/* The counter was looked at to know whose it is. */
static void confirm(struct api *api, struct api_call *call, uint64_t ticket,
                    const struct store_record *record)
{
    if (!record->has_owner || !api_token_equals(record->owner, call->token)) {
        fail(api, call, ticket, 401, "token is invalid");
        return;
    }
    api_rate_give_token_back(api->rates, call);
    begin_change(api, call, ticket, STORE_AS_OWNER);
}

static void answer_list(struct api *api, struct api_call *call, uint64_t ticket,
                        const struct store_listing *listing)
{
    struct reply reply;

    api_list_make(call, listing, &reply);
    send(api, ticket, &reply);
}

static void answer_stats(struct api *api, struct api_call *call, uint64_t ticket, int64_t all_keys)
{
    struct reply reply;

    api_stats_make(call, api->scoreboard, api->version, all_keys, &reply);
    send(api, ticket, &reply);
}

/* For /stats. */
static void note_change(const struct api *api, const struct api_call *call, int result)
{
    if (result == -ENOENT) {
        counter_add(&api->calls_counts[SCOREBOARD_CALL_MISSED], 1);
    } else if (result == 0 &&
               (call->verb == API_SET || call->verb == API_UPDATE || call->verb == API_RESET)) {
        counter_add(&api->calls_counts[SCOREBOARD_CALL_UPDATED], 1);
    }
}

/* Visits make the front counter, and `create` does not, since nobody owns it: so that a number can
 * be brought along, the server's token makes it where it would change it. True: that is under way,
 * or the change anew, because a visit was quicker. */
static bool makes_front(struct api *api, struct api_call *call, uint64_t ticket, int result,
                        const struct store_change *done)
{
    struct store_change wanted = {
        .kind = STORE_CREATE,
        .right = STORE_AS_SERVER,
        .created = store_record_of_visits,
    };

    if (result == -EEXIST && call->verb != API_CREATE) {
        begin_change(api, call, ticket, STORE_AS_SERVER);
        return true;
    }
    if (result != -ENOENT || done->right != STORE_AS_SERVER ||
        (done->kind != STORE_SET && done->kind != STORE_ADD) ||
        api_policy_target(api->settings, api->front_key, &call->name).keeps_record) {
        return false;
    }
    wanted.created.value = call->amount;
    change(api, call, ticket, &wanted);
    return true;
}

void api_changed(struct api *api, struct api_call *call, uint64_t ticket, int result,
                 const struct store_change *done)
{
    if (makes_front(api, call, ticket, result, done)) {
        return;
    }
    note_change(api, call, result);
    if (result < 0) {
        api_rate_give_token_back(api->rates, call); /* nobody has looked at it */
    }
    if (call->verb == API_STATS) {
        answer_stats(api, call, ticket, result == 0 ? (int64_t)done->listing->all_keys : -1);
    } else if (result == -EPERM) {
        answer_forbidden(api, call, ticket, &done->before);
    } else if (result == -ENOENT && call->verb == API_INFO) {
        answer_no_info(api, call, ticket);
    } else if (result < 0) {
        api_verb_fail(api, call, ticket, result);
    } else if (done->kind == STORE_LIST) {
        answer_list(api, call, ticket, done->listing);
    } else if (done->kind == STORE_READ && call->verb != API_INFO) {
        confirm(api, call, ticket, &done->before);
    } else {
        answer_changed(api, call, ticket, done);
    }
}
