/*
 * policy.c - the settings of a namespace, one by one.
 */
#include "base/policy.h"

#include "base/decimal.h"
#include "base/page_url.h"
#include "base/spelling.h"
#include "base/token_file.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

_Static_assert((int)POLICY_HASH_BYTES == (int)TOKEN_HASH_BYTES, "a token's hash fits");

enum { KEYS_MAX = 100000, RATE = 30, RATE_S = 10 }; /* without a file */

/* ---- values ---- */

static bool set_hit(struct policy *policy, const char *text, char *out_problem)
{
    const struct slice words = slice_of(text);

    if (strcmp(text, "open") == 0) {
        policy->hit = POLICY_HIT_OPEN;
    } else if (strcmp(text, "token") == 0) {
        policy->hit = POLICY_HIT_TOKEN;
    } else if (slice_starts_with(words, SLICE("origin ")) &&
               words.length - 7 <= POLICY_ORIGINS_BYTES_MAX) {
        policy->hit = POLICY_HIT_ORIGINS;
        (void)snprintf(policy->origins, sizeof policy->origins, "%s", text + 7);
    } else {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES,
                       "it takes open, token, or origin and hosts between blanks");
        return false;
    }
    return true;
}

static bool set_create(struct policy *policy, const char *text, char *out_problem)
{
    policy->create_needs_token = strcmp(text, "token") == 0;
    if (!policy->create_needs_token && strcmp(text, "open") != 0) {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES, "it takes open or token");
        return false;
    }
    return true;
}

static bool set_keys_max(struct policy *policy, const char *text, char *out_problem)
{
    uint64_t number;

    if (!decimal_read(slice_of(text), 1000000000, &number)) {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES,
                       "it takes a whole number from 0 (any number) to 1000000000");
        return false;
    }
    policy->keys_max = (uint32_t)number;
    return true;
}

/* "30/10s", or "off". */
static bool set_rate(struct policy *policy, const char *text, char *out_problem)
{
    const char *slash = strchr(text, '/');
    const size_t length = strlen(text);
    uint64_t rate = 0;
    uint64_t rate_s = 1;

    if (strcmp(text, "off") != 0 &&
        (slash == NULL || text[length - 1] != 's' ||
         !decimal_read((struct slice){text, (size_t)(slash - text)}, POLICY_RATE_MAX, &rate) ||
         !decimal_read((struct slice){slash + 1, length - (size_t)(slash - text) - 2},
                       POLICY_RATE_S_MAX, &rate_s) ||
         rate == 0 || rate_s == 0)) {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES,
                       "it takes calls and seconds as 30/10s, up to %d/%ds, or off",
                       POLICY_RATE_MAX, POLICY_RATE_S_MAX);
        return false;
    }
    policy->rate = (uint32_t)rate;
    policy->rate_s = (uint32_t)rate_s;
    return true;
}

static bool set_token_file(struct policy *policy, const char *text, char *out_problem)
{
    policy->has_token =
        token_file_read(text, policy->token_hash, out_problem, POLICY_PROBLEM_BYTES);
    return policy->has_token;
}

/* ---- the table ---- */

/* What a row sets lies between two members, so that it can be taken from elsewhere as well. */
#define MEMBERS(first, last)                                                                       \
    offsetof(struct policy, first), offsetof(struct policy, last) +                                \
                                        sizeof(((struct policy *)NULL)->last) -                    \
                                        offsetof(struct policy, first)

static const struct policy_setting {
    const char *name;
    bool (*set)(struct policy *policy, const char *text, char *out_problem);
    size_t offset;
    size_t bytes;
} table[] = {
    {"hit", set_hit, MEMBERS(hit, origins)},
    {"create", set_create, MEMBERS(create_needs_token, create_needs_token)},
    {"keys_max", set_keys_max, MEMBERS(keys_max, keys_max)},
    {"rate", set_rate, MEMBERS(rate, rate_s)},
    {"token_file", set_token_file, MEMBERS(has_token, token_hash)},
};

