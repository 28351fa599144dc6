/*
 * listener.h - the sockets that visitors connect to.
 *
 * Opened before anything is forked, so that a port that is taken is known at the start. Owned by
 * the master, or by the single process.
 */
#ifndef FOOTFALL_PROCESS_LISTENER_H
#define FOOTFALL_PROCESS_LISTENER_H

#include "base/address.h"
#include "process/entrance.h"

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
    char name[LISTENER_NAME_BYTES];        /* "": this place of the list is free */
    char path[ADDRESS_PATH_BYTES_MAX + 1]; /* of a unix socket, to be unlinked at the end; or "" */
    dev_t device;                          /* of that socket's file */
    ino_t inode;
    bool is_admin;     /* not for visitors */
    bool is_proxied;   /* each connection begins with a PROXY header */
    bool is_inherited; /* another process has opened it */
    bool is_lent;      /* and its file is still that one's */
    bool has_any_port; /* whatever it got is what was wanted */
};

/* A listener has the same place in it as long as it is open. */
struct listeners {
    struct listener list[LISTENERS_MAX];
    uint32_t count;     /* places that have been in use */
    bool is_patient;    /* a port that somebody is just leaving is tried again for a second */
    bool are_activated; /* those inherited are a service manager's: the settings do not change them
                         */
};

bool listener_is_in_use(const struct listener *listener);

/* As what its connections come in. */
enum entrance listener_entrance(const struct listener *listener);

/* Makes one of a listening socket, by what that is bound to. 0; or -errno, and it is closed. */
int listener_init(struct listener *out_listener, int fd);

/* Takes the file of a unix socket away, unless it is lent, or somebody else has put theirs there.
 */
void listener_unlink(const struct listener *listener);

/* Writes its ready line, or where the admin side is. */
void listener_log_ready(const struct listener *listener);

/* A listening socket that another process has opened, as that one knows it. */
struct inherited_listener {
    int fd;
    bool is_admin;
    bool is_proxied;
    dev_t device; /* of a unix socket's file, if that is the process's own; else 0 */
    ino_t inode;
};

/* Takes its socket. 0; or -errno, and it is closed. */
int listeners_inherit(struct listeners *listeners, const struct inherited_listener *inherited);

/* What was inherited is ours now, its files too; but not what a service manager has opened. */
void listeners_own(struct listeners *listeners);

/* Closes what is still open. */
void listeners_close(struct listeners *listeners);

/* And for all of them: */
void listeners_unlink(const struct listeners *listeners);
void listeners_log_ready(const struct listeners *listeners);

#endif
