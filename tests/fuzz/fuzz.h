/*
 * fuzz.h - what a fuzz target gives to libFuzzer, or to replay.c.
 */
#ifndef FOOTFALL_FUZZ_H
#define FOOTFALL_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input (borrowed). Always 0; what is wrong ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
