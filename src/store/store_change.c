/*
 * store_change.c - the rules of changes. Pure.
 */
#include "store/store_change.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct store_record store_record_of_visits = {.exists = true, .high = 1};

void store_change_destroy(struct store_change *change)
{
    if (change != NULL) {
        free(change->listing);
        free(change);
    }
}

static int create(struct store_change *change, uint64_t wall_ms)
{
    if (change->before.exists) {
        return -EEXIST;
    }
    change->after = change->created;
    change->after.exists = true;
    change->after.adjusted = change->created.value;
    change->after.created_ms = wall_ms;
    change->after.counted_ms = 0;
    return 0;
}

/* The value becomes `value` by something that is no visit. */
static void adjust(struct store_change *change, int64_t value)
{
    int64_t difference;
    int64_t adjusted;

    if (__builtin_sub_overflow(value, change->before.value, &difference) ||
        __builtin_add_overflow(change->before.adjusted, difference, &adjusted)) {
        adjusted = value; /* beyond 64 bits: what visits had added is given up */
    }
    change->after.value = value;
    change->after.adjusted = adjusted;
}

static int set(struct store_change *change)
{
    if (change->right == STORE_AS_ANYBODY && !change->before.may_be_set) {
        return -EPERM;
    }
    adjust(change, change->value);
    return 0;
}

static int add(struct store_change *change)
{
    int64_t value;

    if (change->right == STORE_AS_ANYBODY &&
        (change->value < change->before.low || change->value > change->before.high)) {
        return -EPERM;
    }
    if (__builtin_add_overflow(change->before.value, change->value, &value)) {
        return -EOVERFLOW;
    }
    adjust(change, value);
    return 0;
}

static int put(struct store_change *change, uint64_t wall_ms)
{
    const struct store_record *given = &change->created;
    struct store_record *after = &change->after;

    if (!change->before.exists) {
        *after = store_record_of_visits;
        after->created_ms = wall_ms;
    }
    adjust(change, change->value);
    if ((change->given & STORE_GIVEN_CREATED) != 0) {
        after->created_ms = given->created_ms;
    }
    if ((change->given & STORE_GIVEN_COUNTED) != 0) {
        after->counted_ms = given->counted_ms;
    }
    if ((change->given & STORE_GIVEN_ADJUSTED) != 0) {
        after->adjusted = given->adjusted;
    }
    if ((change->given & STORE_GIVEN_BOUNDS) != 0) {
        after->low = given->low;
        after->high = given->high;
    }
    if ((change->given & STORE_GIVEN_SET) != 0) {
        after->may_be_set = given->may_be_set;
    }
    if ((change->given & STORE_GIVEN_OWNER) != 0) {
        after->has_owner = given->has_owner;
        memset(after->owner, 0, sizeof after->owner);
        if (given->has_owner) {
            memcpy(after->owner, given->owner, sizeof after->owner);
        }
    }
    return 0;
}

static bool is_owned(const struct store_change *change)
{
    return change->before.has_owner &&
           memcmp(change->before.owner, change->owner, sizeof change->owner) == 0;
}

int store_change_apply(struct store_change *change, uint64_t wall_ms)
{
    change->after = change->before;
    if (change->kind == STORE_CREATE) {
        return create(change, wall_ms);
    }
    if (change->kind == STORE_PUT || (change->kind == STORE_ADD_OR_PUT && !change->before.exists)) {
        return put(change, wall_ms);
    }
    if (!change->before.exists) {
        return -ENOENT;
    }
    if (change->right == STORE_AS_OWNER && !is_owned(change)) {
        return -EACCES;
    }
    switch (change->kind) {
    case STORE_SET:
        return set(change);
    case STORE_ADD:
    case STORE_ADD_OR_PUT:
        return add(change);
    case STORE_REMOVE:
        change->after = (struct store_record){.exists = false};
        break;
    case STORE_READ:
    case STORE_CREATE: /* as above */
    case STORE_PUT:
    case STORE_LIST:
        break;
    }
    return 0;
}

enum store_moved store_change_moved_by_hits(const struct store_change *change)
{
    switch (change->kind) {
    case STORE_ADD:
    case STORE_ADD_OR_PUT:
        return STORE_MOVED_VALUE;
    case STORE_SET:
        return STORE_MOVED_ADJUSTED;
    case STORE_PUT:
        return (change->given & STORE_GIVEN_ADJUSTED) == 0 ? STORE_MOVED_ADJUSTED
                                                           : STORE_MOVED_NONE;
    case STORE_READ:
    case STORE_CREATE:
    case STORE_REMOVE:
    case STORE_LIST:
        break;
    }
    return STORE_MOVED_NONE;
}
