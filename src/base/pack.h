/* SPDX-License-Identifier: Apache-2.0
 *
 * base/pack.h -- numbers packed into bytes: LEB128 varints, and fixed little-endian words.
 *
 * A reader is sticky: past the end or on an overlong varint it is `broken`, and answers 0 from then
 * on; the caller looks once, at the end. */
#ifndef BASE_PACK_H
#define BASE_PACK_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdint.h>

void pack_varint(buf *b, uint64_t v);
void pack_zigzag(buf *b, int64_t v); /* small negative numbers stay short */
void pack_u32(buf *b, uint32_t v);   /* 4 bytes, little-endian */
void pack_text(buf *b, slice s);     /* varint length, bytes */

typedef struct unpack {
    const uint8_t *at, *end;
    bool broken;
} unpack;

void unpack_init(unpack *u, slice s);
uint64_t unpack_varint(unpack *u);
int64_t unpack_zigzag(unpack *u);
uint32_t unpack_u32(unpack *u);
slice unpack_text(unpack *u); /* borrowed from the packed bytes */
static inline bool unpack_more(const unpack *u)
{
    return !u->broken && u->at < u->end;
}

#endif
