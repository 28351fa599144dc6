/*
 * fault_point.c - see the header. Empty without the build option fault_points.
 */
#include "base/fault_point.h"

#ifdef FOOTFALL_FAULT_POINTS

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static const char *const point_names[FAULT_POINTS_COUNT] = {
    [FAULT_DEAL_RECEIVED] = "deal-received",   [FAULT_TAKEN_STORED] = "taken-stored",
    [FAULT_BEFORE_RECEIVE] = "before-receive", [FAULT_AFTER_RECEIVE] = "after-receive",
    [FAULT_LMDB_LOCKED] = "lmdb-locked",       [FAULT_BEFORE_COMMIT] = "before-commit",
    [FAULT_AFTER_COMMIT] = "after-commit",     [FAULT_BEFORE_REPLY] = "before-reply",
    [FAULT_BATCH_SENT] = "batch-sent",         [FAULT_ANSWER_RECEIVED] = "answer-received",
};

static enum fault_point chosen_point;
static unsigned long chosen_time; /* 0: none is chosen */
static int chosen_signal;
static _Atomic unsigned long *times_reached; /* shared with all processes forked later */

int fault_point_init(void)
{
    const char *text = getenv("FOOTFALL_FAULT");
    const char *colon;
    char *end = NULL;

    if (text == NULL) {
        return 0;
    }
    colon = strchr(text, ':');
    for (unsigned point = 0; colon != NULL && point < FAULT_POINTS_COUNT; point++) {
        if (strlen(point_names[point]) == (size_t)(colon - text) &&
            strncmp(text, point_names[point], (size_t)(colon - text)) == 0) {
            chosen_point = (enum fault_point)point;
            chosen_time = strtoul(colon + 1, &end, 10);
            break;
        }
    }
    if (chosen_time == 0 || end == NULL) {
        return -EINVAL;
    }
    if (strcmp(end, ":kill") == 0) {
        chosen_signal = SIGKILL;
    } else if (strcmp(end, ":stop") == 0) {
        chosen_signal = SIGSTOP;
    } else {
        return -EINVAL;
    }
    times_reached = mmap(NULL, sizeof *times_reached, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return times_reached == MAP_FAILED ? -errno : 0;
}

void fault_point_reached(enum fault_point point)
{
    if (chosen_time == 0 || point != chosen_point) {
        return;
    }
    if (atomic_fetch_add(times_reached, 1) + 1 == chosen_time) {
        (void)raise(chosen_signal);
    }
}

#else

typedef int fault_points_are_not_built; /* a translation unit may not be empty */

#endif
