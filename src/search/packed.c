/* SPDX-License-Identifier: Apache-2.0
 *
 * search/packed.c -- encoders that trust their callers, decoders that trust nobody. */
#include "search/packed.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/pack.h"
#include "base/uuid.h"
#include "text/marks.h"

#include <assert.h>

enum { HASH = 4 }; /* bytes */

/* ---- (a) an episode's own terms ---- */

err packed_terms_encode(arena *a, const text_terms *terms, uint8_t marks, slice *packed)
{
    uint64_t often = 0;
    buf b;

    assert((marks & ~TEXT_MARKS) == 0);
    for (size_t i = 0; i < terms->n; i++)
        often += terms->at[i].count > 1;

    buf_init(&b, a, SIZE_MAX);
    buf_putc(&b, (char)marks);
    pack_varint(&b, terms->length);
    pack_varint(&b, often);
    for (size_t i = 0; i < terms->n; i++) {
        if (terms->at[i].count > 1) {
            pack_u32(&b, terms->at[i].hash);
            pack_varint(&b, terms->at[i].count - 2);
        }
    }
    for (size_t i = 0; i < terms->n; i++)
        if (terms->at[i].count == 1)
            pack_u32(&b, terms->at[i].hash);
    return buf_done(&b, packed);
}

/* A walk over own terms: first the `often` ones, then the others, both ascending by hash. */
struct own {
    unpack in;
    uint32_t length;
    uint8_t marks;
    uint64_t often; /* how many of them are still to come */
    bool begun;     /* has the part been entered? */
    uint32_t last;  /* then the last hash that it gave */
};

static uint8_t take_byte(unpack *u)
{
    if (u->at == u->end)
        u->broken = true;
    return u->broken ? 0 : *u->at++;
}

static uint32_t take_count(unpack *u, uint32_t add)
{
    uint64_t v = unpack_varint(u);

    if (v > UINT32_MAX - add)
        u->broken = true;
    return (uint32_t)v + add;
}

static void own_open(struct own *o, slice packed)
{
    *o = (struct own){0};
    unpack_init(&o->in, packed);
    o->marks = take_byte(&o->in);
    o->length = take_count(&o->in, 0);
    o->often = unpack_varint(&o->in);
    if (o->marks & ~TEXT_MARKS)
        o->in.broken = true;
}

static bool own_next(struct own *o, text_term *t)
{
    bool often = o->often > 0;

    if (o->in.broken || (!often && o->in.at == o->in.end))
        return false;
    t->hash = unpack_u32(&o->in);
    t->count = often ? take_count(&o->in, 2) : 1;
    if (o->begun && t->hash <= o->last)
        o->in.broken = true;
    o->last = t->hash;
    o->begun = true;
    if (often && --o->often == 0)
        o->begun = false;
    return !o->in.broken;
}

err packed_terms_head(slice packed, uint32_t *length, uint8_t *marks)
{
    struct own o;

    own_open(&o, packed);
    if (o.in.broken)
        return ERR_INTERNAL;
    *length = o.length;
    *marks = o.marks;
    return OK;
}

/* The two ascending parts from 0 and from `often` as one, into `to`; false if they share a term. */
static bool merge(const text_term *from, size_t often, size_t n, text_term *to)
{
    size_t i = 0, j = often;

    for (size_t k = 0; k < n; k++) {
        if (i < often && j < n && from[i].hash == from[j].hash)
            return false;
        to[k] = j == n || (i < often && from[i].hash < from[j].hash) ? from[i++] : from[j++];
    }
    return true;
}

err packed_terms_decode(arena *a, slice packed, text_terms *terms, uint8_t *marks)
{
    struct own o;
    text_term t;
    size_t n = 0, often = 0;

    own_open(&o, packed);
    size_t room = (size_t)(o.in.end - o.in.at) / HASH;
    text_term *parts = arena_alloc(a, room * sizeof(*parts));
    text_term *merged = arena_alloc(a, room * sizeof(*merged));
    if (!parts || !merged)
        return ERR_NO_MEMORY;
    while (own_next(&o, &t)) {
        often += t.count > 1;
        parts[n++] = t;
    }
    if (o.in.broken || !merge(parts, often, n, merged))
        return ERR_INTERNAL;
    *terms = (text_terms){.at = merged, .n = n, .length = o.length};
    if (marks)
        *marks = o.marks;
    return OK;
}

