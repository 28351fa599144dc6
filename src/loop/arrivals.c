/*
 * arrivals.c - a list in order of arrival.
 */
#include "loop/arrivals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int arrivals_add(struct arrivals *arrivals, int result, const char *bytes)
{
    const size_t length = bytes == NULL || result < 0 ? 0 : (size_t)result;
    struct arrival *arrival = malloc(sizeof *arrival + length);

    if (arrival == NULL) {
        return -ENOMEM;
    }
    arrival->next = NULL;
    arrival->result = result;
    if (length > 0) {
        memcpy(arrival->bytes, bytes, length);
    }
    if (arrivals->first == NULL) {
        arrivals->first = arrival;
    } else {
        arrivals->last->next = arrival;
    }
    arrivals->last = arrival;
    return 0;
}

struct arrival *arrivals_take(struct arrivals *arrivals)
{
    struct arrival *arrival = arrivals->first;

    if (arrival != NULL) {
        arrivals->first = arrival->next;
    }
    return arrival;
}
