/*
 * policy.h - what a namespace of counters lets visitors do: the sections [defaults] and
 * [namespace NAME] of a settings file.
 *
 * What a namespace does not say is as in the defaults, wherever in the file those stand.
 */
#ifndef FOOTFALL_BASE_POLICY_H
#define FOOTFALL_BASE_POLICY_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    POLICIES_MAX = 64,
    POLICY_NAME_BYTES_MAX = 64,
    POLICY_ORIGINS_BYTES_MAX = 1023,
    POLICY_HASH_BYTES = 32,
    POLICY_PROBLEM_BYTES = 512,
    POLICY_RATE_MAX = 65535,
    POLICY_RATE_S_MAX = 86400,
};

enum policy_hit {
    POLICY_HIT_OPEN,
    POLICY_HIT_ORIGINS, /* pages of these hosts */
    POLICY_HIT_TOKEN,
};

struct policy {
    char name[POLICY_NAME_BYTES_MAX + 1]; /* "": the defaults */
    uint32_t given;                       /* which of its settings it says itself */
    enum policy_hit hit;
    char origins[POLICY_ORIGINS_BYTES_MAX + 1]; /* hosts or whole origins, between blanks */
    bool create_needs_token;
    bool has_token;
    uint8_t token_hash[POLICY_HASH_BYTES]; /* of the namespace's token */
    uint32_t keys_max;                     /* 0: any number */
    uint32_t rate;                         /* calls of one client … 0: any number */
    uint32_t rate_s;                       /* … in so many seconds */
};

struct policies {
    struct policy defaults;
    struct policy list[POLICIES_MAX];
    uint32_t count;
};

/* The defaults as they are without a file. */
void policies_init(struct policies *policies);

/* Adds a namespace, or finds it again. NULL, with a sentence, when the name is none, or there are
 * too many. */
struct policy *policies_add(struct policies *policies, struct slice name,
                            char out_problem[POLICY_PROBLEM_BYTES]);

/* Sets what `name` says to `text`; reads a token's file at once. False, with a sentence that
 * repeats no secret; `*out_is_unknown`: there is no such setting. */
bool policy_set(struct policy *policy, const char *name, const char *text, bool *out_is_unknown,
                char out_problem[POLICY_PROBLEM_BYTES]);

/* The setting nearest to `name`, or NULL. */
const char *policy_nearest(struct slice name);

/* Nothing more comes: fills in what namespaces leave to the defaults. */
void policies_finish(struct policies *policies);

/* What counts for a namespace. */
const struct policy *policies_find(const struct policies *policies, struct slice namespace);

/* Whether a page of `origin`, the field Origin or Referer, is one of the policy's. */
bool policy_knows_origin(const struct policy *policy, struct slice origin);

#endif
