/* SPDX-License-Identifier: Apache-2.0
 *
 * base/pack.c -- varints of seven bits a byte, lowest first; each number has one form only, so that
 * equal things have equal bytes. */
#include "base/pack.h"

enum { VARINT_MAX = 10 };

void pack_varint(buf *b, uint64_t v)
{
    uint8_t bytes[VARINT_MAX];
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    buf_put(b, bytes, n);
}

void pack_zigzag(buf *b, int64_t v)
{
    pack_varint(b, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

void pack_u32(buf *b, uint32_t v)
{
    uint8_t bytes[] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

    buf_put(b, bytes, sizeof(bytes));
}

void pack_text(buf *b, slice s)
{
    pack_varint(b, s.n);
    buf_slice(b, s);
}

void unpack_init(unpack *u, slice s)
{
    u->at = (const uint8_t *)s.p;
    u->end = s.n ? u->at + s.n : u->at;
    u->broken = false;
}

static uint64_t give_up(unpack *u)
{
    u->broken = true;
    u->at = u->end;
    return 0;
}

uint64_t unpack_varint(unpack *u)
{
    uint64_t v = 0;

    for (unsigned shift = 0; u->at < u->end; shift += 7) {
        uint8_t byte = *u->at++;
        if (shift == 63 && byte > 1) /* beyond 64 bits */
            break;
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return byte == 0 && shift > 0 ? give_up(u) : v;
    }
    return give_up(u);
}

int64_t unpack_zigzag(unpack *u)
{
    uint64_t v = unpack_varint(u);

    return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

uint32_t unpack_u32(unpack *u)
{
    if (u->end - u->at < 4)
        return (uint32_t)give_up(u);
    const uint8_t *p = u->at;
    u->at += 4;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

slice unpack_text(unpack *u)
{
    uint64_t n = unpack_varint(u);

    if (u->broken)
        return NO_SLICE;
    if (n > (uint64_t)(u->end - u->at)) {
        give_up(u);
        return NO_SLICE;
    }
    slice s = {(const char *)u->at, (size_t)n};
    u->at += n;
    return s;
}
