/* SPDX-License-Identifier: Apache-2.0
 *
 * tests/unit/packed_test.c -- the index's bytes: there and back, byte by byte where it is promised,
 * and what damage does. */
#include "search/packed.h"

#include "base/clock.h"
#include "base/uuid.h"
#include "text/marks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static arena a;

static int set_up(void **state)
{
    (void)state;
    arena_init(&a, (size_t)64 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&a);
    return 0;
}

static uint64_t seed = 1;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(seed >> 33) % n;
}

#define bytes(...)                                                                                 \
    ((slice){(const char *)(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

/* In a block of its own, so that a sanitizer sees a read behind its end. */
static slice alone(slice s)
{
    char *p = malloc(s.n ? s.n : 1);

    assert_non_null(p);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (slice){p, s.n};
}

static void let_go(slice s)
{
    free((void *)(uintptr_t)s.p);
}

/* ---- own terms ---- */

static void own_terms_have_the_promised_bytes(void **state)
{
    text_term at[] = {{0x00000005, 1}, {0x01020304, 300}, {0x80000000, 2}, {0xFFFFFFFF, 1}};
    text_terms t = {at, COUNT(at), 200};
    slice s;

    (void)state;
    assert_int_equal(packed_terms_encode(&a, &t, 0x0D, &s), OK);
    slice want = bytes(0x0D, 0xC8, 0x01, 2, 4, 3, 2, 1, 0xAA, 0x02, 0, 0, 0, 0x80, 0, 5, 0, 0, 0,
                       0xFF, 0xFF, 0xFF, 0xFF);
    assert_true(slice_eq(s, want));

    text_terms got;
    uint8_t marks = 0;
    assert_int_equal(packed_terms_decode(&a, s, &got, &marks), OK);
    assert_int_equal(marks, 0x0D);
    assert_int_equal(got.length, 200);
    assert_int_equal(got.n, COUNT(at));
    assert_memory_equal(got.at, at, sizeof(at));
}

static void own_terms_may_be_none(void **state)
{
    text_terms none = {NULL, 0, 0}, got;
    slice s;

    (void)state;
    assert_int_equal(packed_terms_encode(&a, &none, 0, &s), OK);
    assert_int_equal(s.n, 3);
    assert_int_equal(packed_terms_decode(&a, s, &got, NULL), OK);
    assert_int_equal(got.n + got.length, 0);
    assert_int_equal(packed_terms_find(s, NULL, 0, NULL), OK);
}

/* Some terms with some counts, ascending. */
static text_terms random_terms(text_term *at, size_t n)
{
    uint32_t hash = 0;

    for (size_t i = 0; i < n; i++) {
        hash += 1 + random_below(40);
        at[i] = (text_term){hash, random_below(3) ? 1 : 1 + random_below(400)};
    }
    return (text_terms){at, n, random_below(100000)};
}

static void own_terms_are_found(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        text_term at[40];
        text_terms t = random_terms(at, random_below(COUNT(at) + 1)), got;
        uint8_t marks = (uint8_t)random_below(TEXT_MARKS + 1), read = 0;
        uint32_t length = 0, hashes[500], counts[500];
        slice s;

        assert_int_equal(packed_terms_encode(&a, &t, marks, &s), OK);
        assert_int_equal(packed_terms_head(s, &length, &read), OK);
        assert_true(length == t.length && read == marks);
        assert_int_equal(packed_terms_decode(&a, s, &got, &read), OK);
        assert_true(got.n == t.n && got.length == t.length && read == marks);

        size_t step = 1 + random_below(20), n = 0; /* ask for each, or some */
        for (uint32_t hash = random_below(9); n < COUNT(hashes); hash += (uint32_t)step)
            hashes[n++] = hash;
        assert_int_equal(packed_terms_find(s, hashes, n, counts), OK);
        for (size_t i = 0; i < n; i++) {
            uint32_t want = 0;
            for (size_t k = 0; k < t.n; k++)
                want = t.at[k].hash == hashes[i] ? t.at[k].count : want;
            assert_int_equal(counts[i], want);
        }
        for (size_t i = 0; i < t.n; i++)
            assert_true(got.at[i].hash == at[i].hash && got.at[i].count == at[i].count);
    }
}

static void damaged_own_terms_are_refused(void **state)
{
    const slice bad[] = {
        NO_SLICE,
        bytes(0),
        bytes(0, 0),
        bytes(0x10, 0, 0),                                        /* no such mark */
        bytes(0, 0x80, 0x80, 0x80, 0x80, 0x10, 0),                /* a length of 2^32 */
        bytes(0, 0, 1),                                           /* a term is missing */
        bytes(0, 0, 1, 1, 0, 0, 0),                               /* a count is missing */
        bytes(0, 0, 0, 1, 0, 0),                                  /* half a hash */
        bytes(0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0),                   /* not ascending */
        bytes(0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0),                   /* twice */
        bytes(0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0),             /* not ascending */
        bytes(0, 0, 1, 2, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F), /* count above 32 bits */
        bytes(0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1),
    };
    text_terms t;
    uint32_t hash = 1, count = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        slice s = alone(bad[i]);
        assert_int_equal(packed_terms_decode(&a, s, &t, NULL), ERR_INTERNAL);
        assert_int_equal(packed_terms_find(s, &hash, 1, &count), ERR_INTERNAL);
        let_go(s);
    }
    /* a term in both parts */
    assert_int_equal(packed_terms_decode(&a, bytes(0, 0, 1, 2, 0, 0, 0, 0, 2, 0, 0, 0), &t, NULL),
                     ERR_INTERNAL);
}

/* ---- postings ---- */

static size_t read_chunk(slice chunk, posting *to, size_t room)
{
    packed_postings r;
    size_t n = 0;

    packed_postings_open(&r, chunk);
    while (n < room && packed_postings_next(&r, &to[n]))
        n++;
    assert_int_equal(packed_postings_close(&r), OK);
    return n;
}

static void a_chunk_has_the_promised_bytes(void **state)
{
    const posting p[] = {{1, 1}, {2, 1}, {66, 1}, {67, 2}, {1000, 300}};
    slice s;
    size_t taken = 0;

    (void)state;
    assert_int_equal(packed_postings_append(&a, NO_SLICE, p, COUNT(p), &s, &taken), OK);
    assert_int_equal(taken, COUNT(p));
    /* gaps 0, 0, 63, 0, 932; 932 << 1 | 1 is 0x749, 300 - 2 is 0x12A */
    assert_true(slice_eq(s, bytes(0, 0, 126, 1, 0, 0xC9, 0x0E, 0xAA, 0x02)));
}

static void chunks_grow_to_their_bound(void **state)
{
    enum { MANY = 20000 };
    static posting p[MANY], got[MANY];
    slice chunk[200] = {{0}};
    size_t n_chunks = 1, done = 0;
    int64_t number = 0;

    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        number += 1 + random_below(random_below(10) ? 60 : 3000000);
        p[i] = (posting){number, random_below(4) ? 1 : 1 + random_below(1000)};
    }
    p[MANY - 1].number = UUID_MAX_NUMBER;
    p[MANY - 1].count = UINT32_MAX;
    while (done < MANY) { /* some at a time */
        size_t some = 1 + random_below(300), taken = 0;
        slice *last = &chunk[n_chunks - 1];
        some = some > MANY - done ? MANY - done : some;
        assert_int_equal(packed_postings_append(&a, *last, p + done, some, last, &taken), OK);
        assert_true(taken <= some && last->n <= PACKED_CHUNK_MAX);
        done += taken;
        if (taken < some) {
            assert_true(last->n > PACKED_CHUNK_MAX - 16);
            n_chunks++;
        }
    }
    size_t n = 0;
    for (size_t i = 0; i < n_chunks; i++)
        n += read_chunk(chunk[i], got + n, MANY - n);
    assert_int_equal(n, MANY);
    for (size_t i = 0; i < MANY; i++)
        assert_true(got[i].number == p[i].number && got[i].count == p[i].count);
}

