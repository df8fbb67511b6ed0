/* SPDX-License-Identifier: Apache-2.0
 *
 * base/slice.h -- text as a pointer and a length, borrowed unless a comment says otherwise.
 *
 * A slice with p == NULL is absent (a JSON null, an SQL NULL); one with n == 0 and p != NULL is an
 * empty text. Slices are not NUL-terminated. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct slice {
    const char *p;
    size_t n;
} slice;

/* A slice of a string literal; usable in static initialisers as SLICE_INIT. */
#define SLICE_INIT(lit)                                                                            \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    }
#define SLICE(lit) ((slice)SLICE_INIT(lit))
#define NO_SLICE   ((slice){NULL, 0})

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline slice slice_of(const char *cstr)
{
    return cstr ? (slice){cstr, strlen(cstr)} : NO_SLICE;
}

static inline bool slice_eq(slice a, slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(slice a, const char *cstr)
{
    return slice_eq(a, slice_of(cstr));
}

/* Absent or empty: what the contract calls "not given" for most strings. */
static inline bool slice_empty(slice a)
{
    return a.n == 0;
}

/* Byte order, as the store sorts ids. */
static inline int slice_cmp(slice a, slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;

    return c ? c : (a.n > b.n) - (a.n < b.n);
}

#endif
