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
#include <sys/types.h>

enum { ADMIN_CLIENT_REASON_BYTES = 1024 };

/* Which footfall a command is about: the option --admin, else FOOTFALL_ADMIN, else whichever has
 * its socket in the runtime folder. Zero-initialized: nothing was said yet. */
struct admin_place {
    const char *text;
};

/* Takes the word at *index where it is --admin, with its value there or in the next word, and moves
 * *index to the last one taken. False when it is something else, or its value is missing. */
bool admin_place_take(struct admin_place *place, int words_count, char *const *words, int *index);

/* Whether nobody has named one: then it is looked for in the runtime folder. */
bool admin_place_is_usual(const struct admin_place *place);

/* Finds where that is. Returns COMMAND_DONE; or, after saying why in the name of `command`,
 * COMMAND_WRONG for what is no place, and COMMAND_FAILED where none is there, or several are. */
int admin_place_find(const struct admin_place *place, const char *command,
                     struct address *out_address);

/* Asks for the page `path` and puts its body into `out_body`, which the caller finishes. False,
 * with a sentence, when nobody answers within five seconds, or not as a footfall does. Blocks. */
bool admin_client_ask(const struct address *address, const char *path, struct text *out_body,
                      char out_reason[ADMIN_CLIENT_REASON_BYTES]);

/* The page /status, parsed, for json_decref(); or NULL, with a sentence. */
json_t *admin_client_try_status(const struct address *address,
                                char out_reason[ADMIN_CLIENT_REASON_BYTES]);

/* The pid in the file beside a socket of a runtime folder, if that process runs; else 0. */
pid_t admin_client_pid(const struct address *address);

/* After a socket of the runtime folder is gone: finds where the process `pid` has its admin side
 * now, or the only footfall there is. False when it is not there. */
bool admin_client_find_moved(pid_t pid, struct address *out_address);

/* The page /status, parsed, for json_decref(); NULL after saying in the name of `command` why there
 * is none. */
json_t *admin_client_status(const struct address *address, const char *command);

#endif
