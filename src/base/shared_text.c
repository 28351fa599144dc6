/*
 * shared_text.c - a short text that one process writes and others read, without a lock.
 *
 * A sequence lock (Boehm, "Can seqlocks get along with programming language memory models?", 2012):
 * the words are atomic and relaxed, the fences order them with the version.
 */
#include "base/shared_text.h"

#include <string.h>

enum {
    WORDS = SHARED_TEXT_BYTES / 8,
    TRIES = 100,
};

void shared_text_write(struct shared_text *shared, const char *text)
{
    uint32_t version = atomic_load_explicit(&shared->version, memory_order_relaxed);
    size_t length = strnlen(text, SHARED_TEXT_BYTES - 1);
    uint64_t words[WORDS] = {0};

    memcpy(words, text, length);
    version |= 1; /* odd, even if a writer was killed before */
    atomic_store_explicit(&shared->version, version, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (unsigned i = 0; i < WORDS; i++) {
        atomic_store_explicit(&shared->words[i], words[i], memory_order_relaxed);
    }
    atomic_store_explicit(&shared->version, version + 1, memory_order_release);
}

bool shared_text_read(const struct shared_text *shared, char out_text[SHARED_TEXT_BYTES])
{
    uint64_t words[WORDS];

    for (unsigned tries = 0; tries < TRIES; tries++) {
        const uint32_t version = atomic_load_explicit(&shared->version, memory_order_acquire);

        for (unsigned i = 0; i < WORDS; i++) {
            words[i] = atomic_load_explicit(&shared->words[i], memory_order_relaxed);
        }
        atomic_thread_fence(memory_order_acquire);
        if (version % 2 == 0 &&
            atomic_load_explicit(&shared->version, memory_order_relaxed) == version) {
            memcpy(out_text, words, SHARED_TEXT_BYTES);
            return true;
        }
    }
    out_text[0] = '\0';
    return false;
}
