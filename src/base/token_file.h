/*
 * token_file.h - a secret in the first line of a file, of which only a hash is kept (BLAKE2b).
 */
#ifndef FOOTFALL_BASE_TOKEN_FILE_H
#define FOOTFALL_BASE_TOKEN_FILE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOKEN_BYTES_MIN = 8,
    TOKEN_BYTES_MAX = 256,
    TOKEN_HASH_BYTES = 32,
};

/* Hashes a token as it was given. */
void token_hash(struct slice token, uint8_t out_hash[TOKEN_HASH_BYTES]);

/* Reads the file. False, with a sentence, when there is no such file, or no token in it. */
bool token_file_read(const char *path, uint8_t out_hash[TOKEN_HASH_BYTES], char *out_problem,
                     size_t problem_bytes);

#endif
