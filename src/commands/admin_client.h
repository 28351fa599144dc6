/*
 * admin_client.h - how a command reaches a running footfall: its admin side.
 */
#ifndef FOOTFALL_COMMANDS_ADMIN_CLIENT_H
#define FOOTFALL_COMMANDS_ADMIN_CLIENT_H

#include "base/address.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { ADMIN_CLIENT_REASON_BYTES = 1024 };

/* Which footfall a command is about: the option --admin, else FOOTFALL_ADMIN, else whichever has
 * its socket in the runtime folder. Zero-initialized: nothing was said yet. */
struct admin_place {
    const char *text;
};

/* Takes the word at *index where it is --admin, with its value there or in the next word, and moves
 * *index to the last one taken. False when it is something else, or its value is missing. */
bool admin_place_take(struct admin_place *place, int words_count, char *const *words, int *index);

/* Finds where that is. Returns COMMAND_DONE; or, after saying why in the name of `command`,
 * COMMAND_WRONG for what is no place, and COMMAND_FAILED where none is there, or several are. */
int admin_place_find(const struct admin_place *place, const char *command,
                     struct address *out_address);

/* Asks for the page `path` and puts its body into `out_body`, which the caller finishes. False,
 * with a sentence, when nobody answers within five seconds, or not as a footfall does. Blocks. */
bool admin_client_ask(const struct address *address, const char *path, struct text *out_body,
                      char out_reason[ADMIN_CLIENT_REASON_BYTES]);

/* The page /status, parsed, for json_decref(); NULL after saying in the name of `command` why there
 * is none. */
json_t *admin_client_status(const struct address *address, const char *command);

#endif
