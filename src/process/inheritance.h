/*
 * inheritance.h - listening sockets that another process has opened for this one: a service
 * manager, or the footfall that this one follows.
 *
 *   LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES   sd_listen_fds(3); a socket named "admin" is the
 *                                            admin side's, "proxy" has PROXY headers, any other
 *                                            one is visitors'
 *   FOOTFALL_SUCCESSION                      FD,are_activated,DEVICE:INODE,...: set by a footfall
 *                                            alone, with the socket on which it waits to hear of
 *                                            this one, and for each socket the file that is its own
 */
#ifndef FOOTFALL_PROCESS_INHERITANCE_H
#define FOOTFALL_PROCESS_INHERITANCE_H

#include "process/listener.h"

#include <stdbool.h>
#include <stdint.h>

enum { INHERITANCE_FIRST_FD = 3 };

/* What a successor says once it serves; everything else it says is why it cannot. */
#define INHERITANCE_READY "ready"

struct inheritance {
    uint32_t count; /* of sockets, from INHERITANCE_FIRST_FD on */
    struct inherited_listener sockets[LISTENERS_MAX];
    bool are_activated; /* they came from a service manager to begin with */
    int words_fd;       /* to the footfall before this one; -1: there is none */
};

/* Puts it into the environment of a process that is about to become another program. */
bool inheritance_export(const struct inheritance *inheritance);

/* Takes the variables out of the environment, and puts the sockets into `listeners`. False, with a
 * sentence, when one of them cannot be served on. */
bool inheritance_take(struct inheritance *out_inheritance, struct listeners *listeners,
                      char out_reason[LISTENER_REASON_BYTES]);

/* The same of a process that takes nothing, since it cannot start: tells why, if somebody waits. */
void inheritance_refuse(const char *reason);

/* Tells the footfall before this one, if there is one, and for the last time. */
void inheritance_tell(struct inheritance *inheritance, const char *word);

#endif