enum { TABLE_COUNT = sizeof table / sizeof table[0] };

bool policy_set(struct policy *policy, const char *name, const char *text, bool *out_is_unknown,
                char out_problem[POLICY_PROBLEM_BYTES])
{
    *out_is_unknown = false;
    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        if (strcmp(name, table[i].name) != 0) {
            continue;
        }
        if ((policy->given & 1U << i) != 0) {
            (void)snprintf(out_problem, POLICY_PROBLEM_BYTES, "it stands twice in this section");
            return false;
        }
        policy->given |= 1U << i;
        return table[i].set(policy, text, out_problem);
    }
    *out_is_unknown = true;
    return false;
}

const char *policy_nearest(struct slice name)
{
    const char *names[TABLE_COUNT];

    for (unsigned i = 0; i < TABLE_COUNT; i++) {
        names[i] = table[i].name;
    }
    return spelling_nearest(name, names, TABLE_COUNT);
}

/* ---- all of them ---- */

void policies_init(struct policies *policies)
{
    policies->count = 0;
    policies->defaults = (struct policy){.keys_max = KEYS_MAX, .rate = RATE, .rate_s = RATE_S};
}

static bool is_name(struct slice name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-.";

    for (size_t i = 0; i < name.length; i++) {
        if (memchr(allowed, name.bytes[i], sizeof allowed - 1) == NULL) {
            return false;
        }
    }
    return name.length >= 3 && name.length <= POLICY_NAME_BYTES_MAX;
}

struct policy *policies_add(struct policies *policies, struct slice name,
                            char out_problem[POLICY_PROBLEM_BYTES])
{
    struct policy *added;

    if (!is_name(name)) {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES,
                       "a namespace has a name of 3 to 64 of A-Z, a-z, 0-9, _, - and .");
        return NULL;
    }
    for (uint32_t i = 0; i < policies->count; i++) {
        if (slice_is(name, policies->list[i].name)) {
            return &policies->list[i];
        }
    }
    if (policies->count == POLICIES_MAX) {
        (void)snprintf(out_problem, POLICY_PROBLEM_BYTES, "there are more than %d namespaces",
                       POLICIES_MAX);
        return NULL;
    }
    added = &policies->list[policies->count++];
    *added = (struct policy){.given = 0};
    memcpy(added->name, name.bytes, name.length);
    return added;
}

void policies_finish(struct policies *policies)
{
    for (uint32_t i = 0; i < policies->count; i++) {
        struct policy *policy = &policies->list[i];

        for (unsigned row = 0; row < TABLE_COUNT; row++) {
            if ((policy->given & 1U << row) == 0) {
                memcpy((char *)policy + table[row].offset,
                       (const char *)&policies->defaults + table[row].offset, table[row].bytes);
            }
        }
    }
}

const struct policy *policies_find(const struct policies *policies, struct slice namespace)
{
    for (uint32_t i = 0; i < policies->count; i++) {
        if (slice_is(namespace, policies->list[i].name)) {
            return &policies->list[i];
        }
    }
    return &policies->defaults;
}

/* ---- origins ---- */

bool policy_knows_origin(const struct policy *policy, struct slice origin)
{
    struct slice rest = slice_of(policy->origins);
    struct page_url url;

    if (!page_url_read(origin, &url)) {
        return false;
    }
    while (rest.length > 0) {
        const size_t length = strcspn(rest.bytes, " \t");
        const struct slice word = {rest.bytes, length};
        const bool is_whole = memmem(word.bytes, word.length, "://", 3) != NULL;

        if (length > 0 && slice_equals_ignoring_case(word, is_whole ? url.origin : url.host)) {
            return true;
        }
        rest = slice_after(rest, length == rest.length ? length : length + 1);
    }
    return false;
}
