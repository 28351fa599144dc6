/*
 * api_rate.c - policies, and one limit for wrong tokens.
 */
#include "visits/api_rate.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/rate_table.h"

enum {
    WRONG_TOKENS_MAX = 20,
    WRONG_TOKENS_S = 60,
    WRONG_TOKENS_POLICY = 1, /* namespaces have others */
};

static const struct rate_limit wrong_tokens = {
    .policy_id = WRONG_TOKENS_POLICY,
    .amount_max = WRONG_TOKENS_MAX,
    .window_s = WRONG_TOKENS_S,
};

static uint64_t now_s(void)
{
    return clock_monotonic_ms() / 1000;
}

static bool refuse(struct api_call *call, const struct rate_answer *answer, const char *sentence)
{
    call->refused_status = 429;
    call->refused_sentence = sentence;
    call->retry_after_s = answer->window_left_s;
    return false;
}

/* Behind a balancer that nobody has named the whole site would be one client. */
static bool is_limited(const struct settings *settings, const struct api_call *call)
{
    return settings->trusted_proxies.count > 0 || !network_address_is_private(&call->client);
}

/* Each namespace with a section counts for itself, all others together. */
static uint64_t id_of(const struct settings *settings, const struct policy *policy)
{
    return policy == &settings->policies.defaults ? 0 : hash_of(slice_of(policy->name)) | 2;
}

bool api_rate_take(struct rate_table *rates, const struct settings *settings, struct api_call *call)
{
    /* Found anew: a reload may have come since the head was read. */
    const struct policy *policy =
        call->policy != NULL
            ? policies_find(&settings->policies, counter_name_namespace(&call->name))
            : &settings->policies.defaults;
    struct rate_limit limit = {
        .amount_max = policy->rate,
        .window_s = policy->rate_s,
    };
    struct rate_answer answer;

    if (policy->rate == 0 || !is_limited(settings, call)) {
        return true;
    }
    limit.policy_id = id_of(settings, policy);
    answer = rate_table_take(rates, &call->client, &limit, now_s());
    call->has_rate = true;
    call->rate_max = limit.amount_max;
    call->rate_s = limit.window_s;
    call->rate_left = answer.remaining;
    call->rate_left_s = answer.window_left_s;
    return answer.verdict == RATE_ALLOWED ||
           refuse(call, &answer, "Too many requests; wait a moment.");
}

bool api_rate_take_token(struct rate_table *rates, struct api_call *call)
{
    const struct rate_answer answer = rate_table_take(rates, &call->client, &wrong_tokens, now_s());

    call->is_token_taken = answer.verdict == RATE_ALLOWED;
    return call->is_token_taken || refuse(call, &answer, "Too many wrong tokens; wait a moment.");
}

void api_rate_give_token_back(struct rate_table *rates, struct api_call *call)
{
    if (call->is_token_taken) {
        call->is_token_taken = false;
        rate_table_give_back(rates, &call->client, &wrong_tokens, now_s());
    }
}