static void appending_goes_upwards_only(void **state)
{
    slice s, t;
    size_t taken = 0;

    (void)state;
    assert_int_equal(packed_postings_append(&a, NO_SLICE, &(posting){7, 1}, 1, &s, &taken), OK);
    assert_int_equal(packed_postings_append(&a, s, &(posting){7, 1}, 1, &t, &taken), ERR_INTERNAL);
    assert_int_equal(packed_postings_append(&a, s, &(posting){6, 1}, 1, &t, &taken), ERR_INTERNAL);
    assert_int_equal(packed_postings_append(&a, NO_SLICE, &(posting){0, 1}, 1, &t, &taken),
                     ERR_INTERNAL);
    assert_int_equal(
        packed_postings_append(&a, s, &(posting){UUID_MAX_NUMBER + 1, 1}, 1, &t, &taken),
        ERR_INTERNAL);
    assert_int_equal(packed_postings_append(&a, s, NULL, 0, &t, &taken), OK);
    assert_true(slice_eq(s, t) && taken == 0);
}

static void postings_are_removed_by_number(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        posting p[100], got[100];
        int64_t numbers[100];
        size_t n = 1 + random_below(COUNT(p)), n_numbers = 0, taken = 0, removed = 0, want = 0;
        int64_t number = random_below(1000), other = 0;
        slice chunk, left;

        for (size_t i = 0; i < n; i++) {
            number += 1 + random_below(round % 2 ? 3 : 300);
            p[i] = (posting){number, 1 + random_below(3)};
        }
        uint32_t often = 1 + random_below(5);
        for (size_t i = 0; i < n; i++) { /* some that are there, and some that are not */
            if (random_below(often) == 0 && p[i].number > other)
                numbers[n_numbers++] = other = p[i].number;
            else if (random_below(3) == 0 && p[i].number - 1 > other &&
                     (i == 0 || p[i - 1].number < p[i].number - 1))
                numbers[n_numbers++] = other = p[i].number - 1;
        }
        assert_int_equal(packed_postings_append(&a, NO_SLICE, p, n, &chunk, &taken), OK);
        assert_int_equal(taken, n);
        assert_int_equal(packed_postings_remove(&a, chunk, numbers, n_numbers, &left, &removed),
                         OK);
        assert_true(left.n <= chunk.n);

        size_t n_got = read_chunk(left, got, COUNT(got));
        assert_int_equal(n_got + removed, n);
        for (size_t i = 0, k = 0; i < n; i++) {
            while (k < n_numbers && numbers[k] < p[i].number)
                k++;
            if (k < n_numbers && numbers[k] == p[i].number)
                continue;
            assert_true(got[want].number == p[i].number && got[want].count == p[i].count);
            want++;
        }
        assert_int_equal(want, n_got);
        if (!removed)
            assert_ptr_equal(left.p, chunk.p);
        /* what is left is what would have been written */
        if (want) {
            slice anew;
            assert_int_equal(packed_postings_append(&a, NO_SLICE, got, want, &anew, &taken), OK);
            assert_true(slice_eq(anew, left));
        } else {
            assert_int_equal(left.n, 0);
        }
    }
}

