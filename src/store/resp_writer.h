/*
 * resp_writer.h - commands to a Redis server as bytes (RESP2: an array of bulk strings).
 *
 * Pure: no allocation, no printf, since one is written for every batch.
 */
#ifndef FOOTFALL_STORE_RESP_WRITER_H
#define FOOTFALL_STORE_RESP_WRITER_H

#include "base/slice.h"

#include <stddef.h>

/* How many bytes the command of these words takes. */
size_t resp_command_length(const struct slice *words, size_t words_count);

/* Writes the command to `out_bytes`, which has room for resp_command_length() bytes, and
 * returns that length. */
size_t resp_write_command(char *out_bytes, const struct slice *words, size_t words_count);

#endif