err packed_terms_find(slice packed, const uint32_t *hashes, size_t n, uint32_t *counts)
{
    struct own o;
    text_term t;
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        counts[i] = 0;
    own_open(&o, packed);
    while (own_next(&o, &t)) {
        if (at > 0 && t.hash <= hashes[at - 1]) /* the second part begins */
            at = 0;
        while (at < n && hashes[at] < t.hash)
            at++;
        if (at < n && hashes[at] == t.hash)
            counts[at] = t.count;
    }
    return o.in.broken ? ERR_INTERNAL : OK;
}

/* ---- (b) postings ---- */

enum { POSTING_MAX = 11 }; /* bytes: 37 bits of number and flag, 32 of count */

static size_t put_varint(uint8_t *to, uint64_t v)
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        to[n++] = (uint8_t)(v | 0x80);
    to[n++] = (uint8_t)v;
    return n;
}

static size_t put_posting(uint8_t *to, int64_t before, posting p)
{
    uint64_t gap = (uint64_t)(p.number - before) - 1;

    assert(p.count > 0);
    size_t n = put_varint(to, gap << 1 | (p.count > 1));
    if (p.count > 1)
        n += put_varint(to + n, p.count - 2);
    return n;
}

void packed_postings_open(packed_postings *r, slice chunk)
{
    unpack_init(&r->in, chunk);
    r->number = 0;
}

bool packed_postings_next(packed_postings *r, posting *p)
{
    unpack *u = &r->in;

    if (!unpack_more(u))
        return false;
    uint64_t v = *u->at < 0x80 ? *u->at++ : unpack_varint(u);
    if (v >> 1 >= (uint64_t)(UUID_MAX_NUMBER - r->number)) {
        u->broken = true;
        return false;
    }
    r->number += (int64_t)(v >> 1) + 1;
    p->number = r->number;
    p->count = v & 1 ? take_count(u, 2) : 1;
    return !u->broken;
}

err packed_postings_close(const packed_postings *r)
{
    return r->in.broken ? ERR_INTERNAL : OK;
}

err packed_postings_append(arena *a, slice chunk, const posting *add, size_t n, slice *packed,
                           size_t *taken)
{
    packed_postings r;
    posting p;

    packed_postings_open(&r, chunk);
    while (packed_postings_next(&r, &p))
        ;
    err e = packed_postings_close(&r);
    if (e)
        return e;

    size_t free = chunk.n < PACKED_CHUNK_MAX ? PACKED_CHUNK_MAX - chunk.n : 0;
    if (n < free / POSTING_MAX)
        free = n * POSTING_MAX;
    uint8_t *to = arena_alloc(a, chunk.n + free);
    if (!to)
        return ERR_NO_MEMORY;
    if (chunk.n)
        memcpy(to, chunk.p, chunk.n);

    int64_t last = r.number;
    size_t used = chunk.n, i = 0;
    for (; i < n; i++) {
        uint8_t one[POSTING_MAX];
        if (add[i].number <= last || add[i].number > UUID_MAX_NUMBER)
            return ERR_INTERNAL;
        size_t size = put_posting(one, last, add[i]);
        if (used + size > chunk.n + free)
            break;
        memcpy(to + used, one, size);
        used += size;
        last = add[i].number;
    }
    *packed = (slice){(char *)to, used};
    *taken = i;
    return OK;
}

/* Whether `number` is among `numbers`, of which those below it are passed over for good. */
static bool listed(const int64_t *numbers, size_t n, size_t *at, int64_t number)
{
    while (*at < n && numbers[*at] < number)
        ++*at;
    return *at < n && numbers[*at] == number;
}

