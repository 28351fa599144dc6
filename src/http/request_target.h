/*
 * request_target.h - the four forms of a request target (RFC 9112 3.2).
 */
#ifndef FOOTFALL_HTTP_REQUEST_TARGET_H
#define FOOTFALL_HTTP_REQUEST_TARGET_H

#include "http/parse_fault.h"
#include "http/request.h"

struct request_target {
    enum target_form form;
    struct slice path;  /* as it stands in the target, so perhaps empty */
    struct slice query; /* behind the "?" */
};

/* Reads `target` (borrowed, not empty, of CHARACTER_TARGET) as one of the forms that `method` may
 * have. FAULT_NONE: *out_target is filled in with slices of `target`; otherwise it is untouched. */
enum parse_fault request_target_read(struct slice method, struct slice target,
                                     struct request_target *out_target);

#endif