static void damaged_chunks_are_refused(void **state)
{
    const slice bad[] = {
        bytes(0x80),                               /* half a number */
        bytes(1),                                  /* no count */
        bytes(1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F),    /* a count above 32 bits */
        bytes(0x80, 0),                            /* overlong */
        bytes(0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F), /* a number above the last */
        bytes(0, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F),
        bytes(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1),
    };
    const int64_t one = 1;
    slice left;
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        slice s = alone(bad[i]);
        assert_int_equal(packed_postings_remove(&a, s, &one, 1, &left, &n), ERR_INTERNAL);
        assert_int_equal(packed_postings_append(&a, s, NULL, 0, &left, &n), ERR_INTERNAL);
        let_go(s);
    }
}

static void gathering_turns_episodes_inside_out(void **state)
{
    enum { EPISODES = 60 };
    static text_term at[EPISODES][30];
    text_terms t[EPISODES];
    slice own[EPISODES];
    int64_t numbers[EPISODES];
    packed_gathered *g = NULL;
    size_t n = 0, total = 0, sum = 0;

    (void)state;
    for (size_t i = 0; i < EPISODES; i++) {
        t[i] = random_terms(at[i], random_below(30));
        for (size_t k = 0; k < t[i].n; k++) /* spread over all four bytes */
            at[i][k].hash *= 0x00204080;
        numbers[i] = (int64_t)i * 3 + 5;
        total += t[i].n;
        assert_int_equal(packed_terms_encode(&a, &t[i], 0, &own[i]), OK);
    }
    assert_int_equal(packed_gather(&a, numbers, own, EPISODES, &g, &n), OK);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || g[i].hash > g[i - 1].hash);
        assert_true(g[i].n > 0);
        sum += g[i].n;
        for (size_t k = 0; k < g[i].n; k++) {
            uint32_t count = 0;
            size_t episode = (size_t)(g[i].at[k].number - 5) / 3;
            assert_true(k == 0 || g[i].at[k].number > g[i].at[k - 1].number);
            assert_int_equal(packed_terms_find(own[episode], &g[i].hash, 1, &count), OK);
            assert_int_equal(g[i].at[k].count, count);
        }
    }
    assert_int_equal(sum, total);

    assert_int_equal(packed_gather(&a, NULL, NULL, 0, &g, &n), OK);
    assert_int_equal(n, 0);
    own[3] = bytes(0, 0, 7);
    assert_int_equal(packed_gather(&a, numbers, own, EPISODES, &g, &n), ERR_INTERNAL);
}

