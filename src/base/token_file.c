/*
 * token_file.c - the first line, hashed.
 */
#include "base/token_file.h"

#include "base/text_file.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4096 };

void token_hash(struct slice token, uint8_t out_hash[TOKEN_HASH_BYTES])
{
    (void)crypto_generichash(out_hash, TOKEN_HASH_BYTES, (const unsigned char *)token.bytes,
                             token.length, NULL, 0);
}

static bool is_token(struct slice token)
{
    for (size_t i = 0; i < token.length; i++) {
        if (token.bytes[i] <= ' ' || token.bytes[i] > '~') {
            return false;
        }
    }
    return token.length >= TOKEN_BYTES_MIN && token.length <= TOKEN_BYTES_MAX;
}

bool token_file_read(const char *path, uint8_t out_hash[TOKEN_HASH_BYTES], char *out_problem,
                     size_t problem_bytes)
{
    char bytes[FILE_BYTES_MAX + 1];
    size_t length;
    bool is_read = false;
    int result = text_file_read(path, bytes, FILE_BYTES_MAX, &length);

    if (result < 0) {
        (void)snprintf(out_problem, problem_bytes, "the token file %.200s cannot be read: %s", path,
                       text_file_problem(result));
        return false;
    }
    bytes[length] = '\0';
    bytes[strcspn(bytes, "\r\n")] = '\0';
    if (is_token(slice_of(bytes))) {
        token_hash(slice_of(bytes), out_hash);
        is_read = true;
    } else {
        (void)snprintf(out_problem, problem_bytes,
                       "the first line of the token file %.200s is no token of %d to %d printable "
                       "ASCII characters without blanks",
                       path, TOKEN_BYTES_MIN, TOKEN_BYTES_MAX);
    }
    explicit_bzero(bytes, sizeof bytes);
    return is_read;
}
