/* SPDX-License-Identifier: Apache-2.0
 *
 * base/utf8.c -- one decoder that knows every ill-formed sequence; runs of ASCII pass eight bytes
 * at a time. */
#include "base/utf8.h"

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

enum { REPLACEMENT = 0xFFFD };

static bool continues(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The code point at `p`, of which `n` > 0 bytes may be read; its length, or 0 if ill-formed. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *c)
{
    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    if (p[0] < 0xC2) /* a continuation alone, or an overlong pair */
        return 0;
    if (p[0] < 0xE0) {
        if (n < 2 || !continues(p[1]))
            return 0;
        *c = (p[0] & 0x1FU) << 6 | (p[1] & 0x3FU);
        return 2;
    }
    if (p[0] < 0xF0) {
        if (n < 3 || !continues(p[1]) || !continues(p[2]))
            return 0;
        *c = (p[0] & 0x0FU) << 12 | (p[1] & 0x3FU) << 6 | (p[2] & 0x3FU);
        return *c < 0x800 || (*c >= 0xD800 && *c <= 0xDFFF) ? 0 : 3;
    }
    if (p[0] > 0xF4 || n < 4 || !continues(p[1]) || !continues(p[2]) || !continues(p[3]))
        return 0;
    *c = (p[0] & 0x07U) << 18 | (p[1] & 0x3FU) << 12 | (p[2] & 0x3FU) << 6 | (p[3] & 0x3FU);
    return *c < 0x10000 || *c > 0x10FFFF ? 0 : 4;
}

/* Whether each of the eight bytes is in 01..7F. */
static bool all_ascii(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return ((w | (w - EACH(0x01))) & EACH(0x80)) == 0;
}

bool utf8_valid(slice s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    size_t at = 0;

    while (at < s.n) {
        if (s.n - at >= 8 && all_ascii(p + at)) {
            at += 8;
            continue;
        }
        uint32_t c;
        size_t n = decode(p + at, s.n - at, &c);
        if (n == 0 || c == 0)
            return false;
        at += n;
    }
    return true;
}

size_t utf8_length(slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += !continues((uint8_t)s.p[i]);
    return n;
}

uint32_t utf8_next(slice s, size_t *at)
{
    uint32_t c = 0;
    size_t n = decode((const uint8_t *)s.p + *at, s.n - *at, &c);

    if (n == 0) {
        *at += 1;
        return REPLACEMENT;
    }
    *at += n;
    return c;
}

size_t utf8_put(char to[4], uint32_t c)
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = REPLACEMENT;
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | c >> 6);
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | c >> 12);
        to[1] = (char)(0x80 | (c >> 6 & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | c >> 18);
    to[1] = (char)(0x80 | (c >> 12 & 0x3F));
    to[2] = (char)(0x80 | (c >> 6 & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
