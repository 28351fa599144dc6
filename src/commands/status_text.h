/*
 * status_text.h - the page /status as people read it. Pure.
 */
#ifndef FOOTFALL_COMMANDS_STATUS_TEXT_H
#define FOOTFALL_COMMANDS_STATUS_TEXT_H

#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>

/* Adds what stands in `now`, a parsed page; with `before`, one of a while ago, also how much of it
 * comes in a second. False when it is no such page. */
bool status_text_write(struct text *text, const json_t *now, const json_t *before);

#endif
