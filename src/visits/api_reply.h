/*
 * api_reply.h - what the counting API answers: JSON, JSONP or an image, and the fields beside it.
 *
 * Pure: makes a struct reply of a call and an object, in the call's own memory.
 */
#ifndef FOOTFALL_VISITS_API_REPLY_H
#define FOOTFALL_VISITS_API_REPLY_H

#include "base/slice.h"
#include "http/reply.h"
#include "visits/api_call.h"

/* What each answer has, so that scripts of pages of every host may read it. */
extern const struct slice api_reply_fields_for_other_hosts;

/* Makes the answer. `object` is a JSON object, "{…}"; what JSONP puts around it fits. */
void api_reply_make(struct api_call *call, uint16_t status, struct slice object,
                    struct reply *out_reply);

/* The same with `{"value":number}`. */
void api_reply_make_value(struct api_call *call, int64_t number, struct reply *out_reply);

/* The same with `{"error":"sentence"}`; and for verbs whose answer has them, null for numbers. */
void api_reply_make_error(struct api_call *call, uint16_t status, const char *sentence,
                          struct reply *out_reply);

/* The answer to OPTIONS: what a page of another host may ask for. */
void api_reply_make_preflight(struct api_call *call, const char *allow, struct reply *out_reply);

/* A script that caches may keep for an hour, and know again by its tag. */
void api_reply_make_script(struct api_call *call, uint16_t status, struct slice script,
                           struct slice tag, struct reply *out_reply);

/* The same with an object of any length. */
void api_reply_make_large(struct api_call *call, uint16_t status, struct slice object,
                          struct reply *out_reply);

/* For larger bodies: the same with `content` (of malloc(3), the reply's then), of that type. */
void api_reply_make_content(struct api_call *call, uint16_t status, const char *content_type,
                            struct content *content, struct reply *out_reply);

#endif
