/* SPDX-License-Identifier: Apache-2.0
 *
 * packed_fuzz.c -- the index's bytes: any of them are decoded or refused, and what is decoded has
 * the order that it must have. */
#include "fuzz.h"
#include "search/packed.h"

static void check_terms(arena *a, slice s)
{
    static const uint32_t asked[] = {0, 1, 0x61626364, UINT32_MAX};
    uint32_t counts[COUNT(asked)], length;
    uint8_t marks, head;
    text_terms terms;
    slice again;

    err found = packed_terms_find(s, asked, COUNT(asked), counts);
    err headed = packed_terms_head(s, &length, &head);
    if (packed_terms_decode(a, s, &terms, &marks))
        return;
    assert(!found && !headed && head == marks && length == terms.length);
    for (size_t i = 0; i < terms.n; i++)
        assert(terms.at[i].count > 0 && (i == 0 || terms.at[i].hash > terms.at[i - 1].hash));
    err e = packed_terms_encode(a, &terms, marks, &again);
    assert(!e && slice_eq(s, again));
}

static void check_postings(arena *a, slice s)
{
    static const int64_t gone[] = {1, 2, 5, 100};
    packed_postings r;
    posting p;
    int64_t last = 0;
    size_t removed = 0;
    slice rest;

    packed_postings_open(&r, s);
    while (packed_postings_next(&r, &p)) {
        assert(p.number > last && p.count > 0);
        last = p.number;
    }
    err e = packed_postings_close(&r);
    assert(e == OK || e == ERR_INTERNAL);
    err without = packed_postings_remove(a, s, gone, COUNT(gone), &rest, &removed);
    assert(without || e == OK);
    assert(without || rest.n <= s.n || removed);
}

static void check_block(arena *a, slice s)
{
    static const int64_t gone[] = {1, 2, 5, 100};
    size_t removed = 0;
    turn_list list;
    slice rest;

    turns_init(&list, a, 0);
    err e = packed_block_decode(s, &list);
    for (size_t i = 0; !e && i < list.n; i++) {
        assert(list.at[i].number > (i ? list.at[i - 1].number : 0));
        assert(list.at[i].speaker < list.n_names);
    }
    err without = packed_block_remove(a, s, gone, COUNT(gone), &rest, &removed);
    assert(without || !e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    slice s = fuzz_copy(data, size);
    arena a;

    arena_init(&a, FUZZ_ARENA_BYTES);
    check_terms(&a, s);
    check_postings(&a, s);
    check_block(&a, s);
    arena_deinit(&a);
    fuzz_free(s);
    return 0;
}
