/*
 * access_log.h - a line for each answer to a visitor, gathered and written many at once.
 *
 * Each worker has one buffer and opens the file for itself. The buffer is written when it is full,
 * with the worker's beat, and at the end; a worker that is killed takes it along. Lines that cannot
 * be written wait in it; those that find it full are dropped and counted, and nobody waits for
 * them. One worker's loop.
 */
#ifndef FOOTFALL_ADMIN_ACCESS_LOG_H
#define FOOTFALL_ADMIN_ACCESS_LOG_H

#include "base/access_log_format.h"
#include "http/server.h"

#include <stdbool.h>
#include <stdint.h>

struct access_log;
struct loop;
struct scoreboard;

struct access_log_settings {
    const char *path; /* "-": standard output; "": there is no log. Copied, as format */
    const struct access_log_format *format;
    const struct loop *loop;       /* borrowed */
    struct scoreboard *scoreboard; /* borrowed; says when to open it anew */
    uint32_t slot_index;           /* whose worker this is: it counts what is dropped */
};

/* Opens the file. 0: the caller owns *out_log, which is NULL where there is none to be. Else
 * -errno, with a sentence in out_reason of reason_bytes. */
int access_log_create(const struct access_log_settings *settings, struct access_log **out_log,
                      char *out_reason, size_t reason_bytes);

/* Adds a line to the log, `owner`. No system call but when the buffer is full. */
void access_log_add(void *owner, const struct http_answered *answered);

/* Writes what waits, and opens the file anew where the scoreboard asks for it. NULL is fine. */
void access_log_beat(struct access_log *log);

/* Writes what waits, closes the file and frees the log. What cannot be written is dropped. NULL is
 * fine. */
void access_log_destroy(struct access_log *log);

#endif