/* ---- turns and blocks ---- */

static void turns_know_their_speakers(void **state)
{
    turn_list list;

    (void)state;
    turns_init(&list, &a, 0);
    for (int64_t i = 1; i <= 3000; i++) {
        slice name = i % 7 ? arena_printf(&a, "Speaker %d", (int)(i % 100)) : NO_SLICE;
        assert_int_equal(turns_add(&list, (turn){.number = i}, name), OK);
    }
    assert_int_equal(list.n, 3000);
    assert_int_equal(list.n_names, 101);
    assert_null(list.names[0].p);
    for (size_t i = 0; i < list.n; i++) {
        slice name = list.names[list.at[i].speaker];
        if (list.at[i].number % 7)
            assert_true(
                slice_eq(name, arena_printf(&a, "Speaker %d", (int)(list.at[i].number % 100))));
        else
            assert_int_equal(list.at[i].speaker, 0);
    }
    assert_int_equal(turns_add(&list, (turn){.number = 3000}, NO_SLICE), ERR_INTERNAL);
    assert_int_equal(turns_add(&list, (turn){.number = UUID_MAX_NUMBER + 1}, NO_SLICE),
                     ERR_INTERNAL);
    turns_init(&list, &a, 5);
    assert_int_equal(turns_add(&list, (turn){.number = 0}, NO_SLICE), ERR_INTERNAL);
    assert_int_equal(turns_add(&list, (turn){.number = 9}, SLICE("")), OK);
    assert_int_equal(list.at[0].speaker, 0);
}

static void days_are_those_of_utc(void **state)
{
    (void)state;
    assert_int_equal(turn_day(0), 0);
    assert_int_equal(turn_day(CLOCK_DAY_US - 1), 0);
    assert_int_equal(turn_day(CLOCK_DAY_US), 1);
    assert_int_equal(turn_day(-1), -1);
    assert_int_equal(turn_day(-CLOCK_DAY_US), -1);
    assert_int_equal(turn_day(INT64_MAX), 106751991);
}

