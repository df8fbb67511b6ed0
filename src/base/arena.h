/* SPDX-License-Identifier: Apache-2.0
 *
 * base/arena.h -- memory that dies with its owner, under a ceiling.
 *
 * A request, a job or a command has one arena; what hangs on it is never freed singly. An
 * `arena *` parameter means that the result lives there. Used by one thread at a time. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/slice.h"

#include <stdarg.h>
#include <stdint.h>

struct arena_chunk;

/* What several arenas may hold together, but for the first chunk of each; any thread. */
typedef struct arena_budget {
    _Atomic int64_t used;
    int64_t max;
} arena_budget;

typedef struct arena {
    struct arena_chunk *chunks; /* newest first; the oldest is kept by arena_reset */
    char *at, *end;             /* the free part of the newest chunk */
    size_t used;                /* bytes of all chunks */
    size_t max;                 /* ceiling for `used` */
    arena_budget *budget;       /* shared, or NULL; set after arena_init, before use */
    bool failed;                /* an allocation was refused since the last reset */
    bool full;                  /* at least once because of the ceiling */
} arena;

/* Takes no memory yet. `max_bytes` bounds what the arena may ever hold. */
void arena_init(arena *a, size_t max_bytes);

/* Gives everything back; the arena may be initialised again. */
void arena_deinit(arena *a);

/* Whether all that was asked for was given: ERR_NO_MEMORY after any refusal since the last reset.
 * Copies that found no room are absent, so a row is looked at as a whole, once, at its end. */
MUST_CHECK err arena_check(const arena *a);

/* Forgets everything but keeps the first chunk for the next use. */
void arena_reset(arena *a);

/* `n` bytes aligned for any type; NULL when the ceiling or the machine's memory is reached. */
void *arena_alloc(arena *a, size_t n);

/* The same, zeroed; `count` things of `size` bytes, overflow included in the NULL. */
void *arena_zalloc(arena *a, size_t n);
void *arena_array(arena *a, size_t count, size_t size);

/* Room for one more item at the end of an array of `n` with room for *cap: the array, perhaps moved
 * (the old one stays behind in the arena), or NULL when there is no memory. Start with NULL, 0, 0.
 */
void *arena_grow(arena *a, void *items, size_t n, size_t *cap, size_t size);

/* A copy of `s`, with a NUL behind it that is not counted; absent when there is no memory, and
 * for an absent `s`. */
slice arena_dup(arena *a, slice s);

/* Text made by a printf format, NUL behind it; absent when there is no memory. */
slice arena_printf(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
slice arena_vprintf(arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

#endif
