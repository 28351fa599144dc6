/*
 * open_listeners.h - listeners where there were none.
 */
#ifndef FOOTFALL_TEST_OPEN_LISTENERS_H
#define FOOTFALL_TEST_OPEN_LISTENERS_H

#include "process/listener_change.h"

/* Opens what `addresses` name, patiently, in *out_listeners. 0; or -errno, with nothing left open
 * and a sentence. */
static inline int open_listeners(const struct address *addresses, uint32_t addresses_count,
                                 struct listeners *out_listeners,
                                 char out_reason[LISTENER_REASON_BYTES])
{
    struct listeners next;
    int result;

    *out_listeners = (struct listeners){.is_patient = true};
    listener_change_begin(out_listeners, &next);
    result =
        listener_change_want(out_listeners, &next, addresses, addresses_count, false, out_reason);
    if (result < 0) {
        listener_change_drop(out_listeners, &next);
    } else {
        listener_change_take(out_listeners, &next);
    }
    return result;
}

#endif