static void a_block_has_the_promised_bytes(void **state)
{
    turn_list list;
    slice s;

    (void)state;
    turns_init(&list, &a, 3);
    turn t = {.number = 1, .session = 3, .day = 100, .length = 9, .marks = TEXT_MARK_ASKS};
    assert_int_equal(turns_add(&list, t, SLICE("Bo")), OK);
    t = (turn){.number = 2, .session = 3, .day = 100, .length = 200};
    assert_int_equal(turns_add(&list, t, SLICE("Bo")), OK);
    t = (turn){.number = 5, .session = 2, .day = 99, .length = 1};
    assert_int_equal(turns_add(&list, t, NO_SLICE), OK);
    assert_int_equal(packed_block_encode(&a, &list, 0, 3, &s), OK);
    slice want = bytes(1, 2, 'B', 'o',            /* the names */
                       0xE4, 6, 0xC8, 0x01, 1, 9, /* 1: session +3, day +100, Bo, 9 words, asks */
                       0x00, 0xC8, 0x01,          /* 2: as before, 200 words */
                       0xF0, 1, 1, 1, 0, 1);      /* 5: two left out, session -1, day -1, nobody */
    assert_true(slice_eq(s, want));
}

static void random_turns(turn_list *list, size_t n)
{
    static const char *const names[] = {"Bo", "Ana Lima", "user", "\xc3\x89lo\xc3\xaf", ""};
    int64_t number = random_below(1000);
    turn t = {0};

    turns_init(list, &a, 0);
    for (size_t i = 0; i < n; i++) {
        number += random_below(4) ? 1 : 1 + random_below(100000);
        t.number = number;
        if (random_below(5) == 0)
            t.session = random_below(3) ? random_below(9) : (int64_t)random_below(1U << 30) << 30;
        if (random_below(5) == 0)
            t.day = (int32_t)random_below(40000) - 20000;
        if (random_below(50) == 0)
            t.day = random_below(2) ? INT32_MIN : INT32_MAX;
        t.length = random_below(10) ? random_below(40) : UINT32_MAX - random_below(9);
        t.marks = (uint8_t)random_below(TEXT_MARKS + 1);
        assert_int_equal(turns_add(list, t, slice_of(names[random_below(COUNT(names))])), OK);
    }
}

static void assert_same_turn(const turn_list *x, size_t i, const turn_list *y, size_t j)
{
    const turn *t = &x->at[i], *u = &y->at[j];

    assert_true(t->number == u->number && t->session == u->session && t->day == u->day &&
                t->length == u->length && t->marks == u->marks);
    assert_true(slice_eq(x->names[t->speaker], y->names[u->speaker]));
}

static void blocks_come_back_as_they_were(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        turn_list list, got;
        size_t n = random_below(400), at = 0;

        random_turns(&list, n);
        turns_init(&got, &a, n);
        while (at < n) {
            size_t some = 1 + random_below(PACKED_BLOCK_TURNS);
            slice s;
            some = some > n - at ? n - at : some;
            assert_int_equal(packed_block_encode(&a, &list, at, some, &s), OK);
            assert_int_equal(packed_block_decode(s, &got), OK);
            at += some;
        }
        assert_int_equal(got.n, n);
        for (size_t i = 0; i < n; i++)
            assert_same_turn(&list, i, &got, i);
    }
}

static bool holds(slice haystack, const char *needle)
{
    return haystack.n && memmem(haystack.p, haystack.n, needle, strlen(needle));
}

static void removed_turns_take_their_names_along(void **state)
{
    turn_list list, got;
    slice s, left;
    size_t removed = 0;
    const int64_t one[] = {0, 2, 99}, others[] = {1, 3};

    (void)state;
    turns_init(&list, &a, 0);
    for (int64_t i = 1; i <= 3; i++)
        assert_int_equal(
            turns_add(&list, (turn){.number = i}, i == 2 ? SLICE("Mia") : SLICE("Otto")), OK);
    assert_int_equal(packed_block_encode(&a, &list, 0, 3, &s), OK);
    assert_true(holds(s, "Mia") && holds(s, "Otto"));

    assert_int_equal(packed_block_remove(&a, s, one, COUNT(one), &left, &removed), OK);
    assert_int_equal(removed, 1);
    assert_false(holds(left, "Mia"));
    assert_true(holds(left, "Otto"));
    turns_init(&got, &a, 0);
    assert_int_equal(packed_block_decode(left, &got), OK);
    assert_int_equal(got.n, 2);
    assert_same_turn(&list, 2, &got, 1);

    assert_int_equal(packed_block_remove(&a, left, one, COUNT(one), &s, &removed), OK);
    assert_true(removed == 0 && s.p == left.p && s.n == left.n);
    assert_int_equal(packed_block_remove(&a, left, others, 2, &s, &removed), OK);
    assert_true(removed == 2 && s.n == 0);
}

