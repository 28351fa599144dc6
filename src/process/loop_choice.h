/*
 * loop_choice.h - which event loop the workers run on.
 */
#ifndef FOOTFALL_PROCESS_LOOP_CHOICE_H
#define FOOTFALL_PROCESS_LOOP_CHOICE_H

#include "base/settings.h"
#include "loop/loop.h"

enum { LOOP_CHOICE_REASON_BYTES = 256 }; /* at least */

/* Tries, before the first fork, what `wanted` names, and says in one line of the log which it is
 * and why. 0, or -errno with `out_reason` when io_uring was asked for by name and cannot be had. */
int loop_choose(enum setting_loop wanted, enum loop_kind *out_kind,
                char out_reason[LOOP_CHOICE_REASON_BYTES]);

#endif