err packed_postings_remove(arena *a, slice chunk, const int64_t *numbers, size_t n, slice *packed,
                           size_t *removed)
{
    packed_postings r;
    posting p;
    int64_t last = 0;
    size_t used = 0, at = 0, gone = 0;
    uint8_t *to = arena_alloc(a, chunk.n); /* two gaps are never longer when they become one */

    if (!to)
        return ERR_NO_MEMORY;
    packed_postings_open(&r, chunk);
    while (packed_postings_next(&r, &p)) {
        if (listed(numbers, n, &at, p.number)) {
            gone++;
            continue;
        }
        used += put_posting(to + used, last, p);
        last = p.number;
    }
    err e = packed_postings_close(&r);
    if (e)
        return e;
    *packed = gone ? (slice){(char *)to, used} : chunk;
    *removed = gone;
    return OK;
}

/* ---- gathering ---- */

struct entry {
    uint32_t hash, count;
    int64_t number;
};

/* Least significant byte first: stable, so that the numbers of one hash stay in order. Answers
 * which of the two arrays has the result. */
static struct entry *sort_by_hash(struct entry *from, struct entry *to, size_t n)
{
    for (unsigned shift = 0; shift < 32; shift += 8) {
        size_t start[257] = {0};
        for (size_t i = 0; i < n; i++)
            start[(from[i].hash >> shift & 0xFF) + 1]++;
        for (size_t i = 0; i < 256; i++)
            start[i + 1] += start[i];
        for (size_t i = 0; i < n; i++)
            to[start[from[i].hash >> shift & 0xFF]++] = from[i];
        struct entry *other = from;
        from = to;
        to = other;
    }
    return from;
}

/* All terms of all episodes; *entries is one array of two times *n_entries. */
static err collect(arena *a, const int64_t *numbers, const slice *own, size_t n,
                   struct entry **entries, size_t *n_entries)
{
    size_t room = 0, used = 0;
    struct own o;
    text_term t;

    for (size_t i = 0; i < n; i++)
        room += own[i].n / HASH;
    struct entry *at = arena_array(a, room * 2, sizeof(*at));
    if (!at)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        own_open(&o, own[i]);
        while (own_next(&o, &t))
            at[used++] = (struct entry){t.hash, t.count, numbers[i]};
        if (o.in.broken)
            return ERR_INTERNAL;
    }
    *entries = at;
    *n_entries = used;
    return OK;
}

err packed_gather(arena *a, const int64_t *numbers, const slice *own, size_t n,
                  packed_gathered **terms, size_t *n_terms)
{
    struct entry *at = NULL;
    size_t count = 0, distinct = 0;
    err e = collect(a, numbers, own, n, &at, &count);

    if (e)
        return e;
    at = sort_by_hash(at, at + count, count);
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || at[i].hash != at[i - 1].hash;

    posting *postings = arena_alloc(a, count * sizeof(*postings));
    packed_gathered *to = arena_alloc(a, distinct * sizeof(*to));
    if (!postings || !to)
        return ERR_NO_MEMORY;
    size_t k = 0;
    for (size_t i = 0; i < count; i++) {
        postings[i] = (posting){at[i].number, at[i].count};
        if (i == 0 || at[i].hash != at[i - 1].hash)
            to[k++] = (packed_gathered){at[i].hash, postings + i, 0};
        to[k - 1].n++;
    }
    *terms = to;
    *n_terms = distinct;
    return OK;
}

/* ---- (c) blocks ---- */

enum { OTHER_NUMBER = 0x10, OTHER_SESSION = 0x20, OTHER_DAY = 0x40, OTHER_SPEAKER = 0x80 };

void turns_init(turn_list *list, arena *in, size_t expected)
{
    *list = (turn_list){.in = in, .room = expected};
}

int32_t turn_day(int64_t us)
{
    return (int32_t)(us / CLOCK_DAY_US - (us % CLOCK_DAY_US < 0));
}

/* `size` bytes of `n` things in a larger room. */
static void *grown(arena *a, const void *at, size_t n, size_t room, size_t size)
{
    void *to = arena_array(a, room, size);

    if (to && n)
        memcpy(to, at, n * size);
    return to;
}

