/*
 * api_policy.c - origins and tokens.
 */
#include "visits/api_policy.h"

#include "visits/api_token.h"

_Static_assert((int)POLICY_HASH_BYTES == (int)STORE_OWNER_BYTES, "hashes are compared");

static void refuse(struct api_call *call, uint16_t status, const char *sentence)
{
    call->refused_status = status;
    call->refused_sentence = sentence;
}

bool api_policy_is_servers(const struct settings *settings, const struct api_call *call)
{
    return call->has_token && settings->has_admin_token &&
           api_token_equals(call->token, settings->admin_token_hash);
}

bool api_policy_is_opened(const struct settings *settings, const struct policy *policy,
                          const struct api_call *call)
{
    return api_policy_is_servers(settings, call) ||
           (call->has_token && policy->has_token &&
            api_token_equals(call->token, policy->token_hash));
}

static bool has_right_token(const struct settings *settings, const struct api_call *call)
{
    return api_policy_is_opened(settings, call->policy, call);
}

/* Whether the token opens any namespace at all. */
static bool opens_any(const struct settings *settings, const struct api_call *call)
{
    const struct policies *policies = &settings->policies;
    bool is_any = api_policy_is_opened(settings, &policies->defaults, call);

    for (uint32_t i = 0; i < policies->count; i++) {
        is_any = api_policy_is_opened(settings, &policies->list[i], call) || is_any;
    }
    return is_any;
}

/* Whether it is a hit, or does what one does. */
static bool adds(const struct api_call *call)
{
    return call->verb == API_HIT || (call->verb == API_BADGE && call->counts) ||
           (call->verb == API_UPDATE && call->method == METHOD_GET && call->amount != 0);
}

/* The page that calls, as the browser says it. */
static bool comes_from_right_page(const struct request_fields *fields, const struct policy *policy)
{
    struct slice origin = request_fields_find(fields, SLICE("Origin"));

    if (origin.bytes == NULL) { /* an image, or a script of the page */
        origin = request_fields_find(fields, SLICE("Referer"));
    }
    return policy_knows_origin(policy, origin);
}

void api_policy_apply(const struct settings *settings, const struct request_fields *fields,
                      struct api_call *call)
{
    if (call->verb == API_BATCH && call->refused_status == 0 && call->method == METHOD_POST &&
        !opens_any(settings, call)) {
        refuse(call, 401, "token is invalid");
    }
    if (!call->has_name && !call->has_namespace) {
        return;
    }
    call->policy = policies_find(&settings->policies, counter_name_namespace(&call->name));
    if (call->refused_status != 0 || (call->method != METHOD_GET && call->method != METHOD_POST)) {
        return;
    }
    if (call->has_namespace && !has_right_token(settings, call)) {
        refuse(call, 401, "token is invalid");
    }
    if (call->verb == API_CREATE && call->policy->create_needs_token &&
        !has_right_token(settings, call)) {
        refuse(call, 401, "Counters of this namespace are made with its token.");
    }
    if (!adds(call)) {
        return;
    }
    if (call->policy->hit == POLICY_HIT_TOKEN && !has_right_token(settings, call)) {
        refuse(call, 401, "Counters of this namespace count with its token.");
    } else if (call->policy->hit == POLICY_HIT_ORIGINS &&
               !comes_from_right_page(fields, call->policy)) {
        refuse(call, 403, "Counters of this namespace count for its own pages.");
    }
}

struct tally_target api_policy_target(const struct settings *settings, struct slice front_key,
                                      const struct counter_name *name)
{
    const struct slice namespace = counter_name_namespace(name);

    /* Where --key is "NAMESPACE/KEY" the front counter is that one. */
    if ((slice_is(namespace, "default") && slice_equals(counter_name_key(name), front_key)) ||
        slice_equals(counter_name_text(name), front_key)) {
        return (struct tally_target){.key = front_key};
    }
    return (struct tally_target){
        .key = counter_name_text(name),
        .keeps_record = true,
        .keys_max = policies_find(&settings->policies, namespace)->keys_max,
    };
}
