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
        return add(change);
    case STORE_REMOVE:
        change->after = (struct store_record){.exists = false};
        return 0;
    default:
        return 0;
    }
}
