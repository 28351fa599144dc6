/*
 * admin_client.h - how a command reaches a running footfall: its admin side.
 */
#ifndef FOOTFALL_COMMANDS_ADMIN_CLIENT_H
#define FOOTFALL_COMMANDS_ADMIN_CLIENT_H

#include "base/address.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

enum { ADMIN_CLIENT_REASON_BYTES = 1024 };

/* Finds the one footfall of this host that has its socket in the runtime folder. False, with a
 * sentence, when there is none, or several. */
bool admin_client_find(struct address *out_address, char out_reason[ADMIN_CLIENT_REASON_BYTES]);

/* Asks for the page `path` and puts its body into `out_body`, which the caller finishes. False,
 * with a sentence, when nobody answers within five seconds, or not as a footfall does. Blocks. */
bool admin_client_ask(const struct address *address, const char *path, struct text *out_body,
                      char out_reason[ADMIN_CLIENT_REASON_BYTES]);

#endif