static bool make_room(turn_list *list)
{
    if (list->at && list->n < list->room)
        return true;

    size_t room = list->n ? list->n * 2 : list->room;
    if (room < PACKED_BLOCK_TURNS)
        room = PACKED_BLOCK_TURNS;
    turn *at = grown(list->in, list->at, list->n, room, sizeof(*at));
    if (!at)
        return false;
    list->at = at;
    list->room = room;
    return true;
}

/* The slot that has the name, or the free one that would. */
static uint32_t *slot_of(const turn_list *list, slice name)
{
    size_t at = text_hash(name) & (list->n_slots - 1);

    while (list->slots[at] && !slice_eq(list->names[list->slots[at]], name))
        at = (at + 1) & (list->n_slots - 1);
    return &list->slots[at];
}

/* Room for one more name, nobody's included, and slots at most half full. */
static bool make_room_for_name(turn_list *list)
{
    if (list->n_names < list->names_room)
        return true;

    size_t room = list->names_room ? list->names_room * 2 : 8;
    slice *names = grown(list->in, list->names, list->n_names, room, sizeof(*names));
    uint32_t *slots = arena_array(list->in, room * 2, sizeof(*slots));
    if (!names || !slots)
        return false;
    list->names = names;
    list->names_room = room;
    list->slots = slots;
    list->n_slots = room * 2;
    if (list->n_names == 0)
        list->names[list->n_names++] = NO_SLICE;
    for (size_t i = 1; i < list->n_names; i++)
        *slot_of(list, names[i]) = (uint32_t)i;
    return true;
}

static err name_index(turn_list *list, slice name, uint32_t *index)
{
    if (!make_room_for_name(list))
        return ERR_NO_MEMORY;
    *index = 0;
    if (name.n == 0)
        return OK;

    uint32_t *slot = slot_of(list, name);
    if (!*slot) {
        slice copy = arena_dup(list->in, name);
        if (!copy.p)
            return ERR_NO_MEMORY;
        list->names[list->n_names] = copy;
        *slot = (uint32_t)list->n_names++;
    }
    *index = *slot;
    return OK;
}

static err append(turn_list *list, turn t)
{
    if (t.number <= (list->n ? list->at[list->n - 1].number : 0) || t.number > UUID_MAX_NUMBER)
        return ERR_INTERNAL;
    if (!make_room(list))
        return ERR_NO_MEMORY;
    list->at[list->n++] = t;
    return OK;
}

err turns_add(turn_list *list, turn t, slice speaker)
{
    err e = name_index(list, speaker, &t.speaker);

    return e ? e : append(list, t);
}

/* The names that the turns use, numbered from 1 in the order of their first use: into `number`, by
 * their index in the list. */
static void put_names(buf *b, const turn_list *list, const turn *at, size_t n, uint32_t *number)
{
    uint32_t used = 0;

    for (size_t i = 0; i < n; i++)
        if (at[i].speaker && !number[at[i].speaker])
            number[at[i].speaker] = ++used;
    pack_varint(b, used);

    uint32_t put = 0;
    for (size_t i = 0; i < n && put < used; i++) {
        if (number[at[i].speaker] == put + 1) {
            pack_text(b, list->names[at[i].speaker]);
            put++;
        }
    }
}

static void put_turn(buf *b, const turn *before, const turn *t, uint32_t speaker)
{
    bool number = t->number != before->number + 1, session = t->session != before->session;
    bool day = t->day != before->day, other = t->speaker != before->speaker;
    int flags = t->marks | (number ? OTHER_NUMBER : 0) | (session ? OTHER_SESSION : 0) |
                (day ? OTHER_DAY : 0) | (other ? OTHER_SPEAKER : 0);

    assert((t->marks & ~TEXT_MARKS) == 0);
    buf_putc(b, (char)flags);
    if (number)
        pack_varint(b, (uint64_t)(t->number - before->number - 2));
    if (session)
        pack_zigzag(b, t->session - before->session);
    if (day)
        pack_zigzag(b, (int64_t)t->day - before->day);
    if (other)
        pack_varint(b, speaker);
    pack_varint(b, t->length);
}

