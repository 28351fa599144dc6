/*
 * api_request.h - which call a request is. Pure.
 */
#ifndef FOOTFALL_VISITS_API_REQUEST_H
#define FOOTFALL_VISITS_API_REQUEST_H

#include "http/request_parser.h"
#include "visits/api_call.h"

/* Whether the path is the API's: then *out_verb, and what stands behind the verb and its slash;
 * without bytes where there is no such slash. */
bool api_request_is_call(struct slice path, enum api_verb *out_verb, struct slice *out_rest);

/* Fills in a call, all of it but the answer. What is wrong with the request is its refusal. */
void api_request_read(const struct request *request, const struct request_fields *fields,
                      enum api_verb verb, struct slice rest, struct api_call *out_call);

#endif
