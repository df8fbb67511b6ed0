/* SPDX-License-Identifier: Apache-2.0
 *
 * base/buf.c -- doubling in the arena. What is outgrown stays behind until the arena goes; it sums
 * up to less than the result. */
#include "base/buf.h"

#include <stdio.h>

enum { FIRST_SIZE = 512 };

void buf_init(buf *b, arena *in, size_t max_bytes)
{
    *b = (buf){.in = in, .max = max_bytes};
}

char *buf_reserve(buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    if (n > b->max - b->n) {
        b->failed = ERR_TOO_LARGE;
        return NULL;
    }
    if (b->cap - b->n <= n) { /* one more for the NUL */
        size_t cap = b->cap ? b->cap * 2 : FIRST_SIZE;
        if (cap < b->n + n + 1)
            cap = b->n + n + 1;
        char *p = arena_alloc(b->in, cap);
        if (!p) {
            b->failed = ERR_NO_MEMORY;
            return NULL;
        }
        if (b->n)
            memcpy(p, b->p, b->n);
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_put(buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);

    if (to && n) {
        memcpy(to, p, n);
        b->n += n;
    }
}

void buf_putc(buf *b, char c)
{
    buf_put(b, &c, 1);
}

void buf_puts(buf *b, const char *cstr)
{
    buf_put(b, cstr, strlen(cstr));
}

void buf_slice(buf *b, slice s)
{
    buf_put(b, s.p, s.n);
}

void buf_printf(buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slice s = arena_vprintf(b->in, fmt, ap);
    va_end(ap);
    if (s.p)
        buf_slice(b, s);
    else if (!b->failed)
        b->failed = ERR_NO_MEMORY;
}

void buf_i64(buf *b, int64_t v)
{
    char digits[24];
    size_t at = sizeof(digits);
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do
        digits[--at] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        digits[--at] = '-';
    buf_put(b, digits + at, sizeof(digits) - at);
}

err buf_done(buf *b, slice *out)
{
    char *end = buf_reserve(b, 0);

    if (b->failed)
        return b->failed;
    *end = '\0';
    *out = (slice){b->p, b->n};
    return OK;
}