static void removal_leaves_what_would_have_been_written(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        turn_list list, kept;
        int64_t numbers[PACKED_BLOCK_TURNS];
        size_t n = 1 + random_below(PACKED_BLOCK_TURNS), n_numbers = 0, removed = 0;
        slice s, left, want;

        random_turns(&list, n);
        turns_init(&kept, &a, 0);
        for (size_t i = 0; i < n; i++) {
            if (random_below(3) == 0)
                numbers[n_numbers++] = list.at[i].number;
            else
                assert_int_equal(turns_add(&kept, list.at[i], list.names[list.at[i].speaker]), OK);
        }
        assert_int_equal(packed_block_encode(&a, &list, 0, n, &s), OK);
        assert_int_equal(packed_block_remove(&a, s, numbers, n_numbers, &left, &removed), OK);
        assert_int_equal(removed, n_numbers);
        if (kept.n == 0)
            continue;
        assert_int_equal(packed_block_encode(&a, &kept, 0, kept.n, &want), OK);
        assert_true(slice_eq(left, want));
    }
}

static void damaged_blocks_are_refused(void **state)
{
    const slice bad[] = {
        NO_SLICE,
        bytes(0x80),
        bytes(1),                                        /* the name is missing */
        bytes(1, 5, 'a', 'b'),                           /* a part of it is */
        bytes(1, 0, 'a'),                                /* an empty name */
        bytes(0, 0),                                     /* no length */
        bytes(0, 0, 0x80),                               /* half a length */
        bytes(0, 0, 0x80, 0x80, 0x80, 0x80, 0x10),       /* a length of 2^32 */
        bytes(0, 0x80, 1, 0),                            /* a name that is not there */
        bytes(1, 1, 'a', 0x80, 2, 0),                    /* the same */
        bytes(1, 1, 'a', 0x80, 0, 0),                    /* another speaker, who is the same */
        bytes(0, 0x20, 0, 0),                            /* another session, which is the same */
        bytes(0, 0x20, 1, 0),                            /* session -1 */
        bytes(0, 0x40, 0, 0),                            /* another day, which is the same */
        bytes(0, 0x40, 0x80, 0x80, 0x80, 0x80, 0x10, 0), /* day 2^31 */
        bytes(0, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0), /* a number above the last */
        bytes(0, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0),
        bytes(0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1),
    };
    const int64_t one = 1;

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        turn_list list;
        slice left, s = alone(bad[i]);
        size_t n = 0;
        turns_init(&list, &a, 0);
        assert_int_equal(packed_block_decode(s, &list), ERR_INTERNAL);
        assert_int_equal(packed_block_remove(&a, s, &one, 1, &left, &n), ERR_INTERNAL);
        let_go(s);
    }
}

static void blocks_go_upwards_only(void **state)
{
    turn_list list, got;
    slice s;

    (void)state;
    random_turns(&list, 10);
    assert_int_equal(packed_block_encode(&a, &list, 0, 10, &s), OK);
    turns_init(&got, &a, 0);
    assert_int_equal(packed_block_decode(s, &got), OK);
    assert_int_equal(packed_block_decode(s, &got), ERR_INTERNAL);
}

/* ---- everything ---- */

