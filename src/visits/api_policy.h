/*
 * api_policy.h - who may make a call, as the settings of its namespace say.
 */
#ifndef FOOTFALL_VISITS_API_POLICY_H
#define FOOTFALL_VISITS_API_POLICY_H

#include "base/settings.h"
#include "http/request_parser.h"
#include "visits/api_call.h"
#include "visits/tally.h"

/* Notes the policy of the call's counter, and refuses the call where it must be. */
void api_policy_apply(const struct settings *settings, const struct request_fields *fields,
                      struct api_call *call);

/* Whether the call's token opens what that policy closes. */
bool api_policy_is_opened(const struct settings *settings, const struct policy *policy,
                          const struct api_call *call);

/* Whether the call's token is the one that owns every counter. */
bool api_policy_is_servers(const struct settings *settings, const struct api_call *call);

/* What the tally is to know of a counter; that of "/" is `default/` and its key, or its key as a
 * whole. */
struct tally_target api_policy_target(const struct settings *settings, struct slice front_key,
                                      const struct counter_name *name);

#endif
