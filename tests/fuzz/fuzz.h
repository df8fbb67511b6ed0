/* SPDX-License-Identifier: Apache-2.0
 *
 * fuzz.h -- what every target has: libFuzzer's entrance, and an arena of the size that a request
 * may have, emptied after each input. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/arena.h"
#include "base/slice.h"

#include <assert.h>
#include <stdint.h>

enum { FUZZ_ARENA_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy without anything behind it, so that reading past its end is seen. */
static inline slice fuzz_copy(const uint8_t *data, size_t size)
{
    char *p = malloc(size ? size : 1);

    assert(p);
    if (size)
        memcpy(p, data, size);
    return (slice){p, size};
}

static inline void fuzz_free(slice s)
{
    free((void *)(uintptr_t)s.p);
}

#endif
