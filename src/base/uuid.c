/* SPDX-License-Identifier: Apache-2.0
 *
 * base/uuid.c -- an id as two big-endian words, and as text. */
#include "base/uuid.h"

#include <assert.h>

enum { VERSION = 8, VARIANT = 2 };

#define MAX_TIME_MS ((INT64_C(1) << 48) - 1)

static uint64_t load(const uint8_t *b)
{
    uint64_t w = 0;

    for (int i = 0; i < 8; i++)
        w = w << 8 | b[i];
    return w;
}

static void store(uint8_t *b, uint64_t w)
{
    for (int i = 7; i >= 0; i--) {
        b[i] = (uint8_t)w;
        w >>= 8;
    }
}

uuid uuid_mint(int64_t time_us, int64_t graph, uuid_kind kind, int64_t number)
{
    int64_t ms = time_us < 0 ? 0 : time_us / 1000;
    uuid id;

    assert(graph >= 0 && graph <= UUID_MAX_GRAPH);
    assert(number >= 0 && number <= UUID_MAX_NUMBER);
    assert(kind >= UUID_EPISODE && kind <= UUID_PROJECT);
    if (ms > MAX_TIME_MS)
        ms = MAX_TIME_MS;
    store(id.b, (uint64_t)ms << 16 | (uint64_t)VERSION << 12 | (uint64_t)graph >> 22);
    store(id.b + 8, (uint64_t)VARIANT << 62 | ((uint64_t)graph & 0x3FFFFF) << 40 |
                        (uint64_t)kind << 36 | (uint64_t)number);
    return id;
}

bool uuid_route_of(uuid id, uuid_route *to)
{
    uint64_t high = load(id.b), low = load(id.b + 8);
    unsigned kind = low >> 36 & 0xF;

    if ((high >> 12 & 0xF) != VERSION || low >> 62 != VARIANT)
        return false;
    if (kind < UUID_EPISODE || kind > UUID_PROJECT)
        return false;
    *to = (uuid_route){
        .time_ms = (int64_t)(high >> 16),
        .graph = (int64_t)((high & 0xFFF) << 22 | (low >> 40 & 0x3FFFFF)),
        .number = (int64_t)(low & UUID_MAX_NUMBER),
        .kind = (uuid_kind)kind,
    };
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool hyphen_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(slice s, uuid *id)
{
    uuid got;
    size_t n = 0;

    if (s.n != UUID_TEXT)
        return false;
    for (size_t i = 0; i < UUID_TEXT;) {
        if (hyphen_at(i)) {
            if (s.p[i++] != '-')
                return false;
            continue;
        }
        int high = hex_value(s.p[i]), low = hex_value(s.p[i + 1]);
        if (high < 0 || low < 0)
            return false;
        got.b[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *id = got;
    return true;
}

void uuid_format(uuid id, char to[UUID_TEXT + 1])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof(id.b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = hex[id.b[i] >> 4];
        *to++ = hex[id.b[i] & 0xF];
    }
    *to = '\0';
}

bool uuid_eq(uuid a, uuid b)
{
    return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}

bool uuid_none(uuid id)
{
    return (load(id.b) | load(id.b + 8)) == 0;
}
