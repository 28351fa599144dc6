/*
 * api_token.h - keys of owners: drawn, hashed, compared. By libsodium.
 *
 * An owner's key is 122 random bits, so its hash needs neither salt nor slowness (BLAKE2b); a token
 * that an operator has chosen is hashed the same way and never stored.
 */
#ifndef FOOTFALL_VISITS_API_TOKEN_H
#define FOOTFALL_VISITS_API_TOKEN_H

#include "base/slice.h"
#include "store/store_change.h"

#include <stdbool.h>

enum {
    API_KEY_BYTES = 37, /* of a UUID, RFC 9562 5.4, with its NUL */
    API_TOKEN_BYTES_MAX = 256,
    API_RANDOM_NAME_BYTES = 16,
};

/* Once in a process, before anything else here. False: there is no randomness to be had. */
bool api_token_begin(void);

void api_token_hash(struct slice token, uint8_t out_hash[STORE_OWNER_BYTES]);

/* In constant time. */
bool api_token_equals(const uint8_t one[STORE_OWNER_BYTES], const uint8_t other[STORE_OWNER_BYTES]);

/* A new key, or a name for a counter that was given none. */
void api_token_draw_key(char out_key[API_KEY_BYTES]);
void api_token_draw_name(char out_name[API_RANDOM_NAME_BYTES]);

#endif
