/* SPDX-License-Identifier: Apache-2.0
 *
 * base/arena.c -- a list of chunks, each twice the one before up to a bound, cut from the front.
 *
 * Under AddressSanitizer what has not been handed out is poisoned, so that a stale pointer fails
 * the test that made it. */
#include "base/arena.h"

#include "base/mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST_CHUNK = 8 * 1024, LARGEST_CHUNK = 1024 * 1024, ALIGN = 16 };

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* of the data that follows */
    _Alignas(ALIGN) char data[];
};

void arena_init(arena *a, size_t max_bytes)
{
    *a = (arena){.max = max_bytes};
}

/* Takes the newest chunk away. The first one is small and not counted. */
static void drop_newest(arena *a)
{
    struct arena_chunk *c = a->chunks;

    a->chunks = c->older;
    if (a->budget && c->older)
        atomic_fetch_sub(&a->budget->used, (int64_t)c->size);
    UNPOISON(c->data, c->size);
    mem_free(c);
}

static bool afford(arena *a, size_t size)
{
    if (!a->budget || !a->chunks)
        return true;
    if (atomic_fetch_add(&a->budget->used, (int64_t)size) + (int64_t)size <= a->budget->max)
        return true;
    atomic_fetch_sub(&a->budget->used, (int64_t)size);
    return false;
}

void arena_deinit(arena *a)
{
    while (a->chunks)
        drop_newest(a);
    *a = (arena){.max = a->max, .budget = a->budget};
}

err arena_check(const arena *a)
{
    return a->failed ? ERR_NO_MEMORY : OK;
}

void arena_reset(arena *a)
{
    a->failed = a->full = false;
    if (!a->chunks)
        return;
    while (a->chunks->older)
        drop_newest(a);
    a->used = a->chunks->size;
    a->at = a->chunks->data;
    a->end = a->at + a->chunks->size;
    POISON(a->at, a->chunks->size);
}

static bool grow(arena *a, size_t n)
{
    size_t size = a->chunks ? a->chunks->size * 2 : FIRST_CHUNK;

    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    if (size < n)
        size = n;
    size_t room = a->max > a->used ? a->max - a->used : 0;
    if (size > room) /* near the ceiling: just what is asked for */
        size = n;
    if (size > room) {
        a->full = true;
        return false;
    }

    if (!afford(a, size))
        return false;
    struct arena_chunk *c = mem_alloc(sizeof(*c) + size);
    if (!c) {
        if (a->budget && a->chunks)
            atomic_fetch_sub(&a->budget->used, (int64_t)size);
        return false;
    }
    c->older = a->chunks;
    c->size = size;
    a->chunks = c;
    a->used += size;
    a->at = c->data;
    a->end = c->data + size;
    POISON(c->data, size);
    return true;
}

void *arena_alloc(arena *a, size_t n)
{
    if (n > SIZE_MAX - ALIGN) {
        a->failed = a->full = true;
        return NULL;
    }
    n = n ? (n + ALIGN - 1) & ~(size_t)(ALIGN - 1) : ALIGN;
    if (n > (size_t)(a->end - a->at) && !grow(a, n)) {
        a->failed = true;
        return NULL;
    }

    char *p = a->at;
    a->at += n;
    UNPOISON(p, n);
    return p;
}

void *arena_zalloc(arena *a, size_t n)
{
    void *p = arena_alloc(a, n);

    if (p)
        memset(p, 0, n);
    return p;
}

void *arena_array(arena *a, size_t count, size_t size)
{
    assert(size > 0);
    return count > SIZE_MAX / size ? NULL : arena_zalloc(a, count * size);
}

void *arena_grow(arena *a, void *items, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return items;
    size_t grown = *cap ? *cap * 2 : 16;
    void *more = arena_array(a, grown, size);
    if (!more)
        return NULL;
    if (n)
        memcpy(more, items, n * size);
    *cap = grown;
    return more;
}

slice arena_dup(arena *a, slice s)
{
    if (!s.p)
        return NO_SLICE;

    char *p = arena_alloc(a, s.n + 1);
    if (!p)
        return NO_SLICE;
    memcpy(p, s.p, s.n);
    p[s.n] = '\0';
    return (slice){p, s.n};
}

slice arena_vprintf(arena *a, const char *fmt, va_list ap)
{
    va_list again;

    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    char *p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (p)
        vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p ? (slice){p, (size_t)n} : NO_SLICE;
}

slice arena_printf(arena *a, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    slice s = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return s;
}
