/*
 * journal_stream.h - whether a descriptor leads to systemd's journal.
 */
#ifndef FOOTFALL_BASE_JOURNAL_STREAM_H
#define FOOTFALL_BASE_JOURNAL_STREAM_H

#include <stdbool.h>

/* `variable` is the value of JOURNAL_STREAM, "DEVICE:INODE" in decimal (systemd.exec(5)), or NULL:
 * who inherits it but writes elsewhere is not meant. */
bool journal_stream_is(int fd, const char *variable);

#endif
