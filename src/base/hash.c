/*
 * hash.c - SipHash under a key drawn at the start.
 */
#include "base/hash.h"

#include <errno.h>
#include <sodium.h>

static unsigned char hash_key[crypto_shorthash_KEYBYTES];

int hash_init(void)
{
    if (sodium_init() < 0) {
        return -ENOSYS;
    }
    crypto_shorthash_keygen(hash_key);
    return 0;
}

uint64_t hash_of(struct slice bytes)
{
    uint64_t hash;

    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "SipHash gives 64 bits");
    (void)crypto_shorthash((unsigned char *)&hash, (const unsigned char *)bytes.bytes, bytes.length,
                           hash_key);
    return hash;
}
