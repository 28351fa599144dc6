/*
 * listener_change.h - from the listeners in use to those that other settings want.
 *
 * The next list is made beside the one in use. What is wanted again has the same socket in both
 * lists, at the same place; where one list has a place in use and the other has not, the listener
 * is about to come or to go. Until the end all of them are open.
 */
#ifndef FOOTFALL_PROCESS_LISTENER_CHANGE_H
#define FOOTFALL_PROCESS_LISTENER_CHANGE_H

#include "process/listener.h"

/* Makes the list to come, with nothing but what a service manager has opened, which no settings
 * change. */
void listener_change_begin(const struct listeners *current, struct listeners *out_next);

/* Adds what the addresses want, all of visitors or all of the admin side: the sockets that serve
 * there now, or new ones. 0; or -errno with a sentence that says which address, what is wrong and
 * how to mend it, after which the change is to be dropped. A unix socket of the admin side is for
 * its owner and group alone (mode 0660). Blocks for the look-up of names, and for a second where
 * the listeners are patient. */
int listener_change_want(const struct listeners *current, struct listeners *next,
                         const struct address *addresses, uint32_t addresses_count, bool is_admin,
                         char out_reason[LISTENER_REASON_BYTES]);

/* Writes the ready line of each that comes, and which ones go. */
void listener_change_log(const struct listeners *current, const struct listeners *next);

/* The end: those in use become the next ones. Those that go are closed, the admin side's with its
 * file. */
void listener_change_take(struct listeners *current, const struct listeners *next);

/* Or the other end: those that would have come are closed, with their files. */
void listener_change_drop(const struct listeners *current, struct listeners *next);

#endif
