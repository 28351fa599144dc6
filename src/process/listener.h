/*
 * listener.h - the sockets that visitors connect to.
 *
 * Opened before anything is forked, so that a port that is taken is known at the start. Owned by
 * the master, or by the single process.
 */
#ifndef FOOTFALL_PROCESS_LISTENER_H
#define FOOTFALL_PROCESS_LISTENER_H

#include "base/address.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    LISTENERS_MAX = 32,        /* a name may stand for several addresses */
    LISTENER_NAME_BYTES = 128, /* "http://[…]:9999", "unix:/run/footfall.sock" */
    LISTENER_REASON_BYTES = 512,
};

struct listener {
    int fd; /* nonblocking, close-on-exec; -1 when closed or given to the loop */
    char name[LISTENER_NAME_BYTES];
    char path[ADDRESS_PATH_BYTES_MAX + 1]; /* of a unix socket, to be unlinked at the end; or "" */
    dev_t device;                          /* of that socket's file */
    ino_t inode;
    bool is_admin;   /* not for visitors */
    bool is_proxied; /* each connection begins with a PROXY header */
};

struct listeners {
    struct listener list[LISTENERS_MAX];
    uint32_t count;
};

/* Opens one listener for each address that `addresses` name. A port that somebody is just
 * leaving is tried again for a second. 0; or -errno with nothing left open, and `out_reason` a
 * sentence that says which address, what is wrong and how to mend it. Blocks for a second and a
 * name look-up at most: for the start only. */
int listeners_open(const struct address *addresses, uint32_t addresses_count,
                   struct listeners *out_listeners, char out_reason[LISTENER_REASON_BYTES]);

/* Opens one more address, for the admin side: its listeners are marked so. A unix socket is for its
 * owner and group alone (mode 0660). 0, or -errno with the others as they were. */
int listeners_add_admin(struct listeners *listeners, const struct address *address,
                        char out_reason[LISTENER_REASON_BYTES]);

/* Closes what is still open. */
void listeners_close(struct listeners *listeners);

/* Takes the files of unix sockets away, unless somebody else has put theirs there. */
void listeners_unlink(const struct listeners *listeners);

/* Writes the ready line of each, and where the admin side is. */
void listeners_log_ready(const struct listeners *listeners);

#endif
