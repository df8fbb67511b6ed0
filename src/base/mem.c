/* SPDX-License-Identifier: Apache-2.0
 *
 * base/mem.c -- the heap behind one seam. */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic(bool (*)(void)) fault;

static bool fails(void)
{
    bool (*f)(void) = atomic_load_explicit(&fault, memory_order_relaxed);

    return f && f();
}

void mem_init(void)
{
    enum { RETURNED = 768 * 1024, HEAPS = 8 };

    mallopt(M_MMAP_THRESHOLD, RETURNED);
    mallopt(M_TRIM_THRESHOLD, RETURNED);
    mallopt(M_ARENA_MAX, HEAPS);
}

void *mem_alloc(size_t n)
{
    return fails() ? NULL : malloc(n ? n : 1);
}

void *mem_zalloc(size_t n)
{
    return fails() ? NULL : calloc(1, n ? n : 1);
}

void *mem_realloc(void *p, size_t n)
{
    return fails() ? NULL : realloc(p, n ? n : 1);
}

void mem_free(void *p)
{
    free(p);
}

void mem_set_fault(bool (*f)(void))
{
    atomic_store(&fault, f);
}
