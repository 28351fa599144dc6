/*
 * api_token.c - libsodium's randomness and hash.
 */
#include "visits/api_token.h"

#include "base/token_file.h"

#include <sodium.h>
#include <stdio.h>

bool api_token_begin(void)
{
    return sodium_init() >= 0;
}

void api_token_hash(struct slice token, uint8_t out_hash[STORE_OWNER_BYTES])
{
    token_hash(token, out_hash);
}

bool api_token_equals(const uint8_t one[STORE_OWNER_BYTES], const uint8_t other[STORE_OWNER_BYTES])
{
    return sodium_memcmp(one, other, STORE_OWNER_BYTES) == 0;
}

void api_token_draw_key(char out_key[API_KEY_BYTES])
{
    uint8_t bits[16];

    randombytes_buf(bits, sizeof bits);
    bits[6] = (uint8_t)((bits[6] & 0x0f) | 0x40);
    bits[8] = (uint8_t)((bits[8] & 0x3f) | 0x80);
    (void)snprintf(out_key, API_KEY_BYTES,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", bits[0],
                   bits[1], bits[2], bits[3], bits[4], bits[5], bits[6], bits[7], bits[8], bits[9],
                   bits[10], bits[11], bits[12], bits[13], bits[14], bits[15]);
}

void api_token_draw_name(char out_name[API_RANDOM_NAME_BYTES])
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (unsigned i = 0; i < API_RANDOM_NAME_BYTES; i++) {
        out_name[i] = alphabet[randombytes_uniform(sizeof alphabet - 1)];
    }
}
