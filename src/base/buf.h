/* SPDX-License-Identifier: Apache-2.0
 *
 * base/buf.h -- text or bytes under construction, in an arena, with a maximum.
 *
 * Building is sticky: after a failure every call does nothing, and buf_done reports it once. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/slice.h"

#include <stdint.h>

typedef struct buf {
    arena *in;
    char *p;
    size_t n, cap, max;
    err failed; /* OK, ERR_TOO_LARGE (past max) or ERR_NO_MEMORY */
} buf;

/* Takes no memory yet. */
void buf_init(buf *b, arena *in, size_t max_bytes);

void buf_put(buf *b, const void *p, size_t n);
void buf_putc(buf *b, char c);
void buf_puts(buf *b, const char *cstr);
void buf_slice(buf *b, slice s);
void buf_printf(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Decimal digits; the fast path of replies. */
void buf_i64(buf *b, int64_t v);

/* Space for `n` more bytes, to be filled by the caller and counted with `b->n += used`; NULL after
 * a failure. */
char *buf_reserve(buf *b, size_t n);

/* The result, in the arena, with a NUL behind it that is not counted. */
MUST_CHECK err buf_done(buf *b, slice *out);

#endif
