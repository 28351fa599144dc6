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
    bool is_new;       /* during a change: only the settings to come want it */
    bool is_dropped;   /* during a change: they do not want it any more */
    bool was_proxied;  /* the same, but during a change as before it */
};

/* A place in the list never changes. */
struct listeners {
    struct listener list[LISTENERS_MAX];
    uint32_t count;     /* places that have been in use */
    bool is_patient;    /* a port that somebody is just leaving is tried again for a second */
    bool are_activated; /* those inherited are a service manager's: the settings do not change them
                         */
};

/* Opens one listener for each address that `addresses` name, patiently. 0; or -errno with nothing
 * left open, and `out_reason` a sentence that says which address, what is wrong and how to mend it.
 * Blocks for a second and a name look-up at most. */
int listeners_open(const struct address *addresses, uint32_t addresses_count,
                   struct listeners *out_listeners, char out_reason[LISTENER_REASON_BYTES]);

bool listener_is_in_use(const struct listener *listener);

/* As what its connections come in; during a change, as before it. */
enum entrance listener_entrance(const struct listener *listener);

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

/* A change: begin, say what is wanted, end. Until the end the old and the new ones are open. An
 * address that is wanted again keeps its socket; the others are opened. */
void listeners_begin_change(struct listeners *listeners);

/* 0, or -errno with a sentence as above, after which the change is to end without being taken. A
 * unix socket of the admin side is for its owner and group alone (mode 0660). */
int listeners_want(struct listeners *listeners, const struct address *address, bool is_admin,
                   char out_reason[LISTENER_REASON_BYTES]);

/* `is_taken`: those that nobody wants are closed, the admin side's with its file; else the new ones
 * are, with theirs. */
void listeners_end_change(struct listeners *listeners, bool is_taken);

/* Before that end: writes the ready line of each new one, and which ones go. */
void listeners_log_change(const struct listeners *listeners);

/* What was inherited is ours now, its files too; but not what a service manager has opened. */
void listeners_own(struct listeners *listeners);

/* Takes the file of a unix socket away, unless it is lent, or somebody else has put theirs there.
 */
void listener_unlink(const struct listener *listener);

/* Closes what is still open. */
void listeners_close(struct listeners *listeners);

/* The files of all. */
void listeners_unlink(const struct listeners *listeners);

/* Writes the ready line of each, and where the admin side is. */
void listeners_log_ready(const struct listeners *listeners);

#endif
