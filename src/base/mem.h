/* SPDX-License-Identifier: Apache-2.0
 *
 * base/mem.h -- the one door to the heap, so that a test can make the Nth allocation fail.
 *
 * Every heap block of ours, jansson's (through the arena) and SQLite's (db/sqlite.c hands these
 * functions to it) comes through here. Any thread. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc and free; NULL when there is no memory. mem_free(NULL) does nothing. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);
void mem_free(void *p);

/* Once, before threads: large blocks go back to the system when they are freed, and few threads'
 * heaps keep what was freed. */
void mem_init(void);

/* Tests: `fails` is asked before each allocation and says whether it must fail; NULL ends it. */
void mem_set_fault(bool (*fails)(void));

#endif
