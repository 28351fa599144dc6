/*
 * api_badge.h - a counter as a picture, and the script for pages.
 */
#ifndef FOOTFALL_VISITS_API_BADGE_H
#define FOOTFALL_VISITS_API_BADGE_H

#include "http/request_parser.h"
#include "visits/api_call.h"

/* Reads what a badge is to look like. */
void api_badge_read(struct slice query, struct api_call *call);

/* Whether the client has the script already (If-None-Match, RFC 9110 13.1.2). */
void api_script_read(const struct request_fields *fields, struct api_call *call);

/* Makes the picture of a number. Without memory for it it is a 503. */
void api_badge_make(struct api_call *call, int64_t number, struct reply *out_reply);

/* The same for HEAD, which looks at no counter. */
void api_badge_make_head(struct api_call *call, struct reply *out_reply);

void api_script_make(struct api_call *call, struct reply *out_reply);

#endif
