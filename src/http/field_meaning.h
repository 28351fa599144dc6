/*
 * field_meaning.h - what the fields of a head say about its message and connection.
 *
 * Five fields decide how a message is framed and what becomes of the connection; all others are
 * left to who asks for them. Each is noted as its line comes, and the verdict is at the end,
 * when the whole head is known.
 */
#ifndef FOOTFALL_HTTP_FIELD_MEANING_H
#define FOOTFALL_HTTP_FIELD_MEANING_H

#include "http/parse_fault.h"
#include "http/request.h"

/* Private, plain data, without pointers into the head. */
struct field_meaning {
    uint64_t content_length;
    uint16_t marks; /* of enum field_mark */
    uint8_t host_index;
};

void field_meaning_init(struct field_meaning *meaning);

/* Notes one field, in the order in which they came; `index` is below REQUEST_FIELDS_MAX. */
enum parse_fault field_meaning_note(struct field_meaning *meaning, const struct field *field,
                                    uint32_t index);

/* Whether a Host was noted, and then its index. */
bool field_meaning_host(const struct field_meaning *meaning, uint32_t *out_index);

/* At the end of the head: FAULT_NONE, and framing, content_length, keep_alive and both expects_
 * of *out_request are set, or what is wrong with the fields together. minor_version is set. */
enum parse_fault field_meaning_conclude(const struct field_meaning *meaning,
                                        uint32_t body_bytes_max, struct request *out_request);

#endif
