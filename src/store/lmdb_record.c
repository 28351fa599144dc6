/*
 * lmdb_record.c - to bytes and back.
 */
#include "store/lmdb_record.h"

#include <endian.h>
#include <string.h>

enum {
    FORM = 1,
    FORM_AT = 8,
    FLAGS_AT = 9,
    CREATED_AT = 16,
    COUNTED_AT = 24,
    ADJUSTED_AT = 32,
    LOW_AT = 40,
    HIGH_AT = 48,
    OWNER_AT = 56,
    FLAG_MAY_BE_SET = 1,
    FLAG_HAS_OWNER = 2,
    FLAGS_ALL = FLAG_MAY_BE_SET | FLAG_HAS_OWNER,
};

static uint64_t read_number(const char *bytes)
{
    uint64_t number;

    memcpy(&number, bytes, sizeof number);
    return le64toh(number);
}

static void write_number(char *bytes, uint64_t number)
{
    number = htole64(number);
    memcpy(bytes, &number, sizeof number);
}

/* Of our form, and no more in it than we know of: written anew nothing is lost. */
static bool is_known(struct slice value)
{
    const char *bytes = value.bytes;

    if (value.length < OWNER_AT || bytes[FORM_AT] != FORM || (bytes[FLAGS_AT] & ~FLAGS_ALL) != 0) {
        return false;
    }
    return value.length ==
           OWNER_AT + ((bytes[FLAGS_AT] & FLAG_HAS_OWNER) != 0 ? (size_t)STORE_OWNER_BYTES : 0);
}

bool lmdb_record_read(struct slice value, struct store_record *out_record, bool *out_is_known)
{
    const char *bytes = value.bytes;

    if (value.length < LMDB_COUNT_BYTES) {
        return false;
    }
    *out_record = store_record_of_visits;
    out_record->value = (int64_t)read_number(bytes);
    if (value.length == LMDB_COUNT_BYTES) {
        *out_is_known = true;
        return true;
    }
    *out_is_known = is_known(value);
    if (!*out_is_known) {
        return true;
    }
    out_record->may_be_set = (bytes[FLAGS_AT] & FLAG_MAY_BE_SET) != 0;
    out_record->has_owner = (bytes[FLAGS_AT] & FLAG_HAS_OWNER) != 0;
    out_record->created_ms = read_number(bytes + CREATED_AT);
    out_record->counted_ms = read_number(bytes + COUNTED_AT);
    out_record->adjusted = (int64_t)read_number(bytes + ADJUSTED_AT);
    out_record->low = (int64_t)read_number(bytes + LOW_AT);
    out_record->high = (int64_t)read_number(bytes + HIGH_AT);
    if (out_record->has_owner) {
        memcpy(out_record->owner, bytes + OWNER_AT, sizeof out_record->owner);
    }
    return true;
}

bool lmdb_record_is_bare(const struct store_record *record)
{
    return record->created_ms == 0 && record->counted_ms == 0 && record->adjusted == 0 &&
           record->low == store_record_of_visits.low &&
           record->high == store_record_of_visits.high && !record->may_be_set && !record->has_owner;
}

size_t lmdb_record_write(const struct store_record *record, char *out_bytes)
{
    write_number(out_bytes, (uint64_t)record->value);
    if (lmdb_record_is_bare(record)) {
        return LMDB_COUNT_BYTES;
    }
    memset(out_bytes + FORM_AT, 0, CREATED_AT - FORM_AT);
    out_bytes[FORM_AT] = FORM;
    out_bytes[FLAGS_AT] = (char)((record->may_be_set ? FLAG_MAY_BE_SET : 0) |
                                 (record->has_owner ? FLAG_HAS_OWNER : 0));
    write_number(out_bytes + CREATED_AT, record->created_ms);
    write_number(out_bytes + COUNTED_AT, record->counted_ms);
    write_number(out_bytes + ADJUSTED_AT, (uint64_t)record->adjusted);
    write_number(out_bytes + LOW_AT, (uint64_t)record->low);
    write_number(out_bytes + HIGH_AT, (uint64_t)record->high);
    if (!record->has_owner) {
        return OWNER_AT;
    }
    memcpy(out_bytes + OWNER_AT, record->owner, sizeof record->owner);
    return OWNER_AT + sizeof record->owner;
}