err packed_block_encode(arena *a, const turn_list *list, size_t from, size_t n, slice *packed)
{
    const turn *at = list->at + from;
    turn before = {0};
    buf b;
    uint32_t *number = arena_array(a, list->n_names + 1, sizeof(*number));

    assert(from + n <= list->n);
    if (!number)
        return ERR_NO_MEMORY;
    buf_init(&b, a, SIZE_MAX);
    put_names(&b, list, at, n, number);
    for (size_t i = 0; i < n; i++) {
        put_turn(&b, &before, &at[i], number[at[i].speaker]);
        before = at[i];
    }
    return buf_done(&b, packed);
}

/* The block's names: their indexes in the list into *index, which has *n + 1 of them. */
static err take_names(unpack *u, turn_list *list, uint32_t **index, uint64_t *n)
{
    *n = unpack_varint(u);
    if (u->broken || *n > (uint64_t)(u->end - u->at) / 2) /* each has two bytes at least */
        return ERR_INTERNAL;
    *index = arena_array(list->in, (size_t)*n + 1, sizeof(**index));
    if (!*index)
        return ERR_NO_MEMORY;
    for (uint64_t i = 1; i <= *n; i++) {
        slice name = unpack_text(u);
        if (u->broken || name.n == 0)
            return ERR_INTERNAL;
        err e = name_index(list, name, &(*index)[i]);
        if (e)
            return e;
    }
    return name_index(list, NO_SLICE, &(*index)[0]);
}

/* What differs is told as a difference, so a difference of nothing is nonsense. */
static int64_t take_other(unpack *u, int64_t before, int64_t min, int64_t max)
{
    int64_t by = unpack_zigzag(u), v = 0;

    if (by == 0 || __builtin_add_overflow(before, by, &v) || v < min || v > max)
        u->broken = true;
    return u->broken ? before : v;
}

/* The next turn over the one before it, its speaker being the block's number of the name. */
static void take_turn(unpack *u, turn *t, uint64_t n_names)
{
    uint8_t flags = take_byte(u);
    uint64_t further = flags & OTHER_NUMBER ? unpack_varint(u) : 0;

    if (further >= (uint64_t)UUID_MAX_NUMBER)
        u->broken = true;
    else
        t->number += (int64_t)further + (flags & OTHER_NUMBER ? 2 : 1);
    if (flags & OTHER_SESSION)
        t->session = take_other(u, t->session, 0, INT64_MAX);
    if (flags & OTHER_DAY)
        t->day = (int32_t)take_other(u, t->day, INT32_MIN, INT32_MAX);
    if (flags & OTHER_SPEAKER) {
        uint64_t speaker = unpack_varint(u);
        if (speaker > n_names || speaker == t->speaker)
            u->broken = true;
        else
            t->speaker = (uint32_t)speaker;
    }
    t->length = take_count(u, 0);
    t->marks = flags & TEXT_MARKS;
}

err packed_block_decode(slice packed, turn_list *list)
{
    unpack u;
    uint64_t n_names = 0;
    uint32_t *names = NULL;
    turn t = {0};

    unpack_init(&u, packed);
    err e = take_names(&u, list, &names, &n_names);
    while (!e && unpack_more(&u)) {
        take_turn(&u, &t, n_names);
        if (u.broken)
            break;
        turn named = t;
        named.speaker = names[t.speaker];
        e = append(list, named);
    }
    return e ? e : u.broken ? ERR_INTERNAL : OK;
}

err packed_block_remove(arena *a, slice block, const int64_t *numbers, size_t n, slice *packed,
                        size_t *removed)
{
    turn_list list;
    size_t kept = 0, at = 0;

    turns_init(&list, a, 0);
    err e = packed_block_decode(block, &list);
    if (e)
        return e;
    for (size_t i = 0; i < list.n; i++)
        if (!listed(numbers, n, &at, list.at[i].number))
            list.at[kept++] = list.at[i];

    size_t gone = list.n - kept;
    list.n = kept;
    slice left = {"", 0};
    if (gone && kept)
        e = packed_block_encode(a, &list, 0, kept, &left);
    if (e)
        return e;
    *packed = gone ? left : block;
    *removed = gone;
    return OK;
}