/* Any bytes, cut and bent ones of ours among them, are read to an end or refused. */
static void any_bytes_are_survived(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        turn_list list;
        text_terms t;
        packed_postings r;
        posting p;
        uint8_t raw[60], marks = 0;
        uint32_t hashes[] = {1, 0x100, 0x7FFFFFFF}, counts[3];
        const int64_t numbers[] = {1, 2, 30, 4000};
        size_t n = random_below(sizeof(raw)), k = 0;
        slice out;

        arena_reset(&a);
        for (size_t i = 0; i < n; i++)
            raw[i] = (uint8_t)(random_below(3) ? random_below(4) : random_below(256));
        slice s = alone((slice){(const char *)raw, n});
        err e = packed_terms_decode(&a, s, &t, &marks);
        assert_true(e == OK || e == ERR_INTERNAL);
        e = packed_terms_find(s, hashes, 3, counts);
        assert_true(e == OK || e == ERR_INTERNAL);
        packed_postings_open(&r, s);
        while (packed_postings_next(&r, &p))
            assert_true(p.number > 0 && p.number <= UUID_MAX_NUMBER && p.count > 0);
        e = packed_postings_close(&r);
        assert_int_equal(e, packed_postings_remove(&a, s, numbers, 4, &out, &k));
        turns_init(&list, &a, 0);
        e = packed_block_decode(s, &list);
        assert_int_equal(e, packed_block_remove(&a, s, numbers, 4, &out, &k));
        let_go(s);
    }
}

/* With each ceiling below what is needed, it is said that memory ran out, and nothing else. */
static void running_out_of_memory_is_told(void **state)
{
    text_term at[200];
    const int64_t numbers[] = {1, 2, 30, 4000};
    posting p[] = {{1, 1}, {2, 7}, {30, 1}};
    text_terms t = random_terms(at, COUNT(at));
    turn_list list;
    slice own, block, chunk, out;
    size_t n = 0;
    bool done = false;

    (void)state;
    random_turns(&list, 100);
    assert_int_equal(packed_terms_encode(&a, &t, 0, &own), OK);
    assert_int_equal(packed_block_encode(&a, &list, 0, 100, &block), OK);
    assert_int_equal(packed_postings_append(&a, NO_SLICE, p, 3, &chunk, &n), OK);
    for (size_t max = 0; !done; max += 48) {
        arena s;
        packed_gathered *g = NULL;
        turn_list got;
        arena_init(&s, max);
        turns_init(&got, &s, 0);
        err e[] = {
            packed_terms_encode(&s, &t, 0, &out),
            packed_terms_decode(&s, own, &t, NULL),
            packed_postings_append(&s, chunk, &(posting){99, 2}, 1, &out, &n),
            packed_postings_remove(&s, chunk, numbers, 4, &out, &n),
            packed_gather(&s, numbers, &own, 1, &g, &n),
            packed_block_encode(&s, &list, 0, 100, &out),
            packed_block_decode(block, &got),
            packed_block_remove(&s, block, &list.at[5].number, 1, &out, &n),
        };
        done = true;
        for (size_t i = 0; i < COUNT(e); i++) {
            assert_true(e[i] == OK || e[i] == ERR_NO_MEMORY);
            done = done && e[i] == OK;
        }
        t.at = at;
        arena_deinit(&s);
    }
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(own_terms_have_the_promised_bytes),
        test(own_terms_may_be_none),
        test(own_terms_are_found),
        test(damaged_own_terms_are_refused),
        test(a_chunk_has_the_promised_bytes),
        test(chunks_grow_to_their_bound),
        test(appending_goes_upwards_only),
        test(postings_are_removed_by_number),
        test(damaged_chunks_are_refused),
        test(gathering_turns_episodes_inside_out),
        test(turns_know_their_speakers),
        test(days_are_those_of_utc),
        test(a_block_has_the_promised_bytes),
        test(blocks_come_back_as_they_were),
        test(removed_turns_take_their_names_along),
        test(removal_leaves_what_would_have_been_written),
        test(damaged_blocks_are_refused),
        test(blocks_go_upwards_only),
        test(any_bytes_are_survived),
        test(running_out_of_memory_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
